//! The doors for administrators.
//!
//! Owns their list and the guard before each of them. What the console does, the Management API may do too: both call
//! the same acts.

mod connection_form;
mod connections;
mod guests;
mod people;
mod timeline;
mod webhooks;

use crate::WebState;
use crate::error::Problem;
use crate::visit::Visit;
use axum::Router;
use axum::response::Response;
use guestlist_app::sessions::SignedIn;

/// Rows on one page of a list.
const PER_PAGE: i64 = 50;

/// Their routes.
pub(crate) fn router() -> Router<WebState> {
    Router::new().merge(guests::router()).merge(people::router()).merge(connections::router()).merge(webhooks::router())
}

/// Somebody who may use the console, checked for this request; or the answer to somebody who may not.
async fn administrator(mut visit: Visit) -> Result<Result<(Visit, SignedIn), Response>, Problem> {
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login?to=console").map(Err) };
    if !signed_in.user.is_admin() {
        return Err(Problem::NotAdmin);
    }
    visit.show_viewer(signed_in.user.display_name());
    Ok(Ok((visit, signed_in)))
}

/// Lets administrators through to a handler's body; answers everybody else.
macro_rules! admit {
    ($visit:expr) => {
        match crate::console::administrator($visit).await? {
            Ok(admitted) => admitted,
            Err(answer) => return Ok(answer),
        }
    };
}
use admit;

/// A page of rows out of one more than fit, and whether there is a next one.
fn cut<T>(mut rows: Vec<T>) -> (Vec<T>, bool) {
    let fit = usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    let more = rows.len() > fit;
    rows.truncate(fit);
    (rows, more)
}

/// The number of the page that was asked for, kept where offsets stay small.
fn page_number(asked: Option<i64>) -> i64 {
    asked.unwrap_or(0).clamp(0, 100_000)
}
