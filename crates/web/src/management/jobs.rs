//! `/api/v2/jobs`.
//!
//! Owns Auth0's fields of the one job there is: the mail by which a user proves the own address. It carries a code for
//! the user's account page; whoever asks for the job does not learn it.

use super::body::Fields;
use super::tickets::no_organizations;
use super::wire::moment;
use crate::WebState;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use guestlist_app::address::{self, AddressError};
use guestlist_app::users::UserError;
use guestlist_domain::ids::UserId;
use serde_json::{Value, json};

pub(super) async fn verification_email(
    State(state): State<WebState>,
    mut body: Fields,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let user = UserId::new(body.needed("user_id", 1..=255)?);
    if body.any("organization_id").is_some() {
        return Err(no_organizations());
    }
    // The mail looks the same whichever application it is for; whose address it is, `user_id` says.
    body.text("client_id", 1..=128)?;
    body.object("identity", "identity.")?;
    body.nothing_more()?;
    let asked = address::mail_code(&state.app, &user, None).await.map_err(refused)?;
    let job = json!({"id": asked.id.as_str(), "type": "verification_email", "status": "pending",
        "created_at": moment(asked.at)});
    Ok((StatusCode::CREATED, Json(job)))
}

fn refused(error: AddressError) -> ApiError {
    let bad = |text| ApiError::new(StatusCode::BAD_REQUEST, text);
    match error {
        AddressError::NotFound => UserError::NotFound.into(),
        AddressError::NotActive => {
            bad("The user is not active: whoever is invited proves the address by the invitation.")
        }
        AddressError::NoMail => bad("No mail server is configured."),
        AddressError::TooMany { retry_after } => {
            ApiError::new(StatusCode::TOO_MANY_REQUESTS, "Too many codes were mailed to this address.")
                .with_code("too_many_requests")
                .with_retry_after(retry_after.as_secs().max(1))
        }
        AddressError::Unexpected(error) => error.into(),
        AddressError::Wrong | AddressError::Dead | AddressError::SignedOut => bad("No code was entered."),
    }
}
