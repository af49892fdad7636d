//! The Management API at `/api/v2`: Auth0's dialect over the same acts as every other door.
//!
//! Owns the list of its doors, each with the scope it asks for: a handler stands in the list or nowhere. Must not decide
//! anything about people.

mod auth;
mod body;
mod clients;
mod connection_options;
mod connections;
mod event_streams;
mod grants;
mod identities;
mod invitations;
mod jobs;
mod ledger;
mod logs;
mod lucene;
mod lucene_words;
mod page;
mod query;
mod refresh_tokens;
mod refusals;
mod resource_servers;
mod sessions;
mod tickets;
mod users;
mod wire;

use crate::WebState;
use crate::error::ApiError;
use auth::{Guard, guard};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{MethodRouter, any, delete, get, patch, post};
use guestlist_domain::permission::Permission;

/// One door.
struct Door {
    method: &'static str,
    path: &'static str,
    any_of: &'static [Permission],
    handler: MethodRouter<WebState>,
}

/// Its routes.
pub(crate) fn router(state: &WebState) -> Router<WebState> {
    let doors = doors().into_iter().fold(Router::new(), |router, door| {
        let guarded = Guard { state: state.clone(), any_of: door.any_of };
        router.route(door.path, door.handler.route_layer(from_fn_with_state(guarded, guard)))
    });
    doors
        .method_not_allowed_fallback(async || ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"))
        .route("/api/v2", any(not_found))
        .route("/api/v2/", any(not_found))
        .route("/api/v2/{*path}", any(not_found))
        .layer(DefaultBodyLimit::max(body::BODY_LIMIT))
        .layer(map_response(uncached))
}

/// Every door as method, path and the scopes of which it asks for one: for the matrix of who may do what.
pub fn policy() -> Vec<(&'static str, &'static str, &'static [Permission])> {
    doors().iter().map(|door| (door.method, door.path, door.any_of)).collect()
}

async fn not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "Not Found")
}

/// Answers are about people, and some carry a link.
async fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `METHOD "/path" [permissions] handler`, a line each.
macro_rules! doors {
    ($($method:ident $path:literal [$($permission:ident),+] $handler:path,)*) => {
        fn doors() -> Vec<Door> {
            vec![$(Door {
                method: stringify!($method),
                path: concat!("/api/v2", $path),
                any_of: &[$(Permission::$permission),+],
                handler: $method($handler),
            }),*]
        }
    };
}

doors! {
    get "/users" [ReadUsers] users::list,
    post "/users" [CreateUsers] users::create,
    get "/users/{id}" [ReadUsers] users::show,
    patch "/users/{id}" [UpdateUsers, UpdateUsersAppMetadata] users::change,
    delete "/users/{id}" [DeleteUsers] users::delete,
    get "/users-by-email" [ReadUsers] users::by_email,
    get "/users/{id}/sessions" [ReadSessions] sessions::list,
    delete "/users/{id}/sessions" [DeleteSessions] sessions::end_all,
    post "/users/{id}/revoke-access" [DeleteSessions] sessions::revoke_access,
    get "/sessions/{id}" [ReadSessions] sessions::show,
    delete "/sessions/{id}" [DeleteSessions] sessions::end,
    post "/sessions/{id}/revoke" [DeleteSessions] sessions::revoke,
    get "/users/{id}/refresh-tokens" [ReadRefreshTokens] refresh_tokens::list,
    delete "/users/{id}/refresh-tokens" [DeleteRefreshTokens] refresh_tokens::end_all,
    post "/refresh-tokens/revoke" [DeleteRefreshTokens] refresh_tokens::revoke,
    get "/refresh-tokens/{id}" [ReadRefreshTokens] refresh_tokens::show,
    delete "/refresh-tokens/{id}" [DeleteRefreshTokens] refresh_tokens::end,
    get "/grants" [ReadGrants] refresh_tokens::grants,
    delete "/grants" [DeleteGrants] refresh_tokens::revoke_grants_of,
    delete "/grants/{id}" [DeleteGrants] refresh_tokens::revoke_grant,
    post "/users/{id}/identities" [UpdateUsers] identities::link,
    delete "/users/{id}/identities/{provider}/{user_id}" [UpdateUsers] identities::unlink,
    get "/users/{id}/link-ledger" [ReadUsers] ledger::list,
    post "/users/{id}/link-ledger/{entry}/undo" [UpdateUsers] ledger::undo,
    get "/users/{id}/logs" [ReadLogs, ReadLogsUsers] logs::of_user,
    get "/logs" [ReadLogs, ReadLogsUsers] logs::list,
    get "/logs/{id}" [ReadLogs, ReadLogsUsers] logs::show,
    post "/tickets/password-change" [CreateUserTickets] tickets::password_change,
    post "/jobs/verification-email" [UpdateUsers] jobs::verification_email,
    get "/invitations" [ReadInvitations] invitations::list,
    post "/invitations" [CreateInvitations] invitations::create,
    get "/invitations/{id}" [ReadInvitations] invitations::show,
    patch "/invitations/{id}" [UpdateInvitations] invitations::change,
    post "/invitations/{id}/resend" [UpdateInvitations] invitations::resend,
    post "/invitations/{id}/revoke" [DeleteInvitations] invitations::revoke,
    get "/connections" [ReadConnections] connections::list,
    post "/connections" [CreateConnections] connections::create,
    get "/connections/{id}" [ReadConnections] connections::show,
    patch "/connections/{id}" [UpdateConnections] connections::change,
    delete "/connections/{id}" [DeleteConnections] connections::delete,
    get "/connections/{id}/clients" [ReadConnections] connections::clients,
    patch "/connections/{id}/clients" [UpdateConnections] connections::set_clients,
    get "/clients" [ReadClients, ReadClientKeys] clients::list,
    post "/clients" [CreateClients] clients::create,
    get "/clients/{id}" [ReadClients, ReadClientKeys] clients::show,
    patch "/clients/{id}" [UpdateClients] clients::change,
    delete "/clients/{id}" [DeleteClients] clients::delete,
    post "/clients/{id}/rotate-secret" [UpdateClientKeys] clients::rotate_secret,
    get "/clients/{id}/connections" [ReadConnections] clients::connections_of,
    get "/client-grants" [ReadClientGrants] grants::list,
    post "/client-grants" [CreateClientGrants] grants::create,
    patch "/client-grants/{id}" [UpdateClientGrants] grants::change,
    delete "/client-grants/{id}" [DeleteClientGrants] grants::delete,
    get "/event-streams" [ReadEventStreams] event_streams::list,
    post "/event-streams" [CreateEventStreams] event_streams::create,
    get "/event-streams/{id}" [ReadEventStreams] event_streams::show,
    patch "/event-streams/{id}" [UpdateEventStreams] event_streams::change,
    delete "/event-streams/{id}" [DeleteEventStreams] event_streams::delete,
    post "/event-streams/{id}/rotate-secret" [UpdateEventStreams] event_streams::rotate_secret,
    post "/event-streams/{id}/test" [UpdateEventStreams] event_streams::test,
    get "/event-streams/{id}/deliveries" [ReadEventStreams] event_streams::deliveries,
    post "/event-streams/{id}/redeliver/{event_id}" [UpdateEventStreams] event_streams::redeliver,
    get "/resource-servers" [ReadResourceServers] resource_servers::list,
    post "/resource-servers" [CreateResourceServers] resource_servers::create,
    get "/resource-servers/{id}" [ReadResourceServers] resource_servers::show,
    patch "/resource-servers/{id}" [UpdateResourceServers] resource_servers::change,
    delete "/resource-servers/{id}" [DeleteResourceServers] resource_servers::delete,
}
