//! The invitation: who is on the list, by which link, and how that ends.
//!
//! Owns every transition of an invitation's life. A transition consumes the invitation and gives the next one, or says
//! why it cannot. "Expired" is not stored; [`Invitation::standing`] computes it. Must not know mails, pages or tables.

use crate::connection::Connection;
use crate::email::Email;
use crate::event::Actor;
use crate::identity::ProvenIdentity;
use crate::ids::{ClientId, InvitationId, UserId};
use crate::session::Method;
use crate::ticket::Channel;
use crate::time::{Timestamp, days};
use crate::user::Metadata;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use thiserror::Error;

/// Life of an invitation that does not say.
pub const DEFAULT_LIFETIME: Duration = days(7);
/// Longest life that may be asked for.
pub const MAX_LIFETIME: Duration = days(30);

/// An invitation as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The user row that waits for it.
    pub user: UserId,
    /// The address it was made for.
    pub email: Email,
    /// What it says and grants.
    pub terms: Terms,
    /// Who put the person on the list.
    pub invited_by: Actor,
    /// Birth.
    pub created_at: Timestamp,
    /// How many links it ever had; the newest of its channel is the live one.
    pub generation: i64,
    /// How many mails were asked for.
    pub sends: i64,
    /// Counts changes, for compare-and-set.
    pub version: i64,
    /// Where it stands.
    pub state: State,
}

/// What an invitation says and grants; set by whoever invites, never by the guest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// The application it leads to.
    pub client: Option<ClientId>,
    /// Names of the connections it offers; `None` offers all that are enabled for its client.
    pub connections: Option<Vec<String>>,
    /// Whether a provider may come back with another address.
    pub email_match: EmailMatch,
    /// The inviter's name, as the guest reads it.
    pub inviter: Option<String>,
    /// A personal note, plain text.
    pub message: Option<String>,
    /// Language of the mail and the page (BCP 47).
    pub locale: Option<String>,
    /// Roles that acceptance grants, if whoever invited may still grant them then.
    pub roles: Vec<String>,
    /// Where to go after acceptance; checked when the invitation was made.
    pub result_url: Option<String>,
    /// Whether to tell `result_url` the address.
    pub include_email_in_redirect: bool,
    /// The caller's word that the address is the guest's (Auth0's ticket flag of that name).
    pub mark_email_as_verified: bool,
    /// Metadata that acceptance merges into the user.
    pub user_metadata: Metadata,
    /// Metadata that acceptance merges into the user.
    pub app_metadata: Metadata,
    /// Life in milliseconds, counted from each renewal.
    pub lifetime_ms: u64,
}

/// What to do when a provider's address is not the invited one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailMatch {
    /// Any address will do, after a deliberate press on a page that names both.
    #[default]
    Any,
    /// The provider must vouch for an address in the invited one's domain.
    SameDomain,
    /// The provider must vouch for the invited address.
    SameEmail,
}

/// Where an invitation stands. A CHECK in the schema says the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Waiting. The generations say which link of each channel is live.
    Pending {
        /// The live mailed link.
        mailed: Option<i64>,
        /// The live handed-out link.
        handed: Option<i64>,
        /// When both die.
        expires_at: Timestamp,
    },
    /// The guest came in. Final.
    Accepted {
        /// When.
        at: Timestamp,
        /// How the guest proved who they are.
        by: Method,
        /// What the link proved about the address.
        proof: Proof,
    },
    /// Taken back. Final.
    Revoked {
        /// When.
        at: Timestamp,
        /// By whom.
        by: Actor,
    },
    /// The guest said no. Final.
    Declined {
        /// When.
        at: Timestamp,
    },
}

/// What an acceptance says about the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// The secret had been mailed to it: proven.
    Mailbox,
    /// The secret had been handed to somebody: nothing is proven.
    Possession,
    /// As possession, and whoever made the link vouched for the address.
    Vouched,
    /// There was no link: a provider that is authoritative for the address vouched for it. Proven.
    Provider,
}

impl Proof {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mailbox => "mailbox",
            Self::Possession => "possession",
            Self::Vouched => "vouched",
            Self::Provider => "provider",
        }
    }

    /// Whether the invited address is proven by it (R1), together with the address for which the provider of the way in
    /// vouches, if there is one.
    pub fn proves(self, invited: &Email, vouched: Option<&Email>) -> bool {
        match self {
            Self::Mailbox | Self::Provider => true,
            Self::Possession | Self::Vouched => vouched == Some(invited),
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Mailbox, Self::Possession, Self::Vouched, Self::Provider]
            .into_iter()
            .find(|proof| proof.as_str() == word)
    }
}

/// One link of an invitation. Its secret is known only by the digest under which it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose it is.
    pub invitation: InvitationId,
    /// How it travelled.
    pub channel: Channel,
    /// Its number among the invitation's links.
    pub generation: i64,
}

/// What opened an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A link that is the newest of its channel.
    Link(Link),
    /// The word of a provider that is authoritative for the invited address.
    ProvenAddress,
}

/// Evidence that an invitation is pending and in time, and that whoever is here may come in by it: a link was found and is
/// the newest of its channel, or an authoritative provider vouched for the invited address. Comes from
/// [`Invitation::standing`] and [`Invitation::open_to`] alone; [`Invitation::accept`] cannot be called without it.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenInvitation {
    invitation: Invitation,
    key: Key,
}

impl OpenInvitation {
    /// The invitation that is open.
    pub const fn invitation(&self) -> &Invitation {
        &self.invitation
    }

    /// What it was opened by.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// What acceptance by this key will prove about the address.
    pub const fn proof(&self) -> Proof {
        match (&self.key, self.invitation.terms.mark_email_as_verified) {
            (Key::ProvenAddress, _) => Proof::Provider,
            (Key::Link(Link { channel: Channel::Mailed, .. }), _) => Proof::Mailbox,
            (Key::Link(Link { channel: Channel::Handed, .. }), true) => Proof::Vouched,
            (Key::Link(Link { channel: Channel::Handed, .. }), false) => Proof::Possession,
        }
    }
}

/// What a link is good for right now; each has its page.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// The guest may come in.
    Open(Box<OpenInvitation>),
    /// Its time is over; one press mails a new link to the invited address.
    Expired,
    /// There is a newer link; one press mails the newest again.
    Replaced,
    /// The guest came in already.
    Accepted {
        /// When.
        at: Timestamp,
    },
    /// It was taken back.
    Revoked {
        /// When.
        at: Timestamp,
    },
    /// The guest said no.
    Declined {
        /// When.
        at: Timestamp,
    },
}

/// The status that outsiders see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waiting for the guest.
    Pending,
    /// Waiting no more: its time is over. Can be renewed.
    Expired,
    /// The guest came in.
    Accepted,
    /// It was taken back.
    Revoked,
    /// The guest said no.
    Declined,
}

impl Status {
    /// The word of the API and of the pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Expired => "expired",
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
            Self::Declined => "declined",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Expired, Self::Accepted, Self::Revoked, Self::Declined]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// A transition that does not exist: the invitation has ended, and how.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Ended {
    /// The guest came in.
    #[error("the invitation was accepted")]
    Accepted {
        /// When.
        at: Timestamp,
    },
    /// It was taken back.
    #[error("the invitation was revoked")]
    Revoked {
        /// When.
        at: Timestamp,
    },
    /// The guest said no.
    #[error("the invitation was declined")]
    Declined {
        /// When.
        at: Timestamp,
    },
}

/// Keeps a wished lifetime within its limits; zero or nothing means the default.
pub fn lifetime(wished: Option<Duration>, default: Duration) -> Duration {
    match wished {
        None | Some(Duration::ZERO) => default,
        Some(wished) => wished.min(MAX_LIFETIME),
    }
}

impl Invitation {
    /// A new invitation, still without a link.
    pub fn new(id: InvitationId, user: UserId, email: Email, terms: Terms, by: Actor, now: Timestamp) -> Self {
        let expires_at = now.plus(Duration::from_millis(terms.lifetime_ms));
        let state = State::Pending { mailed: None, handed: None, expires_at };
        Self { id, user, email, terms, invited_by: by, created_at: now, generation: 0, sends: 0, version: 0, state }
    }

    /// What `link` is good for at `now`. A link of another invitation is as good as a replaced one.
    pub fn standing(&self, link: &Link, now: Timestamp) -> Standing {
        let (mailed, handed, expires_at) = match &self.state {
            State::Pending { mailed, handed, expires_at } => (*mailed, *handed, *expires_at),
            State::Accepted { at, .. } => return Standing::Accepted { at: *at },
            State::Revoked { at, .. } => return Standing::Revoked { at: *at },
            State::Declined { at } => return Standing::Declined { at: *at },
        };
        let newest = match link.channel {
            Channel::Mailed => mailed,
            Channel::Handed => handed,
        };
        if link.invitation != self.id || newest != Some(link.generation) {
            return Standing::Replaced;
        }
        if now >= expires_at {
            return Standing::Expired;
        }
        Standing::Open(Box::new(OpenInvitation { invitation: self.clone(), key: Key::Link(link.clone()) }))
    }

    /// Opens it without a link, to somebody for whose address a provider vouches that is authoritative for it: the
    /// invited person came to the door before the mail was read. Only over a connection that the invitation offers.
    pub fn open_to(&self, who: &ProvenIdentity, connection: &Connection, now: Timestamp) -> Option<OpenInvitation> {
        let offered = self.terms.connections.as_ref().is_none_or(|names| names.contains(&connection.name))
            && connection.is_enabled_for(self.terms.client.as_ref());
        let is_theirs = who.vouched_address(connection) == Some(&self.email);
        (offered && is_theirs && self.status(now) == Status::Pending)
            .then(|| OpenInvitation { invitation: self.clone(), key: Key::ProvenAddress })
    }

    /// The status that outsiders see at `now`.
    pub fn status(&self, now: Timestamp) -> Status {
        match &self.state {
            State::Pending { expires_at, .. } if now >= *expires_at => Status::Expired,
            State::Pending { .. } => Status::Pending,
            State::Accepted { .. } => Status::Accepted,
            State::Revoked { .. } => Status::Revoked,
            State::Declined { .. } => Status::Declined,
        }
    }

    /// When a pending invitation ends, or ended.
    pub const fn expires_at(&self) -> Option<Timestamp> {
        match &self.state {
            State::Pending { expires_at, .. } => Some(*expires_at),
            State::Accepted { .. } | State::Revoked { .. } | State::Declined { .. } => None,
        }
    }

    /// A new link and a new life; every older link of either channel dies (R5).
    pub fn renew(mut self, channel: Channel, now: Timestamp) -> Result<(Self, Link), Ended> {
        self.still_pending()?;
        self.generation += 1;
        let (mailed, handed) = match channel {
            Channel::Mailed => (Some(self.generation), None),
            Channel::Handed => (None, Some(self.generation)),
        };
        self.sends += i64::from(channel == Channel::Mailed);
        let expires_at = now.plus(Duration::from_millis(self.terms.lifetime_ms));
        self.state = State::Pending { mailed, handed, expires_at };
        Ok(self.with_newest_link(channel))
    }

    /// A link to copy, beside the mailed one, which stays good; an older copied link dies. Within the life that is
    /// left, or with a new one if it was over.
    pub fn hand_out(mut self, now: Timestamp) -> Result<(Self, Link), Ended> {
        let (mailed, expires_at) = self.still_pending()?;
        if now >= expires_at {
            return self.renew(Channel::Handed, now);
        }
        self.generation += 1;
        self.state = State::Pending { mailed, handed: Some(self.generation), expires_at };
        Ok(self.with_newest_link(Channel::Handed))
    }

    /// Another address; every link dies, because they were made for the old one.
    pub fn change_address(mut self, email: Email) -> Result<Self, Ended> {
        let (_, expires_at) = self.still_pending()?;
        self.email = email;
        self.state = State::Pending { mailed: None, handed: None, expires_at };
        Ok(self)
    }

    /// Another lifetime, counted from `now`; links stay good.
    pub fn change_lifetime(mut self, span: Duration, now: Timestamp) -> Result<Self, Ended> {
        self.still_pending()?;
        self.terms.lifetime_ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        if let State::Pending { expires_at, .. } = &mut self.state {
            *expires_at = now.plus(span);
        }
        Ok(self)
    }

    /// Takes it back. An invitation that was accepted cannot be: the user is real by then.
    pub fn revoke(mut self, by: Actor, now: Timestamp) -> Result<Self, Ended> {
        self.still_pending()?;
        self.state = State::Revoked { at: now, by };
        Ok(self)
    }

    /// The guest says no.
    pub fn decline(open: OpenInvitation, now: Timestamp) -> Self {
        Self { state: State::Declined { at: now }, ..open.invitation }
    }

    /// The guest comes in. Cannot fail: the evidence was checked when it was made, and the store checks it once more
    /// as it writes.
    pub fn accept(open: OpenInvitation, by: Method, now: Timestamp) -> Self {
        let proof = open.proof();
        Self { state: State::Accepted { at: now, by, proof }, ..open.invitation }
    }

    /// The guest comes in as somebody who is here already: the invitation is that user's from now on.
    pub fn bring_to(open: OpenInvitation, user: UserId, by: Method, now: Timestamp) -> Self {
        Self { user, ..Self::accept(open, by, now) }
    }

    const fn still_pending(&self) -> Result<(Option<i64>, Timestamp), Ended> {
        match &self.state {
            State::Pending { mailed, expires_at, .. } => Ok((*mailed, *expires_at)),
            State::Accepted { at, .. } => Err(Ended::Accepted { at: *at }),
            State::Revoked { at, .. } => Err(Ended::Revoked { at: *at }),
            State::Declined { at } => Err(Ended::Declined { at: *at }),
        }
    }

    fn with_newest_link(self, channel: Channel) -> (Self, Link) {
        let link = Link { invitation: self.id.clone(), channel, generation: self.generation };
        (self, link)
    }
}
