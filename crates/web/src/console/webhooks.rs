//! Webhooks in the console: the list, one being made or changed, and what was sent to it.
//!
//! Owns those pages. A signing secret is shown once, in the answer to the press that made it, and nowhere else. What an
//! administrator types is checked by the act, whose words come back with the form.

use super::{PER_PAGE, admit};
use crate::WebState;
use crate::error::Problem;
use crate::view::webhooks::{DeliveryRow, WebhookDone, WebhookForm, WebhookPage, WebhookRow, WebhooksPage};
use crate::visit::{Posted, Press, Visit};
use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use guestlist_app::webhooks::{self, AuthorizationWish, NewWebhook, Registered, WebhookChange, WebhookError};
use guestlist_domain::event::EventKind;
use guestlist_domain::ids::{EventId, WebhookId};
use guestlist_domain::patch::Patch;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::webhook::{Authorization, Delivery, DeliveryStatus, Subscriptions, Webhook, subscribable};
use serde::Deserialize;

pub(super) fn router() -> Router<WebState> {
    Router::new()
        .route("/admin/webhooks", get(list).post(create))
        .route("/admin/webhooks/new", get(show_new))
        .route("/admin/webhooks/{id}", get(show).post(change))
        .route("/admin/webhooks/{id}/test", post(test))
        .route("/admin/webhooks/{id}/on", post(switch_on))
        .route("/admin/webhooks/{id}/off", post(switch_off))
        .route("/admin/webhooks/{id}/rotate", post(rotate))
        .route("/admin/webhooks/{id}/delete", post(delete))
        .route("/admin/webhooks/{id}/deliveries/{event}/again", post(send_again))
}

async fn list(visit: Visit) -> Result<Response, Problem> {
    let (visit, _) = admit!(visit);
    let rows = webhooks::list(&visit.app).await?.into_iter().map(row).collect();
    visit.page(&WebhooksPage { rows })
}

fn row(webhook: Webhook) -> WebhookRow {
    WebhookRow {
        id: webhook.id.to_string(),
        name: webhook.name,
        endpoint: webhook.endpoint.as_str().to_owned(),
        events: match webhook.subscriptions {
            Subscriptions::All => None,
            Subscriptions::Kinds(kinds) => Some(kinds.len()),
        },
        enabled: webhook.enabled,
    }
}

/// What the form says.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SentForm {
    name: String,
    endpoint: String,
    events: String,
    method: String,
    username: String,
    secret: Option<Sensitive>,
}

impl SentForm {
    fn event_types(&self) -> Vec<String> {
        let words: Vec<String> = self.events.split([' ', ',', '\r', '\n', '\t']).map(str::to_owned).collect();
        let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
        if words.is_empty() { vec!["*".to_owned()] } else { words }
    }

    fn wish(&self) -> Option<AuthorizationWish> {
        let secret = self.secret.clone().unwrap_or_else(|| Sensitive::new(""));
        match self.method.as_str() {
            "bearer" => Some(AuthorizationWish::Bearer(secret)),
            "basic" => Some(AuthorizationWish::Basic { username: self.username.clone(), password: secret }),
            _ => None,
        }
    }

    /// What was said about a webhook that there is. Left empty, the secret that is kept stays, for the same method.
    fn wish_over(&self, webhook: &Webhook) -> Patch<AuthorizationWish> {
        let is_empty = self.secret.as_ref().is_none_or(|secret| secret.expose().is_empty());
        let (method, username) = words_of(webhook.authorization.as_ref());
        if is_empty && webhook.authorization.is_some() && (&*self.method, &*self.username) == (method, username) {
            return Patch::Keep;
        }
        self.wish().map_or(Patch::Clear, Patch::Set)
    }

    fn into_form(self) -> WebhookForm {
        let method = if ["bearer", "basic"].contains(&&*self.method) { self.method } else { "none".to_owned() };
        WebhookForm { name: self.name, endpoint: self.endpoint, events: self.events, method, username: self.username }
    }
}

fn words_of(authorization: Option<&Authorization>) -> (&'static str, &str) {
    match authorization {
        None => ("none", ""),
        Some(Authorization::Bearer) => ("bearer", ""),
        Some(Authorization::Basic { username }) => ("basic", username),
    }
}

fn form_of(webhook: &Webhook) -> WebhookForm {
    let (method, username) = words_of(webhook.authorization.as_ref());
    WebhookForm {
        name: webhook.name.clone(),
        endpoint: webhook.endpoint.as_str().to_owned(),
        events: match &webhook.subscriptions {
            Subscriptions::All => String::new(),
            kinds @ Subscriptions::Kinds(_) => kinds.words().join(" "),
        },
        method: method.to_owned(),
        username: username.to_owned(),
    }
}

fn new_page(form: WebhookForm, problem: Option<String>) -> WebhookPage {
    WebhookPage {
        id: None,
        form,
        has_secret: false,
        enabled: true,
        signing_secret: None,
        old_secret_until: None,
        known: subscribable().map(EventKind::as_str).collect(),
        deliveries: Vec::new(),
        problem,
        done: None,
    }
}

async fn show_new(visit: Visit) -> Result<Response, Problem> {
    let (visit, _) = admit!(visit);
    visit.page(&new_page(SentForm::default().into_form(), None))
}

async fn create(posted: Posted<SentForm>) -> Result<Response, Problem> {
    let Posted { visit, form, .. } = posted;
    let (visit, signed_in) = admit!(visit);
    let new = NewWebhook {
        name: form.name.trim().to_owned(),
        endpoint: form.endpoint.clone(),
        event_types: form.event_types(),
        authorization: form.wish(),
        enabled: true,
    };
    match webhooks::create(&visit.app, new, &signed_in.actor()).await {
        Ok(made) => registered_page(visit, made).await,
        Err(WebhookError::Unexpected(error)) => Err(error.into()),
        Err(error) => visit.page_with(StatusCode::BAD_REQUEST, &new_page(form.into_form(), Some(error.to_string()))),
    }
}

/// The one page with the signing secret.
async fn registered_page(visit: Visit, made: Registered) -> Result<Response, Problem> {
    let page = page_of(&visit, &made.webhook).await?;
    visit.page(&WebhookPage { signing_secret: Some(made.secret.expose().to_string()), ..page })
}

#[derive(Deserialize)]
struct ShowQuery {
    done: Option<String>,
}

async fn show(visit: Visit, Path(id): Path<String>, Query(query): Query<ShowQuery>) -> Result<Response, Problem> {
    let (visit, _) = admit!(visit);
    let webhook = find(&visit, id).await?;
    let done = query.done.as_deref().and_then(WebhookDone::parse);
    let page = WebhookPage { done, ..page_of(&visit, &webhook).await? };
    visit.page(&page)
}

async fn find(visit: &Visit, id: String) -> Result<Webhook, Problem> {
    webhooks::find(&visit.app, &WebhookId::new(id)).await?.ok_or(Problem::NotFound)
}

async fn page_of(visit: &Visit, webhook: &Webhook) -> Result<WebhookPage, Problem> {
    let sent = webhooks::deliveries(&visit.app, &webhook.id, None, (0, PER_PAGE)).await.map_err(problem_of)?;
    Ok(WebhookPage {
        id: Some(webhook.id.to_string()),
        has_secret: webhook.authorization.is_some(),
        enabled: webhook.enabled,
        old_secret_until: webhook.old_secret_until,
        deliveries: sent.into_iter().map(delivery_row).collect(),
        ..new_page(form_of(webhook), None)
    })
}

fn delivery_row(delivery: Delivery) -> DeliveryRow {
    DeliveryRow {
        event: delivery.event.to_string(),
        kind: delivery.kind.as_str(),
        status: delivery.status.as_str(),
        attempts: delivery.attempts,
        at: delivery.created_at,
        next_at: (delivery.status == DeliveryStatus::Queued).then_some(delivery.due_at),
        last_error: delivery.last_error,
    }
}

async fn change(Path(id): Path<String>, posted: Posted<SentForm>) -> Result<Response, Problem> {
    let Posted { visit, form, .. } = posted;
    let (visit, signed_in) = admit!(visit);
    let webhook = find(&visit, id).await?;
    let change = WebhookChange {
        name: Some(form.name.trim().to_owned()),
        endpoint: Some(form.endpoint.clone()),
        event_types: Some(form.event_types()),
        authorization: form.wish_over(&webhook),
        enabled: None,
    };
    match webhooks::update(&visit.app, &webhook.id, change, &signed_in.actor()).await {
        Ok(_) => back(visit, &webhook.id, WebhookDone::Saved),
        Err(error @ (WebhookError::Unexpected(_) | WebhookError::NotFound)) => Err(problem_of(error)),
        Err(error) => {
            let page = page_of(&visit, &webhook).await?;
            let page = WebhookPage { form: form.into_form(), problem: Some(error.to_string()), ..page };
            visit.page_with(StatusCode::BAD_REQUEST, &page)
        }
    }
}

fn back(visit: Visit, id: &WebhookId, done: WebhookDone) -> Result<Response, Problem> {
    visit.redirect(&format!("/admin/webhooks/{id}?done={}", done.as_str()))
}

async fn test(Path(id): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    let (visit, signed_in) = admit!(posted.visit);
    let webhook = find(&visit, id).await?;
    match webhooks::test(&visit.app, &webhook.id, &signed_in.actor()).await {
        Ok(_) => back(visit, &webhook.id, WebhookDone::Tested),
        Err(error) => in_vain(visit, &webhook, error).await,
    }
}

async fn send_again(Path((id, event)): Path<(String, String)>, posted: Posted<Press>) -> Result<Response, Problem> {
    let (visit, _) = admit!(posted.visit);
    let webhook = find(&visit, id).await?;
    match webhooks::redeliver(&visit.app, &webhook.id, &EventId::new(event)).await {
        Ok(_) => back(visit, &webhook.id, WebhookDone::Resent),
        Err(error) => in_vain(visit, &webhook, error).await,
    }
}

/// The page again, with the reason why nothing is sent at this moment.
async fn in_vain(visit: Visit, webhook: &Webhook, error: WebhookError) -> Result<Response, Problem> {
    match error {
        WebhookError::Disabled | WebhookError::UnderWay => {
            let page = page_of(&visit, webhook).await?;
            visit.page_with(StatusCode::CONFLICT, &WebhookPage { problem: Some(error.to_string()), ..page })
        }
        error => Err(problem_of(error)),
    }
}

async fn switch_on(path: Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    switch(path, posted, true).await
}

async fn switch_off(path: Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    switch(path, posted, false).await
}

async fn switch(Path(id): Path<String>, posted: Posted<Press>, on: bool) -> Result<Response, Problem> {
    let (visit, signed_in) = admit!(posted.visit);
    let (id, change) = (WebhookId::new(id), WebhookChange { enabled: Some(on), ..WebhookChange::default() });
    webhooks::update(&visit.app, &id, change, &signed_in.actor()).await.map_err(problem_of)?;
    back(visit, &id, WebhookDone::Saved)
}

async fn rotate(Path(id): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    let (visit, signed_in) = admit!(posted.visit);
    let id = WebhookId::new(id);
    let made = webhooks::rotate_secret(&visit.app, &id, &signed_in.actor()).await.map_err(problem_of)?;
    registered_page(visit, made).await
}

async fn delete(Path(id): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    let (visit, signed_in) = admit!(posted.visit);
    webhooks::delete(&visit.app, &WebhookId::new(id), &signed_in.actor()).await.map_err(problem_of)?;
    visit.redirect("/admin/webhooks")
}

fn problem_of(error: WebhookError) -> Problem {
    match error {
        WebhookError::NotFound | WebhookError::NoDelivery => Problem::NotFound,
        WebhookError::Unexpected(error) => error.into(),
        other => Problem::BadRequest(other.to_string().into()),
    }
}
