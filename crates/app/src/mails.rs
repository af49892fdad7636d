//! Every mail we send: its facts, and their rendering in the reader's language.
//!
//! Owns one struct per mail, the templates below `templates/mails/` and their strict environment. Must not know the
//! outbox, when a mail is sent or by whom: facts go in, a subject and two texts come out.

mod words;

#[cfg(test)]
mod tests;

use crate::i18n::Language;
use guestlist_domain::email::Email;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::time::Timestamp;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, UndefinedBehavior, Value, context};
use rust_embed::RustEmbed;
use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::LazyLock;
use thiserror::Error;

#[derive(RustEmbed)]
#[folder = "templates/mails"]
struct Templates;

/// What all mails have in common.
#[derive(Clone, Debug)]
pub struct Letterhead<'a> {
    /// The reader's language.
    pub language: Language,
    /// The address that the mail goes to, named in it.
    pub recipient: &'a Email,
    /// Our name on the web: the public host.
    pub site: &'a str,
}

/// A mail and its facts. [`guestlist_domain::mail::Occasion`] says the same in ids; whoever sends looks the facts up.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Mail {
    /// You are invited.
    Invitation(Invitation),
    /// A link to set a new password.
    Reset(Reset),
    /// A code that proves the mailbox.
    AddressCode(AddressCode),
    /// A code that moves an account to this mailbox.
    MoveCode(AddressCode),
    /// Somebody wanted to move an account to this mailbox, which has one already.
    AddressTaken(AddressTaken),
    /// The account has another address now.
    AddressChanged(AddressChanged),
    /// The account is back at this address.
    AddressRestored(AddressRestored),
    /// A new password was asked for, but the account has none.
    NoPassword(NoPassword),
    /// You are in.
    Welcome(Welcome),
    /// Your password was changed.
    PasswordChanged(PasswordChanged),
    /// A way in was added.
    WayInAdded(WayIn),
    /// A way in was removed.
    WayInRemoved(WayIn),
    /// An invitation was accepted with an account that was there already.
    InvitationBrought(InvitationBrought),
    /// Two accounts became one.
    AccountsMerged(AccountsMerged),
    /// A test, from the operator.
    Test(Test),
}

/// Who invites whom to what, until when.
#[derive(Clone, Debug, Serialize)]
pub struct Invitation {
    /// The guest's name, if it was told.
    pub guest: Option<String>,
    /// The inviter's name, if it was told.
    pub inviter: Option<String>,
    /// The application's name; without one, the invitation is to the site.
    pub application: Option<String>,
    /// The inviter's note, plain text.
    pub message: Option<String>,
    /// The link with its secret.
    #[serde(serialize_with = "exposed")]
    pub link: Sensitive,
    /// When the link dies.
    pub expires_at: Timestamp,
}

/// A link to set a new password.
#[derive(Clone, Debug, Serialize)]
pub struct Reset {
    /// The link with its secret.
    #[serde(serialize_with = "exposed")]
    pub link: Sensitive,
    /// When the link dies.
    pub expires_at: Timestamp,
}

/// A code that proves the mailbox.
#[derive(Clone, Debug, Serialize)]
pub struct AddressCode {
    /// The code, in two groups.
    #[serde(serialize_with = "exposed")]
    pub code: Sensitive,
    /// Where to type it in.
    pub account_url: String,
    /// When the code dies.
    pub expires_at: Timestamp,
}

/// This mailbox has an account already, or an invitation.
#[derive(Clone, Debug, Serialize)]
pub struct AddressTaken {
    /// Where to log in.
    pub login_url: String,
}

/// The account has another address now; to the one before.
#[derive(Clone, Debug, Serialize)]
pub struct AddressChanged {
    /// The address since, mostly hidden: the mailbox before need not be its owner's any more.
    pub to: String,
    /// When.
    pub at: Timestamp,
    /// Where to undo it, with its secret, while that can be done.
    pub undo: Option<UndoLink>,
    /// Whom to ask, if the operator says so.
    pub support: Option<String>,
}

/// The account is back at this address.
#[derive(Clone, Debug, Serialize)]
pub struct AddressRestored {
    /// When.
    pub at: Timestamp,
    /// Where to ask for a new password.
    pub forgot_url: String,
    /// Whom to ask, if the operator says so.
    pub support: Option<String>,
}

/// How an account without a password is opened.
#[derive(Clone, Debug, Serialize)]
pub struct NoPassword {
    /// The names on the providers' buttons.
    pub providers: Vec<String>,
    /// Where to log in.
    pub login_url: String,
}

/// An invitation was accepted.
#[derive(Clone, Debug, Serialize)]
pub struct Welcome {
    /// The application's name; without one, it was the site.
    pub application: Option<String>,
    /// The account page.
    pub account_url: String,
    /// Whom to ask, if the operator says so.
    pub support: Option<String>,
}

/// A password was set or changed.
#[derive(Clone, Debug, Serialize)]
pub struct PasswordChanged {
    /// When.
    pub at: Timestamp,
    /// Where to ask for a new one.
    pub forgot_url: String,
    /// Whom to ask, if the operator says so.
    pub support: Option<String>,
}

/// A provider was linked or unlinked.
#[derive(Clone, Debug, Serialize)]
pub struct WayIn {
    /// The name on its button.
    pub provider: String,
    /// When.
    pub at: Timestamp,
    /// The account page.
    pub account_url: String,
    /// Where to undo it, with its secret, while that can be done.
    pub undo: Option<UndoLink>,
    /// Whom to ask, if the operator says so.
    pub support: Option<String>,
}

/// A link that undoes what the mail tells.
#[derive(Clone, Debug, Serialize)]
pub struct UndoLink {
    /// The link with its secret.
    #[serde(serialize_with = "exposed")]
    pub link: Sensitive,
    /// When the link dies.
    pub until: Timestamp,
}

/// An invitation was accepted with an account that was there already.
#[derive(Clone, Debug, Serialize)]
pub struct InvitationBrought {
    /// The invited address.
    pub invited: String,
    /// The account's address, if the reader may know it: whoever reads the invited mailbox sees its domain alone.
    pub account: String,
    /// When.
    pub at: Timestamp,
    /// Whom to ask, if the operator says so.
    pub support: Option<String>,
}

/// Two accounts became one. Of the two addresses, the reader's own is told in full.
#[derive(Clone, Debug, Serialize)]
pub struct AccountsMerged {
    /// The address of the account that stays.
    pub kept: String,
    /// The address of the one that is a part of it now.
    pub merged: String,
    /// When.
    pub at: Timestamp,
    /// Whom to ask, if the operator says so.
    pub support: Option<String>,
}

/// A test of the road.
#[derive(Clone, Debug, Serialize)]
pub struct Test {
    /// When it was asked for.
    pub at: Timestamp,
}

/// A mail in words. Prints its subject alone: the texts may hold a link that opens an account.
#[derive(Clone, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({:?}…)", self.subject)
    }
}

/// A mail could not be put into words: a template or a text is wrong. A mistake of ours that a test finds.
#[derive(Debug, Error)]
#[error("the mail {mail} could not be rendered: {reason}")]
pub struct RenderError {
    mail: &'static str,
    reason: String,
}

impl Mail {
    /// The stored word of its occasion; also the folder of its templates.
    pub const fn folder(&self) -> &'static str {
        match self {
            Self::Invitation(_) => "invitation",
            Self::Reset(_) => "reset",
            Self::AddressCode(_) => "address_code",
            Self::MoveCode(_) => "move_code",
            Self::AddressTaken(_) => "address_taken",
            Self::AddressChanged(_) => "address_changed",
            Self::AddressRestored(_) => "address_restored",
            Self::NoPassword(_) => "no_password",
            Self::Welcome(_) => "welcome",
            Self::PasswordChanged(_) => "password_changed",
            Self::WayInAdded(_) => "way_in_added",
            Self::WayInRemoved(_) => "way_in_removed",
            Self::InvitationBrought(_) => "invitation_brought",
            Self::AccountsMerged(_) => "accounts_merged",
            Self::Test(_) => "test",
        }
    }

    /// Puts the facts into words.
    pub fn render(&self, head: &Letterhead<'_>) -> Result<Words, RenderError> {
        // The template's name and place are enough to find a mistake; the values it was given stay out of the log.
        let failed = |error: Error| RenderError { mail: self.folder(), reason: words::describe(&error) };
        let context = self.context(head);
        let part = |name: &str| {
            let template = ENVIRONMENT.get_template(&format!("{}/{name}", self.folder())).map_err(failed)?;
            template.render(&context).map_err(failed)
        };
        Ok(Words {
            subject: words::one_line(&part("subject.txt")?),
            text: words::tidy(&part("body.txt")?),
            html: part("body.html")?,
        })
    }

    fn context(&self, head: &Letterhead<'_>) -> Value {
        let language = head.language;
        let surroundings = context! {
            language => language.tag(),
            address => head.recipient.as_str(),
            site => head.site,
            place => self.application().unwrap_or(head.site),
            t => Value::from_function(move |key: &str, args: minijinja::value::Kwargs| words::text(language, key, &args)),
            moment => Value::from_function(move |at: i64| words::moment(language, at)),
        };
        context! { ..Value::from(Serde(self)), ..surroundings }
    }

    fn application(&self) -> Option<&str> {
        match self {
            Self::Invitation(Invitation { application, .. }) | Self::Welcome(Welcome { application, .. }) => {
                application.as_deref()
            }
            _ => None,
        }
    }
}

/// The one way of a secret out of its type: into the mail that it belongs in.
fn exposed<S: Serializer>(link: &Sensitive, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(link.expose())
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    environment.add_filter("one_line", words::one_line);
    environment.add_filter("quoted", words::quoted);
    environment.add_filter("web_address", words::web_address);
    for path in Templates::iter() {
        let Some(file) = Templates::get(&path) else { continue };
        let source = String::from_utf8_lossy(&file.data).into_owned();
        if let Err(error) = environment.add_template_owned(path.clone(), source) {
            // Cannot happen with templates that the tests rendered; the mail that misses it is not sent.
            tracing::error!(template.path = %path, %error, "a template cannot be read");
        }
    }
    environment
});
