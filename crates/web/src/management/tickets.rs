//! `/api/v2/tickets`.
//!
//! Owns Auth0's fields of a password-change ticket. For a user who is only on the list the ticket is an invitation's
//! link, for everybody else one to a new password; the caller need not know which. No mail goes out.

use super::auth::Caller;
use super::body::{Fields, invalid};
use crate::WebState;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use guestlist_app::invite::{InviteError, TicketTerms};
use guestlist_app::users::{self, UserError};
use guestlist_app::{App, connections, invite, recover};
use guestlist_domain::connection::Strategy;
use guestlist_domain::email::Email;
use guestlist_domain::ids::{ClientId, ConnectionId, DATABASE_PROVIDER, UserId};
use guestlist_domain::invitation::MAX_LIFETIME;
use guestlist_domain::ticket::API_LIFETIME;
use serde_json::{Value, json};
use std::time::Duration;

pub(super) async fn password_change(
    State(state): State<WebState>,
    caller: Caller,
    mut body: Fields,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let whom = whom(&mut body)?;
    let terms = terms(&mut body)?;
    let identity = body.object("identity", "identity.")?;
    body.nothing_more()?;
    let user = find(&state.app, whom).await?;
    if let Some(identity) = identity {
        check_identity(identity, &user)?;
    }
    let by = caller.actor();
    let link = match invite::ticket_for(&state.app, &user, terms.clone(), &by).await.map_err(about_a_user)? {
        Some(link) => Some(link),
        None => recover::ticket_for(&state.app, &user, terms, &by).await.map_err(about_a_user)?,
    };
    let link = link.ok_or_else(|| ApiError::new(StatusCode::BAD_REQUEST, "The user is blocked."))?;
    Ok((StatusCode::CREATED, Json(json!({ "ticket": link.expose() }))))
}

/// What is missing behind a ticket is its user.
fn about_a_user(error: InviteError) -> ApiError {
    match error {
        InviteError::NotFound => UserError::NotFound.into(),
        other => other.into(),
    }
}

/// By whom the user is named.
enum Whom {
    Id(UserId),
    Email { connection: ConnectionId, email: Email },
}

fn whom(body: &mut Fields) -> Result<Whom, ApiError> {
    let id = body.text("user_id", 1..=255)?;
    let connection = body.text("connection_id", 1..=128)?;
    let email = body.email("email")?;
    match (id, connection, email) {
        (Some(id), None, None) => Ok(Whom::Id(UserId::new(id))),
        (None, Some(connection), Some(email)) => Ok(Whom::Email { connection: ConnectionId::new(connection), email }),
        _ => Err(invalid("either 'user_id', or 'connection_id' and 'email', must be given")),
    }
}

fn terms(body: &mut Fields) -> Result<TicketTerms, ApiError> {
    if body.any("organization_id").is_some() {
        return Err(no_organizations());
    }
    let lifetime = match body.count("ttl_sec")? {
        None | Some(0) => API_LIFETIME,
        Some(seconds) => Duration::from_secs(seconds).min(MAX_LIFETIME),
    };
    Ok(TicketTerms {
        client: body.text("client_id", 1..=128)?.map(ClientId::new),
        result_url: body.text("result_url", 1..=2_000)?,
        lifetime,
        mark_email_as_verified: body.flag("mark_email_as_verified")?.unwrap_or(false),
        include_email_in_redirect: body.flag("includeEmailInRedirect")?.unwrap_or(false),
    })
}

/// The answer to everything that names an organization.
pub(super) fn no_organizations() -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "Organizations do not exist yet: leave organization_id out.")
        .with_code("invalid_body")
}

async fn find(app: &App, whom: Whom) -> Result<UserId, ApiError> {
    match whom {
        Whom::Id(id) => Ok(id),
        Whom::Email { connection, email } => {
            let connection = connections::find(app, &connection).await?;
            if connection.is_none_or(|connection| connection.strategy != Strategy::Database) {
                return Err(ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "The connection does not exist, or does not support this operation",
                ));
            }
            let found = users::find_by_email(app, &email).await?.ok_or(UserError::NotFound)?;
            Ok(found.user.id)
        }
    }
}

/// The only identity with a password is the user's own primary one.
fn check_identity(mut identity: Fields, user: &UserId) -> Result<(), ApiError> {
    let provider = identity.needed("provider", 1..=128)?;
    let user_id = identity.needed("user_id", 1..=255)?;
    identity.text("connection_id", 1..=128)?;
    identity.nothing_more()?;
    if provider == DATABASE_PROVIDER && user_id == user.suffix() {
        Ok(())
    } else {
        Err(ApiError::new(StatusCode::BAD_REQUEST, "The user does not have such an identity with a password."))
    }
}
