//! Pages around signing in and out.
//!
//! Owns what each of them shows. Must not know whether a password is right; it is told.

use super::Page;
use super::parts::{Problem, Provider};
use serde::Serialize;

/// Sign in.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LoginPage {
    /// For which application.
    pub application: Option<String>,
    /// The address as it was typed, or as the application hinted.
    pub email: String,
    /// Whether passwords are a way in here.
    pub password: bool,
    /// Providers to continue with.
    pub providers: Vec<Provider>,
    /// Why the form came back.
    pub problem: Option<Problem>,
    /// Whether the application hoped for a registration form, which does not exist here.
    pub wanted_signup: bool,
    /// The sealed request to go on with afterwards.
    pub resume: Option<String>,
    /// Where to go on, if not to the account: `console`, `invitation`.
    pub to: Option<&'static str>,
}

impl Page for LoginPage {
    const TEMPLATE: &'static str = "pages/login.html";
}

/// A provider's identity may belong to an account here: sign in once by a way that account has.
#[derive(Clone, Debug, Serialize)]
pub struct AskProofPage {
    /// The name on the provider's button.
    pub provider: String,
    /// The address of the account, which the provider told too.
    pub email: String,
    /// Whether the account has a password.
    pub password: bool,
    /// Other providers that the account has.
    pub providers: Vec<Provider>,
    /// Why the form came back.
    pub problem: Option<Problem>,
}

impl Page for AskProofPage {
    const TEMPLATE: &'static str = "pages/ask_proof.html";
}

/// Sign in once more before something important changes.
#[derive(Clone, Debug, Serialize)]
pub struct FreshSignInPage {
    /// Who is signed in.
    pub email: String,
    /// Whether the account has a password.
    pub password: bool,
    /// Providers that the account has.
    pub providers: Vec<Provider>,
    /// Why the form came back.
    pub problem: Option<Problem>,
}

impl Page for FreshSignInPage {
    const TEMPLATE: &'static str = "pages/fresh_sign_in.html";
}

/// Why somebody who proved who they are may still not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalReason {
    /// Nobody invited them.
    NotInvited,
    /// The identity belongs to somebody else here.
    LinkedElsewhere,
    /// This way in is not open here.
    ConnectionNotAllowed,
    /// The invitation wants a provider that vouches for the address.
    EmailNotVerified,
    /// The invitation wants another address.
    OtherEmail,
    /// The account is blocked.
    UserBlocked,
}

/// No, and why, and the way back.
#[derive(Clone, Debug, Serialize)]
pub struct RefusalPage {
    /// Why.
    pub reason: RefusalReason,
    /// The name on the provider's button, if one was asked.
    pub provider: Option<String>,
    /// The address it told.
    pub came: Option<String>,
    /// The address the invitation is for.
    pub invited: Option<String>,
    /// The way back.
    pub back: Back,
}

impl Page for RefusalPage {
    const TEMPLATE: &'static str = "pages/refusal.html";
}

/// The way back from a page that cannot go on.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "to", rename_all = "kebab-case")]
pub enum Back {
    /// To the application, with an error it understands.
    Application {
        /// Its name.
        name: String,
        /// The address.
        url: String,
    },
    /// To the invitation, whose other ways in are still open.
    Invitation,
    /// To the ways in of the account.
    Account,
    /// To the sign-in page.
    Login,
    /// To the sign-in page, with the request of an application that still waits.
    LoginFor {
        /// Its path.
        path: String,
    },
}

/// Asks before signing out, because no proof came with the wish.
#[derive(Clone, Debug, Serialize)]
pub struct LogoutPage {
    /// Who is signed in.
    pub email: String,
    /// Where to go afterwards, sealed.
    pub resume: Option<String>,
}

impl Page for LogoutPage {
    const TEMPLATE: &'static str = "pages/logout.html";
}

/// Signed out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LoggedOutPage {}

impl Page for LoggedOutPage {
    const TEMPLATE: &'static str = "pages/logged_out.html";
}
