//! LinkedIn: calls itself an OpenID provider, but does not repeat the nonce in its ID token, which proves nothing then. So
//! the bearer of the access token is asked for instead, over a connection of our own.

use crate::upstream::recipe::{OAuth2, Place, Protocol, Recipe, STANDARD_FIELDS};

pub(super) const RECIPE: Recipe = Recipe {
    label: "LinkedIn",
    base_url: Some("https://www.linkedin.com"),
    scope: "openid profile email",
    protocol: Protocol::OAuth2(OAuth2 {
        answers_as: None,
        authorization: "/oauth/v2/authorization",
        token: Place::Base("/oauth/v2/accessToken"),
        userinfo: Place::Api("/v2/userinfo"),
        emails: None,
        api_below_base: "",
        public_api: "https://api.linkedin.com",
        fields: STANDARD_FIELDS,
    }),
};
