//! A browser on its way to a provider and back.
//!
//! Owns the two ends of that trip for all three purposes: accepting, signing in, connecting another way in. The
//! provider is asked before the transaction; what its answer means is decided by [`guestlist_domain::linking::decide`]
//! within. Must not know cookies, pages or protocols.

mod joining;
mod outcome;
mod proving;
mod verdict;

pub use guestlist_outbound::upstream::{UpstreamError, posted_name};
pub use joining::{Joining, join, joining};
pub use outcome::{Arrival, Confirming, Tried};
pub use proving::{Proving, proving};

use crate::app::App;
use crate::connections as ways;
use crate::error::{Unexpected, act_errors};
use crate::history;
use crate::sessions::{NewSession, SignedIn};
use data_encoding::BASE64URL_NOPAD;
use guestlist_domain::connection::Connection;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::flow::{self, Flow, LIFETIME, Step};
use guestlist_domain::identity::ProvenIdentity;
use guestlist_domain::ids::{ClientId, ConnectionId, FlowId};
use guestlist_domain::invitation::Standing;
use guestlist_domain::secret::{Purpose, Secret};
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::Profile;
use guestlist_outbound::upstream::{AuthorizationRequest, Callback};
use guestlist_store::{Tx, connections, flows, invitations};
use serde_json::json;
use thiserror::Error;
use url::Url;

/// What a browser leaves for.
#[derive(Clone, Debug)]
pub enum Errand {
    /// To accept the invitation behind this link.
    Accept(Secret),
    /// To sign in.
    SignIn {
        /// For this application.
        client: Option<ClientId>,
        /// And then to go on with this sealed authorization request.
        resume: Option<String>,
        /// The address the person typed, or the application told.
        login_hint: Option<String>,
    },
    /// To connect another way in.
    Link(Box<SignedIn>),
    /// To see whether the connection works.
    Try(Box<SignedIn>),
}

/// What came back with the browser.
#[derive(Clone, Copy, Debug)]
pub struct Return<'a> {
    /// `state`.
    pub state: &'a str,
    /// `code`, unless the provider refused.
    pub code: Option<&'a str>,
    /// `error`, if the provider refused.
    pub error: Option<&'a str>,
    /// `iss` (RFC 9207).
    pub iss: Option<&'a str>,
    /// The name that came beside it, from a provider that posts its answer.
    pub posted: Option<&'a Profile>,
}

/// Why a trip ended nowhere.
#[derive(Debug, Error)]
pub enum SocialError {
    /// The `state` is not one that this browser left with, or it was used, or its time is over.
    #[error("this sign-in was not begun in this browser, or it is over")]
    State,
    /// The way in does not exist or is not open here.
    #[error("this way in is not open here")]
    NotAllowed,
    /// The invitation is not open any more: look at it again.
    #[error("the invitation is not open any more")]
    Dead,
    /// Ways in are changed only soon after a sign-in.
    #[error("a fresh sign-in is needed")]
    NotFresh,
    /// The page that was answered is not about the trip that waits now: show the one that is.
    #[error("this page was about another sign-in")]
    AnotherTrip,
    /// These two accounts cannot be one.
    #[error("these two accounts cannot be one")]
    StayTwo,
    /// The provider refused, could not be reached, or answered nonsense.
    #[error("the provider: {}", .0.error)]
    Upstream(Box<FailedTrip>),
    /// No fault of the person's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}
act_errors!(SocialError);

/// A trip that the provider ended.
#[derive(Debug)]
pub struct FailedTrip {
    /// What went wrong.
    pub error: UpstreamError,
    /// What the browser had left for.
    pub purpose: flow::Purpose,
    /// Over which connection.
    pub connection: ConnectionId,
    /// The name on its button.
    pub provider: String,
}

/// Sends a browser to a provider. The answer is where.
pub async fn depart(app: &App, errand: Errand, connection: &str, browser: &Secret) -> Result<Url, SocialError> {
    let now = app.now();
    let (name, asked) = (connection.to_owned(), errand.clone());
    let prepared = app
        .read(move |tx| {
            let (name, errand) = (name.clone(), asked.clone());
            Box::pin(async move { prepare(tx, &errand, &name, now).await })
        })
        .await?;
    let connection = ways::with_secret(app, &prepared.connection.id).await?.ok_or(SocialError::NotAllowed)?;
    let state = app.entropy().secret(Purpose::State);
    let flow = Flow {
        id: FlowId::mint(now, app.entropy().bytes()),
        browser: browser.hash(),
        state: state.hash(),
        purpose: prepared.purpose,
        connection: connection.id.clone(),
        issuer: issuer_of(&connection),
        step: Step::AtUpstream,
        version: 0,
        created_at: now,
        expires_at: now.plus(LIFETIME),
    };
    let secrets = TripSecrets::of(app, browser, &flow);
    let request = AuthorizationRequest {
        redirect_uri: &app.public_url().callback(),
        state: state.expose(),
        nonce: &secrets.nonce,
        code_challenge: &secrets.challenge(),
        login_hint: prepared.login_hint.as_deref(),
        prompt: None,
        max_age: None,
    };
    let url = match app.upstreams().of(&connection) {
        Ok(upstream) => upstream.authorization_url(&request, now).await,
        Err(error) => Err(error),
    };
    let url = url.map_err(|error| upstream_failed(error, &flow, &connection))?;
    app.write(move |tx| {
        let flow = flow.clone();
        Box::pin(async move { Ok::<_, SocialError>(flows::insert(tx, &flow).await?) })
    })
    .await?;
    Ok(url)
}

/// A trip that may begin.
struct Prepared {
    purpose: flow::Purpose,
    connection: Connection,
    login_hint: Option<String>,
}

async fn prepare(tx: &mut Tx<'_>, errand: &Errand, name: &str, now: Timestamp) -> Result<Prepared, SocialError> {
    let (purpose, usable, login_hint) = match errand {
        Errand::Accept(link) => {
            let found = invitations::find_by_link(tx, link.hash()).await?;
            let (invitation, link) = found.ok_or(SocialError::Dead)?;
            if !matches!(invitation.standing(&link, now), Standing::Open(_)) {
                return Err(SocialError::Dead);
            }
            let terms = &invitation.terms;
            let usable = connections::usable(tx, terms.client.as_ref(), terms.connections.as_deref()).await?;
            let (channel, generation) = (link.channel, link.generation);
            let purpose = flow::Purpose::Accept { invitation: invitation.id.clone(), channel, generation };
            (purpose, usable, Some(invitation.email.to_string()))
        }
        Errand::SignIn { client, resume, login_hint } => {
            let purpose = flow::Purpose::SignIn { client: client.clone(), resume: resume.clone() };
            (purpose, connections::usable(tx, client.as_ref(), None).await?, login_hint.clone())
        }
        Errand::Link(signed_in) => {
            if !signed_in.session.is_fresh(now) {
                return Err(SocialError::NotFresh);
            }
            let (user, session) = (signed_in.user.id.clone(), signed_in.session.id.clone());
            (flow::Purpose::Link { user, session }, connections::usable(tx, None, None).await?, None)
        }
        // One that is switched off, or open to no application yet, can be tried all the same.
        Errand::Try(signed_in) if signed_in.user.is_admin() => {
            let (user, session) = (signed_in.user.id.clone(), signed_in.session.id.clone());
            (flow::Purpose::Try { user, session }, connections::list(tx).await?, None)
        }
        Errand::Try(_) => return Err(SocialError::NotAllowed),
    };
    let connection = usable.into_iter().find(|way| way.name == name && way.strategy.is_upstream());
    Ok(Prepared { purpose, connection: connection.ok_or(SocialError::NotAllowed)?, login_hint })
}

/// What only this browser can answer for: derived from its cookie's secret, so that the database keeps neither the
/// verifier nor the nonce.
struct TripSecrets {
    nonce: String,
    verifier: String,
}

impl TripSecrets {
    fn of(app: &App, browser: &Secret, flow: &Flow) -> Self {
        let subject = format!("{}.{}", flow.id, browser.expose());
        Self { nonce: app.seal().mac("upstream nonce", &subject), verifier: app.seal().mac("upstream pkce", &subject) }
    }

    /// RFC 7636, section 4.2.
    fn challenge(&self) -> String {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.verifier.as_bytes());
        BASE64URL_NOPAD.encode(digest.as_ref())
    }
}

fn issuer_of(connection: &Connection) -> String {
    connection.upstream.as_ref().map(|upstream| upstream.issuer.clone()).unwrap_or_default()
}

/// A browser is back. Asks the provider who it was, then decides and carries out in one transaction.
pub async fn arrive(
    app: &App,
    brought: Return<'_>,
    browser: &Secret,
    session: Option<&SignedIn>,
) -> Result<Arrival, SocialError> {
    let now = app.now();
    let state = Secret::parse(Purpose::State, brought.state).ok_or(SocialError::State)?.hash();
    let browser_hash = browser.hash();
    let flow = app.read(move |tx| Box::pin(waiting_flow(tx, state, browser_hash, now))).await?;
    let connection = ways::with_secret(app, &flow.connection).await?.ok_or(SocialError::NotAllowed)?;
    let is_tried = matches!(flow.purpose, flow::Purpose::Try { .. });
    if !(connection.enabled || is_tried) || issuer_of(&connection) != flow.issuer {
        return Err(SocialError::NotAllowed);
    }
    let who = match ask_provider(app, brought, browser, &flow, &connection, now).await {
        Ok(who) => who,
        Err(error) => {
            finish(app, &flow, &error, now).await?;
            return Err(upstream_failed(error, &flow, &connection));
        }
    };
    let begun = NewSession::mint(app, now);
    let session = session.map(|signed_in| signed_in.session.id.clone());
    let house = app.clone();
    let arrival = app
        .write(move |tx| {
            let (app, who, begun, session) = (house.clone(), who.clone(), begun.clone(), session.clone());
            Box::pin(async move {
                let flow = waiting_flow(tx, state, browser_hash, now).await?;
                let case = verdict::Case { flow: &flow, who: &who, session: session.as_ref(), confirmed: false };
                verdict::carry_out(&app, tx, case, &begun, now).await
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(arrival)
}

fn upstream_failed(error: UpstreamError, flow: &Flow, connection: &Connection) -> SocialError {
    let (purpose, provider) = (flow.purpose.clone(), connection.display_name.clone());
    SocialError::Upstream(Box::new(FailedTrip { error, purpose, connection: connection.id.clone(), provider }))
}

/// The flow that this browser left with, not moved on yet (R7, R8).
async fn waiting_flow(
    tx: &mut Tx<'_>,
    state: guestlist_domain::secret::SecretHash,
    browser: guestlist_domain::secret::SecretHash,
    now: Timestamp,
) -> Result<Flow, SocialError> {
    let flow = flows::find_by_state(tx, state).await?.ok_or(SocialError::State)?;
    let is_ours = flow.is_open_to(browser, now) && flow.step == Step::AtUpstream;
    if is_ours { Ok(flow) } else { Err(SocialError::State) }
}

async fn ask_provider(
    app: &App,
    brought: Return<'_>,
    browser: &Secret,
    flow: &Flow,
    connection: &Connection,
    now: Timestamp,
) -> Result<ProvenIdentity, UpstreamError> {
    if let Some(error) = brought.error {
        return Err(UpstreamError::Denied { error: error.chars().take(64).collect() });
    }
    let code = brought.code.ok_or(UpstreamError::InvalidToken("the provider sent neither a code nor an error"))?;
    let secrets = TripSecrets::of(app, browser, flow);
    let callback = Callback {
        code,
        iss: brought.iss,
        redirect_uri: &app.public_url().callback(),
        nonce: &secrets.nonce,
        code_verifier: &secrets.verifier,
        profile: brought.posted,
    };
    let answer = app.upstreams().of(connection)?.who_came_back(&callback, now).await?;
    Ok(ProvenIdentity::from_upstream(answer))
}

/// A flow whose provider said no is over: its `state` is good once, whatever came with it.
async fn finish(app: &App, flow: &Flow, error: &UpstreamError, now: Timestamp) -> Result<(), SocialError> {
    let reason = if error.is_about_this_arrival() { "provider_refused" } else { "provider_failed" };
    let (house, flow) = (app.clone(), flow.clone());
    app.write(move |tx| {
        let (app, flow) = (house.clone(), flow.clone());
        Box::pin(async move {
            if !flows::advance(tx, &flow, &Step::Done, now).await? {
                return Ok(());
            }
            let about = About::default().with_connection(&flow.connection);
            let facts = [("reason", json!(reason)), ("purpose", json!(flow.purpose.as_str()))];
            let failed = (EventKind::LoginFailed, &Actor::Guest, about);
            Ok(history::record_with(&app, tx, now, failed, &facts).await?)
        })
    })
    .await
}

/// What this browser's guest must confirm, if anything: for the page that names both addresses.
pub async fn confirming(app: &App, browser: &Secret) -> Result<Option<Confirming>, SocialError> {
    let (now, browser) = (app.now(), browser.hash());
    app.read(move |tx| Box::pin(async move { outcome::confirming(tx, browser, now).await })).await
}

/// The deliberate press on the page about that trip.
pub async fn confirm(app: &App, browser: &Secret, flow: &FlowId) -> Result<Arrival, SocialError> {
    let (now, browser, house, meant) = (app.now(), browser.hash(), app.clone(), flow.clone());
    let begun = NewSession::mint(app, now);
    let arrival = app
        .write(move |tx| {
            let (app, begun, meant) = (house.clone(), begun.clone(), meant.clone());
            Box::pin(async move {
                let flow = flows::find_waiting(tx, browser, "confirming", now).await?.ok_or(SocialError::State)?;
                is_about(&flow, &meant)?;
                let Step::Confirming { identity } = &flow.step else { return Err(SocialError::State) };
                let case = verdict::Case { flow: &flow, who: identity, session: None, confirmed: true };
                verdict::carry_out(&app, tx, case, &begun, now).await
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(arrival)
}

/// A press is about what its page showed. Of two pages in one browser the older one's press means nothing any more.
fn is_about(flow: &Flow, meant: &FlowId) -> Result<(), SocialError> {
    if flow.id == *meant { Ok(()) } else { Err(SocialError::AnotherTrip) }
}

/// The other press on that page: this identity is forgotten, the invitation stays open.
pub async fn use_another(app: &App, browser: &Secret, flow: &FlowId) -> Result<(), SocialError> {
    let (now, browser, meant) = (app.now(), browser.hash(), flow.clone());
    app.write(move |tx| {
        let meant = meant.clone();
        Box::pin(async move {
            let waiting = flows::find_waiting(tx, browser, "confirming", now).await?;
            if let Some(flow) = waiting.filter(|flow| flow.id == meant) {
                flows::advance(tx, &flow, &Step::Done, now).await?;
            }
            Ok(())
        })
    })
    .await
}
