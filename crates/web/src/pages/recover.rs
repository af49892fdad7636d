//! A forgotten password.
//!
//! Owns the pages around a reset link. What they say never depends on whether an address is known.

use super::onward;
use crate::WebState;
use crate::error::Problem;
use crate::headers::PagePolicy;
use crate::view::parts::Problem as FormProblem;
use crate::view::recover::{DeadReset, DeadResetPage, ForgotPage, ForgotSentPage, ResetDonePage, ResetPage};
use crate::visit::{Posted, Visit};
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use guestlist_app::landing::Landing;
use guestlist_app::recover::{self, Look, RecoverError};
use guestlist_domain::email::Email;
use guestlist_domain::secret::{Purpose, Secret, Sensitive};
use guestlist_domain::ticket::Standing;
use serde::Deserialize;

pub(super) fn router() -> Router<WebState> {
    Router::new()
        .route("/forgot", get(show_forgot).post(forgot))
        .route("/reset/{token}", get(open_link))
        .route("/reset", get(show_reset).post(reset))
}

async fn show_forgot(visit: Visit) -> Result<Response, Problem> {
    visit.page(&ForgotPage::default())
}

#[derive(Deserialize)]
struct ForgotForm {
    #[serde(default)]
    email: String,
}

async fn forgot(posted: Posted<ForgotForm>) -> Result<Response, Problem> {
    let Posted { visit, form, .. } = posted;
    if Email::parse(&form.email).is_err() {
        let page = ForgotPage { email: form.email, problem: Some(FormProblem::NotAnAddress) };
        return visit.page_with(StatusCode::BAD_REQUEST, &page);
    }
    let asked = recover::forgot(&visit.app, &form.email, None, Some(visit.language.tag())).await;
    match asked {
        Ok(()) | Err(RecoverError::Dead | RecoverError::Weak(_)) => visit.page(&ForgotSentPage { email: form.email }),
        Err(RecoverError::Unexpected(error)) => Err(error.into()),
    }
}

/// From the mail: the secret leaves the address bar before anything is shown.
async fn open_link(mut visit: Visit, Path(token): Path<String>) -> Result<Response, Problem> {
    let Some(link) = Secret::parse(Purpose::Reset, &token) else { return dead_page(visit, DeadReset::Unknown) };
    visit.keep_link(&link)?;
    visit.redirect("/reset")
}

async fn show_reset(visit: Visit) -> Result<Response, Problem> {
    let link = visit.link(Purpose::Reset).ok_or(Problem::LostWay)?;
    look_again(visit, &link, None).await
}

async fn look_again(mut visit: Visit, link: &Secret, problem: Option<FormProblem>) -> Result<Response, Problem> {
    match recover::look(&visit.app, link).await {
        Ok(Look::Open(user)) => {
            // The answer may lead to an application's own page.
            visit.allow(PagePolicy::default().and_https());
            let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
            visit.page_with(status, &ResetPage { email: user.email.to_string(), problem })
        }
        Ok(Look::Dead(Standing::Expired)) => dead_page(visit, DeadReset::Expired),
        Ok(Look::Dead(Standing::Used)) => dead_page(visit, DeadReset::Used),
        Ok(Look::Dead(Standing::Replaced | Standing::Open)) => dead_page(visit, DeadReset::Replaced),
        Ok(Look::Unknown) => dead_page(visit, DeadReset::Unknown),
        Err(RecoverError::Unexpected(error)) => Err(error.into()),
        Err(error) => Err(Problem::BadRequest(error.to_string().into())),
    }
}

fn dead_page(visit: Visit, reason: DeadReset) -> Result<Response, Problem> {
    let status = if reason == DeadReset::Unknown { StatusCode::NOT_FOUND } else { StatusCode::GONE };
    visit.page_with(status, &DeadResetPage { reason })
}

#[derive(Deserialize)]
struct ResetForm {
    password: Sensitive,
}

async fn reset(posted: Posted<ResetForm>) -> Result<Response, Problem> {
    let Posted { mut visit, form, .. } = posted;
    let link = visit.link(Purpose::Reset).ok_or(Problem::LostWay)?;
    match recover::reset(&visit.app, &link, form.password).await {
        Ok(landing) => {
            visit.drop_link(Purpose::Reset);
            // Every session ended with it, this browser's too, whoever's it was.
            visit.sign_out();
            match landing {
                Landing::Account => visit.page(&ResetDonePage {}),
                elsewhere => visit.redirect(&onward::address_of(elsewhere)),
            }
        }
        Err(RecoverError::Weak(weakness)) => look_again(visit, &link, Some(weakness.into())).await,
        Err(RecoverError::Dead) => visit.redirect("/reset"),
        Err(RecoverError::Unexpected(error)) => Err(error.into()),
    }
}
