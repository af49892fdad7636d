//! What happened: the audit line and the webhook's body are the same thing.
//!
//! Owns the names of events and who did it. Must not carry a secret, a link or a token, ever.

use crate::ids::{ClientId, ConnectionId, EventId, InvitationId, UserId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "lowercase")]
pub enum Actor {
    /// A signed-in user: an administrator in the console, or the account's owner.
    User(UserId),
    /// A backend, over the Management API.
    Client(ClientId),
    /// Whoever holds a link.
    Guest,
    /// Whoever may run the binary.
    Operator,
    /// Guestlist itself.
    System,
}

impl Actor {
    /// The stored word: `user:<id>`, `client:<id>`, `guest`, `operator`, `system`.
    pub fn to_word(&self) -> String {
        match self {
            Self::User(id) => format!("user:{id}"),
            Self::Client(id) => format!("client:{id}"),
            Self::Guest => "guest".to_owned(),
            Self::Operator => "operator".to_owned(),
            Self::System => "system".to_owned(),
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        match word.split_once(':') {
            Some(("user", id)) => Some(Self::User(UserId::new(id))),
            Some(("client", id)) => Some(Self::Client(ClientId::new(id))),
            None if word == "guest" => Some(Self::Guest),
            None if word == "operator" => Some(Self::Operator),
            None if word == "system" => Some(Self::System),
            _ => None,
        }
    }
}

macro_rules! kinds {
    ($($(#[$meta:meta])* $name:ident = $word:literal,)*) => {
        /// The names of events, stable for outsiders (`product.md`, section 6).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind { $($(#[$meta])* $name,)* }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

kinds! {
    /// Somebody was put on the list.
    InvitationCreated = "invitation.created",
    /// A mail was handed to the mail server.
    InvitationSent = "invitation.sent",
    /// The mail server refused it for good.
    InvitationBounced = "invitation.bounced",
    /// The guest came in.
    InvitationAccepted = "invitation.accepted",
    /// The guest said no.
    InvitationDeclined = "invitation.declined",
    /// A new link was made.
    InvitationResent = "invitation.resent",
    /// Address, lifetime or roles were changed.
    InvitationUpdated = "invitation.updated",
    /// It was taken back.
    InvitationRevoked = "invitation.revoked",
    /// Its time was over.
    InvitationExpired = "invitation.expired",
    /// A user row was made.
    UserCreated = "user.created",
    /// A user's data was changed.
    UserUpdated = "user.updated",
    /// A way in was added.
    UserLinked = "user.linked",
    /// A way in was removed.
    UserUnlinked = "user.unlinked",
    /// Another user became a part of this one, or this one of another.
    UserMerged = "user.merged",
    /// Blocked.
    UserBlocked = "user.blocked",
    /// Unblocked.
    UserUnblocked = "user.unblocked",
    /// Deleted.
    UserDeleted = "user.deleted",
    /// A password was set or changed.
    PasswordChanged = "user.password_changed",
    /// A reset link was asked for.
    ResetRequested = "user.reset_requested",
    /// The owner wants another address; it is changed once its mailbox is proven.
    AddressChangeRequested = "user.address_change_requested",
    /// Somebody came in.
    LoginSucceeded = "login.succeeded",
    /// Somebody did not.
    LoginFailed = "login.failed",
    /// A session was ended: by its owner, or by a program.
    LoggedOut = "session.ended",
    /// A spent code or refresh token came again; its family was revoked.
    TokenReused = "grant.reused",
    /// A grant was revoked.
    GrantRevoked = "grant.revoked",
    /// A client was made, changed, deleted or given a new secret.
    ClientChanged = "client.changed",
    /// An API that tokens are made for was made, changed or deleted.
    ResourceServerChanged = "resource_server.changed",
    /// A connection was made, changed or deleted.
    ConnectionChanged = "connection.changed",
    /// A signing key was made or retired.
    KeysRotated = "keys.rotated",
    /// A webhook was made, changed, deleted or given a new secret.
    WebhookChanged = "webhook.changed",
    /// An administrator tries a webhook out.
    WebhookTested = "webhook.tested",
}

impl EventKind {
    /// Reads the stable name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its id; receivers deduplicate by it.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// By whom.
    pub actor: Actor,
    /// What it is about.
    pub about: About,
    /// Facts for a reader; never a secret.
    pub data: Map<String, Value>,
}

/// What an event is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The user.
    pub user: Option<UserId>,
    /// The invitation.
    pub invitation: Option<InvitationId>,
    /// The application.
    pub client: Option<ClientId>,
    /// The connection.
    pub connection: Option<ConnectionId>,
}

impl About {
    /// About a user.
    pub fn user(user: &UserId) -> Self {
        Self { user: Some(user.clone()), ..Self::default() }
    }

    /// About an invitation and its user.
    pub fn invitation(invitation: &crate::invitation::Invitation) -> Self {
        Self {
            user: Some(invitation.user.clone()),
            invitation: Some(invitation.id.clone()),
            client: invitation.terms.client.clone(),
            connection: None,
        }
    }

    /// And about this connection.
    #[must_use]
    pub fn with_connection(mut self, connection: &ConnectionId) -> Self {
        self.connection = Some(connection.clone());
        self
    }

    /// And about this application.
    #[must_use]
    pub fn with_client(mut self, client: Option<&ClientId>) -> Self {
        self.client = client.cloned().or(self.client);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_survive_storage() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(*kind));
        }
        for actor in
            [Actor::User(UserId::new("auth0|1")), Actor::Client(ClientId::new("c")), Actor::Guest, Actor::System]
        {
            assert_eq!(Actor::parse(&actor.to_word()), Some(actor));
        }
    }
}
