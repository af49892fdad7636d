//! The console's pages about webhooks in several states.

use super::{NOON, Samples, check, some};
use crate::view::webhooks::{DeliveryRow, WebhookDone, WebhookForm, WebhookPage, WebhookRow, WebhooksPage};

impl Samples for WebhooksPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let row = |name: &str, events, enabled| WebhookRow {
            id: "est_1".to_owned(),
            name: name.to_owned(),
            endpoint: "https://hooks.example.org/a/rather/long/path/that/goes/on/and/on?key=1".to_owned(),
            events,
            enabled,
        };
        let rows = vec![row("Warehouse & <Sons>", Some(2), true), row("Audit", None, false)];
        vec![("empty", Self { rows: vec![] }), ("full", Self { rows })]
    }
}

impl Samples for WebhookPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let new = Self {
            id: None,
            form: WebhookForm { method: "none".to_owned(), ..WebhookForm::default() },
            has_secret: false,
            enabled: true,
            signing_secret: None,
            old_secret_until: None,
            known: vec!["user.created", "user.deleted"],
            deliveries: vec![],
            problem: None,
            done: None,
        };
        let form = WebhookForm {
            name: "Warehouse & <Sons>".to_owned(),
            endpoint: "https://hooks.example.org/in\"><b>".to_owned(),
            events: "user.created user.deleted".to_owned(),
            method: "basic".to_owned(),
            username: "guestlist".to_owned(),
        };
        let kept = Self { id: some("est_1"), form, has_secret: true, ..new.clone() };
        let delivery = |status, attempts, next_at, last_error| DeliveryRow {
            event: "evt_06f5dw3c3w0000000000000000".to_owned(),
            kind: "user.created",
            status,
            attempts,
            at: NOON,
            next_at,
            last_error,
        };
        let deliveries = vec![
            delivery("queued", 0, Some(NOON), None),
            delivery("queued", 3, Some(NOON), some("answered with status 500")),
            delivery("delivered", 1, None, None),
            delivery("failed", 13, None, some("no answer in time")),
        ];
        let problem = some("The endpoint must be https.");
        vec![
            ("refused", Self { problem, form: kept.form.clone(), ..new.clone() }),
            ("new", new),
            ("made", Self { signing_secret: some("whsec_c2FtcGxl"), ..kept.clone() }),
            ("rotated", Self { signing_secret: some("whsec_b3RoZXI="), old_secret_until: Some(NOON), ..kept.clone() }),
            ("tested", Self { done: Some(WebhookDone::Tested), deliveries: deliveries.clone(), ..kept.clone() }),
            ("resent", Self { done: Some(WebhookDone::Resent), deliveries, ..kept.clone() }),
            ("switched_off", Self { done: Some(WebhookDone::Saved), enabled: false, ..kept }),
        ]
    }
}

#[test]
fn every_page_about_webhooks_renders() {
    check::<WebhooksPage>();
    check::<WebhookPage>();
}
