//! Pages of the console about connections.
//!
//! Owns what each of them shows. A secret is never among it: whether one is kept, is. Must not know what an option means.

use super::Page;
use guestlist_domain::connection::{MergeRule, Strategy};
use serde::Serialize;

/// The list of connections.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionsPage {
    /// The password database, then the oldest first.
    pub rows: Vec<ConnectionRow>,
    /// The kinds of which one can be made.
    pub kinds: Vec<Kind>,
}

impl Page for ConnectionsPage {
    const TEMPLATE: &'static str = "console/connections.html";
}

/// One connection in the list.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What its button says.
    pub label: String,
    /// Its kind.
    pub strategy: Strategy,
    /// Whether it is switched on.
    pub enabled: bool,
    /// For how many applications; for all without.
    pub clients: Option<usize>,
    /// Whether it leads to a provider.
    pub upstream: bool,
}

/// A kind of which a connection can be made.
#[derive(Clone, Debug, Serialize)]
pub struct Kind {
    /// Its word.
    pub strategy: Strategy,
    /// Its name.
    pub label: String,
}

/// A connection being made or changed.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionPage {
    /// The id of one that is there.
    pub id: Option<String>,
    /// Its kind.
    pub strategy: Strategy,
    /// The kind's name.
    pub kind: String,
    /// The address to type at the provider.
    pub callback: String,
    /// What the form holds.
    pub form: ConnectionForm,
    /// Whether our secret there is kept already.
    pub has_secret: bool,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Why the form came back, in words for the administrator.
    pub problem: Option<String>,
    /// Whether it was just saved.
    pub saved: bool,
}

impl Page for ConnectionPage {
    const TEMPLATE: &'static str = "console/connection.html";
}

/// The fields of a connection's form, as text.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ConnectionForm {
    /// Its name.
    pub name: String,
    /// What its button says.
    pub display_name: String,
    /// Our client id there.
    pub client_id: String,
    /// The issuer.
    pub issuer: String,
    /// The address of an installation of one's own.
    pub base_url: String,
    /// The address of its API.
    pub api_url: String,
    /// Microsoft's tenant.
    pub tenant: String,
    /// Apple's team.
    pub team_id: String,
    /// Apple's key.
    pub key_id: String,
    /// Where the browser is sent.
    pub authorization_url: String,
    /// Where codes are exchanged.
    pub token_url: String,
    /// Who the bearer is.
    pub userinfo_url: String,
    /// The member that names the person.
    pub subject_field: String,
    /// What is asked for.
    pub scope: String,
    /// Domains for which its word is proof, with spaces between.
    pub authoritative_domains: String,
    /// What a new log-in with a proven address leads to.
    pub merge_rule: MergeRule,
}

/// What came of trying a connection out.
#[derive(Clone, Debug, Serialize)]
pub struct TriedPage {
    /// The connection's id.
    pub id: String,
    /// The name on its button.
    pub label: String,
    /// Who came back, or why nobody did.
    #[serde(flatten)]
    pub result: Tried,
}

impl Page for TriedPage {
    const TEMPLATE: &'static str = "console/tried.html";
}

/// Who came back, or why nobody did.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Tried {
    /// The provider told who it was.
    Came {
        /// Whose subject it is.
        issuer: String,
        /// The provider's name for the person.
        subject: String,
        /// The address, if it told one.
        email: Option<String>,
        /// Whether it says that it verified the address.
        email_verified: bool,
        /// The name, if it told one.
        name: Option<String>,
        /// What a log-in would lead to: the word of the decision.
        leads_to: &'static str,
    },
    /// It did not work, and why.
    Failed {
        /// For the administrator.
        reason: String,
    },
}
