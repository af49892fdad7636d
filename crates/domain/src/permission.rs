//! What a machine may be allowed at the Management API: Auth0's scopes, and our own for invitations.
//!
//! Owns the one table of them. Whoever is granted everything is granted this table; every route names one entry of it.
//! Must not know routes or tokens.

macro_rules! permissions {
    ($($(#[$meta:meta])* $name:ident = $word:literal,)*) => {
        /// One thing that a machine may be allowed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $($(#[$meta])* $name,)* }

        impl Permission {
            /// Every permission.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The scope's word, as tokens carry it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }

        /// Every scope of the Management API, in the order of the table.
        pub const fn management_scopes() -> &'static [&'static str] {
            &[$($word,)*]
        }
    };
}

permissions! {
    /// Look at users.
    ReadUsers = "read:users",
    /// Make users.
    CreateUsers = "create:users",
    /// Change users, block them, link and unlink their identities.
    UpdateUsers = "update:users",
    /// Delete users.
    DeleteUsers = "delete:users",
    /// Change `app_metadata` alone.
    UpdateUsersAppMetadata = "update:users_app_metadata",
    /// Make links by which a password can be set.
    CreateUserTickets = "create:user_tickets",
    /// Grant roles, be it by an invitation. Whoever grants the administrator's can do everything.
    CreateRoleMembers = "create:role_members",
    /// Look at invitations.
    ReadInvitations = "read:invitations",
    /// Invite.
    CreateInvitations = "create:invitations",
    /// Resend and change invitations.
    UpdateInvitations = "update:invitations",
    /// Revoke invitations.
    DeleteInvitations = "delete:invitations",
    /// Look at connections.
    ReadConnections = "read:connections",
    /// Look at the options of connections; never at their secrets.
    ReadConnectionsOptions = "read:connections_options",
    /// Make connections.
    CreateConnections = "create:connections",
    /// Change connections and for whom they are enabled.
    UpdateConnections = "update:connections",
    /// Delete connections.
    DeleteConnections = "delete:connections",
    /// Look at clients.
    ReadClients = "read:clients",
    /// Make clients.
    CreateClients = "create:clients",
    /// Change clients.
    UpdateClients = "update:clients",
    /// Delete clients.
    DeleteClients = "delete:clients",
    /// Look at what belongs to the keys of clients. A secret is shown once, when it is made.
    ReadClientKeys = "read:client_keys",
    /// Give clients a new secret.
    UpdateClientKeys = "update:client_keys",
    /// Look at what machines may ask for.
    ReadClientGrants = "read:client_grants",
    /// Allow machines to ask for something.
    CreateClientGrants = "create:client_grants",
    /// Change what machines may ask for.
    UpdateClientGrants = "update:client_grants",
    /// Take that away.
    DeleteClientGrants = "delete:client_grants",
    /// Look at webhooks and their deliveries; never at their secrets.
    ReadEventStreams = "read:event_streams",
    /// Make webhooks.
    CreateEventStreams = "create:event_streams",
    /// Change webhooks, give them a new secret, try them out, send again.
    UpdateEventStreams = "update:event_streams",
    /// Delete webhooks.
    DeleteEventStreams = "delete:event_streams",
    /// Look at the sessions of users.
    ReadSessions = "read:sessions",
    /// End the sessions of users, and what applications were granted in them.
    DeleteSessions = "delete:sessions",
    /// Look at what applications can renew without the user.
    ReadRefreshTokens = "read:refresh_tokens",
    /// End that.
    DeleteRefreshTokens = "delete:refresh_tokens",
    /// Look at what applications were granted by users.
    ReadGrants = "read:grants",
    /// Take that away.
    DeleteGrants = "delete:grants",
    /// Look at what happened.
    ReadLogs = "read:logs",
    /// Look at what happened, too: Auth0's word for the log of users.
    ReadLogsUsers = "read:logs_users",
    /// Look at the APIs that tokens can be made for.
    ReadResourceServers = "read:resource_servers",
    /// Make such APIs.
    CreateResourceServers = "create:resource_servers",
    /// Change them.
    UpdateResourceServers = "update:resource_servers",
    /// Delete them, with what machines and people granted there.
    DeleteResourceServers = "delete:resource_servers",
}

impl Permission {
    /// Reads a scope's word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_read_back() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.as_str()), Some(*permission));
        }
        assert_eq!(management_scopes().len(), Permission::ALL.len());
        assert_eq!(Permission::parse("read:everything"), None);
    }
}
