//! Discord: OAuth 2.0. `verified` is about the address.

use crate::upstream::recipe::{Fields, OAuth2, Place, Protocol, Recipe};

pub(super) const RECIPE: Recipe = Recipe {
    label: "Discord",
    base_url: Some("https://discord.com"),
    scope: "identify email",
    protocol: Protocol::OAuth2(OAuth2 {
        answers_as: None,
        authorization: "/oauth2/authorize",
        token: Place::Api("/api/oauth2/token"),
        userinfo: Place::Api("/api/users/@me"),
        emails: None,
        api_below_base: "",
        public_api: "https://discord.com",
        fields: Fields {
            subject: "id",
            email: "email",
            email_verified: "verified",
            name: "global_name",
            nickname: "username",
            given_name: "",
            family_name: "",
            picture: "",
        },
    }),
};
