//! The product's most delicate rule: somebody came back from a provider; what may happen now?
//!
//! Owns [`decide`], one pure table over purpose, identity and facts. No rule about linking or acceptance by a provider
//! stands anywhere else. Must not know how the facts were read or how the decision is carried out.

use crate::connection::{Connection, MergeRule};
use crate::email::Email;
use crate::identity::ProvenIdentity;
use crate::ids::UserId;
use crate::invitation::{EmailMatch, OpenInvitation};
use crate::user::Standing;

/// Why the browser went to the provider.
#[derive(Clone, Debug)]
pub enum Purpose<'a> {
    /// To accept an invitation.
    Accept {
        /// The evidence that it is open.
        open: &'a OpenInvitation,
        /// Whether the invited user was blocked meanwhile.
        standing: Standing,
        /// Whether the guest pressed "continue" on the page that names both addresses.
        confirmed: bool,
    },
    /// To sign in.
    SignIn,
    /// To connect another way in to the signed-in user, after a fresh sign-in.
    Link {
        /// Who is signed in.
        user: &'a UserId,
        /// What that user may do.
        standing: Standing,
    },
}

/// What the database knows, read in the transaction that carries out the decision.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The connection over which the answer came.
    pub connection: &'a Connection,
    /// Whether that connection may be used here: enabled, for the client at hand, offered by the invitation.
    pub allowed: bool,
    /// To whom (issuer, subject) belongs.
    pub owner: Option<Owner>,
    /// The user whose proven address equals the one that the provider vouches for.
    pub same_address: Option<Owner>,
}

/// A user, as far as the decision needs one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Who.
    pub user: UserId,
    /// What that user may do.
    pub standing: Standing,
}

/// What may happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Accept the invitation: this identity becomes the user's one way in.
    Activate(UserId),
    /// Sign this user in.
    SignIn(UserId),
    /// Add the identity to this user.
    Link(UserId),
    /// Show both addresses, and go on only after a deliberate press.
    Confirm(OtherAddress),
    /// Ask for one sign-in with a method this user already has, then link.
    AskProof(UserId),
    /// No.
    Refuse(Refusal),
}

/// Two addresses that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherAddress {
    /// The invited one.
    pub invited: Email,
    /// The provider's, if it told one.
    pub came: Option<Email>,
}

/// Why not. Each has its page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody here has this identity, and nobody invited it.
    NotInvited,
    /// The invitation wants a provider that vouches for the address.
    EmailNotVerified,
    /// The invitation wants another address.
    OtherEmail(OtherAddress),
    /// The identity belongs to somebody else.
    LinkedElsewhere,
    /// This way in is not open here.
    ConnectionNotAllowed,
    /// The user is blocked.
    UserBlocked,
}

/// Decides. Total: every situation has exactly one answer.
pub fn decide(purpose: &Purpose<'_>, who: &ProvenIdentity, facts: &Facts<'_>) -> Decision {
    if !facts.allowed {
        return Decision::Refuse(Refusal::ConnectionNotAllowed);
    }
    match purpose {
        Purpose::Accept { standing: Standing::Blocked, .. } => Decision::Refuse(Refusal::UserBlocked),
        Purpose::Accept { open, confirmed, .. } => accept(open, *confirmed, who, facts),
        Purpose::SignIn => sign_in(facts),
        Purpose::Link { user, standing } => link(user, *standing, facts),
    }
}

fn accept(open: &OpenInvitation, confirmed: bool, who: &ProvenIdentity, facts: &Facts<'_>) -> Decision {
    let invitation = open.invitation();
    if facts.owner.as_ref().is_some_and(|owner| owner.user != invitation.user) {
        return Decision::Refuse(Refusal::LinkedElsewhere);
    }
    let came = who.claims().email.as_ref();
    let other = || OtherAddress { invited: invitation.email.clone(), came: came.cloned() };
    let satisfies = |same: bool| match (same, who.claims().email_verified) {
        (false, _) => Some(Refusal::OtherEmail(other())),
        (true, false) => Some(Refusal::EmailNotVerified),
        (true, true) => None,
    };
    let refusal = match invitation.terms.email_match {
        EmailMatch::Any => None,
        EmailMatch::SameDomain => satisfies(came.is_some_and(|came| came.domain() == invitation.email.domain())),
        EmailMatch::SameEmail => satisfies(came == Some(&invitation.email)),
    };
    match refusal {
        Some(refusal) => Decision::Refuse(refusal),
        None if came == Some(&invitation.email) || confirmed => Decision::Activate(invitation.user.clone()),
        None => Decision::Confirm(other()),
    }
}

fn sign_in(facts: &Facts<'_>) -> Decision {
    if let Some(owner) = &facts.owner {
        return match owner.standing {
            Standing::Active => Decision::SignIn(owner.user.clone()),
            Standing::Blocked => Decision::Refuse(Refusal::UserBlocked),
            // A pending user owns nothing (R2); if a row says otherwise, it still opens no door.
            Standing::Pending => Decision::Refuse(Refusal::NotInvited),
        };
    }
    match (&facts.same_address, facts.connection.merge_rule) {
        (Some(Owner { user, standing: Standing::Active }), MergeRule::Auto) => Decision::Link(user.clone()),
        (Some(Owner { user, standing: Standing::Active }), MergeRule::Confirm) => Decision::AskProof(user.clone()),
        _ => Decision::Refuse(Refusal::NotInvited),
    }
}

fn link(user: &UserId, standing: Standing, facts: &Facts<'_>) -> Decision {
    match (standing, &facts.owner) {
        (Standing::Blocked, _) => Decision::Refuse(Refusal::UserBlocked),
        (Standing::Pending, _) => Decision::Refuse(Refusal::NotInvited),
        (Standing::Active, Some(owner)) if owner.user != *user => Decision::Refuse(Refusal::LinkedElsewhere),
        (Standing::Active, _) => Decision::Link(user.clone()),
    }
}
