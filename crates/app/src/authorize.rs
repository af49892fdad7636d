//! An application sent a browser to be signed in.
//!
//! Owns the way from `/authorize` to a code, over as many sign-ins as it takes: each returns to the same dispatcher,
//! which asks the same rule. What waits travels sealed with the browser, so that an unfinished sign-in costs us nothing
//! (case 134). Must not know pages or cookies.

mod pushed;

pub use pushed::push;

use crate::app::App;
use crate::claims;
use crate::error::Unexpected;
use crate::keys;
use crate::landing;
use crate::sessions::SignedIn;
use guestlist_domain::authorization::{
    self, Audiences, Decision, Delivery, ErrorCode, Parameters, Pending, Refused, Rejection, Request, decide,
};
use guestlist_domain::client::Client;
use guestlist_domain::grant::{CODE_LIFETIME, CodeBinding, CodeChallenge, grant_end};
use guestlist_domain::ids::{ClientId, GrantId, UserId};
use guestlist_domain::resource_server::ResourceServer;
use guestlist_domain::secret::{Purpose, Secret};
use guestlist_store::grants::NewGrant;
use guestlist_store::{StoreError, Tx, clients, connections, grants, resource_servers};
use pushed::{Brought, brought};
use serde::{Deserialize, Serialize};

/// What is sealed under this name.
const USAGE: &str = "authorize";

/// What the browser has to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Stay here: nobody can be told but the person.
    Unanswerable(Unanswerable),
    /// Carry this to the application: what it asked for, or a refusal; or go to its own log-in route.
    Answer(Delivery),
    /// Sign in, and come back with this.
    SignIn {
        /// The request that waits, sealed.
        resume: String,
    },
}

/// What travels with the browser: the request, and the name of who asks, so that the log-in page has to read nothing.
#[derive(Serialize, Deserialize)]
struct Waiting {
    application: String,
    pending: Pending,
}

/// Why no application can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswerable {
    /// There is no such application.
    UnknownClient,
    /// The address is not one of the application's.
    RedirectUri,
    /// What came back is not what we sealed, or it waited for too long.
    Lost,
}

/// What a log-in page may know of the request that waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRequest {
    /// Who asks.
    pub client: ClientId,
    /// By what name people know it.
    pub application: String,
    /// Whom the application expects, in its own words.
    pub login_hint: Option<String>,
    /// By which connection, by name; enabled for the application when it asked.
    pub connection: Option<String>,
    /// Whether the application hoped for a registration form.
    pub wants_signup: bool,
    /// The languages that the application prefers.
    pub ui_locales: Option<String>,
    /// Where the browser will go in the end. Forms that lead there must say so.
    pub redirect_uri: String,
}

/// Goes into a request of a browser that is signed in, or not.
pub async fn authorize(
    app: &App,
    parameters: &Parameters,
    signed_in: Option<&SignedIn>,
) -> Result<Outcome, Unexpected> {
    let pushed = match brought(app, parameters) {
        Brought::Itself => None,
        Brought::Pushed(pushed) => Some(pushed),
        Brought::Dead => return Ok(Outcome::Unanswerable(Unanswerable::Lost)),
    };
    let parameters = pushed.as_ref().unwrap_or(parameters);
    let Asked { client, api, connection } = look_up(app, parameters).await?;
    let Some(client) = client else { return Ok(Outcome::Unanswerable(Unanswerable::UnknownClient)) };
    let audiences = Audiences { userinfo: &app.public_url().userinfo_audience(), api: api.as_ref() };
    let request = match authorization::read(parameters, &client, audiences) {
        Ok(request) => request,
        Err(Rejection::Untrusted) => return Ok(Outcome::Unanswerable(Unanswerable::RedirectUri)),
        Err(Rejection::Told(to, refused)) => return Ok(Outcome::Answer(to.refuse(&refused))),
    };
    let expected = expected_user(app, &request).await?;
    let pending = Pending { request, expected: None, started_at: app.now() };
    let expected = match (connection, expected) {
        (Some(NotEnabled), _) => return Ok(refuse(&pending, "The connection is not enabled for this client.")),
        (None, Err(NotOurToken)) => return Ok(refuse(&pending, "The id_token_hint is not valid.")),
        (None, Ok(expected)) => expected,
    };
    let waiting = Waiting { application: client.name.clone(), pending: Pending { expected, ..pending } };
    dispatch(app, (&client, api.as_ref()), &waiting, signed_in).await
}

/// Goes on with a request that waited, for an application to which its answer is still open and an API that is still there.
pub async fn resume(app: &App, sealed: &str, signed_in: Option<&SignedIn>) -> Result<Outcome, Unexpected> {
    let Some(waiting) = open(app, sealed) else { return Ok(Outcome::Unanswerable(Unanswerable::Lost)) };
    let request = &waiting.pending.request;
    let (client, api) = find_parties(app, request).await?;
    match client.filter(|client| request.is_open_to(client) && request.audience.is_some() == api.is_some()) {
        None => Ok(Outcome::Unanswerable(Unanswerable::Lost)),
        Some(client) if waiting.pending.is_over(app.now()) => Ok(begin_anew(app, &client)),
        Some(client) => dispatch(app, (&client, api.as_ref()), &waiting, signed_in).await,
    }
}

/// What the log-in page may know. `None` for what we did not seal, and what waited for too long.
pub fn peek(app: &App, sealed: &str) -> Option<PendingRequest> {
    let Waiting { application, pending } = open(app, sealed)?;
    if pending.is_over(app.now()) {
        return None;
    }
    let Request { client, login_hint, connection, wants_signup, ui_locales, redirect_uri, .. } = pending.request;
    Some(PendingRequest { client, application, login_hint, connection, wants_signup, ui_locales, redirect_uri })
}

/// How the application learns that nobody will come: `access_denied`, and why.
pub fn deny(app: &App, sealed: &str, why: &'static str) -> Option<Delivery> {
    let refused = Refused::new(ErrorCode::AccessDenied, why);
    open(app, sealed).map(|waiting| waiting.pending.reply_to().refuse(&refused))
}

/// Who asks, and at which API.
type Parties<'a> = (&'a Client, Option<&'a ResourceServer>);

async fn dispatch(
    app: &App,
    parties: Parties<'_>,
    waiting: &Waiting,
    signed_in: Option<&SignedIn>,
) -> Result<Outcome, Unexpected> {
    let pending = &waiting.pending;
    let who = signed_in.map(|signed_in| (&signed_in.session, &signed_in.user));
    match (decide(pending, who, app.now()), signed_in) {
        (Decision::Continue, Some(signed_in)) => match fulfil(app, parties, pending, signed_in).await? {
            Some(fields) => Ok(Outcome::Answer(pending.reply_to().deliver(fields))),
            // The session ended between the two looks at it: now nobody is signed in.
            None => answer(app, waiting, decide(pending, None, app.now())),
        },
        (decision, _) => answer(app, waiting, decision),
    }
}

fn answer(app: &App, waiting: &Waiting, decision: Decision) -> Result<Outcome, Unexpected> {
    match decision {
        Decision::Refuse(refused) => Ok(Outcome::Answer(waiting.pending.reply_to().refuse(&refused))),
        Decision::AskSignIn(_) | Decision::Continue => {
            let plain = serde_json::to_string(waiting).map_err(|error| Unexpected::Broken(error.to_string()))?;
            Ok(Outcome::SignIn { resume: app.seal().seal_text(USAGE, &plain, app.entropy())? })
        }
    }
}

/// What is wanted, by name; `None` if the session ended meanwhile.
async fn fulfil(
    app: &App,
    (client, api): Parties<'_>,
    pending: &Pending,
    signed_in: &SignedIn,
) -> Result<Option<Vec<(&'static str, String)>>, Unexpected> {
    let (request, mut fields) = (&pending.request, Vec::new());
    let code = match request.wanted.challenge() {
        None => None,
        Some(challenge) => match issue_code(app, (request, challenge), api, signed_in).await? {
            None => return Ok(None),
            code => code,
        },
    };
    fields.extend(code.as_ref().map(|code| ("code", code.expose().to_owned())));
    if request.wanted.has_id_token() {
        let subject = claims::Subject {
            client,
            session: &signed_in.session.id,
            authenticated_at: signed_in.session.authenticated_at,
            user: &signed_in.user,
            scope: &request.scope,
            nonce: request.nonce.as_deref(),
            beside: code.as_ref().map_or(claims::Beside::Nothing, |code| claims::Beside::Code(code.expose())),
        };
        let signer = keys::signer(app).await?;
        fields.push(("id_token", claims::id_token(app, &signer, &subject, app.now())?.expose().to_owned()));
    }
    Ok(Some(fields))
}

/// Grant and code in one transaction, on the condition that session and user are still good.
async fn issue_code(
    app: &App,
    (request, challenge): (&Request, &CodeChallenge),
    api: Option<&ResourceServer>,
    signed_in: &SignedIn,
) -> Result<Option<Secret>, Unexpected> {
    let (now, code) = (app.now(), app.entropy().secret(Purpose::Code));
    let grant = NewGrant {
        id: GrantId::mint(now, app.entropy().bytes()),
        client: request.client.clone(),
        session: signed_in.session.id.clone(),
        scope: request.scope.clone(),
        audience: request.audience.clone(),
        nonce: request.nonce.clone(),
        expires_at: grant_end(&request.scope, api, now),
    };
    let binding = CodeBinding {
        grant: grant.id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        redirect_uri_sent: request.redirect_uri_sent,
        challenge: challenge.clone(),
        expires_at: now.plus(CODE_LIFETIME),
    };
    let hash = code.hash();
    let issued: Result<bool, StoreError> = app
        .write(move |tx| {
            let (grant, binding) = (grant.clone(), binding.clone());
            Box::pin(async move {
                let is_good = grants::insert(tx, &grant, now).await?;
                if is_good {
                    grants::insert_code(tx, hash, &grant.client, &binding, now).await?;
                }
                Ok(is_good)
            })
        })
        .await;
    Ok(issued?.then_some(code))
}

/// The application asked for a way in that is not open to it.
struct NotEnabled;

struct Asked {
    client: Option<Client>,
    api: Option<ResourceServer>,
    connection: Option<NotEnabled>,
}

async fn look_up(app: &App, parameters: &Parameters) -> Result<Asked, Unexpected> {
    let client = parameters.get_once("client_id").map(ClientId::new);
    let (connection, audience) = (named(parameters, "connection"), named(parameters, "audience"));
    let Some(client) = client else { return Ok(Asked { client: None, api: None, connection: None }) };
    let found: Result<_, StoreError> = app
        .read(move |tx| {
            let (client, connection, audience) = (client.clone(), connection.clone(), audience.clone());
            Box::pin(async move {
                let found = clients::find(tx, &client).await?;
                let api = find_api(tx, audience.as_deref()).await?;
                let Some(name) = connection else { return Ok((found, api, None)) };
                let connection = connections::find_by_name(tx, &name).await?;
                let is_enabled = connection.is_some_and(|connection| connection.is_enabled_for(Some(&client)));
                Ok((found, api, (!is_enabled).then_some(NotEnabled)))
            })
        })
        .await;
    let (client, api, connection) = found?;
    Ok(Asked { client, api, connection })
}

fn named(parameters: &Parameters, name: &str) -> Option<String> {
    parameters.get_once(name).map(str::to_owned)
}

async fn find_parties(app: &App, request: &Request) -> Result<(Option<Client>, Option<ResourceServer>), Unexpected> {
    let (id, audience) = (request.client.clone(), request.audience.clone());
    let found: Result<_, StoreError> = app
        .read(move |tx| {
            let (id, audience) = (id.clone(), audience.clone());
            Box::pin(async move { Ok((clients::find(tx, &id).await?, find_api(tx, audience.as_deref()).await?)) })
        })
        .await;
    Ok(found?)
}

async fn find_api(tx: &mut Tx<'_>, audience: Option<&str>) -> Result<Option<ResourceServer>, StoreError> {
    match audience {
        Some(audience) => resource_servers::find(tx, audience).await,
        None => Ok(None),
    }
}

struct NotOurToken;

#[derive(Deserialize)]
struct Hint {
    sub: String,
}

/// Whom the application means by an ID token that it got from us; it may be long over (OpenID Connect Core, 3.1.2.1).
async fn expected_user(app: &App, request: &Request) -> Result<Result<Option<UserId>, NotOurToken>, Unexpected> {
    let Some(jwt) = &request.id_token_hint else { return Ok(Ok(None)) };
    let hint = keys::verified::<Hint>(app, jwt, Some(request.client.as_str())).await?;
    Ok(hint.map(|hint| Some(UserId::new(hint.sub))).map_err(|_| NotOurToken))
}

fn refuse(pending: &Pending, why: &'static str) -> Outcome {
    Outcome::Answer(pending.reply_to().refuse(&Refused::new(ErrorCode::InvalidRequest, why)))
}

/// The person waited too long: the application may ask again, at its own log-in route if it has one.
fn begin_anew(app: &App, client: &Client) -> Outcome {
    let route = landing::log_in_route(client, &app.public_url().issuer());
    route.map_or(Outcome::Unanswerable(Unanswerable::Lost), |route| Outcome::Answer(Delivery::GoTo(route)))
}

fn open(app: &App, sealed: &str) -> Option<Waiting> {
    let plain = app.seal().open_text(USAGE, sealed).ok()?;
    serde_json::from_str(&plain).ok()
}
