//! The link in the mail that tells of a changed way in, or of a changed address.
//!
//! Owns the pages around it. Opening it writes nothing (R6); only the press undoes, and [`guestlist_app::undo`] says
//! whether it may.

use crate::WebState;
use crate::error::Problem;
use crate::view::parts::Masked;
use crate::view::undo::{DeadUndo, DeadUndoPage, UndoDonePage, UndoPage};
use crate::visit::{Posted, Press, Visit};
use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use guestlist_app::undo::{self, Look, UndoError, Undoing, Undone};
use guestlist_domain::ledger::{NotUndone, Undo};
use guestlist_domain::secret::{Purpose, Secret};

pub(super) fn router() -> Router<WebState> {
    Router::new().route("/undo/{token}", get(open_link)).route("/undo", get(show).post(press))
}

/// From the mail: the secret leaves the address bar before anything is shown.
async fn open_link(mut visit: Visit, Path(token): Path<String>) -> Result<Response, Problem> {
    let Some(link) = Secret::parse(Purpose::Undo, &token) else { return dead(visit, DeadUndo::Unknown) };
    visit.keep_link(&link)?;
    visit.redirect("/undo")
}

async fn show(visit: Visit) -> Result<Response, Problem> {
    let link = visit.link(Purpose::Undo).ok_or(Problem::LostWay)?;
    match undo::look(&visit.app, &link).await {
        Ok(Look::Open(undoing)) => visit.page(&told(*undoing)),
        Ok(Look::Dead(why)) => dead(visit, word(why)),
        Ok(Look::Unknown) => dead(visit, DeadUndo::Unknown),
        Err(error) => not_undone(visit, error),
    }
}

fn told(undoing: Undoing) -> UndoPage {
    match undoing {
        Undoing::Way { how: Undo::Unlink, provider, email } => {
            UndoPage { how: "unlink", provider, email, moved_to: None }
        }
        Undoing::Way { how: Undo::Relink, provider, email } => {
            UndoPage { how: "relink", provider, email, moved_to: None }
        }
        Undoing::Move { back_to, from } => UndoPage {
            how: "move",
            provider: String::new(),
            email: back_to.to_string(),
            moved_to: Some(Masked::new(from)),
        },
    }
}

async fn press(posted: Posted<Press>) -> Result<Response, Problem> {
    let mut visit = posted.visit;
    let link = visit.link(Purpose::Undo).ok_or(Problem::LostWay)?;
    match undo::by_link(&visit.app, &link).await {
        Ok(undone) => {
            visit.drop_link(Purpose::Undo);
            // Every session of that account ended, this browser's too if it was one.
            match undone {
                Undone::Way => visit.page(&UndoDonePage { moved_back_to: None }),
                Undone::Move { email, reset: None } => {
                    visit.page(&UndoDonePage { moved_back_to: Some(email.to_string()) })
                }
                Undone::Move { reset: Some(reset), .. } => {
                    visit.keep_link(&reset)?;
                    visit.redirect("/reset")
                }
            }
        }
        Err(error) => not_undone(visit, error),
    }
}

const fn word(why: NotUndone) -> DeadUndo {
    match why {
        NotUndone::Already => DeadUndo::Already,
        NotUndone::Over => DeadUndo::Over,
        NotUndone::Never => DeadUndo::Changed,
    }
}

fn not_undone(visit: Visit, error: UndoError) -> Result<Response, Problem> {
    match error {
        UndoError::NotFound => dead(visit, DeadUndo::Unknown),
        UndoError::Refused(why) => dead(visit, word(why)),
        UndoError::Changed => dead(visit, DeadUndo::Changed),
        UndoError::LastWayIn => dead(visit, DeadUndo::LastWay),
        UndoError::Taken | UndoError::Blocked => dead(visit, DeadUndo::Kept),
        UndoError::Unexpected(error) => Err(error.into()),
    }
}

fn dead(visit: Visit, reason: DeadUndo) -> Result<Response, Problem> {
    let status = match reason {
        DeadUndo::Unknown => StatusCode::NOT_FOUND,
        DeadUndo::Over | DeadUndo::Already => StatusCode::GONE,
        DeadUndo::Changed | DeadUndo::LastWay | DeadUndo::Kept => StatusCode::CONFLICT,
    };
    visit.page_with(status, &DeadUndoPage { reason })
}
