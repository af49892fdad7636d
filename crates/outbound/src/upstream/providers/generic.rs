//! Providers that the operator describes: any OpenID provider, and any that speaks OAuth 2.0 and tells whose token it is.

use crate::upstream::recipe::{OAuth2, Place, Protocol, Recipe, STANDARD_FIELDS, TO_THE_LETTER};

pub(super) const OPENID: Recipe = Recipe {
    label: "OpenID Connect",
    base_url: None,
    scope: "openid profile email",
    protocol: Protocol::OpenId(TO_THE_LETTER),
};

/// Endpoints and fields come from the connection.
pub(super) const OAUTH2: Recipe = Recipe {
    label: "OAuth 2.0",
    base_url: None,
    scope: "",
    protocol: Protocol::OAuth2(OAuth2 {
        answers_as: None,
        authorization: "",
        token: Place::Base(""),
        userinfo: Place::Base(""),
        emails: None,
        api_below_base: "",
        public_api: "",
        fields: STANDARD_FIELDS,
    }),
};
