//! A guest with a link: from the mail to the account.
//!
//! Owns the pages of an invitation. Opening a link writes nothing (R6): the secret moves from the address into a cookie,
//! and only a form spends anything. Must not decide whether an invitation is open.

use super::onward;
use super::ways::Ways;
use crate::WebState;
use crate::error::Problem;
use crate::headers::PagePolicy;
use crate::view::accept::{
    AcceptPage, ConfirmAddressPage, DeadLink, DeadLinkPage, DeclinedPage, LinkSentPage, WrongUserPage,
};
use crate::view::parts::{Masked, Problem as FormProblem};
use crate::view::sign_in::{Back, RefusalReason};
use crate::visit::{Answer, Posted, Press, Visit};
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use guestlist_app::accept::{self, AcceptError, DeadLink as Dead, Look, OpenDoor};
use guestlist_app::sessions;
use guestlist_app::social::{self, SocialError};
use guestlist_domain::invitation::Standing;
use guestlist_domain::secret::{Purpose, Secret, Sensitive};
use guestlist_domain::user;
use serde::Deserialize;

pub(super) fn router() -> Router<WebState> {
    Router::new()
        .route("/i/{token}", get(open_link))
        .route("/accept", get(show).post(set_password))
        .route("/accept/confirm", get(show_confirm).post(confirm))
        .route("/accept/another", post(use_another))
        .route("/accept/decline", post(decline))
        .route("/accept/renew", post(renew))
        .route("/accept/switch", post(switch))
        .route("/accept/bring", post(bring))
}

/// From the mail: the secret leaves the address bar before anything is shown.
async fn open_link(mut visit: Visit, Path(token): Path<String>) -> Result<Response, Problem> {
    let Some(link) = Secret::parse(Purpose::Invitation, &token) else { return unknown_link(visit) };
    visit.keep_link(&link)?;
    visit.redirect("/accept")
}

async fn show(mut visit: Visit) -> Result<Response, Problem> {
    let link = visit.link(Purpose::Invitation).ok_or(Problem::LostWay)?;
    match accept::look(&visit.app, &link).await? {
        Look::Open(door) => {
            visit.speak(door.open.invitation().terms.locale.as_deref());
            show_open(visit, &door, None).await
        }
        Look::Dead(dead) => {
            visit.speak(dead.invitation.terms.locale.as_deref());
            show_dead(visit, *dead)
        }
        Look::Unknown => unknown_link(visit),
    }
}

async fn show_open(mut visit: Visit, door: &OpenDoor, problem: Option<FormProblem>) -> Result<Response, Problem> {
    let invitation = door.open.invitation();
    let application = door.client.as_ref().map(|client| client.name.clone());
    if let Some(signed_in) = visit.signed_in().await? {
        let signed_in_as = signed_in.user.email.to_string();
        let may_bring = accept::may_bring(door, &signed_in.user);
        let invited = invitation.email.to_string();
        visit.allow(landing_targets(door));
        return visit.page(&WrongUserPage { signed_in_as, invited, application, may_bring });
    }
    if door.user.standing() == user::Standing::Blocked {
        return onward::refuse(visit, RefusalReason::UserBlocked, Back::Login);
    }
    let ways = Ways::of(&door.ways_in);
    visit.allow(with_result(ways.form_targets(door.client.as_ref()), result_url_of(door)));
    let page = AcceptPage {
        inviter: invitation.terms.inviter.clone(),
        application,
        email: invitation.email.to_string(),
        message: invitation.terms.message.clone(),
        expires_at: invitation.expires_at().unwrap_or(visit.app.now()),
        password: ways.password,
        providers: ways.providers,
        problem,
    };
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    visit.page_with(status, &page)
}

/// Where a form may lead that accepts without a provider.
fn landing_targets(door: &OpenDoor) -> PagePolicy {
    with_result(Ways::default().form_targets(door.client.as_ref()), result_url_of(door))
}

fn result_url_of(door: &OpenDoor) -> Option<&str> {
    door.open.invitation().terms.result_url.as_deref()
}

fn with_result(targets: PagePolicy, result_url: Option<&str>) -> PagePolicy {
    match result_url {
        Some(result_url) => targets.and(result_url),
        None => targets,
    }
}

fn show_dead(visit: Visit, dead: Dead) -> Result<Response, Problem> {
    let reason = match dead.standing {
        Standing::Expired => DeadLink::Expired,
        Standing::Accepted { .. } => DeadLink::Used,
        Standing::Revoked { .. } => DeadLink::Revoked,
        Standing::Declined { .. } => DeadLink::Declined,
        Standing::Replaced | Standing::Open(_) => DeadLink::Replaced,
    };
    let page = DeadLinkPage {
        reason,
        mail_to: dead.can_be_renewed.then(|| Masked::new(dead.invitation.email)),
        inviter: dead.invitation.terms.inviter,
        application: None,
    };
    visit.page_with(StatusCode::GONE, &page)
}

fn unknown_link(visit: Visit) -> Result<Response, Problem> {
    let page = DeadLinkPage { reason: DeadLink::Unknown, mail_to: None, inviter: None, application: None };
    visit.page_with(StatusCode::NOT_FOUND, &page)
}

#[derive(Deserialize)]
struct PasswordForm {
    password: Sensitive,
}

async fn set_password(posted: Posted<PasswordForm>) -> Result<Response, Problem> {
    let Posted { mut visit, form, .. } = posted;
    let link = visit.link(Purpose::Invitation).ok_or(Problem::LostWay)?;
    // Somebody else is signed in here: the page says so and offers to switch (case 20).
    if visit.signed_in().await?.is_some() {
        return visit.redirect("/accept");
    }
    match accept::with_password(&visit.app, &link, form.password).await {
        Ok(came_in) => onward::let_in(visit, came_in).await,
        Err(AcceptError::Weak(weakness)) => match accept::look(&visit.app, &link).await? {
            Look::Open(door) => {
                visit.speak(door.open.invitation().terms.locale.as_deref());
                show_open(visit, &door, Some(weakness.into())).await
            }
            Look::Dead(_) | Look::Unknown => visit.redirect("/accept"),
        },
        Err(error) => not_accepted(visit, error),
    }
}

/// What is not about the password: mostly, the page that looks again has the words for it.
fn not_accepted(visit: Visit, error: AcceptError) -> Result<Response, Problem> {
    match error {
        AcceptError::Blocked => onward::refuse(visit, RefusalReason::UserBlocked, Back::Login),
        AcceptError::Dead | AcceptError::NotOffered | AcceptError::NoMail => visit.redirect("/accept"),
        AcceptError::NotFresh => visit.redirect("/account/fresh"),
        AcceptError::Weak(weakness) => Err(Problem::BadRequest(weakness.to_string().into())),
        AcceptError::TooMany { .. } => Err(Problem::TooManyAttempts),
        AcceptError::Unexpected(error) => Err(error.into()),
    }
}

async fn decline(posted: Posted<Press>) -> Result<Response, Problem> {
    let Posted { mut visit, .. } = posted;
    let link = visit.link(Purpose::Invitation).ok_or(Problem::LostWay)?;
    let inviter = match accept::look(&visit.app, &link).await? {
        Look::Open(door) => {
            let terms = &door.open.invitation().terms;
            visit.speak(terms.locale.as_deref());
            terms.inviter.clone()
        }
        Look::Dead(_) | Look::Unknown => None,
    };
    match accept::decline(&visit.app, &link).await {
        Ok(()) => {
            visit.drop_link(Purpose::Invitation);
            visit.page(&DeclinedPage { inviter })
        }
        Err(error) => not_accepted(visit, error),
    }
}

async fn renew(posted: Posted<Press>) -> Result<Response, Problem> {
    let Posted { mut visit, .. } = posted;
    let link = visit.link(Purpose::Invitation).ok_or(Problem::LostWay)?;
    let Look::Dead(dead) = accept::look(&visit.app, &link).await? else { return visit.redirect("/accept") };
    visit.speak(dead.invitation.terms.locale.as_deref());
    match accept::mail_new_link(&visit.app, &link).await {
        Ok(()) => visit.page(&LinkSentPage { mail_to: Masked::new(dead.invitation.email) }),
        Err(error) => not_accepted(visit, error),
    }
}

/// Signs out whoever is signed in; the invitation stays with the browser.
async fn switch(posted: Posted<Press>) -> Result<Response, Problem> {
    let Posted { mut visit, .. } = posted;
    if let Some(signed_in) = visit.signed_in().await? {
        sessions::end(&visit.app, &signed_in).await?;
    }
    visit.sign_out();
    visit.redirect("/accept")
}

/// The invitation becomes that of whoever is signed in.
async fn bring(posted: Posted<Press>) -> Result<Response, Problem> {
    let Posted { mut visit, .. } = posted;
    let link = visit.link(Purpose::Invitation).ok_or(Problem::LostWay)?;
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login?to=invitation") };
    match accept::bring(&visit.app, &link, &signed_in).await {
        Ok(landing) => {
            visit.drop_link(Purpose::Invitation);
            visit.redirect(&onward::address_of(landing))
        }
        Err(error) => not_accepted(visit, error),
    }
}

async fn show_confirm(mut visit: Visit) -> Result<Response, Problem> {
    let browser = visit.browser().ok_or(Problem::LostWay)?;
    let Some(confirming) = super::social::look(social::confirming(&visit.app, browser).await)? else {
        return visit.redirect("/accept");
    };
    let targets = Ways::default().form_targets(confirming.client.as_ref());
    visit.allow(with_result(targets, confirming.result_url.as_deref()));
    let page = ConfirmAddressPage {
        trip: confirming.flow.to_string(),
        invited: confirming.invited.to_string(),
        came: confirming.came.map(|came| came.to_string()),
        provider: confirming.provider,
        account: confirming.account.map(|account| account.to_string()),
    };
    visit.page(&page)
}

async fn confirm(posted: Posted<Answer>) -> Result<Response, Problem> {
    let Posted { visit, browser, form } = posted;
    match social::confirm(&visit.app, &browser, &form.trip()).await {
        Err(SocialError::AnotherTrip) => visit.redirect("/accept/confirm"),
        arrival => super::social::show(visit, arrival).await,
    }
}

async fn use_another(posted: Posted<Answer>) -> Result<Response, Problem> {
    let Posted { visit, browser, form } = posted;
    super::social::look(social::use_another(&visit.app, &browser, &form.trip()).await)?;
    visit.redirect("/accept")
}
