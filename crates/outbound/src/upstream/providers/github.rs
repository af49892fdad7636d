//! GitHub: OAuth 2.0. The account's number is its name for good; log-in names are given anew. The addresses come from a
//! list of their own, of which the primary one counts. Says no with status 200.

use crate::upstream::recipe::{Fields, OAuth2, Place, Protocol, Recipe};

pub(super) const RECIPE: Recipe = Recipe {
    label: "GitHub",
    base_url: Some("https://github.com"),
    scope: "read:user user:email",
    protocol: Protocol::OAuth2(OAuth2 {
        answers_as: Some("/login/oauth"),
        authorization: "/login/oauth/authorize",
        token: Place::Base("/login/oauth/access_token"),
        userinfo: Place::Api("/user"),
        emails: Some(Place::Api("/user/emails")),
        api_below_base: "/api/v3",
        public_api: "https://api.github.com",
        fields: Fields {
            subject: "id",
            email: "",
            email_verified: "",
            name: "name",
            nickname: "login",
            given_name: "",
            family_name: "",
            picture: "avatar_url",
        },
    }),
};
