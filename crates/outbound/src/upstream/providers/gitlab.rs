//! GitLab: OpenID Connect, at gitlab.com or at an installation of one's own.

use crate::upstream::recipe::{Protocol, Recipe, TO_THE_LETTER};

pub(super) const RECIPE: Recipe = Recipe {
    label: "GitLab",
    base_url: Some("https://gitlab.com"),
    scope: "openid profile email",
    protocol: Protocol::OpenId(TO_THE_LETTER),
};
