//! What an application is answered with, and how the answer travels.
//!
//! Owns which of the two things that may pass through a browser are asked for, by which of three roads they go, and what is
//! refused: no access token ever passes through a browser, an ID token only by a posted form, a message only to an origin that
//! the client declared. OAuth 2.0 Multiple Response Type Encoding Practices; OAuth 2.0 Form Post Response Mode. Must not
//! know how a page carries a form or a message.

use super::{ErrorCode, Parameters, Refused, invalid};
use crate::client::Client;
use crate::grant::{CodeChallenge, Scopes};
use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// A code, bound to this challenge.
    Code(CodeChallenge),
    /// An ID token at once, and nothing else.
    IdToken,
    /// Both.
    CodeAndIdToken(CodeChallenge),
}

impl Wanted {
    /// The challenge that the code is bound to, if one is asked for.
    pub const fn challenge(&self) -> Option<&CodeChallenge> {
        match self {
            Self::Code(challenge) | Self::CodeAndIdToken(challenge) => Some(challenge),
            Self::IdToken => None,
        }
    }

    /// Whether an ID token passes through the browser.
    pub const fn has_id_token(&self) -> bool {
        matches!(self, Self::IdToken | Self::CodeAndIdToken(_))
    }

    /// The grant type that it takes and this client does not have.
    pub(super) fn missing_grant_type(&self, client: &Client) -> Option<&'static str> {
        let code = self.challenge().map(|_| "authorization_code");
        let id_token = self.has_id_token().then_some("implicit");
        code.into_iter().chain(id_token).find(|grant_type| !client.may_use(grant_type))
    }
}

/// By which road an answer goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Road {
    /// In the query of the registered address.
    #[default]
    Query,
    /// As a form that the browser posts there.
    FormPost,
    /// As a message to the page that framed us or opened us; Auth0's single-page library signs in silently by it.
    WebMessage,
}

impl Road {
    /// Whether it leads to that address of this client: a message, only where the client declared the origin.
    pub(super) fn is_open(self, client: &Client, redirect_uri: &str) -> bool {
        self != Self::WebMessage || origin_of(redirect_uri).is_some_and(|origin| client.declares_origin(&origin))
    }
}

/// Where an answer goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// A registered address.
    pub redirect_uri: String,
    /// The client's own word.
    pub state: Option<String>,
    /// How.
    pub road: Road,
}

/// An answer on its way. Its fields may hold a code or an ID token.
#[derive(Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The browser goes to this address.
    GoTo(String),
    /// The browser posts these fields to that address.
    Post {
        /// The registered address.
        to: String,
        /// Names and values.
        fields: Vec<(&'static str, String)>,
    },
    /// The page tells these fields to pages of that origin, and to no other.
    Tell {
        /// The origin of the registered address.
        origin: String,
        /// Names and values.
        fields: Vec<(&'static str, String)>,
    },
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::GoTo(_) => "GoTo(…)",
            Self::Post { .. } => "Post(…)",
            Self::Tell { .. } => "Tell(…)",
        })
    }
}

impl ReplyTo {
    /// Carries these back, with the client's own word.
    pub fn deliver(&self, answer: Vec<(&'static str, String)>) -> Delivery {
        let state = self.state.clone().map(|state| ("state", state));
        let fields: Vec<_> = answer.into_iter().chain(state).collect();
        match self.road {
            Road::Query => Delivery::GoTo(self.with(&fields)),
            Road::FormPost => Delivery::Post { to: self.redirect_uri.clone(), fields },
            Road::WebMessage => Delivery::Tell { origin: origin_of(&self.redirect_uri).unwrap_or_default(), fields },
        }
    }

    /// Carries a refusal back.
    pub fn refuse(&self, refused: &Refused) -> Delivery {
        let description = refused.description.clone().into_owned();
        self.deliver(vec![("error", refused.code.as_str().to_owned()), ("error_description", description)])
    }

    /// The registered address stays as it is, byte for byte, in front.
    fn with(&self, fields: &[(&'static str, String)]) -> String {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{joint}{query}", self.redirect_uri)
    }
}

/// By which road: the one asked for, where it is open to this client. A wrong wish is answered by the query, which is open to
/// everybody.
pub(super) fn road(parameters: &Parameters, client: &Client, redirect_uri: &str) -> Result<Road, Refused> {
    match parameters.get("response_mode") {
        None | Some("query") => Ok(Road::Query),
        Some("form_post") => Ok(Road::FormPost),
        Some("web_message") if Road::WebMessage.is_open(client, redirect_uri) => Ok(Road::WebMessage),
        Some("web_message") => {
            Err(invalid("response_mode=web_message wants the origin of the redirect_uri in the client's web_origins."))
        }
        Some(_) => Err(invalid("The response_mode is not one of query, form_post and web_message.")),
    }
}

/// What is asked for, as far as this client may. An ID token goes by a posted form alone, so that it stands in no address.
pub(super) fn wanted(parameters: &Parameters, client: &Client, road: Road) -> Result<Wanted, Refused> {
    let asked = parameters.get("response_type").ok_or_else(|| invalid("Missing required parameter: response_type"))?;
    let mut words: Vec<&str> = asked.split(' ').collect();
    words.sort_unstable();
    let wanted = match words.as_slice() {
        ["code"] => Wanted::Code(challenge(parameters)?),
        ["id_token"] => Wanted::IdToken,
        ["code", "id_token"] => Wanted::CodeAndIdToken(challenge(parameters)?),
        _ => {
            let description = "Only the response types code, id_token and code id_token are supported.";
            return Err(Refused::new(ErrorCode::UnsupportedResponseType, description));
        }
    };
    if let Some(missing) = wanted.missing_grant_type(client) {
        let description = format!("The client may not use this response_type: its grant_types lack {missing}.");
        return Err(Refused::new(ErrorCode::UnauthorizedClient, description));
    }
    if !wanted.has_id_token() {
        return Ok(wanted);
    }
    if road != Road::FormPost {
        return Err(invalid("An ID token is answered by response_mode=form_post alone."));
    }
    if !parameters.get("scope").unwrap_or_default().split(' ').any(|word| word == Scopes::OPENID) {
        return Err(invalid("An ID token wants the scope openid."));
    }
    // OpenID Connect Core 1.0, 3.2.2.1: without it, the token could be another's.
    if parameters.get("nonce").is_none() {
        return Err(invalid("Missing required parameter: nonce"));
    }
    Ok(wanted)
}

/// Required of everybody, and S256 alone (RFC 9700, 2.1.1; case 85).
fn challenge(parameters: &Parameters) -> Result<CodeChallenge, Refused> {
    let Some(text) = parameters.get("code_challenge") else {
        return Err(invalid("PKCE is required: missing parameter code_challenge"));
    };
    if parameters.get("code_challenge_method") != Some("S256") {
        return Err(invalid("PKCE is required with code_challenge_method=S256."));
    }
    CodeChallenge::parse(text).ok_or_else(|| invalid("The code_challenge is not a SHA-256 digest in base64url."))
}

/// The origin of an address of the web.
fn origin_of(address: &str) -> Option<String> {
    let origin = Url::parse(address).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}
