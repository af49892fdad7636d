//! Okta: OpenID Connect at the organization's own address.

use crate::upstream::recipe::{Protocol, Recipe, TO_THE_LETTER};

pub(super) const RECIPE: Recipe =
    Recipe { label: "Okta", base_url: None, scope: "openid profile email", protocol: Protocol::OpenId(TO_THE_LETTER) };
