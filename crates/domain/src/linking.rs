//! The product's most delicate rule: somebody came back from a provider; what may happen now?
//!
//! Owns [`decide`], one pure table over purpose, identity and facts, and [`bring`], its smaller sister for somebody who is
//! signed in already. No rule about linking or acceptance by a provider stands anywhere else. Must not know how the
//! facts were read or how the decision is carried out.

use crate::connection::{Connection, MergeRule};
use crate::email::Email;
use crate::identity::ProvenIdentity;
use crate::ids::UserId;
use crate::invitation::{EmailMatch, Invitation, OpenInvitation};
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
        /// Whether the owner pressed "make them one" on the page that shows both accounts.
        confirmed: bool,
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
    /// Whether that very user had this identity before, and it was taken off: by the owner, an undo, a recovery, or
    /// whoever may change users.
    pub taken_off: bool,
    /// The open invitation of the address that the provider vouches for, with what its user may do.
    pub invited: Option<(&'a OpenInvitation, Standing)>,
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
    /// Accept the invitation for this user, who is here already; whoever waited for it on the list is no more.
    BringTo(UserId),
    /// Show both addresses, and go on only after a deliberate press.
    Confirm(OtherAddress),
    /// Show the invited address and the account that this identity already opens, and go on only after a deliberate press.
    ConfirmAccount(UserId),
    /// Ask for one sign-in with a method this user already has, then link.
    AskProof(UserId),
    /// The identity opens this other account. Whoever is here just proved both: show them side by side, and make them one
    /// only after a deliberate press.
    OfferMerge(UserId),
    /// That deliberate press was made: this other user becomes a part of the one who is signed in.
    Merge(UserId),
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
        Purpose::Accept { open, confirmed, .. } => match policy(open, who, facts) {
            Some(refusal) => Decision::Refuse(refusal),
            None => accept(open, *confirmed, who, facts),
        },
        Purpose::SignIn => sign_in(facts),
        Purpose::Link { user, standing, confirmed } => link(user, *standing, *confirmed, facts),
    }
}

/// What the invitation asks of the provider's address.
fn policy(open: &OpenInvitation, who: &ProvenIdentity, facts: &Facts<'_>) -> Option<Refusal> {
    let invitation = open.invitation();
    let came = who.claims().email.as_ref();
    let is_right = match invitation.terms.email_match {
        EmailMatch::Any => return None,
        EmailMatch::SameDomain => came.is_some_and(|came| came.domain() == invitation.email.domain()),
        EmailMatch::SameEmail => came == Some(&invitation.email),
    };
    match (is_right, who.says_verified(facts.connection)) {
        (false, _) => Some(Refusal::OtherEmail(other(invitation, came))),
        (true, false) => Some(Refusal::EmailNotVerified),
        (true, true) => None,
    }
}

fn other(invitation: &Invitation, came: Option<&Email>) -> OtherAddress {
    OtherAddress { invited: invitation.email.clone(), came: came.cloned() }
}

fn accept(open: &OpenInvitation, confirmed: bool, who: &ProvenIdentity, facts: &Facts<'_>) -> Decision {
    let invitation = open.invitation();
    let came = who.claims().email.as_ref();
    match &facts.owner {
        // The link and the identity are both proven in this browser: whoever holds both may bring one to the other.
        Some(Owner { user, standing: Standing::Active }) if *user != invitation.user && confirmed => {
            Decision::BringTo(user.clone())
        }
        Some(Owner { user, standing: Standing::Active }) if *user != invitation.user => {
            Decision::ConfirmAccount(user.clone())
        }
        Some(Owner { user, standing: Standing::Blocked }) if *user != invitation.user => {
            Decision::Refuse(Refusal::UserBlocked)
        }
        Some(Owner { user, standing: Standing::Pending }) if *user != invitation.user => {
            Decision::Refuse(Refusal::LinkedElsewhere)
        }
        _ if came == Some(&invitation.email) || confirmed => Decision::Activate(invitation.user.clone()),
        _ => Decision::Confirm(other(invitation, came)),
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
        // What was taken off this account on purpose does not come back by itself.
        (Some(Owner { user, standing: Standing::Active }), MergeRule::Auto) if !facts.taken_off => {
            return Decision::Link(user.clone());
        }
        (Some(Owner { user, standing: Standing::Active }), MergeRule::Auto | MergeRule::Confirm) => {
            return Decision::AskProof(user.clone());
        }
        _ => {}
    }
    match &facts.invited {
        Some((_, Standing::Blocked)) => Decision::Refuse(Refusal::UserBlocked),
        // The invited address, from who is authoritative for it: the mail could prove no more.
        Some((open, Standing::Pending | Standing::Active)) => Decision::Activate(open.invitation().user.clone()),
        None => Decision::Refuse(Refusal::NotInvited),
    }
}

/// A signed-in account, as far as the decision needs one.
#[derive(Clone, Debug)]
pub struct Account<'a> {
    /// Who.
    pub user: &'a UserId,
    /// What that user may do.
    pub standing: Standing,
    /// The address, if it is proven.
    pub proven: Option<&'a Email>,
}

/// Somebody holds an open link and is signed in, freshly, as somebody else than the invited user: may the invitation be
/// brought to that account? [`Decision::BringTo`], or why not.
pub fn bring(open: &OpenInvitation, account: &Account<'_>) -> Decision {
    let invitation = open.invitation();
    let has_right_address = match invitation.terms.email_match {
        EmailMatch::Any => true,
        EmailMatch::SameDomain => account.proven.is_some_and(|proven| proven.domain() == invitation.email.domain()),
        EmailMatch::SameEmail => account.proven == Some(&invitation.email),
    };
    match account.standing {
        Standing::Blocked => Decision::Refuse(Refusal::UserBlocked),
        Standing::Pending => Decision::Refuse(Refusal::NotInvited),
        Standing::Active if !has_right_address => {
            Decision::Refuse(Refusal::OtherEmail(other(invitation, account.proven)))
        }
        Standing::Active => Decision::BringTo(account.user.clone()),
    }
}

fn link(user: &UserId, standing: Standing, confirmed: bool, facts: &Facts<'_>) -> Decision {
    match (standing, &facts.owner) {
        (Standing::Blocked, _) => Decision::Refuse(Refusal::UserBlocked),
        (Standing::Pending, _) => Decision::Refuse(Refusal::NotInvited),
        (Standing::Active, Some(owner)) if owner.user != *user => match owner.standing {
            Standing::Active if confirmed => Decision::Merge(owner.user.clone()),
            Standing::Active => Decision::OfferMerge(owner.user.clone()),
            Standing::Pending | Standing::Blocked => Decision::Refuse(Refusal::LinkedElsewhere),
        },
        (Standing::Active, _) => Decision::Link(user.clone()),
    }
}
