//! `/api/v2/users` and `/api/v2/users-by-email`.
//!
//! Owns the fields that may come in. Must not know how users are found or changed.

use super::auth::Caller;
use super::body::Fields;
use super::lucene;
use super::page::{Paging, Projection};
use super::query::{Query, Segments, invalid};
use super::wire;
use crate::WebState;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use guestlist_app::users::{self, NewUser, ProfileChange, UserChange, UserError, UserQuery, UserView};
use guestlist_domain::credential::MAX_BYTES as MAX_PASSWORD;
use guestlist_domain::email::Email;
use guestlist_domain::ids::UserId;
use guestlist_domain::permission::Permission;
use guestlist_domain::user::Profile;
use guestlist_domain::user_filter::{OrderField, UserOrder};
use serde_json::Value;

/// The longest password that is read at all; beyond it the policy need not be asked.
const PASSWORD_CHARACTERS: usize = MAX_PASSWORD * 2;

pub(super) async fn list(State(state): State<WebState>, query: Query) -> Result<Json<Value>, ApiError> {
    let paging = Paging::offset(&query)?;
    let projection = Projection::read(&query)?;
    let page = users::list(
        &state.app,
        UserQuery {
            filter: lucene::parse(query.text("q").unwrap_or_default())?,
            order: order(&query)?,
            limit: paging.fetch(),
            offset: paging.offset,
            with_total: paging.wants_total(),
        },
    )
    .await?;
    let users = page.users.iter().map(|view| projection.apply(wire::user(view))).collect();
    Ok(paging.answer("users", users, page.total))
}

fn order(query: &Query) -> Result<UserOrder, ApiError> {
    let Some(text) = query.text("sort") else { return Ok(UserOrder::default()) };
    let unknown = || invalid("'sort' has the form field:1 or field:-1, with a field that can be sorted by");
    let (field, direction) = text.rsplit_once(':').ok_or_else(unknown)?;
    let descending = match direction {
        "1" => false,
        "-1" => true,
        _ => return Err(unknown()),
    };
    let by = match field {
        "created_at" => OrderField::CreatedAt,
        "updated_at" => OrderField::UpdatedAt,
        "last_login" => OrderField::LastLogin,
        "logins_count" => OrderField::LoginsCount,
        "email" => OrderField::Email,
        "name" => OrderField::Name,
        "user_id" => OrderField::Id,
        _ => return Err(unknown()),
    };
    Ok(UserOrder { by, descending })
}

pub(super) async fn by_email(State(state): State<WebState>, query: Query) -> Result<Json<Value>, ApiError> {
    let projection = Projection::read(&query)?;
    let text = query.text("email").ok_or_else(|| invalid("'Missing required property: email'"))?;
    let email = Email::parse(text).map_err(|error| invalid(&format!("'{error}' on property email")))?;
    let found = users::find_by_email(&state.app, &email).await?;
    Ok(Json(found.iter().map(|view| projection.apply(wire::user(view))).collect()))
}

pub(super) async fn show(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let found = users::find(&state.app, &UserId::new(id)).await?.ok_or(UserError::NotFound)?;
    Ok(Json(Projection::read(&query)?.apply(wire::user(&found))))
}

pub(super) async fn create(
    State(state): State<WebState>,
    caller: Caller,
    mut body: Fields,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let connection = body.needed("connection", 1..=128)?;
    let email = body.email("email")?.ok_or_else(|| body.missing("email"))?;
    let id = match body.text("user_id", 1..=255)? {
        None => None,
        Some(suffix) => Some(UserId::with_suffix(&suffix).ok_or_else(|| {
            body.invalid_property("Letters, digits and signs other than the vertical bar are allowed", "user_id")
        })?),
    };
    let new = NewUser {
        connection,
        email,
        email_verified: body.flag("email_verified")?.unwrap_or(false),
        password: body.secret("password", PASSWORD_CHARACTERS)?,
        id,
        blocked: body.flag("blocked")?.unwrap_or(false),
        profile: Profile {
            name: body.text("name", 1..=300)?,
            nickname: body.text("nickname", 1..=300)?,
            given_name: body.text("given_name", 1..=150)?,
            family_name: body.text("family_name", 1..=150)?,
            picture: body.text("picture", 1..=2_000)?.map(|text| picture(text, &body)).transpose()?,
        },
        user_metadata: body.metadata("user_metadata")?.unwrap_or_default(),
        app_metadata: body.metadata("app_metadata")?.unwrap_or_default(),
    };
    // A user who is only on the list hears from us when invited; a verification mail beside it would be one too many.
    body.flag("verify_email")?;
    body.nothing_more()?;
    let made = users::create(&state.app, &caller.actor(), new).await?;
    Ok((StatusCode::CREATED, Json(wire::user(&made))))
}

pub(super) async fn change(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
    mut body: Fields,
) -> Result<Json<Value>, ApiError> {
    if !caller.may(Permission::UpdateUsers) && body.names().any(|name| name != "app_metadata") {
        caller.must_have(&[Permission::UpdateUsers])?;
    }
    let wish = UserChange {
        email: body.email("email")?,
        email_verified: body.flag("email_verified")?,
        password: body.secret("password", PASSWORD_CHARACTERS)?,
        blocked: body.flag("blocked")?,
        profile: ProfileChange {
            name: body.clearable("name", 1..=300)?,
            nickname: body.clearable("nickname", 1..=300)?,
            given_name: body.clearable("given_name", 1..=150)?,
            family_name: body.clearable("family_name", 1..=150)?,
            picture: body.clearable("picture", 1..=2_000)?.try_map(|text| picture(text, &body))?,
        },
        user_metadata: body.metadata("user_metadata")?,
        app_metadata: body.metadata("app_metadata")?,
    };
    // More than this is tolerated, as at Auth0, and does nothing (case 107).
    let changed = users::change(&state.app, &caller.actor(), &UserId::new(id), wish).await?;
    Ok(Json(wire::user(&changed)))
}

pub(super) async fn delete(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    users::delete(&state.app, &caller.actor(), &UserId::new(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A picture's address is shown to others: nothing but https, so that it is neither script nor a clear-text request.
fn picture(text: String, body: &Fields) -> Result<String, ApiError> {
    if url::Url::parse(&text).is_ok_and(|url| url.scheme() == "https") {
        Ok(text)
    } else {
        Err(body.invalid_property("Expected an https URL", "picture"))
    }
}

/// The identities that are left, as an answer.
pub(super) fn identities(view: &UserView) -> Json<Value> {
    Json(wire::identities(view).into())
}
