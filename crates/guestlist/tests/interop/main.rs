//! Providers that nobody here wrote, met in a real browser: npm `emulate` and npm `oidc-provider`.
//!
//! Each provider walks the same two ways: an invitation accepted with it and a later log-in; and an account with a
//! password to which it is linked, unlinked and merged again. Where they differ is in one table.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod meeting;
mod strangers;
mod walks;

use meeting::{Meeting, Page, Person};
use serde_json::json;

/// How a provider is met.
#[derive(Clone, Copy)]
struct Provider {
    strategy: &'static str,
    /// The label of its button.
    label: &'static str,
    /// The options beside client id and secret, with `{}` for its address.
    options: &'static str,
    /// Where it is, of those that run.
    place: fn(&guestlist_testkit::interop::Places) -> &str,
    page: Page,
    /// Whether its word about Anna's address counts where it is authoritative.
    vouches: bool,
}

const GOOGLE: Provider = Provider {
    strategy: "google-oauth2",
    label: "Google",
    options: r#"{"base_url": "{}"}"#,
    place: |places| &places.google,
    page: Page::Buttons,
    vouches: true,
};

/// The emulator has its API at the root, where GitHub Enterprise has it below `/api/v3`.
const GITHUB: Provider = Provider {
    strategy: "github",
    label: "GitHub",
    options: r#"{"base_url": "{}", "api_url": "{}"}"#,
    place: |places| &places.github,
    page: Page::Buttons,
    vouches: true,
};

/// One organization, declared authoritative: its tokens need not say that an address is verified.
const MICROSOFT: Provider = Provider {
    strategy: "waad",
    label: "Microsoft",
    options: r#"{"base_url": "{}", "tenant": "9188040d-6c67-4c5b-b112-36a304b66dad"}"#,
    place: |places| &places.microsoft,
    page: Page::Buttons,
    vouches: true,
};

/// Personal accounts: nothing that Microsoft says about an address counts.
const LIVE: Provider =
    Provider { strategy: "windowslive", options: r#"{"base_url": "{}"}"#, vouches: false, ..MICROSOFT };

const APPLE: Provider = Provider {
    strategy: "apple",
    label: "Apple",
    options: r#"{"base_url": "{}"}"#,
    place: |places| &places.apple,
    page: Page::Buttons,
    vouches: true,
};

const OKTA: Provider = Provider {
    strategy: "okta",
    label: "Okta",
    options: r#"{"issuer": "{}/oauth2/default"}"#,
    place: |places| &places.okta,
    page: Page::Buttons,
    vouches: true,
};

const OPENID: Provider = Provider {
    strategy: "oidc",
    label: "openid",
    options: r#"{"issuer": "{}"}"#,
    place: |places| &places.openid,
    page: Page::OidcProvider,
    vouches: true,
};

macro_rules! meet {
    ($($name:ident: $provider:expr,)*) => {$(
        mod $name {
            #[tokio::test]
            async fn accepts_an_invitation_and_comes_back() {
                crate::walks::accept_and_come_back($provider).await;
            }

            #[tokio::test]
            async fn is_linked_unlinked_and_merged() {
                crate::walks::link_unlink_and_merge($provider).await;
            }
        }
    )*};
}

meet! {
    google: crate::GOOGLE,
    github: crate::GITHUB,
    microsoft: crate::MICROSOFT,
    microsoft_personal: crate::LIVE,
    apple: crate::APPLE,
    okta: crate::OKTA,
    oidc_provider: crate::OPENID,
}

impl Provider {
    fn options(&self, place: &str, authoritative: bool) -> serde_json::Value {
        let mut options: serde_json::Value = serde_json::from_str(&self.options.replace("{}", place)).unwrap();
        options["client_id"] = json!(guestlist_testkit::interop::CLIENT_ID);
        options["client_secret"] = json!(guestlist_testkit::interop::CLIENT_SECRET);
        if authoritative {
            options["authoritative_domains"] = json!(["example.org"]);
        }
        options
    }
}
