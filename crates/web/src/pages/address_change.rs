//! Where a person gives the account another address: asks for a code, and types it in.
//!
//! Owns that page. What a change takes and who hears of it, [`guestlist_app::address_change`] decides.

use crate::WebState;
use crate::error::Problem;
use crate::view::account::Done;
use crate::view::address::ChangeAddressPage;
use crate::view::parts::Problem as FormProblem;
use crate::visit::{Posted, Press, Visit};
use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use guestlist_app::address_change::{self, AddressChangeError};
use guestlist_app::sessions::SignedIn;
use guestlist_domain::secret::Sensitive;
use serde::Deserialize;

pub(super) fn router() -> Router<WebState> {
    Router::new()
        .route("/account/address/change", get(show).post(ask))
        .route("/account/address/change/code", post(enter))
        .route("/account/address/change/cancel", post(cancel))
}

async fn show(visit: Visit) -> Result<Response, Problem> {
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    let is_fresh = signed_in.session.is_fresh(visit.app.now());
    // Said before the address is typed, not after.
    if !is_fresh && address_change::awaited(&visit.app, &signed_in.user).await?.is_none() {
        return visit.redirect("/account/fresh");
    }
    page(visit, &signed_in, "", None).await
}

async fn page(
    visit: Visit,
    signed_in: &SignedIn,
    typed: &str,
    problem: Option<FormProblem>,
) -> Result<Response, Problem> {
    if !visit.app.sends_mail() {
        return visit.redirect("/account");
    }
    let awaited = address_change::awaited(&visit.app, &signed_in.user).await?;
    let status = match problem {
        None => StatusCode::OK,
        Some(FormProblem::TooManyAttempts) => StatusCode::TOO_MANY_REQUESTS,
        Some(FormProblem::AddressTaken) => StatusCode::CONFLICT,
        Some(_) => StatusCode::BAD_REQUEST,
    };
    let page = ChangeAddressPage {
        email: signed_in.user.email.to_string(),
        mailed_to: awaited.map(|email| email.to_string()),
        typed: typed.to_owned(),
        problem,
    };
    visit.page_with(status, &page)
}

#[derive(Deserialize)]
struct AddressForm {
    email: String,
}

async fn ask(posted: Posted<AddressForm>) -> Result<Response, Problem> {
    let Posted { visit, form, .. } = posted;
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    let locale = visit.language.tag();
    match address_change::ask(&visit.app, &signed_in, &form.email, Some(locale)).await {
        Ok(()) => visit.redirect("/account/address/change"),
        Err(error) => not_done(visit, &signed_in, &form.email, error).await,
    }
}

#[derive(Deserialize)]
struct CodeForm {
    code: Sensitive,
}

async fn enter(posted: Posted<CodeForm>) -> Result<Response, Problem> {
    let Posted { mut visit, form, .. } = posted;
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    match address_change::enter_code(&visit.app, &signed_in, &form.code).await {
        Ok(session) => {
            visit.sign_in(&session);
            visit.redirect(&format!("/account?done={}", Done::AddressChanged.as_str()))
        }
        Err(error) => not_done(visit, &signed_in, "", error).await,
    }
}

async fn cancel(posted: Posted<Press>) -> Result<Response, Problem> {
    let visit = posted.visit;
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    match address_change::cancel(&visit.app, &signed_in).await {
        Ok(()) => visit.redirect("/account"),
        Err(error) => not_done(visit, &signed_in, "", error).await,
    }
}

async fn not_done(
    visit: Visit,
    signed_in: &SignedIn,
    typed: &str,
    error: AddressChangeError,
) -> Result<Response, Problem> {
    let problem = match error {
        AddressChangeError::NotFresh => return visit.redirect("/account/fresh"),
        AddressChangeError::SignedOut => return visit.redirect("/login"),
        AddressChangeError::NoMail => return visit.redirect("/account"),
        AddressChangeError::NotAnAddress(_) => FormProblem::NotAnAddress,
        AddressChangeError::Same => FormProblem::SameAddress,
        AddressChangeError::TooMany { .. } => FormProblem::TooManyAttempts,
        AddressChangeError::Wrong => FormProblem::WrongCode,
        AddressChangeError::Dead => FormProblem::DeadCode,
        AddressChangeError::Taken => FormProblem::AddressTaken,
        AddressChangeError::Unexpected(error) => return Err(error.into()),
    };
    page(visit, signed_in, typed, Some(problem)).await
}
