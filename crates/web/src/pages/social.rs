//! Out to a provider and back.
//!
//! Owns the buttons that leave, the one address to which providers send the browser back, and the pages of how a trip
//! can end. What it means, [`guestlist_app::social`] says.

use super::onward;
use crate::WebState;
use crate::error::Problem;
use crate::resume::{DENIED_PATH, NOT_LET_IN, Waiting, onward_path, path_with};
use crate::view::account::Done;
use crate::view::connections::{Tried, TriedPage};
use crate::view::sign_in::{Back, RefusalPage, RefusalReason};
use crate::visit::{Posted, Press, Visit};
use axum::Router;
use axum::extract::{Form, Path, Query};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use guestlist_app::authorize;
use guestlist_app::social::{self, Arrival, Errand, FailedTrip, Return, SocialError};
use guestlist_domain::authorization::Delivery;
use guestlist_domain::flow;
use guestlist_domain::ids::ConnectionId;
use guestlist_domain::linking::{Decision, Refusal};
use guestlist_domain::secret::Purpose;
use guestlist_domain::user::Profile;
use serde::Deserialize;
use url::form_urlencoded;

pub(super) fn router() -> Router<WebState> {
    Router::new()
        .route("/accept/with/{connection}", post(leave_to_accept))
        .route("/login/with/{connection}", post(leave_to_sign_in))
        .route("/account/connect/{connection}", post(leave_to_connect))
        .route("/account/fresh/with/{connection}", post(leave_for_freshness))
        .route("/login/prove/with/{connection}", post(leave_to_prove))
        .route("/login/callback", get(come_back).post(come_back_posting))
}

async fn leave_to_accept(Path(connection): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    let link = posted.visit.link(Purpose::Invitation).ok_or(Problem::LostWay)?;
    // Somebody else is signed in here: the page says so and offers to switch (case 20).
    if posted.visit.signed_in().await?.is_some() {
        return posted.visit.redirect("/accept");
    }
    leave(posted, Errand::Accept(link), &connection).await
}

#[derive(Deserialize)]
struct ResumeForm {
    resume: Option<String>,
}

async fn leave_to_sign_in(Path(connection): Path<String>, posted: Posted<ResumeForm>) -> Result<Response, Problem> {
    let Some(sealed) = posted.form.resume.clone().filter(|text| !text.is_empty()) else {
        let errand = Errand::SignIn { client: None, resume: None, login_hint: None };
        return leave(posted, errand, &connection).await;
    };
    // What waited for too long begins anew where it came from.
    let Some(waiting) = Waiting::open(&posted.visit.app, sealed.clone()) else {
        return posted.visit.redirect(&onward_path(&sealed));
    };
    let Waiting { sealed, request } = waiting;
    let errand = Errand::SignIn { client: Some(request.client), resume: Some(sealed), login_hint: request.login_hint };
    leave(posted, errand, &connection).await
}

async fn leave_to_connect(Path(connection): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    match posted.visit.signed_in().await? {
        Some(signed_in) => leave(posted, Errand::Link(Box::new(signed_in)), &connection).await,
        None => posted.visit.redirect("/login"),
    }
}

/// Signing in once more with a provider begins a session like any other sign-in; it leads back to the account.
async fn leave_for_freshness(Path(connection): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    let login_hint = posted.visit.signed_in().await?.map(|signed_in| signed_in.user.email.to_string());
    leave(posted, Errand::SignIn { client: None, resume: None, login_hint }, &connection).await
}

async fn leave_to_prove(Path(connection): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    let proving = look(social::proving(&posted.visit.app, &posted.browser).await)?.ok_or(Problem::LostWay)?;
    let login_hint = proving.address.map(|address| address.to_string());
    let errand = Errand::SignIn { client: proving.client, resume: proving.resume, login_hint };
    leave(posted, errand, &connection).await
}

async fn leave<T>(posted: Posted<T>, errand: Errand, connection: &str) -> Result<Response, Problem> {
    let Posted { visit, browser, .. } = posted;
    match social::depart(&visit.app, errand, connection, &browser).await {
        Ok(url) => visit.redirect(url.as_str()),
        Err(error) => ended_badly(visit, error).await,
    }
}

#[derive(Deserialize)]
struct CallbackQuery {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
}

/// A provider sends the browser back by GET, and `state` makes it safe: known to this browser's own trip, good once.
/// Whoever only wants to know whether the page is there (HEAD) spends nothing.
async fn come_back(visit: Visit, method: Method, query: Query<CallbackQuery>) -> Result<Response, Problem> {
    if method != Method::GET {
        return Err(Problem::MethodNotAllowed);
    }
    let Query(query) = query;
    let browser = visit.browser().ok_or(Problem::LostWay)?.clone();
    let signed_in = visit.signed_in().await?;
    let posted = Profile { given_name: query.given_name, family_name: query.family_name, ..Profile::default() };
    let came = Return {
        state: &query.state,
        code: query.code.as_deref(),
        error: query.error.as_deref(),
        iss: query.iss.as_deref(),
        posted: Some(&posted),
    };
    let arrival = social::arrive(&visit.app, came, &browser, signed_in.as_ref()).await;
    show(visit, arrival).await
}

#[derive(Deserialize)]
struct PostedAnswer {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
    user: Option<String>,
}

/// A provider that posts its answer (OAuth 2.0 Form Post Response Mode) does so from its own site, and the browser keeps
/// our cookies back: nothing can be decided here, and nothing is. The answer becomes a GET, with which the browser
/// brings them. No cookie has to travel across sites for this. Of what comes beside the code, the name alone goes on.
async fn come_back_posting(visit: Visit, Form(answer): Form<PostedAnswer>) -> Result<Response, Problem> {
    let name = answer.user.as_deref().map(social::posted_name).unwrap_or_default();
    let members = [
        ("state", answer.state),
        ("code", answer.code),
        ("error", answer.error),
        ("iss", answer.iss),
        ("given_name", name.given_name),
        ("family_name", name.family_name),
    ];
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in members {
        if let Some(value) = value {
            query.append_pair(name, &value);
        }
    }
    visit.redirect(&format!("/login/callback?{}", query.finish()))
}

/// The answer to how a trip ended.
pub(super) async fn show(visit: Visit, arrival: Result<Arrival, SocialError>) -> Result<Response, Problem> {
    match arrival {
        Ok(Arrival::CameIn(came_in)) => onward::let_in(visit, *came_in).await,
        Ok(Arrival::Linked) => visit.redirect(&format!("/account?done={}", Done::Connected.as_str())),
        Ok(Arrival::Confirm) => visit.redirect("/accept/confirm"),
        Ok(Arrival::OfferMerge) => visit.redirect("/account/merge"),
        Ok(Arrival::Merged) => visit.redirect(&format!("/account?done={}", Done::Merged.as_str())),
        Ok(Arrival::AskProof { .. }) => visit.redirect("/login/prove"),
        Ok(Arrival::Tried(tried)) => show_tried(visit, *tried).await,
        Ok(Arrival::Refused { refusal, provider, purpose }) => show_refusal(visit, refusal, provider, &purpose),
        Err(error) => ended_badly(visit, error).await,
    }
}

/// An administrator sees who came back, as the provider told it.
async fn show_tried(mut visit: Visit, tried: social::Tried) -> Result<Response, Problem> {
    if let Some(signed_in) = visit.signed_in().await? {
        visit.show_viewer(signed_in.user.display_name());
    }
    let leads_to = match tried.decision {
        Decision::SignIn(_) => "sign-in",
        Decision::Link(_) => "link",
        Decision::AskProof(_) => "ask-proof",
        Decision::Activate(_) => "activate",
        Decision::Refuse(Refusal::UserBlocked) => "blocked",
        Decision::Refuse(Refusal::ConnectionNotAllowed) => "not-open",
        Decision::Refuse(_)
        | Decision::Confirm(_)
        | Decision::ConfirmAccount(_)
        | Decision::BringTo(_)
        | Decision::OfferMerge(_)
        | Decision::Merge(_) => "not-invited",
    };
    let social::Tried { connection, who, .. } = tried;
    let result = Tried::Came {
        issuer: who.issuer,
        subject: who.subject,
        email: who.email.map(|email| email.to_string()),
        email_verified: who.email_verified,
        name: who.profile.name,
        leads_to,
    };
    visit.page(&TriedPage { id: connection.id.to_string(), label: connection.display_name, result })
}

/// An administrator sees why nobody came back over the connection of that id and name.
pub(crate) async fn tried_in_vain(
    mut visit: Visit,
    (id, label): (&ConnectionId, String),
    reason: String,
) -> Result<Response, Problem> {
    if let Some(signed_in) = visit.signed_in().await? {
        visit.show_viewer(signed_in.user.display_name());
    }
    let page = TriedPage { id: id.to_string(), label, result: Tried::Failed { reason } };
    visit.page_with(StatusCode::BAD_GATEWAY, &page)
}

fn show_refusal(
    visit: Visit,
    refusal: Refusal,
    provider: String,
    purpose: &flow::Purpose,
) -> Result<Response, Problem> {
    let (reason, addresses) = match refusal {
        Refusal::NotInvited => (RefusalReason::NotInvited, None),
        Refusal::LinkedElsewhere => (RefusalReason::LinkedElsewhere, None),
        Refusal::ConnectionNotAllowed => (RefusalReason::ConnectionNotAllowed, None),
        Refusal::UserBlocked => (RefusalReason::UserBlocked, None),
        Refusal::EmailNotVerified => (RefusalReason::EmailNotVerified, None),
        Refusal::OtherEmail(addresses) => (RefusalReason::OtherEmail, Some(addresses)),
    };
    let page = RefusalPage {
        reason,
        provider: Some(provider),
        came: addresses.as_ref().and_then(|addresses| addresses.came.as_ref()).map(ToString::to_string),
        invited: addresses.map(|addresses| addresses.invited.to_string()),
        back: back_from(&visit, purpose),
    };
    visit.page_with(StatusCode::FORBIDDEN, &page)
}

/// The way back to where the trip began; to an application, with an error that it understands.
fn back_from(visit: &Visit, purpose: &flow::Purpose) -> Back {
    match purpose {
        flow::Purpose::Accept { .. } => Back::Invitation,
        flow::Purpose::Link { .. } | flow::Purpose::Try { .. } => Back::Account,
        flow::Purpose::SignIn { resume, .. } => {
            let waiting = resume.clone().and_then(|sealed| Waiting::open(&visit.app, sealed));
            let back = waiting.and_then(|waiting| {
                let url = match authorize::deny(&visit.app, &waiting.sealed, NOT_LET_IN)? {
                    Delivery::GoTo(address) => address,
                    // What no link can carry, a page of ours does.
                    Delivery::Post { .. } | Delivery::Tell { .. } => path_with(DENIED_PATH, &waiting.sealed),
                };
                Some(Back::Application { name: waiting.request.application, url })
            });
            back.unwrap_or(Back::Login)
        }
    }
}

async fn ended_badly(visit: Visit, error: SocialError) -> Result<Response, Problem> {
    match error {
        SocialError::State | SocialError::AnotherTrip => Err(Problem::LostWay),
        SocialError::NotAllowed => onward::refuse(visit, RefusalReason::ConnectionNotAllowed, Back::Login),
        SocialError::Dead => visit.redirect("/accept"),
        SocialError::NotFresh => visit.redirect("/account/fresh"),
        SocialError::StayTwo => visit.redirect(&format!("/account?done={}", Done::NotMerged.as_str())),
        SocialError::Upstream(failed) => trip_failed(visit, *failed).await,
        SocialError::Unexpected(error) => Err(error.into()),
    }
}

async fn trip_failed(visit: Visit, failed: FailedTrip) -> Result<Response, Problem> {
    let FailedTrip { error, purpose, connection, provider } = failed;
    if matches!(purpose, flow::Purpose::Try { .. }) {
        return tried_in_vain(visit, (&connection, provider), error.to_string()).await;
    }
    let (provider, back) = (Some(provider), Some(again(&purpose)));
    if error.is_about_this_arrival() {
        return Err(Problem::UpstreamDenied { provider, back });
    }
    tracing::warn!(%error, purpose = purpose.as_str(), connection.id = %connection, "a trip to a provider failed");
    Err(Problem::UpstreamFailed { provider, back })
}

/// The way to try again, with the application's request if one waits.
fn again(purpose: &flow::Purpose) -> Back {
    match purpose {
        flow::Purpose::SignIn { resume: Some(sealed), .. } => Back::LoginFor { path: path_with("/login", sealed) },
        flow::Purpose::SignIn { resume: None, .. } => Back::Login,
        flow::Purpose::Accept { .. } => Back::Invitation,
        flow::Purpose::Link { .. } | flow::Purpose::Try { .. } => Back::Account,
    }
}

/// The answer of an act that only looks or forgets.
pub(super) fn look<T>(answer: Result<T, SocialError>) -> Result<T, Problem> {
    answer.map_err(|error| match error {
        SocialError::Unexpected(error) => error.into(),
        other => Problem::BadRequest(other.to_string().into()),
    })
}
