//! People in the console: the list, one person, block and unblock.
//!
//! Owns those pages.

use super::{PER_PAGE, admit, cut, page_number, timeline};
use crate::WebState;
use crate::error::Problem;
use crate::view::console::{LedgerRow, MoveRow, PeoplePage, PersonPage, PersonRow, PersonState, PersonWay};
use crate::view::parts::Pages;
use crate::visit::{Posted, Press, Visit};
use axum::Router;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use guestlist_app::people;
use guestlist_app::sessions::SignedIn;
use guestlist_app::undo::{self, LedgerLine, Move, UndoError};
use guestlist_app::users::{self, UserError, UserQuery, UserView};
use guestlist_domain::connection::Connection;
use guestlist_domain::identity::Identity;
use guestlist_domain::ids::{AddressChangeId, LedgerId, UserId};
use guestlist_domain::user::{Standing, User};
use guestlist_domain::user_filter::{Fact, OrderField, TextField, TextMatch, UserFilter, UserOrder};
use serde::Deserialize;
use url::form_urlencoded;

pub(super) fn router() -> Router<WebState> {
    Router::new()
        .route("/admin/people", get(list))
        .route("/admin/people/{id}", get(show))
        .route("/admin/people/{id}/block", post(block))
        .route("/admin/people/{id}/unblock", post(unblock))
        .route("/admin/people/{id}/ledger/{entry}/undo", post(undo_line))
        .route("/admin/people/{id}/addresses/{change}/undo", post(move_back))
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    search: String,
    page: Option<i64>,
}

async fn list(visit: Visit, Query(query): Query<ListQuery>) -> Result<Response, Problem> {
    let (visit, _) = admit!(visit);
    let search: String = query.search.trim().chars().take(254).collect();
    let page = page_number(query.page);
    let filter = if search.is_empty() {
        UserFilter::Everybody
    } else {
        UserFilter::Is(Fact::Text(TextField::Email, TextMatch::Prefix(search.clone())))
    };
    let order = UserOrder { by: OrderField::CreatedAt, descending: true };
    let asked = UserQuery { filter, order, limit: PER_PAGE + 1, offset: page * PER_PAGE, with_total: false };
    let (found, more) = cut(users::list(&visit.app, asked).await?.users);
    let address = |number: i64| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !search.is_empty() {
            query.append_pair("search", &search);
        }
        format!("/admin/people?{}", query.append_pair("page", &number.to_string()).finish())
    };
    let pages = Pages { previous: (page > 0).then(|| address(page - 1)), next: more.then(|| address(page + 1)) };
    visit.page(&PeoplePage { rows: found.into_iter().map(row).collect(), pages, search })
}

fn row(found: UserView) -> PersonRow {
    let user = found.user;
    PersonRow {
        id: user.id.to_string(),
        email: user.email.to_string(),
        state: state_of(&user),
        last_login_at: user.last_login_at,
        name: user.profile.name,
    }
}

const fn state_of(user: &User) -> PersonState {
    match user.standing() {
        Standing::Pending => PersonState::Pending,
        Standing::Active => PersonState::Active,
        Standing::Blocked => PersonState::Blocked,
    }
}

async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let (visit, signed_in) = admit!(visit);
    person_page(visit, &signed_in, UserId::new(id), None).await
}

async fn person_page(
    visit: Visit,
    signed_in: &SignedIn,
    id: UserId,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let person = people::show(&visit.app, &id).await?.ok_or(Problem::NotFound)?;
    let lines = undo::ledger_of(&visit.app, &id).await?.unwrap_or_default();
    let moves = undo::moves_of(&visit.app, &id).await?;
    let status = if problem.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let user = &person.user;
    let page = PersonPage {
        id: user.id.to_string(),
        name: user.profile.name.clone(),
        email: user.email.to_string(),
        email_verified: user.email_verified,
        state: state_of(user),
        admin: user.is_admin(),
        own: user.id == signed_in.user.id,
        created_at: user.created_at,
        last_login_at: user.last_login_at,
        logins_count: user.logins_count,
        password: person.has_password,
        ways: person.linked.iter().map(way).collect(),
        invitation: person.invitation.as_ref().map(ToString::to_string),
        timeline: timeline::told(&visit.app, &person.history).await?,
        ledger: ledger_rows(&visit, lines).await?,
        moves: moves.into_iter().map(move_row).collect(),
        problem,
    };
    visit.page_with(status, &page)
}

async fn ledger_rows(visit: &Visit, lines: Vec<LedgerLine>) -> Result<Vec<LedgerRow>, Problem> {
    let actors = lines.iter().map(|line| line.entry.actor.clone()).collect();
    let names = people::names(&visit.app, actors).await?;
    let row = |line: LedgerLine| LedgerRow {
        by: timeline::by_whom(&line.entry.actor, names.get(&line.entry.actor)),
        id: line.entry.id.to_string(),
        at: line.entry.at,
        kind: line.entry.rule.kind().as_str().to_owned(),
        provider: line.provider,
        email: line.entry.way.and_then(|way| way.email).map(|email| email.to_string()),
        rule: line.entry.rule.as_str().to_owned(),
        proofs: line.entry.proofs.iter().map(|proof| proof.as_str().to_owned()).collect(),
        undone: line.undone,
        undoable_until: line.undoable_until,
    };
    Ok(lines.into_iter().map(row).collect())
}

fn move_row(Move { change, undoable_until }: Move) -> MoveRow {
    MoveRow {
        id: change.id.to_string(),
        at: change.at,
        from: change.from.to_string(),
        to: change.to.to_string(),
        closed: change.closed_at.is_some(),
        undoable_until,
    }
}

async fn undo_line(Path((id, entry)): Path<(String, String)>, posted: Posted<Press>) -> Result<Response, Problem> {
    let (visit, signed_in) = admit!(posted.visit);
    let id = UserId::new(id);
    let undone = undo::by_administrator(&visit.app, &signed_in.actor(), &id, &LedgerId::new(entry)).await;
    after_undo(visit, &signed_in, id, undone).await
}

async fn move_back(Path((id, change)): Path<(String, String)>, posted: Posted<Press>) -> Result<Response, Problem> {
    let (visit, signed_in) = admit!(posted.visit);
    let id = UserId::new(id);
    let undone = undo::move_back(&visit.app, &signed_in.actor(), &id, &AddressChangeId::new(change)).await;
    after_undo(visit, &signed_in, id, undone).await
}

async fn after_undo(
    visit: Visit,
    signed_in: &SignedIn,
    id: UserId,
    undone: Result<(), UndoError>,
) -> Result<Response, Problem> {
    match undone {
        Ok(()) => back_to(visit, &id),
        Err(UndoError::NotFound) => Err(Problem::NotFound),
        Err(UndoError::Unexpected(error)) => Err(error.into()),
        Err(told) => person_page(visit, signed_in, id, Some(told.to_string())).await,
    }
}

fn way((identity, connection): &(Identity, Connection)) -> PersonWay {
    PersonWay {
        label: connection.display_name.clone(),
        email: identity.claims.email.as_ref().map(ToString::to_string),
        linked_at: identity.linked_at,
        rule: identity.linked_by.as_str().to_owned(),
    }
}

async fn block(Path(id): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    let (visit, signed_in) = admit!(posted.visit);
    let id = UserId::new(id);
    if id == signed_in.user.id {
        return Err(Problem::BadRequest("nobody blocks themselves".into()));
    }
    users::block(&visit.app, &signed_in.actor(), &id).await.map_err(problem_of)?;
    back_to(visit, &id)
}

async fn unblock(Path(id): Path<String>, posted: Posted<Press>) -> Result<Response, Problem> {
    let (visit, signed_in) = admit!(posted.visit);
    let id = UserId::new(id);
    users::unblock(&visit.app, &signed_in.actor(), &id).await.map_err(problem_of)?;
    back_to(visit, &id)
}

fn back_to(visit: Visit, id: &UserId) -> Result<Response, Problem> {
    let segment: String = form_urlencoded::byte_serialize(id.as_str().as_bytes()).collect();
    visit.redirect(&format!("/admin/people/{segment}"))
}

fn problem_of(error: UserError) -> Problem {
    match error {
        UserError::NotFound => Problem::NotFound,
        UserError::Unexpected(error) => error.into(),
        other => Problem::BadRequest(other.to_string().into()),
    }
}
