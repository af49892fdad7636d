//! An authorization request: what an application asks on behalf of a browser, and what has to happen first.
//!
//! Owns [`read`], one named check a line, and [`decide`], one pure rule over request and session. The path is narrow
//! (R23): a code with S256, or an ID token for clients that may have it so, to a registered address; everything else is
//! refused or ignored. Must not know HTTP, nor how the browser is signed in. OpenID Connect Core 1.0, 3.1.2; RFC 9700, 2.1.

mod answer;

pub use answer::{Delivery, ReplyTo, Road, Wanted};

use crate::client::Client;
use crate::grant::Scopes;
use crate::ids::{ClientId, UserId};
use crate::resource_server::ResourceServer;
use crate::session::Session;
use crate::time::{Timestamp, hours, minutes};
use crate::user::{Standing, User};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;

/// A person may take this long to sign in before the application has to ask again.
pub const PENDING_LIFETIME: Duration = hours(1);
/// A request that was pushed waits this long for its browser (RFC 9126, 2.2: between 5 and 600 seconds are usual).
pub const PUSHED_LIFETIME: Duration = minutes(1);
/// `state` and `nonce` are returned as they came, up to this many bytes.
pub const LONGEST_ECHO: usize = 4096;
/// Any other parameter that we look at has at most this many bytes.
const LONGEST_VALUE: usize = 2048;

/// The parameters that mean something here. Whatever else comes is ignored (RFC 6749, 3.1).
const KNOWN: [&str; 19] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "login_hint",
    "id_token_hint",
    "connection",
    "screen_hint",
    "ui_locales",
    "audience",
    "request",
    "request_uri",
];

/// The parameters of a request, decoded, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Takes them.
    pub const fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// A parameter's value; one without a value counts as left out (RFC 6749, 3.1).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A parameter's value, unless it came more than once.
    pub fn get_once(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|_| !self.is_repeated(name))
    }

    /// Those that mean something here, as `client` pushes them: it has proved who it is, and need not say it again. Its
    /// secret is not among them.
    #[must_use]
    pub fn of_client(&self, client: &ClientId) -> Self {
        let is_kept = |(name, _): &&(String, String)| name != "client_id" && KNOWN.contains(&name.as_str());
        let kept = self.0.iter().filter(is_kept).cloned();
        Self(kept.chain([("client_id".to_owned(), client.to_string())]).collect())
    }

    /// They, one by one.
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }

    fn is_repeated(&self, name: &str) -> bool {
        self.0.iter().filter(|(known, _)| known == name).count() > 1
    }
}

/// A sound request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Who asks.
    pub client: ClientId,
    /// Where the answer goes; registered, byte for byte.
    pub redirect_uri: String,
    /// Whether the client named that address, or it is the only one that it has.
    pub redirect_uri_sent: bool,
    /// The client's own word, returned with the answer.
    pub state: Option<String>,
    /// The client's own word, returned in the ID token.
    pub nonce: Option<String>,
    /// What it asks for, as far as it can be granted.
    pub scope: Scopes,
    /// At which API, by its identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// What it wants to be answered with.
    pub wanted: Wanted,
    /// How the answer travels.
    pub road: Road,
    /// Whether, and how, the person must be asked.
    pub prompt: Prompt,
    /// How long ago the person may have signed in, in seconds.
    pub max_age: Option<u64>,
    /// Whom the client expects, in its own words: for the field of the sign-in page.
    pub login_hint: Option<String>,
    /// Whom the client expects, by an ID token of ours. Read at once, into [`Pending::expected`].
    #[serde(skip)]
    pub id_token_hint: Option<String>,
    /// By which connection, by name.
    pub connection: Option<String>,
    /// Whether the client hopes for a registration form, which does not exist here.
    pub wants_signup: bool,
    /// The languages that the client prefers.
    pub ui_locales: Option<String>,
}

impl Request {
    /// Whether its answer is open to the client as it is by now: settings may have been taken away while the request waited.
    pub fn is_open_to(&self, client: &Client) -> bool {
        client.may_redirect_to(&self.redirect_uri)
            && self.wanted.missing_grant_type(client).is_none()
            && self.road.is_open(client, &self.redirect_uri)
    }
}

/// Whether, and how, the person must be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// If need be.
    #[default]
    IfNeeded,
    /// Never: answer at once.
    Never,
    /// Always.
    Always,
}

/// The errors that an application may be told (RFC 6749, 4.1.2.1; OpenID Connect Core 1.0, 3.1.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request is malformed.
    InvalidRequest,
    /// Scopes that cannot be read.
    InvalidScope,
    /// This client may not ask like this.
    UnauthorizedClient,
    /// No.
    AccessDenied,
    /// Neither a code nor an ID token.
    UnsupportedResponseType,
    /// A person would have to sign in, and must not be asked.
    LoginRequired,
    /// Request objects are not read.
    RequestNotSupported,
    /// Nor fetched.
    RequestUriNotSupported,
}

impl ErrorCode {
    /// The registered word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::LoginRequired => "login_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
        }
    }
}

/// What the application is told instead of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// For programs.
    pub code: ErrorCode,
    /// For developers.
    pub description: Cow<'static, str>,
}

impl Refused {
    /// A refusal.
    pub fn new(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: description.into() }
    }
}

/// Why a request is not gone into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The address is not one of the client's: the browser is told here and sent nowhere (RFC 6749, 4.1.2.1).
    Untrusted,
    /// The application is told.
    Told(ReplyTo, Refused),
}

/// For what a person's access token can be.
#[derive(Clone, Copy, Debug)]
pub struct Audiences<'a> {
    /// The audience of `/userinfo`, which every such token is for.
    pub userinfo: &'a str,
    /// The API of the name that was asked for, if there is one. The Management API is for machines alone and never here.
    pub api: Option<&'a ResourceServer>,
}

/// Reads what `client` asks.
pub fn read(parameters: &Parameters, client: &Client, audiences: Audiences<'_>) -> Result<Request, Rejection> {
    let redirect_uri = redirect_uri(parameters, client).ok_or(Rejection::Untrusted)?;
    let state = parameters.get_once("state").filter(|state| is_echoable(state)).map(str::to_owned);
    let road = answer::road(parameters, client, &redirect_uri);
    let reply_to = ReplyTo { redirect_uri, state, road: *road.as_ref().unwrap_or(&Road::Query) };
    let request = road.and_then(|road| checked(parameters, client, audiences, &reply_to, road));
    request.map_err(|refused| Rejection::Told(reply_to, refused))
}

fn checked(
    parameters: &Parameters,
    client: &Client,
    audiences: Audiences<'_>,
    reply_to: &ReplyTo,
    road: Road,
) -> Result<Request, Refused> {
    nothing_comes_twice(parameters)?;
    nothing_is_too_long(parameters)?;
    no_request_object(parameters)?;
    let api = api(parameters, audiences)?;
    Ok(Request {
        client: client.id.clone(),
        redirect_uri: reply_to.redirect_uri.clone(),
        redirect_uri_sent: parameters.get("redirect_uri").is_some(),
        state: echoed(parameters, "state")?,
        nonce: echoed(parameters, "nonce")?,
        scope: scope(parameters, client, api)?,
        audience: api.map(|api| api.identifier.clone()),
        wanted: answer::wanted(parameters, client, road)?,
        road,
        prompt: prompt(parameters)?,
        max_age: max_age(parameters)?,
        login_hint: text(parameters, "login_hint"),
        id_token_hint: text(parameters, "id_token_hint"),
        connection: text(parameters, "connection"),
        wants_signup: parameters.get("screen_hint") == Some("signup"),
        ui_locales: text(parameters, "ui_locales"),
    })
}

/// Byte for byte a registered one; left out, the only one there is (R13, case 82).
fn redirect_uri(parameters: &Parameters, client: &Client) -> Option<String> {
    if parameters.is_repeated("redirect_uri") || parameters.is_repeated("client_id") {
        return None;
    }
    match (parameters.get("redirect_uri"), client.settings.callbacks.as_slice()) {
        (Some(uri), _) => client.may_redirect_to(uri).then(|| uri.to_owned()),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}

fn nothing_comes_twice(parameters: &Parameters) -> Result<(), Refused> {
    let twice = KNOWN.into_iter().find(|name| parameters.is_repeated(name));
    twice.map_or(Ok(()), |name| Err(invalid(format!("The parameter {name} must not be repeated."))))
}

fn nothing_is_too_long(parameters: &Parameters) -> Result<(), Refused> {
    let limit = |name: &str| match name {
        "state" | "nonce" | "id_token_hint" => LONGEST_ECHO,
        _ => LONGEST_VALUE,
    };
    let too_long = KNOWN.into_iter().find(|name| parameters.get(name).is_some_and(|value| value.len() > limit(name)));
    too_long.map_or(Ok(()), |name| Err(invalid(format!("The parameter {name} is too long."))))
}

fn no_request_object(parameters: &Parameters) -> Result<(), Refused> {
    if parameters.get("request").is_some() {
        return Err(Refused::new(ErrorCode::RequestNotSupported, "Request objects are not supported."));
    }
    if parameters.get("request_uri").is_some() {
        return Err(Refused::new(ErrorCode::RequestUriNotSupported, "Request objects are not supported."));
    }
    Ok(())
}

fn api<'a>(parameters: &Parameters, audiences: Audiences<'a>) -> Result<Option<&'a ResourceServer>, Refused> {
    let Some(audience) = parameters.get("audience").filter(|audience| *audience != audiences.userinfo) else {
        return Ok(None);
    };
    let known = audiences.api.filter(|api| api.identifier == audience);
    let description = || format!("Service not found: {}", describable(audience));
    known.map(Some).ok_or_else(|| Refused::new(ErrorCode::AccessDenied, description()))
}

fn echoed(parameters: &Parameters, name: &str) -> Result<Option<String>, Refused> {
    match parameters.get(name) {
        Some(value) if !is_echoable(value) => Err(invalid(format!("The parameter {name} is not UTF-8."))),
        value => Ok(value.map(str::to_owned)),
    }
}

fn scope(parameters: &Parameters, client: &Client, api: Option<&ResourceServer>) -> Result<Scopes, Refused> {
    let unreadable = || Refused::new(ErrorCode::InvalidScope, "The scope has characters that are not allowed.");
    let asked = Scopes::parse(parameters.get("scope").unwrap_or_default()).ok_or_else(unreadable)?;
    Ok(asked.offered_to(client, api))
}

/// The words of `prompt`. There is no page of consent, because every client here belongs to the house; and choosing
/// an account is the same as signing in.
fn prompt(parameters: &Parameters) -> Result<Prompt, Refused> {
    let words: Vec<&str> = parameters.get("prompt").unwrap_or_default().split_whitespace().collect();
    if words.contains(&"create") {
        return Err(Refused::new(ErrorCode::AccessDenied, "There is no registration: this service is by invitation."));
    }
    if words.iter().any(|word| !["none", "login", "consent", "select_account"].contains(word)) {
        return Err(invalid("The prompt is not supported."));
    }
    match words.as_slice() {
        ["none"] => Ok(Prompt::Never),
        words if words.contains(&"none") => Err(invalid("prompt=none cannot be combined with another prompt.")),
        words if words.iter().any(|word| matches!(*word, "login" | "select_account")) => Ok(Prompt::Always),
        _ => Ok(Prompt::IfNeeded),
    }
}

fn max_age(parameters: &Parameters) -> Result<Option<u64>, Refused> {
    let Some(text) = parameters.get("max_age") else { return Ok(None) };
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    let seconds = is_number.then(|| text.parse().ok()).flatten();
    seconds.map(Some).ok_or_else(|| invalid("max_age must be a number of seconds."))
}

fn text(parameters: &Parameters, name: &str) -> Option<String> {
    parameters.get(name).map(str::to_owned)
}

/// Whether a value can be returned byte for byte: what was not UTF-8 has been replaced on the way here.
fn is_echoable(value: &str) -> bool {
    value.len() <= LONGEST_ECHO && !value.contains(char::REPLACEMENT_CHARACTER)
}

fn invalid(description: impl Into<Cow<'static, str>>) -> Refused {
    Refused::new(ErrorCode::InvalidRequest, description)
}

/// A caller's own word, as far as a description may carry it (RFC 6749, 4.1.2.1).
fn describable(text: &str) -> String {
    text.chars().filter(|c| (c.is_ascii_graphic() || *c == ' ') && !matches!(c, '"' | '\\')).take(200).collect()
}

/// A request that waits for its person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// What was asked.
    pub request: Request,
    /// Whom an ID token of ours named.
    pub expected: Option<UserId>,
    /// When it was asked.
    pub started_at: Timestamp,
}

impl Pending {
    /// Whether the application has to ask again.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.started_at.plus(PENDING_LIFETIME)
    }

    /// Where its answer goes.
    pub fn reply_to(&self) -> ReplyTo {
        let Request { redirect_uri, state, road, .. } = &self.request;
        ReplyTo { redirect_uri: redirect_uri.clone(), state: state.clone(), road: *road }
    }
}

/// What has to happen now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Answer with what is wanted.
    Continue,
    /// Ask the person to sign in.
    AskSignIn(Reason),
    /// Tell the application no.
    Refuse(Refused),
}

/// Why a person is asked to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nobody is signed in.
    NoSession,
    /// The application wants a sign-in for this very request.
    Prompted,
    /// The last one was too long ago.
    TooLongAgo,
    /// Somebody else is signed in.
    SomebodyElse,
}

/// Decides. The same rule is asked again after each sign-in, until nothing is left to ask.
pub fn decide(pending: &Pending, signed_in: Option<(&Session, &User)>, now: Timestamp) -> Decision {
    let reason = match signed_in {
        None => Some(Reason::NoSession),
        Some((session, user)) => match user.standing() {
            Standing::Blocked => return denied("user is blocked"),
            Standing::Pending => Some(Reason::NoSession),
            Standing::Active => open_question(pending, session, now),
        },
    };
    match (reason, pending.request.prompt) {
        (None, _) => Decision::Continue,
        (Some(_), Prompt::Never) => login_required(),
        // Whoever has just signed in is who they are: asking a third time would not make them somebody else.
        (Some(Reason::SomebodyElse), _) if signed_in.is_some_and(|(session, _)| is_new(pending, session)) => {
            login_required()
        }
        (Some(reason), _) => Decision::AskSignIn(reason),
    }
}

fn open_question(pending: &Pending, session: &Session, now: Timestamp) -> Option<Reason> {
    let is_new = is_new(pending, session);
    let age = now.since(session.authenticated_at).as_secs();
    if pending.expected.as_ref().is_some_and(|expected| *expected != session.user) {
        return Some(Reason::SomebodyElse);
    }
    if pending.request.prompt == Prompt::Always && !is_new {
        return Some(Reason::Prompted);
    }
    // A session that began for this request is young enough even for max_age=0.
    pending.request.max_age.filter(|max_age| age > *max_age || *max_age == 0).filter(|_| !is_new)?;
    Some(Reason::TooLongAgo)
}

fn is_new(pending: &Pending, session: &Session) -> bool {
    session.authenticated_at >= pending.started_at
}

fn login_required() -> Decision {
    Decision::Refuse(Refused::new(ErrorCode::LoginRequired, "Login required"))
}

fn denied(description: &'static str) -> Decision {
    Decision::Refuse(Refused::new(ErrorCode::AccessDenied, description))
}

#[cfg(test)]
mod tests;
