//! Pages of the console: invitations and people.
//!
//! Owns what each of them shows. Must not know how lists are read or who may see them.

use super::Page;
use super::parts::Pages;
use guestlist_domain::invitation::Status;
use guestlist_domain::mail::DeliveryStatus;
use guestlist_domain::time::Timestamp;
use serde::Serialize;

/// The list of invitations.
#[derive(Clone, Debug, Serialize)]
pub struct InvitationsPage {
    /// Which status is shown; all of them without.
    pub status: Option<Status>,
    /// The rows of this page.
    pub rows: Vec<InvitationRow>,
    /// The pages around it.
    pub pages: Pages,
}

impl Page for InvitationsPage {
    const TEMPLATE: &'static str = "console/invitations.html";
}

/// One invitation in the list.
#[derive(Clone, Debug, Serialize)]
pub struct InvitationRow {
    /// Its id.
    pub id: String,
    /// For whom.
    pub email: String,
    /// To which application.
    pub application: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// How its mail went.
    pub delivery: DeliveryStatus,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The form that invites.
#[derive(Clone, Debug, Default, Serialize)]
pub struct InvitePage {
    /// What was typed.
    pub form: InviteForm,
    /// Applications to choose from.
    pub applications: Vec<Choice>,
    /// Languages to choose from.
    pub languages: Vec<Choice>,
    /// Whether mail can be sent at all.
    pub mails: bool,
    /// Why the form came back.
    pub problem: Option<InviteProblem>,
}

impl Page for InvitePage {
    const TEMPLATE: &'static str = "console/invite.html";
}

/// What was typed into the form that invites.
#[derive(Clone, Debug, Default, Serialize)]
pub struct InviteForm {
    /// Address.
    pub email: String,
    /// Name.
    pub name: String,
    /// Application, by its id.
    pub application: String,
    /// A personal note.
    pub message: String,
    /// Language, by its tag.
    pub language: String,
}

/// One choice of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// What the form carries.
    pub value: String,
    /// What a person reads.
    pub label: String,
}

/// Why nobody was invited.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum InviteProblem {
    /// The text is no mail address.
    NotAnAddress,
    /// There is an invitation already.
    AlreadyPending {
        /// Its id.
        invitation: String,
    },
    /// There is a user already.
    AlreadyHere {
        /// The user's id.
        user: String,
    },
    /// Too many mails to this address lately.
    TooMany,
}

/// One invitation.
#[derive(Clone, Debug, Serialize)]
pub struct InvitationPage {
    /// Its id.
    pub id: String,
    /// Its user's id.
    pub user: String,
    /// For whom.
    pub email: String,
    /// The name of the guest.
    pub name: Option<String>,
    /// To which application.
    pub application: Option<String>,
    /// Who invites, as the guest reads it.
    pub inviter: Option<String>,
    /// The personal note.
    pub message: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// When it ends, or ended.
    pub expires_at: Option<Timestamp>,
    /// How its newest mail went.
    pub delivery: DeliveryFacts,
    /// What happened, the newest last.
    pub timeline: Vec<Moment>,
    /// A link, shown once.
    pub link: Option<String>,
    /// Whether mail can be sent at all.
    pub mails: bool,
    /// What was just done.
    pub done: Option<InvitationDone>,
}

impl Page for InvitationPage {
    const TEMPLATE: &'static str = "console/invitation.html";
}

/// How a mail went.
#[derive(Clone, Debug, Serialize)]
pub struct DeliveryFacts {
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Tries so far.
    pub attempts: i64,
    /// When the mail server took it.
    pub sent_at: Option<Timestamp>,
    /// What the mail server said against it.
    pub last_error: Option<String>,
}

/// One line of what happened.
#[derive(Clone, Debug, Serialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// The event's stable name.
    pub event: String,
    /// By whom.
    pub by: ByWhom,
}

/// Who did it, as a person reads it.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ByWhom {
    /// A user, by name or address.
    User {
        /// Name or address.
        name: String,
    },
    /// An application.
    Client {
        /// Its name.
        name: String,
    },
    /// Whoever holds a link.
    Guest,
    /// Whoever may run the binary.
    Operator,
    /// Guestlist itself.
    System,
}

/// What was just done to an invitation; shown once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InvitationDone {
    /// It was made, and a mail is on its way.
    Invited,
    /// It was made, and its link must be passed on.
    LinkMade,
    /// A new mail is on its way.
    Resent,
    /// It was taken back.
    Revoked,
}

impl InvitationDone {
    /// The word that carries it through a redirect.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::LinkMade => "link-made",
            Self::Resent => "resent",
            Self::Revoked => "revoked",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Invited, Self::LinkMade, Self::Resent, Self::Revoked].into_iter().find(|done| done.as_str() == word)
    }
}

/// Asks before an invitation is taken back.
#[derive(Clone, Debug, Serialize)]
pub struct RevokePage {
    /// Its id.
    pub id: String,
    /// For whom.
    pub email: String,
}

impl Page for RevokePage {
    const TEMPLATE: &'static str = "console/revoke.html";
}

/// The list of people.
#[derive(Clone, Debug, Serialize)]
pub struct PeoplePage {
    /// What was searched for.
    pub search: String,
    /// The rows of this page.
    pub rows: Vec<PersonRow>,
    /// The pages around it.
    pub pages: Pages,
}

impl Page for PeoplePage {
    const TEMPLATE: &'static str = "console/people.html";
}

/// Where a person stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonState {
    /// Invited, not yet in.
    Pending,
    /// May sign in.
    Active,
    /// May not.
    Blocked,
}

/// One person in the list.
#[derive(Clone, Debug, Serialize)]
pub struct PersonRow {
    /// The id.
    pub id: String,
    /// Full name.
    pub name: Option<String>,
    /// Address.
    pub email: String,
    /// Where the person stands.
    pub state: PersonState,
    /// Last sign-in.
    pub last_login_at: Option<Timestamp>,
}

/// One person.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each shown by itself")]
pub struct PersonPage {
    /// The id; the subject in every token.
    pub id: String,
    /// Full name.
    pub name: Option<String>,
    /// Address.
    pub email: String,
    /// Whether the address is verified.
    pub email_verified: bool,
    /// Where the person stands.
    pub state: PersonState,
    /// Whether the person may use the console.
    pub admin: bool,
    /// Whether this is whoever is looking.
    pub own: bool,
    /// Birth of the row.
    pub created_at: Timestamp,
    /// Last sign-in.
    pub last_login_at: Option<Timestamp>,
    /// Sign-ins so far.
    pub logins_count: i64,
    /// Whether a password is set.
    pub password: bool,
    /// Linked providers.
    pub ways: Vec<PersonWay>,
    /// The newest invitation's id.
    pub invitation: Option<String>,
    /// What happened lately, the newest first.
    pub timeline: Vec<Moment>,
    /// Why these ways in are one person, the newest first.
    pub ledger: Vec<LedgerRow>,
    /// Which addresses the owner changed, the newest first.
    pub moves: Vec<MoveRow>,
    /// Why something was not undone.
    pub problem: Option<String>,
}

/// A change of the address by its owner.
#[derive(Clone, Debug, Serialize)]
pub struct MoveRow {
    /// Its id, which the form's address carries.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// The address before.
    pub from: String,
    /// The address since.
    pub to: String,
    /// Whether it was undone, or an administrator decided on the address since.
    pub closed: bool,
    /// Until when it can be undone.
    pub undoable_until: Option<Timestamp>,
}

/// A line of the link ledger.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerRow {
    /// Its id, which the form's address carries.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// What happened: `linked`, `unlinked`, `merged`.
    pub kind: String,
    /// The name on the provider's button.
    pub provider: Option<String>,
    /// The address that the provider told, or that of the user who was merged.
    pub email: Option<String>,
    /// By which rule.
    pub rule: String,
    /// On which proofs.
    pub proofs: Vec<String>,
    /// Who did it.
    pub by: ByWhom,
    /// Whether it was undone.
    pub undone: bool,
    /// Until when it can be undone.
    pub undoable_until: Option<Timestamp>,
}

impl Page for PersonPage {
    const TEMPLATE: &'static str = "console/person.html";
}

/// A linked provider of a person.
#[derive(Clone, Debug, Serialize)]
pub struct PersonWay {
    /// The name on the provider's button.
    pub label: String,
    /// The address that the provider tells.
    pub email: Option<String>,
    /// When it was linked.
    pub linked_at: Timestamp,
    /// Which rule linked it.
    pub rule: String,
}
