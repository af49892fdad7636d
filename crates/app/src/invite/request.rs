//! What goes into an invitation and what comes out of it.

use crate::app::App;
use guestlist_domain::email::Email;
use guestlist_domain::event::Actor;
use guestlist_domain::ids::{InvitationId, UserId};
use guestlist_domain::invitation::{DEFAULT_LIFETIME, Invitation, Terms};
use guestlist_domain::secret::{Secret, SecretHash, Sensitive};
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::ADMIN_ROLE;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Somebody to be put on the list.
#[derive(Clone, Debug)]
pub struct Invite {
    /// The address.
    pub email: Email,
    /// The person's name, if known.
    pub name: Option<String>,
    /// What the invitation says and grants.
    pub terms: Terms,
    /// Whether a mail goes out. If not, or if none can, the answer carries the link.
    pub send_email: bool,
    /// Who invites.
    pub by: Actor,
    /// For callers that repeat themselves.
    pub idempotency: Option<Idempotency>,
}

impl Invite {
    /// An invitation with nothing special about it.
    pub fn new(email: Email, by: Actor) -> Self {
        let terms = Terms { lifetime_ms: millis(DEFAULT_LIFETIME), ..Terms::default() };
        Self { email, name: None, terms, send_email: true, by, idempotency: None }
    }

    pub(super) fn first_administrator(email: Email) -> Self {
        let invite = Self::new(email, Actor::System);
        let terms = Terms { roles: vec![ADMIN_ROLE.to_owned()], ..invite.terms };
        Self { terms, send_email: false, ..invite }
    }
}

pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A caller's key for one request, and the digest of that request.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The digest of the key.
    pub key: SecretHash,
    /// The digest of the request's body.
    pub request: SecretHash,
}

/// A link in the clear, for the inviter's eyes. Prints as dots.
#[derive(Clone, Debug)]
pub struct InvitationLink(Sensitive);

impl InvitationLink {
    pub(crate) fn new(app: &App, secret: &Secret) -> Self {
        Self(Sensitive::new(app.public_url().at(&format!("/i/{}", secret.expose()))))
    }

    pub(crate) fn for_reset(app: &App, secret: &Secret) -> Self {
        Self(Sensitive::new(app.public_url().at(&format!("/reset/{}", secret.expose()))))
    }

    /// The address, secret and all.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl Serialize for InvitationLink {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for InvitationLink {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Sensitive::deserialize(deserializer).map(Self)
    }
}

/// The answer to an invitation. What is kept of it for callers that repeat themselves is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invited {
    /// The invitation.
    pub id: InvitationId,
    /// The user row that waits.
    pub user_id: UserId,
    /// The address.
    pub email: Email,
    /// Birth.
    pub created_at: Timestamp,
    /// End.
    pub expires_at: Timestamp,
    /// Whether a mail is on its way.
    pub is_mailed: bool,
    /// The link, only where no mail carries it.
    pub link: Option<InvitationLink>,
}

impl Invited {
    pub(super) fn new(
        app: &App,
        invitation: &Invitation,
        is_mailed: bool,
        secret: Option<&Secret>,
        now: Timestamp,
    ) -> Self {
        Self {
            id: invitation.id.clone(),
            user_id: invitation.user.clone(),
            email: invitation.email.clone(),
            created_at: invitation.created_at,
            expires_at: invitation.expires_at().unwrap_or(now),
            is_mailed,
            link: secret.map(|secret| InvitationLink::new(app, secret)),
        }
    }
}

/// What may be changed on an open invitation.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    /// Another address: every link dies, and a new one is mailed if mails go out.
    pub email: Option<Email>,
    /// Another lifetime, counted from now.
    pub lifetime: Option<Duration>,
    /// Other roles.
    pub roles: Option<Vec<String>>,
}
