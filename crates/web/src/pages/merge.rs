//! Two accounts of one person, side by side.
//!
//! Owns that page and its two presses. Whether the two may be one, [`guestlist_app::social`] decides.

use super::social::{look, show};
use crate::WebState;
use crate::error::Problem;
use crate::view::account::Done;
use crate::view::merge::{Differs, MergePage};
use crate::visit::{Answer, Posted, Visit};
use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use guestlist_app::social::{self, SocialError};
use guestlist_domain::merging::Conflict;
use serde_json::Value;

/// What applications keep about a person is not shown to the person.
const NOT_SHOWN: &str = "app_metadata.";

pub(super) fn router() -> Router<WebState> {
    Router::new().route("/account/merge", get(ask).post(press)).route("/account/merge/leave", post(leave))
}

async fn ask(visit: Visit) -> Result<Response, Problem> {
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    let browser = visit.browser().ok_or(Problem::LostWay)?.clone();
    let joining = match social::joining(&visit.app, &browser, &signed_in).await {
        Err(SocialError::StayTwo) => return not_merged(visit),
        other => look(other)?,
    };
    let Some(joining) = joining else { return visit.redirect("/account") };
    let shown = joining.plan.conflicts.iter().filter(|conflict| !conflict.field.starts_with(NOT_SHOWN));
    let page = MergePage {
        trip: joining.flow.to_string(),
        provider: joining.provider,
        first: signed_in.user.email.to_string(),
        second: joining.second,
        differs: shown.map(differs).collect(),
        drops_password: joining.plan.left_out.contains_key("password"),
    };
    visit.page(&page)
}

fn differs(conflict: &Conflict) -> Differs {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Differs { field: conflict.field.clone(), kept: text(&conflict.kept), dropped: text(&conflict.dropped) }
}

async fn press(posted: Posted<Answer>) -> Result<Response, Problem> {
    let Posted { visit, browser, form } = posted;
    let Some(signed_in) = visit.signed_in().await? else { return visit.redirect("/login") };
    let arrival = social::join(&visit.app, &browser, &signed_in, &form.trip()).await;
    match arrival {
        Err(SocialError::AnotherTrip) => visit.redirect("/account/merge"),
        arrival => show(visit, arrival).await,
    }
}

async fn leave(posted: Posted<Answer>) -> Result<Response, Problem> {
    let Posted { visit, browser, form } = posted;
    look(social::use_another(&visit.app, &browser, &form.trip()).await)?;
    visit.redirect("/account")
}

fn not_merged(visit: Visit) -> Result<Response, Problem> {
    visit.redirect(&format!("/account?done={}", Done::NotMerged.as_str()))
}
