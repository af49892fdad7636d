//! A person's own account.
//!
//! Owns the account page and what is pressed on it. Every change wants a fresh sign-in, and the last way in stays; both
//! are decided in [`guestlist_app::account`].

use super::onward;
use super::sign_in::{Attempt, attempt, enter};
use super::ways::{Ways, provider};
use crate::WebState;
use crate::error::Problem;
use crate::view::account::{AccountPage, Confirmed, Done, PasswordWay, SessionFacts, Way};
use crate::view::parts::Problem as FormProblem;
use crate::view::sign_in::{Back, FreshSignInPage, RefusalReason};
use crate::visit::{Posted, Press, Visit};
use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use guestlist_app::account::{self, AccountError};
use guestlist_app::sessions::SignedIn;
use guestlist_domain::connection::Connection;
use guestlist_domain::identity::Identity;
use guestlist_domain::ids::IdentityId;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::session::Method;
use serde::Deserialize;

pub(super) fn router() -> Router<WebState> {
    Router::new()
        .route("/account", get(show))
        .route("/account/password", post(change_password))
        .route("/account/password/remove", post(remove_password))
        .route("/account/ways/{identity}/remove", post(remove))
        .route("/account/fresh", get(show_fresh).post(sign_in_again))
}

#[derive(Deserialize)]
struct AccountQuery {
    done: Option<String>,
}

async fn show(visit: Visit, Query(query): Query<AccountQuery>) -> Result<Response, Problem> {
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    let done = query.done.as_deref().and_then(Done::parse);
    account_page(visit, &signed_in, done, None).await
}

async fn account_page(
    mut visit: Visit,
    signed_in: &SignedIn,
    done: Option<Done>,
    problem: Option<FormProblem>,
) -> Result<Response, Problem> {
    let user = &signed_in.user;
    let ways = account::ways_in(&visit.app, user).await?;
    let removable = ways.can_remove_any();
    let label_of = |name: &str| {
        let found = ways.linked.iter().find(|(_, connection)| connection.name == name);
        found.map_or_else(|| name.to_owned(), |(_, connection)| connection.display_name.clone())
    };
    let session = SessionFacts {
        provider: match &signed_in.session.method {
            Method::Password => None,
            Method::Upstream(name) => Some(label_of(name)),
        },
        authenticated_at: signed_in.session.authenticated_at,
    };
    let page = AccountPage {
        name: user.profile.name.clone(),
        email: user.email.to_string(),
        confirmed: Confirmed::of(user.email_verified, visit.app.sends_mail()),
        can_change_address: visit.app.sends_mail(),
        admin: user.is_admin(),
        offers_password: ways.offers_password,
        password: ways.has_password.then_some(PasswordWay { set_at: user.last_password_reset_at, removable }),
        ways: ways.linked.iter().map(|(identity, connection)| way(identity, connection, removable)).collect(),
        connectable: ways.connectable.iter().map(provider).collect(),
        session,
        done,
        problem,
    };
    visit.allow(Ways::of(&ways.connectable).form_targets(None));
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    visit.page_with(status, &page)
}

fn way(identity: &Identity, connection: &Connection, removable: bool) -> Way {
    Way {
        id: identity.id.to_string(),
        label: connection.display_name.clone(),
        email: identity.claims.email.as_ref().map(ToString::to_string),
        linked_at: identity.linked_at,
        last_used_at: identity.last_used_at,
        removable,
    }
}

#[derive(Deserialize)]
struct PasswordForm {
    current_password: Option<Sensitive>,
    password: Sensitive,
}

async fn change_password(posted: Posted<PasswordForm>) -> Result<Response, Problem> {
    let Posted { mut visit, form, .. } = posted;
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    let current = form.current_password.as_ref();
    match account::change_password(&visit.app, &signed_in, current, form.password).await {
        Ok(session) => {
            visit.sign_in(&session);
            done(visit, Done::PasswordSaved)
        }
        Err(AccountError::WrongPassword) => again(visit, &signed_in, FormProblem::WrongPassword).await,
        Err(AccountError::TooMany { .. }) => again(visit, &signed_in, FormProblem::TooManyAttempts).await,
        Err(AccountError::Weak(weakness)) => again(visit, &signed_in, weakness.into()).await,
        Err(error) => not_done(visit, error),
    }
}

async fn again(visit: Visit, signed_in: &SignedIn, problem: FormProblem) -> Result<Response, Problem> {
    account_page(visit, signed_in, None, Some(problem)).await
}

async fn remove_password(posted: Posted<Press>) -> Result<Response, Problem> {
    let Posted { visit, .. } = posted;
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    match account::remove_password(&visit.app, &signed_in).await {
        Ok(()) => done(visit, Done::Removed),
        Err(error) => not_done(visit, error),
    }
}

async fn remove(Path(identity): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    let Posted { visit, .. } = posted;
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    match account::remove_identity(&visit.app, &signed_in, &IdentityId::new(identity)).await {
        Ok(()) => done(visit, Done::Removed),
        Err(error) => not_done(visit, error),
    }
}

fn done(visit: Visit, what: Done) -> Result<Response, Problem> {
    visit.redirect(&format!("/account?done={}", what.as_str()))
}

fn not_done(visit: Visit, error: AccountError) -> Result<Response, Problem> {
    match error {
        AccountError::NotFresh => visit.redirect("/account/fresh"),
        AccountError::LastWayIn => done(visit, Done::LastWayKept),
        AccountError::TooMany { .. } => Err(Problem::TooManyAttempts),
        AccountError::WrongPassword | AccountError::Weak(_) => Err(Problem::BadRequest(error.to_string().into())),
        AccountError::Unexpected(error) => Err(error.into()),
    }
}

async fn show_fresh(visit: Visit) -> Result<Response, Problem> {
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    fresh_page(visit, &signed_in, None).await
}

async fn fresh_page(mut visit: Visit, signed_in: &SignedIn, problem: Option<FormProblem>) -> Result<Response, Problem> {
    let ways = account::ways_in(&visit.app, &signed_in.user).await?;
    let linked = ways.linked.iter().map(|(_, connection)| connection);
    let usable = linked.filter(|connection| connection.is_enabled_for(None));
    let offered = Ways::of(usable);
    visit.allow(offered.form_targets(None));
    let page = FreshSignInPage {
        email: signed_in.user.email.to_string(),
        password: ways.has_password,
        providers: offered.providers,
        problem,
    };
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    visit.page_with(status, &page)
}

#[derive(Deserialize)]
struct FreshForm {
    password: Sensitive,
}

async fn sign_in_again(posted: Posted<FreshForm>) -> Result<Response, Problem> {
    let Posted { mut visit, browser, form } = posted;
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    match attempt(&visit, (signed_in.user.email.as_str(), &form.password), None, &browser).await? {
        Attempt::In(entered) => {
            let to = onward::home(&mut visit).await?;
            enter(visit, *entered, to).await
        }
        Attempt::Again(problem) => fresh_page(visit, &signed_in, Some(problem)).await,
        Attempt::Blocked => onward::refuse(visit, RefusalReason::UserBlocked, Back::Login),
    }
}
