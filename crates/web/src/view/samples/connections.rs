//! The console's pages about connections in several states.

use super::{Samples, check, some};
use crate::view::connections::{
    ConnectionForm, ConnectionPage, ConnectionRow, ConnectionsPage, Kind, Tried, TriedPage,
};
use guestlist_domain::connection::{MergeRule, Strategy};

impl Samples for ConnectionsPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let row = |name: &str, strategy: Strategy, enabled, clients| ConnectionRow {
            id: format!("con_{name}"),
            name: name.to_owned(),
            label: "Acme & <Sons>".to_owned(),
            strategy,
            enabled,
            clients,
            upstream: strategy.is_upstream(),
        };
        let database = row("Username-Password-Authentication", Strategy::Database, true, None);
        let kinds: Vec<Kind> = [(Strategy::Google, "Google"), (Strategy::Oidc, "OpenID Connect")]
            .map(|(strategy, label)| Kind { strategy, label: label.to_owned() })
            .to_vec();
        let rows = vec![
            database.clone(),
            row("google", Strategy::Google, true, Some(2)),
            row("acme", Strategy::Oidc, false, None),
        ];
        vec![("bare", Self { rows: vec![database], kinds: kinds.clone() }), ("full", Self { rows, kinds })]
    }
}

impl Samples for ConnectionPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |strategy, kind: &str| Self {
            id: None,
            strategy,
            kind: kind.to_owned(),
            callback: "https://id.example.org/login/callback".to_owned(),
            form: ConnectionForm { name: "acme".to_owned(), ..ConnectionForm::default() },
            has_secret: false,
            enabled: true,
            problem: None,
            saved: false,
        };
        let form = ConnectionForm {
            name: "google".to_owned(),
            display_name: "Google".to_owned(),
            client_id: "123.apps.example\"><b>".to_owned(),
            scope: "openid profile email".to_owned(),
            authoritative_domains: "example.org".to_owned(),
            merge_rule: MergeRule::Auto,
            ..ConnectionForm::default()
        };
        let kept = Self { id: some("con_1"), form, has_secret: true, ..page(Strategy::Google, "Google") };
        vec![
            ("new_apple", page(Strategy::Apple, "Apple")),
            ("new_organizations", page(Strategy::Waad, "Microsoft")),
            ("new_openid", page(Strategy::Oidc, "OpenID Connect")),
            ("new_oauth", Self { problem: some("options.token_url is needed"), ..page(Strategy::OAuth2, "OAuth 2.0") }),
            ("switched_off", Self { enabled: false, ..kept.clone() }),
            ("saved", Self { saved: true, ..kept }),
        ]
    }
}

impl Samples for TriedPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |result| Self { id: "con_1".to_owned(), label: "Google".to_owned(), result };
        let came = |email_verified, leads_to| Tried::Came {
            issuer: "https://accounts.google.com".to_owned(),
            subject: "248289761001".to_owned(),
            email: some("anna@example.org"),
            email_verified,
            name: some("<i>Anna</i>"),
            leads_to,
        };
        let mut all: Vec<(&'static str, Self)> =
            ["sign-in", "link", "ask-proof", "activate", "blocked", "not-open", "not-invited"]
                .map(|leads_to| (leads_to, page(came(true, leads_to))))
                .to_vec();
        all.push(("unverified", page(came(false, "not-invited"))));
        all.push(("failed", page(Tried::Failed { reason: "the provider refused: invalid_client".to_owned() })));
        all
    }
}

#[test]
fn every_page_about_connections_renders() {
    check::<ConnectionsPage>();
    check::<ConnectionPage>();
    check::<TriedPage>();
}
