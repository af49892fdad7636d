//! Apple: OpenID Connect whose answer is posted across sites, whose booleans are texts, and whose client secret is a
//! short-lived statement signed with the developer's key.
//!
//! The name comes only at a person's first log-in, beside the token and unsigned; it is a name to greet with and nothing
//! else. A relay address is an address of its own.

use crate::upstream::recipe::{OpenId, Protocol, Recipe, TO_THE_LETTER, VerifiedWord};
use crate::upstream::token_request::AuthMethod;

pub(super) const RECIPE: Recipe = Recipe {
    label: "Apple",
    base_url: Some("https://appleid.apple.com"),
    scope: "openid name email",
    protocol: Protocol::OpenId(OpenId {
        verified: VerifiedWord::BooleanOrText,
        response_mode: Some("form_post"),
        auth: Some(AuthMethod::Post),
        ..TO_THE_LETTER
    }),
};
