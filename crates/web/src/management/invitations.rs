//! `/api/v2/invitations`: our own, in Auth0's manners.
//!
//! Owns the fields of an invitation on the wire (`product.md`, section 6) and the `Idempotency-Key`. A link is in an
//! answer only where no mail carries it. Must not know how anybody is invited.

use super::auth::Caller;
use super::body::{Fields, invalid};
use super::page::Paging;
use super::query::{Query, Segments, invalid as invalid_query};
use super::tickets::no_organizations;
use super::wire;
use crate::WebState;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use guestlist_app::invite::{self, Idempotency, Invite, Patch, Renewed, digest};
use guestlist_app::{App, users};
use guestlist_domain::ids::{ClientId, InvitationId};
use guestlist_domain::invitation::{DEFAULT_LIFETIME, EmailMatch, Status, Terms, lifetime};
use guestlist_domain::permission::Permission;
use serde_json::{Value, json};
use std::time::Duration;

pub(super) async fn create(
    State(state): State<WebState>,
    caller: Caller,
    headers: HeaderMap,
    mut body: Fields,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let idempotency = idempotency(&headers, &body)?;
    let email = body.email("email")?.ok_or_else(|| body.missing("email"))?;
    let request = Invite {
        name: body.text("name", 1..=300)?,
        terms: terms(&mut body)?,
        send_email: body.flag("send_email")?.unwrap_or(true),
        idempotency,
        ..Invite::new(email, caller.actor())
    };
    body.nothing_more()?;
    users::check_metadata(&request.terms.user_metadata, &request.terms.app_metadata)?;
    check_roles(&caller, &request.terms.roles)?;
    let invited = invite::invite(&state.app, request).await?;
    Ok((StatusCode::CREATED, Json(wire::invited(&invited))))
}

fn terms(body: &mut Fields) -> Result<Terms, ApiError> {
    if body.any("organization_id").is_some() {
        return Err(no_organizations());
    }
    let inviter = match body.object("inviter", "inviter.")? {
        None => None,
        Some(mut inviter) => {
            let name = inviter.text("name", 1..=300)?;
            inviter.nothing_more()?;
            name
        }
    };
    let lifetime = lifetime(body.count("ttl_sec")?.map(Duration::from_secs), DEFAULT_LIFETIME);
    Ok(Terms {
        client: body.text("client_id", 1..=128)?.map(ClientId::new),
        connections: body.texts("connections", 50)?.filter(|names| !names.is_empty()),
        email_match: body.word("email_match", email_match, "any, same_domain, same_email")?.unwrap_or_default(),
        inviter,
        message: body.text("message", 1..=2_000)?,
        locale: body.text("locale", 1..=35)?,
        roles: body.texts("roles", 50)?.unwrap_or_default(),
        result_url: body.text("result_url", 1..=2_000)?,
        user_metadata: body.metadata("user_metadata")?.unwrap_or_default(),
        app_metadata: body.metadata("app_metadata")?.unwrap_or_default(),
        lifetime_ms: u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX),
        ..Terms::default()
    })
}

/// An administrator may do everything, so who may only invite must not make one.
fn check_roles(caller: &Caller, roles: &[String]) -> Result<(), ApiError> {
    if roles.is_empty() { Ok(()) } else { caller.must_have(&[Permission::CreateRoleMembers]) }
}

fn email_match(word: &str) -> Option<EmailMatch> {
    match word {
        "any" => Some(EmailMatch::Any),
        "same_domain" => Some(EmailMatch::SameDomain),
        "same_email" => Some(EmailMatch::SameEmail),
        _ => None,
    }
}

/// The caller's key and a digest of the whole request, so that the same key with another request is seen.
fn idempotency(headers: &HeaderMap, body: &Fields) -> Result<Option<Idempotency>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
    let key = key.ok_or_else(|| {
        ApiError::new(StatusCode::BAD_REQUEST, "Idempotency-Key must have 1 to 255 printable characters.")
    })?;
    Ok(Some(Idempotency { key: digest(key), request: digest(&body.fingerprint()) }))
}

pub(super) async fn list(State(state): State<WebState>, query: Query) -> Result<Json<Value>, ApiError> {
    let paging = Paging::offset(&query)?;
    let status = match query.text("status") {
        None => None,
        Some(word) => Some(Status::parse(word).ok_or_else(|| {
            invalid_query("'Expected one of: pending, accepted, expired, revoked, declined' on property status")
        })?),
    };
    let found = invite::list(&state.app, status, paging.fetch(), paging.offset).await?;
    let total = if paging.wants_total() { Some(invite::count(&state.app, status).await?) } else { None };
    let now = state.app.now();
    let items = found.iter().map(|(invitation, delivery)| wire::invitation(invitation, delivery.as_ref(), now));
    Ok(paging.answer("invitations", items.collect(), total))
}

pub(super) async fn show(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let shown = invite::show(&state.app, &InvitationId::new(id)).await?;
    Ok(Json(wire::shown(&shown, state.app.now())))
}

pub(super) async fn resend(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let renewed = invite::resend(&state.app, &InvitationId::new(id), &caller.actor()).await?;
    answer(&state.app, renewed).await
}

pub(super) async fn change(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
    mut body: Fields,
) -> Result<Json<Value>, ApiError> {
    if body.is_empty() {
        return Err(invalid("one of 'email', 'ttl_sec' and 'roles' must be given"));
    }
    let patch = Patch {
        email: body.email("email")?,
        lifetime: body.count("ttl_sec")?.map(|seconds| lifetime(Some(Duration::from_secs(seconds)), DEFAULT_LIFETIME)),
        roles: body.texts("roles", 50)?,
    };
    body.nothing_more()?;
    check_roles(&caller, patch.roles.as_deref().unwrap_or_default())?;
    let renewed = invite::patch(&state.app, &InvitationId::new(id), patch, &caller.actor()).await?;
    answer(&state.app, renewed).await
}

pub(super) async fn revoke(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let revoked = invite::revoke(&state.app, &InvitationId::new(id), &caller.actor()).await?;
    let shown = invite::show(&state.app, &revoked.id).await?;
    Ok(Json(wire::shown(&shown, state.app.now())))
}

/// The invitation as it is now, with its new link if no mail carries that.
async fn answer(app: &App, renewed: Renewed) -> Result<Json<Value>, ApiError> {
    let shown = invite::show(app, &renewed.invitation.id).await?;
    let mut body = wire::shown(&shown, app.now());
    if let (Some(link), Some(body)) = (&renewed.link, body.as_object_mut()) {
        body.insert("invitation_url".to_owned(), json!(link.expose()));
    }
    Ok(Json(body))
}
