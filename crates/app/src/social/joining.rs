//! Two accounts of one person, both proven in one browser within minutes: the session, fresh, and the provider's answer.
//!
//! Owns the page's facts and the press. Whether it may be offered, `decide` says; what it comes to, [`crate::merging`].

use super::verdict::{self, Case};
use super::{Arrival, SocialError, is_about};
use crate::app::App;
use crate::merging::{self, MergeError};
use crate::sessions::{NewSession, SignedIn};
use guestlist_domain::flow::{self, Flow, Step};
use guestlist_domain::ids::FlowId;
use guestlist_domain::merging::{MetadataWish, Plan};
use guestlist_domain::secret::{Secret, SecretHash};
use guestlist_domain::time::Timestamp;
use guestlist_store::{Tx, connections, flows, identities, users};

/// What the owner's metadata come to: what the account that stays has not, comes along.
pub(super) const WISH: MetadataWish = MetadataWish::Fill;

/// The two, for the page.
#[derive(Clone, Debug)]
pub struct Joining {
    /// Which trip it is about; the press must say it.
    pub flow: FlowId,
    /// The name on the provider's button.
    pub provider: String,
    /// The address of the account that would become a part of this one.
    pub second: String,
    /// What it would come to.
    pub plan: Plan,
}

/// The flow of this browser that waits for the press, if this session began it.
async fn waiting(
    tx: &mut Tx<'_>,
    browser: SecretHash,
    signed_in: &SignedIn,
    now: Timestamp,
) -> Result<Option<Flow>, SocialError> {
    let flow = flows::find_waiting(tx, browser, "confirming", now).await?;
    Ok(flow.filter(|flow| match &flow.purpose {
        flow::Purpose::Link { user, session } => *user == signed_in.user.id && *session == signed_in.session.id,
        _ => false,
    }))
}

/// What this browser may bring together, if anything.
pub async fn joining(app: &App, browser: &Secret, signed_in: &SignedIn) -> Result<Option<Joining>, SocialError> {
    let (now, browser, signed_in) = (app.now(), browser.hash(), signed_in.clone());
    app.read(move |tx| {
        let signed_in = signed_in.clone();
        Box::pin(async move {
            let Some(flow) = waiting(tx, browser, &signed_in, now).await? else { return Ok(None) };
            let Step::Confirming { identity } = &flow.step else { return Ok(None) };
            let claims = identity.claims();
            let Some(linked) = identities::find(tx, &claims.issuer, &claims.subject).await? else { return Ok(None) };
            let Some(first) = users::find(tx, &signed_in.user.id).await? else { return Ok(None) };
            let Some(second) = users::find(tx, &linked.user).await? else { return Ok(None) };
            let plan = merging::look(tx, (&first, &second), WISH, now).await.map_err(refused)?;
            let connection = connections::find(tx, &flow.connection).await?;
            let provider = connection.map(|connection| connection.display_name).unwrap_or_default();
            Ok(Some(Joining { flow: flow.id, provider, second: second.email.to_string(), plan }))
        })
    })
    .await
}

/// The press: everything is looked at again, then the two are one.
pub async fn join(app: &App, browser: &Secret, signed_in: &SignedIn, flow: &FlowId) -> Result<Arrival, SocialError> {
    let (now, browser, house, signed_in) = (app.now(), browser.hash(), app.clone(), signed_in.clone());
    let meant = flow.clone();
    let begun = NewSession::mint(app, now);
    let arrival = app
        .write(move |tx| {
            let (app, begun, signed_in, meant) = (house.clone(), begun.clone(), signed_in.clone(), meant.clone());
            Box::pin(async move {
                let flow = waiting(tx, browser, &signed_in, now).await?.ok_or(SocialError::State)?;
                is_about(&flow, &meant)?;
                let Step::Confirming { identity } = &flow.step else { return Err(SocialError::State) };
                let session = Some(&signed_in.session.id);
                let case = Case { flow: &flow, who: identity, session, confirmed: true };
                verdict::carry_out(&app, tx, case, &begun, now).await
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(arrival)
}

pub(super) fn refused(error: MergeError) -> SocialError {
    match error {
        MergeError::Unmergeable(_) => SocialError::StayTwo,
        MergeError::Unexpected(error) => error.into(),
    }
}
