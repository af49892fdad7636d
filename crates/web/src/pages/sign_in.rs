//! Signing in and out.
//!
//! Owns the log-in page, the page that asks for one more proof, and log-out from a page of ours. Must not know whether a
//! password is right, nor what an authorization request says beyond what its page shows.

use super::onward;
use super::social::look;
use super::ways::Ways;
use crate::WebState;
use crate::error::Problem;
use crate::resume::{Waiting, onward_path};
use crate::view::parts::Problem as FormProblem;
use crate::view::sign_in::{AskProofPage, Back, LoggedOutPage, LoginPage, LogoutPage, RefusalReason};
use crate::visit::{Posted, Visit};
use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use guestlist_app::authorize::PendingRequest;
use guestlist_app::sign_in::{self, Entered, SignInError};
use guestlist_app::social::{self, Proving};
use guestlist_app::{Unexpected, sessions};
use guestlist_domain::ids::ClientId;
use guestlist_domain::secret::{Secret, Sensitive};
use serde::Deserialize;

pub(super) fn router() -> Router<WebState> {
    Router::new()
        .route("/login", get(show).post(log_in))
        .route("/login/prove", get(show_proof).post(prove))
        .route("/logout", get(ask_log_out).post(log_out))
        .route("/logged-out", get(logged_out))
}

#[derive(Deserialize)]
struct LoginQuery {
    resume: Option<String>,
    to: Option<String>,
}

async fn show(visit: Visit, Query(query): Query<LoginQuery>) -> Result<Response, Problem> {
    // Without an application that asks, there is nothing to log in for twice.
    let is_asked = query.resume.is_some();
    match Behind::of(&visit, query.resume, query.to.as_deref()) {
        Behind::Gone(sealed) => visit.redirect(&onward_path(&sealed)),
        behind if !is_asked && visit.signed_in().await?.is_some() => visit.redirect(&behind.onward()),
        behind => {
            let email = behind.hint().to_owned();
            login_page(visit, behind, email, None).await
        }
    }
}

/// What is behind the log-in page.
enum Behind {
    /// The person's own account.
    Account,
    /// The console.
    Console,
    /// An invitation that this browser holds.
    Invitation,
    /// An application that waits.
    Application(Box<Waiting>),
    /// An application that waited for too long; it may begin anew.
    Gone(String),
}

impl Behind {
    fn of(visit: &Visit, sealed: Option<String>, to: Option<&str>) -> Self {
        match sealed.filter(|text| !text.is_empty()) {
            None if to == Some("console") => Self::Console,
            None if to == Some("invitation") => Self::Invitation,
            None => Self::Account,
            Some(sealed) => Waiting::open(&visit.app, sealed.clone())
                .map_or(Self::Gone(sealed), |waiting| Self::Application(Box::new(waiting))),
        }
    }

    fn request(&self) -> Option<&PendingRequest> {
        match self {
            Self::Application(waiting) => Some(&waiting.request),
            Self::Account | Self::Console | Self::Invitation | Self::Gone(_) => None,
        }
    }

    fn hint(&self) -> &str {
        self.request().and_then(|request| request.login_hint.as_deref()).unwrap_or_default()
    }

    fn sealed(&self) -> Option<&str> {
        match self {
            Self::Application(waiting) => Some(&waiting.sealed),
            Self::Gone(sealed) => Some(sealed),
            Self::Account | Self::Console | Self::Invitation => None,
        }
    }

    /// What the page's form repeats, so that the way on survives a wrong password.
    const fn word(&self) -> Option<&'static str> {
        match self {
            Self::Console => Some("console"),
            Self::Invitation => Some("invitation"),
            Self::Account | Self::Application(_) | Self::Gone(_) => None,
        }
    }

    fn onward(&self) -> String {
        match (self, self.sealed()) {
            (_, Some(sealed)) => onward_path(sealed),
            (Self::Console, None) => "/admin".to_owned(),
            (Self::Invitation, None) => "/accept".to_owned(),
            (_, None) => "/account".to_owned(),
        }
    }
}

async fn login_page(
    mut visit: Visit,
    behind: Behind,
    email: String,
    problem: Option<FormProblem>,
) -> Result<Response, Problem> {
    let request = behind.request();
    if let Some(tags) = request.and_then(|request| request.ui_locales.as_deref()) {
        visit.speak_first_of(tags.split(' '));
    }
    let mut connections = sign_in::ways_in(&visit.app, request.map(|request| &request.client)).await?;
    if let Some(wanted) = request.and_then(|request| request.connection.as_deref())
        && connections.iter().any(|way| way.name == wanted)
    {
        connections.retain(|way| way.name == wanted);
    }
    let ways = Ways::of(&connections);
    let targets = ways.form_targets(None);
    visit.allow(request.map_or(targets.clone(), |request| targets.and(&request.redirect_uri)));
    let page = LoginPage {
        application: request.map(|request| request.application.clone()),
        wanted_signup: request.is_some_and(|request| request.wants_signup),
        email,
        password: ways.password,
        providers: ways.providers,
        problem,
        to: behind.word(),
        resume: behind.sealed().map(str::to_owned),
    };
    visit.page_with(status_of(problem), &page)
}

fn status_of(problem: Option<FormProblem>) -> StatusCode {
    match problem {
        None => StatusCode::OK,
        Some(FormProblem::TooManyAttempts) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::BAD_REQUEST,
    }
}

#[derive(Deserialize)]
struct LoginForm {
    #[serde(default)]
    email: String,
    password: Sensitive,
    resume: Option<String>,
    to: Option<String>,
}

async fn log_in(posted: Posted<LoginForm>) -> Result<Response, Problem> {
    let Posted { visit, browser, form } = posted;
    let behind = Behind::of(&visit, form.resume, form.to.as_deref());
    match attempt(&visit, (&form.email, &form.password), behind.request().map(|asked| &asked.client), &browser).await? {
        Attempt::In(entered) => {
            let to = behind.onward();
            enter(visit, *entered, &to).await
        }
        Attempt::Again(problem) => login_page(visit, behind, form.email, Some(problem)).await,
        Attempt::Blocked => onward::refuse(visit, RefusalReason::UserBlocked, Back::Login),
    }
}

/// How a try with a password ended, for whichever page it was on.
pub(super) enum Attempt {
    In(Box<Entered>),
    Again(FormProblem),
    Blocked,
}

pub(super) async fn attempt(
    visit: &Visit,
    (email, password): (&str, &Sensitive),
    client: Option<&ClientId>,
    browser: &Secret,
) -> Result<Attempt, Unexpected> {
    match sign_in::with_password(&visit.app, email, password, client, browser).await {
        Ok(entered) => Ok(Attempt::In(Box::new(entered))),
        Err(SignInError::Wrong) => Ok(Attempt::Again(FormProblem::WrongCredentials)),
        Err(SignInError::TooMany { .. }) => Ok(Attempt::Again(FormProblem::TooManyAttempts)),
        Err(SignInError::Blocked) => Ok(Attempt::Blocked),
        Err(SignInError::Unexpected(error)) => Err(error),
    }
}

/// A browser that just signed in goes on.
pub(super) async fn enter(mut visit: Visit, entered: Entered, to: &str) -> Result<Response, Problem> {
    onward::begin_session(&mut visit, &entered.session).await?;
    visit.redirect(to)
}

async fn show_proof(visit: Visit) -> Result<Response, Problem> {
    let browser = visit.browser().ok_or(Problem::LostWay)?;
    match look(social::proving(&visit.app, browser).await)? {
        Some(proving) => proof_page(visit, proving, None),
        None => visit.redirect("/login"),
    }
}

fn proof_page(mut visit: Visit, proving: Proving, problem: Option<FormProblem>) -> Result<Response, Problem> {
    let ways = Ways::of(&proving.connections);
    let targets = ways.form_targets(None);
    let waiting = proving.resume.clone().and_then(|sealed| Waiting::open(&visit.app, sealed));
    visit.allow(waiting.map_or(targets.clone(), |waiting| targets.and(&waiting.request.redirect_uri)));
    let page = AskProofPage {
        provider: proving.provider,
        email: proving.address.map(|address| address.to_string()).unwrap_or_default(),
        password: proving.has_password,
        providers: ways.providers,
        problem,
    };
    visit.page_with(status_of(problem), &page)
}

#[derive(Deserialize)]
struct ProofForm {
    password: Sensitive,
}

async fn prove(posted: Posted<ProofForm>) -> Result<Response, Problem> {
    let Posted { mut visit, browser, form } = posted;
    let proving = look(social::proving(&visit.app, &browser).await)?.ok_or(Problem::LostWay)?;
    let email = proving.address.as_ref().map(ToString::to_string).unwrap_or_default();
    match attempt(&visit, (&email, &form.password), proving.client.as_ref(), &browser).await? {
        Attempt::In(entered) => {
            let to = match &proving.resume {
                Some(sealed) => onward_path(sealed),
                None => match onward::home(&mut visit).await? {
                    "/account" if entered.linked => "/account?done=connected".to_owned(),
                    home => home.to_owned(),
                },
            };
            enter(visit, *entered, &to).await
        }
        Attempt::Again(problem) => proof_page(visit, proving, Some(problem)),
        Attempt::Blocked => onward::refuse(visit, RefusalReason::UserBlocked, Back::Login),
    }
}

async fn ask_log_out(visit: Visit) -> Result<Response, Problem> {
    match visit.signed_in().await? {
        Some(signed_in) => visit.page(&LogoutPage { email: signed_in.user.email.to_string(), resume: None }),
        None => visit.redirect("/logged-out"),
    }
}

#[derive(Deserialize)]
struct LogoutForm {
    resume: Option<String>,
}

async fn log_out(posted: Posted<LogoutForm>) -> Result<Response, Problem> {
    let Posted { mut visit, form, .. } = posted;
    if let Some(signed_in) = visit.signed_in().await? {
        sessions::end(&visit.app, &signed_in).await?;
    }
    visit.sign_out();
    let onward = form.resume.and_then(|sealed| crate::oidc::landing(&visit.app, &sealed));
    visit.redirect(onward.as_deref().unwrap_or("/logged-out"))
}

async fn logged_out(visit: Visit) -> Result<Response, Problem> {
    visit.page(&LoggedOutPage {})
}
