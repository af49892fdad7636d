//! Google: OpenID Connect, with `email_verified` as a boolean. Takes the secret in the form.

use crate::upstream::recipe::{OpenId, Protocol, Recipe, TO_THE_LETTER};
use crate::upstream::token_request::AuthMethod;

pub(super) const RECIPE: Recipe = Recipe {
    label: "Google",
    base_url: Some("https://accounts.google.com"),
    scope: "openid profile email",
    protocol: Protocol::OpenId(OpenId { auth: Some(AuthMethod::Post), ..TO_THE_LETTER }),
};
