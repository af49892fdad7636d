//! Facebook: OAuth 2.0 with the Graph API. Tells an address without a word on whether it is verified: it never is.

use crate::upstream::recipe::{Fields, OAuth2, Place, Protocol, Recipe};

pub(super) const RECIPE: Recipe = Recipe {
    label: "Facebook",
    base_url: Some("https://www.facebook.com"),
    scope: "public_profile email",
    protocol: Protocol::OAuth2(OAuth2 {
        answers_as: None,
        authorization: "/v23.0/dialog/oauth",
        token: Place::Api("/v23.0/oauth/access_token"),
        userinfo: Place::Api("/v23.0/me?fields=id,name,first_name,last_name,email,picture"),
        emails: None,
        api_below_base: "",
        public_api: "https://graph.facebook.com",
        fields: Fields {
            subject: "id",
            email: "email",
            email_verified: "",
            name: "name",
            nickname: "",
            given_name: "first_name",
            family_name: "last_name",
            picture: "picture.data.url",
        },
    }),
};
