//! Where a browser goes when a page is done with it.

use crate::error::Problem;
use crate::resume::onward_path;
use crate::view::sign_in::{Back, RefusalPage, RefusalReason};
use crate::visit::Visit;
use axum::http::StatusCode;
use axum::response::Response;
use guestlist_app::accept::{self, CameIn, Look};
use guestlist_app::landing::Landing;
use guestlist_app::sessions;
use guestlist_domain::secret::{Purpose, Secret};

/// Where somebody goes who signed in and for whom no application waits: back to the invitation that this browser holds
/// open, or to the account. A link that is good for nothing any more is forgotten.
pub(super) async fn home(visit: &mut Visit) -> Result<&'static str, Problem> {
    let Some(link) = visit.link(Purpose::Invitation) else { return Ok("/account") };
    if matches!(accept::look(&visit.app, &link).await, Ok(Look::Open(_))) {
        return Ok("/accept");
    }
    visit.drop_link(Purpose::Invitation);
    Ok("/account")
}

/// The address of a landing.
pub(super) fn address_of(landing: Landing) -> String {
    match landing {
        Landing::At(url) => url,
        Landing::Resume(sealed) => onward_path(&sealed),
        Landing::Account => "/account".to_owned(),
    }
}

/// Ends whatever session the browser had and begins the new one.
pub(super) async fn begin_session(visit: &mut Visit, session: &Secret) -> Result<(), Problem> {
    if let Some(former) = visit.signed_in().await? {
        sessions::end(&visit.app, &former).await?;
    }
    visit.sign_in(session);
    Ok(())
}

/// Lets somebody in who just proved who they are, and sends the browser where it belongs.
pub(super) async fn let_in(mut visit: Visit, came_in: CameIn) -> Result<Response, Problem> {
    begin_session(&mut visit, &came_in.session).await?;
    // Asked in any case: the invitation that was just accepted is forgotten with it.
    let home = home(&mut visit).await?;
    let to = match came_in.landing {
        Landing::Account => home.to_owned(),
        elsewhere => address_of(elsewhere),
    };
    visit.redirect(&to)
}

/// The page of a refusal that names no provider.
pub(super) fn refuse(visit: Visit, reason: RefusalReason, back: Back) -> Result<Response, Problem> {
    let page = RefusalPage { reason, provider: None, came: None, invited: None, back };
    visit.page_with(StatusCode::FORBIDDEN, &page)
}
