//! Slack: OpenID Connect, with user names that are unique within a team only.

use crate::upstream::recipe::{OpenId, Protocol, Recipe, SubjectForm, TO_THE_LETTER};
use crate::upstream::token_request::AuthMethod;

pub(super) const RECIPE: Recipe = Recipe {
    label: "Slack",
    base_url: Some("https://slack.com"),
    scope: "openid profile email",
    protocol: Protocol::OpenId(OpenId {
        subject: SubjectForm::TeamAndSub,
        auth: Some(AuthMethod::Post),
        ..TO_THE_LETTER
    }),
};
