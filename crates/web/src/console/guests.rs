//! Invitations in the console: the list, the form, and what can be done with one.
//!
//! Owns those pages. A link is shown once, in the answer to the press that made it, and nowhere else.

use super::{PER_PAGE, admit, cut, page_number, timeline};
use crate::WebState;
use crate::error::Problem;
use crate::view::console::{
    Choice, DeliveryFacts, InvitationDone, InvitationPage, InvitationRow, InvitationsPage, InviteForm, InvitePage,
    InviteProblem, RevokePage,
};
use crate::view::parts::Pages;
use crate::visit::{Posted, Press, Visit};
use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use guestlist_app::i18n::Language;
use guestlist_app::invite::{self, Invite, InviteError, Shown};
use guestlist_app::people;
use guestlist_app::sessions::SignedIn;
use guestlist_domain::email::Email;
use guestlist_domain::ids::{ClientId, InvitationId};
use guestlist_domain::invitation::{Invitation, Status, Terms};
use guestlist_domain::mail::{Delivery, DeliveryStatus};
use serde::Deserialize;
use std::collections::HashMap;

/// Characters of a personal note; the form says the same.
const LONGEST_MESSAGE: usize = 1000;
/// Characters of a name; the form says the same.
const LONGEST_NAME: usize = 150;

pub(super) fn router() -> Router<WebState> {
    Router::new()
        .route("/admin", get(list))
        .route("/admin/invite", get(show_form).post(send))
        .route("/admin/invitations/{id}", get(show))
        .route("/admin/invitations/{id}/link", post(copy_link))
        .route("/admin/invitations/{id}/resend", post(resend))
        .route("/admin/invitations/{id}/revoke", get(ask_revoke).post(revoke))
}

#[derive(Deserialize)]
struct ListQuery {
    status: Option<String>,
    page: Option<i64>,
}

async fn list(visit: Visit, Query(query): Query<ListQuery>) -> Result<Response, Problem> {
    let (visit, _) = admit!(visit);
    let status = query.status.as_deref().and_then(Status::parse);
    let page = page_number(query.page);
    let found = invite::list(&visit.app, status, PER_PAGE + 1, page * PER_PAGE).await.map_err(problem_of)?;
    let (found, more) = cut(found);
    let clients = found.iter().filter_map(|(invitation, _)| invitation.terms.client.clone()).collect();
    let names = people::application_names(&visit.app, clients).await?;
    let now = visit.app.now();
    let row = |(invitation, delivery): (Invitation, Option<Delivery>)| InvitationRow {
        id: invitation.id.to_string(),
        email: invitation.email.to_string(),
        application: application_of(&invitation, &names),
        status: invitation.status(now),
        delivery: delivery.map_or(DeliveryStatus::None, |delivery| delivery.status),
        created_at: invitation.created_at,
    };
    let address = |number: i64| match status {
        Some(status) => format!("/admin?status={}&page={number}", status.as_str()),
        None => format!("/admin?page={number}"),
    };
    let pages = Pages { previous: (page > 0).then(|| address(page - 1)), next: more.then(|| address(page + 1)) };
    visit.page(&InvitationsPage { status, rows: found.into_iter().map(row).collect(), pages })
}

fn application_of(invitation: &Invitation, names: &HashMap<ClientId, String>) -> Option<String> {
    invitation.terms.client.as_ref().and_then(|client| names.get(client)).cloned()
}

async fn show_form(visit: Visit) -> Result<Response, Problem> {
    let (visit, _) = admit!(visit);
    let form = InviteForm { language: visit.language.tag().to_owned(), ..InviteForm::default() };
    form_page(visit, form, None).await
}

async fn form_page(visit: Visit, form: InviteForm, problem: Option<InviteProblem>) -> Result<Response, Problem> {
    let applications = people::applications(&visit.app).await?;
    let applications = applications.into_iter().map(|(id, label)| Choice { value: id.to_string(), label }).collect();
    let language = |language: &Language| Choice { value: language.tag().to_owned(), label: language.name().to_owned() };
    let status = match problem {
        None => StatusCode::OK,
        Some(InviteProblem::AlreadyPending { .. } | InviteProblem::AlreadyHere { .. }) => StatusCode::CONFLICT,
        Some(InviteProblem::TooMany) => StatusCode::TOO_MANY_REQUESTS,
        Some(InviteProblem::NotAnAddress) => StatusCode::BAD_REQUEST,
    };
    let page = InvitePage {
        form,
        applications,
        languages: Language::ALL.iter().map(language).collect(),
        mails: visit.app.sends_mail(),
        problem,
    };
    visit.page_with(status, &page)
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct SentForm {
    email: String,
    name: String,
    application: String,
    message: String,
    language: String,
}

async fn send(posted: Posted<SentForm>) -> Result<Response, Problem> {
    let Posted { visit, form, .. } = posted;
    let (visit, signed_in) = admit!(visit);
    if form.name.chars().count() > LONGEST_NAME || form.message.chars().count() > LONGEST_MESSAGE {
        return Err(Problem::BadRequest("a field of the form is longer than the form allows".into()));
    }
    let Ok(email) = Email::parse(&form.email) else {
        return form_page(visit, typed(form), Some(InviteProblem::NotAnAddress)).await;
    };
    match invite::invite(&visit.app, request(email, &form, &signed_in)).await {
        Ok(invited) if invited.is_mailed => done(visit, &invited.id, InvitationDone::Invited),
        Ok(invited) => {
            let link = invited.link.map(|link| link.expose().to_owned());
            let shown = invite::show(&visit.app, &invited.id).await.map_err(problem_of)?;
            invitation_page(visit, shown, link, Some(InvitationDone::LinkMade)).await
        }
        Err(error) => {
            let problem = form_problem(error)?;
            form_page(visit, typed(form), Some(problem)).await
        }
    }
}

fn request(email: Email, form: &SentForm, signed_in: &SignedIn) -> Invite {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let invite = Invite::new(email, signed_in.actor());
    let terms = Terms {
        client: given(&form.application).map(ClientId::new),
        inviter: Some(signed_in.user.display_name().to_owned()),
        // A browser sends line ends as a mail does; the note is kept as text.
        message: given(&form.message.replace("\r\n", "\n")),
        locale: Language::parse(&form.language).map(|language| language.tag().to_owned()),
        ..invite.terms
    };
    Invite { name: given(&form.name), terms, ..invite }
}

fn typed(form: SentForm) -> InviteForm {
    let SentForm { email, name, application, message, language } = form;
    InviteForm { email, name, application, message, language }
}

/// What the form has words for.
fn form_problem(error: InviteError) -> Result<InviteProblem, Problem> {
    match error {
        InviteError::AlreadyPending(id) => Ok(InviteProblem::AlreadyPending { invitation: id.to_string() }),
        InviteError::AlreadyActive(id) => Ok(InviteProblem::AlreadyHere { user: id.to_string() }),
        InviteError::TooMany { .. } => Ok(InviteProblem::TooMany),
        other => Err(problem_of(other)),
    }
}

#[derive(Deserialize)]
struct DoneQuery {
    done: Option<String>,
}

async fn show(visit: Visit, Path(id): Path<String>, Query(query): Query<DoneQuery>) -> Result<Response, Problem> {
    let (visit, _) = admit!(visit);
    let shown = invite::show(&visit.app, &InvitationId::new(id)).await.map_err(problem_of)?;
    let done = query.done.as_deref().and_then(InvitationDone::parse);
    invitation_page(visit, shown, None, done.filter(|done| *done != InvitationDone::LinkMade)).await
}

async fn invitation_page(
    visit: Visit,
    shown: Shown,
    link: Option<String>,
    done: Option<InvitationDone>,
) -> Result<Response, Problem> {
    let Shown { invitation, user, delivery, timeline } = shown;
    let names = people::application_names(&visit.app, invitation.terms.client.iter().cloned().collect()).await?;
    let delivery = match delivery {
        Some(mail) => DeliveryFacts {
            status: mail.status,
            attempts: mail.attempts,
            sent_at: mail.sent_at,
            last_error: mail.last_error,
        },
        None => DeliveryFacts { status: DeliveryStatus::None, attempts: 0, sent_at: None, last_error: None },
    };
    let page = InvitationPage {
        id: invitation.id.to_string(),
        user: user.id.to_string(),
        email: invitation.email.to_string(),
        name: user.profile.name,
        application: application_of(&invitation, &names),
        inviter: invitation.terms.inviter.clone(),
        message: invitation.terms.message.clone(),
        status: invitation.status(visit.app.now()),
        expires_at: invitation.expires_at(),
        delivery,
        timeline: timeline::told(&visit.app, &timeline).await?,
        link,
        mails: visit.app.sends_mail(),
        done,
    };
    visit.page(&page)
}

async fn copy_link(Path(id): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    let (visit, signed_in) = admit!(posted.visit);
    let id = InvitationId::new(id);
    let renewed = invite::copy_link(&visit.app, &id, &signed_in.actor()).await.map_err(problem_of)?;
    let shown = invite::show(&visit.app, &id).await.map_err(problem_of)?;
    let link = renewed.link.map(|link| link.expose().to_owned());
    invitation_page(visit, shown, link, Some(InvitationDone::LinkMade)).await
}

async fn resend(Path(id): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    let (visit, signed_in) = admit!(posted.visit);
    let id = InvitationId::new(id);
    let renewed = invite::resend(&visit.app, &id, &signed_in.actor()).await.map_err(problem_of)?;
    match renewed.link {
        None => done(visit, &id, InvitationDone::Resent),
        Some(link) => {
            let shown = invite::show(&visit.app, &id).await.map_err(problem_of)?;
            invitation_page(visit, shown, Some(link.expose().to_owned()), Some(InvitationDone::LinkMade)).await
        }
    }
}

async fn ask_revoke(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let (visit, _) = admit!(visit);
    let shown = invite::show(&visit.app, &InvitationId::new(id)).await.map_err(problem_of)?;
    let page = RevokePage { id: shown.invitation.id.to_string(), email: shown.invitation.email.to_string() };
    visit.page(&page)
}

async fn revoke(Path(id): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    let (visit, signed_in) = admit!(posted.visit);
    let id = InvitationId::new(id);
    match invite::revoke(&visit.app, &id, &signed_in.actor()).await {
        Ok(_) => done(visit, &id, InvitationDone::Revoked),
        // It ended in another way meanwhile; its page says how.
        Err(InviteError::Ended(_)) => visit.redirect(&format!("/admin/invitations/{id}")),
        Err(error) => Err(problem_of(error)),
    }
}

fn done(visit: Visit, id: &InvitationId, what: InvitationDone) -> Result<Response, Problem> {
    visit.redirect(&format!("/admin/invitations/{id}?done={}", what.as_str()))
}

fn problem_of(error: InviteError) -> Problem {
    match error {
        InviteError::NotFound => Problem::NotFound,
        InviteError::TooMany { .. } => Problem::TooManyAttempts,
        InviteError::Unexpected(error) => error.into(),
        other => Problem::BadRequest(other.to_string().into()),
    }
}
