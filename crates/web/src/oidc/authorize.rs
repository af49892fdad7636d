//! `/authorize`, and the way back to it after a sign-in.
//!
//! Owns the reading of the query and the answers. Must not decide who may go where.

use super::fields::{Body, Fields};
use crate::WebState;
use crate::error::{OAuthError, Problem};
use crate::headers::PagePolicy;
use crate::resume::{DENIED_PATH, NOT_LET_IN, RESUME_PATH, path_with};
use crate::view::answer::{MessagePage, PostPage};
use crate::visit::Visit;
use axum::Router;
use axum::extract::RawQuery;
use axum::response::Response;
use axum::routing::get;
use guestlist_app::authorize::{self, Outcome, Unanswerable};
use guestlist_app::social::{self, Errand, SocialError};
use guestlist_domain::authorization::{Delivery, Parameters};

/// The sealed request in the query of the way back.
const SEALED: &str = "resume";

pub(super) fn router() -> Router<WebState> {
    Router::new()
        // A HEAD must not make a code (R6).
        .route("/authorize", get(ask).head(not_answered).post(ask_again))
        .route(RESUME_PATH, get(resume).head(not_answered))
        .route(DENIED_PATH, get(denied))
}

async fn not_answered() -> Problem {
    Problem::MethodNotAllowed
}

async fn ask(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let parameters = Parameters::new(fields(query).into_pairs());
    let signed_in = visit.signed_in().await?;
    match authorize::authorize(&visit.app, &parameters, signed_in.as_ref()).await? {
        Outcome::SignIn { resume } => ask_to_sign_in(visit, resume).await,
        outcome => answer(visit, outcome),
    }
}

/// An application that names a provider's connection skips our log-in page (`auth0-contract.md`, 2.2). If the provider
/// cannot be reached, or the connection is the password database, the page is the way.
async fn ask_to_sign_in(mut visit: Visit, resume: String) -> Result<Response, Problem> {
    let pending = authorize::peek(&visit.app, &resume);
    let Some((connection, pending)) = pending.and_then(|pending| Some((pending.connection.clone()?, pending))) else {
        return answer(visit, Outcome::SignIn { resume });
    };
    let errand =
        Errand::SignIn { client: Some(pending.client), resume: Some(resume.clone()), login_hint: pending.login_hint };
    let browser = visit.browser_or_new();
    match social::depart(&visit.app, errand, &connection, &browser).await {
        Ok(provider) => visit.redirect(provider.as_str()),
        Err(SocialError::Unexpected(error)) => Err(error.into()),
        Err(_) => answer(visit, Outcome::SignIn { resume }),
    }
}

/// A POST from an application's page comes without our cookie, which is `Lax`; the GET that it becomes has it.
async fn ask_again(visit: Visit, body: Result<Body, OAuthError>) -> Result<Response, Problem> {
    let body = body.map_err(|_| Problem::BadRequest("the form cannot be read".into()))?;
    visit.redirect(&format!("/authorize?{}", body.fields.to_query()))
}

async fn resume(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = fields(query);
    let sealed = query.get(SEALED).ok_or(Problem::LostWay)?;
    let signed_in = visit.signed_in().await?;
    let outcome = authorize::resume(&visit.app, sealed, signed_in.as_ref()).await?;
    answer(visit, outcome)
}

fn answer(visit: Visit, outcome: Outcome) -> Result<Response, Problem> {
    match outcome {
        Outcome::Answer(delivery) => deliver(visit, delivery),
        Outcome::SignIn { resume } => visit.redirect(&path_with("/login", &resume)),
        Outcome::Unanswerable(Unanswerable::Lost) => Err(Problem::LostWay),
        Outcome::Unanswerable(Unanswerable::UnknownClient) => Err(Problem::BadRequest("unknown client".into())),
        Outcome::Unanswerable(Unanswerable::RedirectUri) => {
            Err(Problem::BadRequest("the redirect_uri is not one of the client's".into()))
        }
    }
}

/// Carries an answer to the application by the road that it asked for.
fn deliver(mut visit: Visit, delivery: Delivery) -> Result<Response, Problem> {
    match delivery {
        Delivery::GoTo(address) => visit.redirect(&address),
        Delivery::Post { to, fields } => {
            visit.allow(PagePolicy::default().and(&to).with_script());
            visit.page(&PostPage { to, fields })
        }
        Delivery::Tell { origin, fields } => {
            visit.allow(PagePolicy::default().with_script().framed_by(&origin));
            visit.page(&MessagePage { origin, response: fields })
        }
    }
}

/// Nobody will come: the application hears of it by its own road. A page that said no links here.
async fn denied(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = fields(query);
    let denied = query.get(SEALED).and_then(|sealed| authorize::deny(&visit.app, sealed, NOT_LET_IN));
    deliver(visit, denied.ok_or(Problem::LostWay)?)
}

fn fields(query: Option<String>) -> Fields {
    Fields::of_form(query.unwrap_or_default().as_bytes())
}
