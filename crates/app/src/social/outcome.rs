//! How a trip to a provider can end, for whoever shows it.

use super::SocialError;
use crate::accept::CameIn;
use crate::landing::Landing;
use guestlist_domain::client::Client;
use guestlist_domain::connection::Connection;
use guestlist_domain::email::Email;
use guestlist_domain::flow::{self, Step};
use guestlist_domain::identity::UpstreamIdentity;
use guestlist_domain::ids::{ClientId, FlowId};
use guestlist_domain::invitation::Standing;
use guestlist_domain::linking::{Decision, Refusal};
use guestlist_domain::secret::SecretHash;
use guestlist_domain::time::Timestamp;
use guestlist_store::{Tx, clients, connections, flows, identities, invitations, users};

/// How a trip ended.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// In: by acceptance or by sign-in.
    CameIn(Box<CameIn>),
    /// Another way in was connected.
    Linked,
    /// The page that names both addresses comes next.
    Confirm,
    /// The page that shows two accounts of one person comes next.
    OfferMerge,
    /// The other account is a part of this one now.
    Merged,
    /// A sign-in with a method that the user already has comes next.
    AskProof {
        /// For this application.
        client: Option<ClientId>,
        /// And then on with this sealed authorization request.
        resume: Option<String>,
    },
    /// An administrator only wanted to see who comes back.
    Tried(Box<Tried>),
    /// No, and why; and what the browser had left for.
    Refused {
        /// Why.
        refusal: Refusal,
        /// The name on the provider's button.
        provider: String,
        /// What it had left for.
        purpose: flow::Purpose,
    },
}

/// Who came back over a connection that was tried out, and what a log-in would have led to.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The connection.
    pub connection: Connection,
    /// Who.
    pub who: UpstreamIdentity,
    /// To what.
    pub decision: Decision,
}

impl Arrival {
    /// The same, but somebody who came in goes there.
    #[must_use]
    pub(super) fn landing_at(self, landing: Landing) -> Self {
        match self {
            Self::CameIn(came_in) => Self::CameIn(Box::new(CameIn { landing, ..*came_in })),
            other => other,
        }
    }
}

/// What the page that names both addresses says.
#[derive(Clone, Debug)]
pub struct Confirming {
    /// Which trip it is about; the press must say it.
    pub flow: FlowId,
    /// The invited address.
    pub invited: Email,
    /// The provider's, if it told one.
    pub came: Option<Email>,
    /// The name on the provider's button.
    pub provider: String,
    /// The account that this identity opens already, by its address; its owner is who presses.
    pub account: Option<Email>,
    /// The application that the invitation leads to.
    pub client: Option<Client>,
    /// Where whoever invited wants the guest to land.
    pub result_url: Option<String>,
}

/// What `browser` has to confirm, if its invitation is still open.
pub(super) async fn confirming(
    tx: &mut Tx<'_>,
    browser: SecretHash,
    now: Timestamp,
) -> Result<Option<Confirming>, SocialError> {
    let Some(flow) = flows::find_waiting(tx, browser, "confirming", now).await? else { return Ok(None) };
    let (flow::Purpose::Accept { invitation, channel, generation }, Step::Confirming { identity }) =
        (&flow.purpose, &flow.step)
    else {
        return Ok(None);
    };
    let Some(found) = invitations::find(tx, invitation).await? else { return Ok(None) };
    let link = guestlist_domain::invitation::Link {
        invitation: invitation.clone(),
        channel: *channel,
        generation: *generation,
    };
    if !matches!(found.standing(&link, now), Standing::Open(_)) {
        return Ok(None);
    }
    let connection = connections::find(tx, &flow.connection).await?;
    let claims = identity.claims();
    let account = match identities::find(tx, &claims.issuer, &claims.subject).await? {
        Some(linked) if linked.user != found.user => users::find(tx, &linked.user).await?,
        _ => None,
    };
    let client = match &found.terms.client {
        Some(client) => clients::find(tx, client).await?,
        None => None,
    };
    Ok(Some(Confirming {
        flow: flow.id,
        client,
        result_url: found.terms.result_url,
        account: account.map(|account| account.email),
        invited: found.email,
        came: claims.email.clone(),
        provider: connection.map(|connection| connection.display_name).unwrap_or_default(),
    }))
}
