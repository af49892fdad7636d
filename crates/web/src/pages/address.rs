//! Where a person proves the own address: asks for a code, and types it in.
//!
//! Owns that page. What a code is good for, [`guestlist_app::address`] decides.

use crate::WebState;
use crate::error::Problem;
use crate::view::account::Done;
use crate::view::address::AddressPage;
use crate::view::parts::Problem as FormProblem;
use crate::visit::{Posted, Press, Visit};
use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use guestlist_app::address::{self, AddressError, AddressStep};
use guestlist_app::sessions::SignedIn;
use guestlist_domain::secret::Sensitive;
use serde::Deserialize;

pub(super) fn router() -> Router<WebState> {
    Router::new().route("/account/address", get(show).post(enter)).route("/account/address/code", post(mail_code))
}

async fn show(visit: Visit) -> Result<Response, Problem> {
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    page(visit, &signed_in, StatusCode::OK, None).await
}

async fn page(
    visit: Visit,
    signed_in: &SignedIn,
    status: StatusCode,
    problem: Option<FormProblem>,
) -> Result<Response, Problem> {
    let email = signed_in.user.email.to_string();
    match address::next_step(&visit.app, &signed_in.user).await? {
        AddressStep::Nothing => visit.redirect("/account"),
        step => visit.page_with(status, &AddressPage { email, is_mailed: step == AddressStep::Enter, problem }),
    }
}

async fn mail_code(posted: Posted<Press>) -> Result<Response, Problem> {
    let visit = posted.visit;
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    let locale = visit.language.tag();
    match address::mail_code(&visit.app, &signed_in.user.id, Some(locale)).await {
        Ok(_) => visit.redirect("/account/address"),
        Err(error) => not_done(visit, &signed_in, error).await,
    }
}

#[derive(Deserialize)]
struct CodeForm {
    code: Sensitive,
}

async fn enter(posted: Posted<CodeForm>) -> Result<Response, Problem> {
    let Posted { visit, form, .. } = posted;
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    match address::enter_code(&visit.app, &signed_in, &form.code).await {
        Ok(()) => visit.redirect(&format!("/account?done={}", Done::AddressConfirmed.as_str())),
        Err(error) => not_done(visit, &signed_in, error).await,
    }
}

async fn not_done(visit: Visit, signed_in: &SignedIn, error: AddressError) -> Result<Response, Problem> {
    let (status, problem) = match error {
        AddressError::Wrong => (StatusCode::BAD_REQUEST, FormProblem::WrongCode),
        AddressError::Dead => (StatusCode::BAD_REQUEST, FormProblem::DeadCode),
        AddressError::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, FormProblem::TooManyAttempts),
        AddressError::NoMail | AddressError::NotFound | AddressError::NotActive | AddressError::SignedOut => {
            return visit.redirect("/account");
        }
        AddressError::Unexpected(error) => return Err(error.into()),
    };
    page(visit, signed_in, status, Some(problem)).await
}
