//! How a connection proves somebody: the password database, or one of the providers there are.
//!
//! Owns their names. What each provider does differently stands with the code that speaks to it.

use serde::{Deserialize, Serialize};

macro_rules! strategies {
    ($($(#[$meta:meta])* $name:ident = $word:literal,)*) => {
        /// How a connection proves somebody. Auth0's words, where Auth0 has one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Strategy { $($(#[$meta])* #[serde(rename = $word)] $name,)* }

        impl Strategy {
            /// Every strategy: the password database, then the providers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Auth0's word; also the `provider` of identities that came this way.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

strategies! {
    /// The password database.
    Database = "auth0",
    /// Any OpenID provider.
    Oidc = "oidc",
    /// Any OAuth 2.0 provider that tells who somebody is.
    OAuth2 = "oauth2",
    /// Google.
    Google = "google-oauth2",
    /// GitHub, or GitHub Enterprise.
    GitHub = "github",
    /// Personal Microsoft accounts.
    WindowsLive = "windowslive",
    /// Microsoft Entra ID (Azure Active Directory): accounts of organizations.
    Waad = "waad",
    /// Apple.
    Apple = "apple",
    /// Facebook.
    Facebook = "facebook",
    /// LinkedIn.
    LinkedIn = "linkedin",
    /// GitLab, or a GitLab of one's own.
    GitLab = "gitlab",
    /// Discord.
    Discord = "discord",
    /// Slack.
    Slack = "slack",
    /// Okta.
    Okta = "okta",
}

impl Strategy {
    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|strategy| strategy.as_str() == word)
    }

    /// Whether people prove themselves somewhere else.
    pub const fn is_upstream(self) -> bool {
        !matches!(self, Self::Database)
    }

    /// Whether Auth0 would call its identities social: the provider is the same for everybody, and so are its subjects.
    /// The others are of an organization's own, and their identities carry the connection's name.
    pub const fn is_social(self) -> bool {
        !matches!(self, Self::Database | Self::Oidc | Self::OAuth2 | Self::Waad | Self::Okta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_storage_and_json() {
        for strategy in Strategy::ALL.iter().copied() {
            assert_eq!(Strategy::parse(strategy.as_str()), Some(strategy));
            assert_eq!(serde_json::to_value(strategy).unwrap(), strategy.as_str());
        }
        assert_eq!(Strategy::parse("samlp"), None);
    }
}
