//! Answers of the Management API: Auth0's shapes, and those of our own invitations.
//!
//! Owns every field name that leaves (R16): what is not written here is not told. Secrets and links are added by the
//! one handler whose answer they belong in. Must not know requests.

use super::connection_options;
use guestlist_app::invite::{Invited, Shown};
use guestlist_app::logs::LogLine;
use guestlist_app::users::{LinkedIdentity, OpenSession, UserView};
use guestlist_domain::client::{Client, ClientGrant, ID_TOKEN_LIFETIME};
use guestlist_domain::connection::{Audience, Connection, DATABASE_CONNECTION, Strategy};
use guestlist_domain::event::Event;
use guestlist_domain::grant::{Grant, Lasting};
use guestlist_domain::ids::DATABASE_PROVIDER;
use guestlist_domain::invitation::{EmailMatch, Invitation, State};
use guestlist_domain::log::log_type;
use guestlist_domain::mail::{Delivery, DeliveryStatus};
use guestlist_domain::resource_server::ResourceServer;
use guestlist_domain::session::{ABSOLUTE_LIFETIME, IDLE_LIFETIME, Method};
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::Profile;
use guestlist_domain::webhook::{self, Webhook};
use serde_json::{Map, Value, json};

/// A moment as Auth0 writes it: UTC, with milliseconds.
pub(super) fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis())
        .map(|stamp| stamp.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
        .unwrap_or_default()
}

/// An object whose `null` fields are left out, as Auth0 leaves out what is not set.
pub(super) fn object(fields: Value) -> Value {
    match fields {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>().into(),
        other => other,
    }
}

fn unless_empty(metadata: &Map<String, Value>) -> Value {
    if metadata.is_empty() { Value::Null } else { Value::Object(metadata.clone()) }
}

/// A user.
pub(super) fn user(view: &UserView) -> Value {
    let user = &view.user;
    object(json!({
        "user_id": user.id,
        "email": user.email,
        "email_verified": user.email_verified,
        "name": user.display_name(),
        "nickname": user.profile.nickname.as_deref().unwrap_or(user.email.local_part()),
        "given_name": user.profile.given_name,
        "family_name": user.profile.family_name,
        "picture": user.profile.picture,
        "blocked": user.blocked,
        "created_at": moment(user.created_at),
        "updated_at": moment(user.updated_at),
        "last_login": user.last_login_at.map(moment),
        "last_password_reset": user.last_password_reset_at.map(moment),
        "logins_count": Some(user.logins_count).filter(|count| *count > 0),
        "identities": identities(view),
        "user_metadata": unless_empty(&user.user_metadata),
        "app_metadata": unless_empty(&user.app_metadata),
    }))
}

/// A user's identities, the primary one first: the password database's, whether a password is set or not, so that the
/// subject stays what it is.
pub(super) fn identities(view: &UserView) -> Vec<Value> {
    let primary = json!({
        "connection": DATABASE_CONNECTION,
        "provider": DATABASE_PROVIDER,
        "user_id": view.user.id.suffix(),
        "isSocial": false,
    });
    [primary].into_iter().chain(view.linked.iter().map(linked_identity)).collect()
}

fn linked_identity(linked: &LinkedIdentity) -> Value {
    let claims = &linked.identity.claims;
    let Profile { name, nickname, given_name, family_name, picture } = &claims.profile;
    let profile = object(json!({
        "email": claims.email,
        "email_verified": claims.email_verified,
        "name": name,
        "nickname": nickname,
        "given_name": given_name,
        "family_name": family_name,
        "picture": picture,
    }));
    json!({
        "connection": linked.connection,
        "provider": linked.provider.as_str(),
        "user_id": linked.provider_user_id(),
        "isSocial": linked.provider.is_social(),
        "profileData": profile,
    })
}

/// The answer to an invitation.
pub(super) fn invited(invited: &Invited) -> Value {
    let status = if invited.is_mailed { DeliveryStatus::Queued } else { DeliveryStatus::None };
    object(json!({
        "id": invited.id,
        "user_id": invited.user_id,
        "email": invited.email,
        "status": "pending",
        "created_at": moment(invited.created_at),
        "expires_at": moment(invited.expires_at),
        "delivery": { "status": status, "attempts": 0 },
        "invitation_url": invited.link.as_ref().map(guestlist_app::invite::InvitationLink::expose),
    }))
}

/// An invitation as a list shows it. Never with a link.
pub(super) fn invitation(invitation: &Invitation, delivered: Option<&Delivery>, now: Timestamp) -> Value {
    let terms = &invitation.terms;
    let (accepted_at, revoked_at, declined_at) = match &invitation.state {
        State::Pending { .. } => (None, None, None),
        State::Accepted { at, .. } => (Some(*at), None, None),
        State::Revoked { at, .. } => (None, Some(*at), None),
        State::Declined { at } => (None, None, Some(*at)),
    };
    object(json!({
        "id": invitation.id,
        "user_id": invitation.user,
        "email": invitation.email,
        "status": invitation.status(now),
        "client_id": terms.client,
        "inviter": terms.inviter.as_ref().map(|name| json!({ "name": name })),
        "created_at": moment(invitation.created_at),
        "expires_at": invitation.expires_at().map(moment),
        "accepted_at": accepted_at.map(moment),
        "revoked_at": revoked_at.map(moment),
        "declined_at": declined_at.map(moment),
        "sends": invitation.sends,
        "delivery": delivery(delivered),
    }))
}

fn delivery(delivery: Option<&Delivery>) -> Value {
    let Some(delivery) = delivery else { return json!({ "status": DeliveryStatus::None, "attempts": 0 }) };
    object(json!({
        "status": delivery.status,
        "attempts": delivery.attempts,
        "sent_at": delivery.sent_at.map(moment),
        "last_error": delivery.last_error,
    }))
}

/// One invitation with what it says, and what happened to it.
pub(super) fn shown(shown: &Shown, now: Timestamp) -> Value {
    let mut body = invitation(&shown.invitation, shown.delivery.as_ref(), now);
    let terms = &shown.invitation.terms;
    let said = object(json!({
        "name": shown.user.profile.name,
        "connections": terms.connections,
        "email_match": email_match(terms.email_match),
        "roles": terms.roles,
        "locale": terms.locale,
        "message": terms.message,
        "result_url": terms.result_url,
        "user_metadata": unless_empty(&terms.user_metadata),
        "app_metadata": unless_empty(&terms.app_metadata),
        "invited_by": shown.invitation.invited_by,
        "proof": match &shown.invitation.state {
            State::Accepted { proof, .. } => Some(proof.as_str()),
            _ => None,
        },
        "timeline": shown.timeline.iter().map(event).collect::<Vec<_>>(),
    }));
    if let (Value::Object(body), Value::Object(said)) = (&mut body, said) {
        body.extend(said);
    }
    body
}

const fn email_match(rule: EmailMatch) -> &'static str {
    match rule {
        EmailMatch::Any => "any",
        EmailMatch::SameDomain => "same_domain",
        EmailMatch::SameEmail => "same_email",
    }
}

fn event(event: &Event) -> Value {
    object(json!({
        "id": event.id,
        "type": event.kind.as_str(),
        "at": moment(event.at),
        "actor": event.actor,
        "data": unless_empty(&event.data),
    }))
}

/// A connection; its options only for those who may read them, its secret for nobody.
pub(super) fn connection(connection: &Connection, with_options: bool) -> Value {
    let enabled_clients = match &connection.audience {
        Audience::Everyone => None,
        Audience::Clients(clients) => Some(clients),
    };
    object(json!({
        "id": connection.id,
        "name": connection.name,
        "display_name": connection.display_name,
        "strategy": connection.strategy.as_str(),
        "realms": [connection.name],
        "is_domain_connection": false,
        "show_as_button": connection.strategy.is_upstream(),
        "enabled_for_every_client": connection.audience == Audience::Everyone,
        "enabled_clients": enabled_clients,
        "options": with_options.then(|| connection_options::shown(connection)),
    }))
}

/// A client. Its secret is not in it: that was shown when it was made.
pub(super) fn client(client: &Client) -> Value {
    let settings = &client.settings;
    object(json!({
        "client_id": client.id,
        "name": client.name,
        "description": settings.description,
        "logo_uri": settings.logo_uri,
        "app_type": client.app_type.as_str(),
        "token_endpoint_auth_method": client.auth_method.as_str(),
        "callbacks": settings.callbacks,
        "allowed_logout_urls": settings.allowed_logout_urls,
        "web_origins": settings.web_origins,
        "allowed_origins": settings.allowed_origins,
        "grant_types": settings.grant_types,
        "initiate_login_uri": settings.initiate_login_uri,
        "jwt_configuration": {
            "alg": "RS256",
            "lifetime_in_seconds": settings.id_token_lifetime_secs.unwrap_or(ID_TOKEN_LIFETIME.as_secs()),
        },
        "client_metadata": unless_empty(&settings.client_metadata),
        "is_first_party": true,
        "oidc_conformant": true,
        "global": false,
    }))
}

/// What a machine may ask of an API.
pub(super) fn client_grant(grant: &ClientGrant) -> Value {
    json!({ "id": grant.id, "client_id": grant.client, "audience": grant.audience, "scope": grant.scope })
}

/// An API that tokens are made for.
pub(super) fn resource_server(api: &ResourceServer) -> Value {
    let settings = &api.settings;
    json!({
        "id": api.id,
        "name": api.name,
        "identifier": api.identifier,
        "is_system": api.is_system(),
        "signing_alg": "RS256",
        "allow_offline_access": settings.allow_offline_access,
        "token_lifetime": settings.token_lifetime_secs,
        "token_dialect": settings.token_dialect,
        "enforce_policies": false,
        "scopes": settings.scopes,
    })
}

/// A line of the log in Auth0's fields. What Auth0 has no field for is among the details.
pub(super) fn log_record(line: &LogLine) -> Value {
    let LogLine { event, user_name, client_name, connection_name, strategy } = line;
    let kind = log_type(event);
    let mut details = event.data.clone();
    details.insert("event".to_owned(), json!(event.kind.as_str()));
    details.insert("actor".to_owned(), json!(event.actor));
    details.extend(event.about.invitation.as_ref().map(|id| ("invitation_id".to_owned(), json!(id))));
    object(json!({
        "date": moment(event.at),
        "type": kind.map(|kind| kind.code),
        "description": kind.map(|kind| kind.description),
        "connection": connection_name,
        "connection_id": event.about.connection,
        "client_id": event.about.client,
        "client_name": client_name,
        "user_id": event.about.user,
        "user_name": user_name,
        "strategy": strategy.map(Strategy::as_str),
        "isMobile": false,
        "details": details,
        "log_id": event.id,
        "_id": event.id,
    }))
}

/// A session that is not over.
pub(super) fn session(open: &OpenSession) -> Value {
    let OpenSession { session, clients } = open;
    let method = match &session.method {
        Method::Password => json!({ "name": "pwd", "timestamp": moment(session.authenticated_at) }),
        Method::Upstream(connection) => {
            json!({ "name": "federated", "connection": connection, "timestamp": moment(session.authenticated_at) })
        }
    };
    json!({
        "id": session.id,
        "user_id": session.user,
        "created_at": moment(session.created_at),
        "updated_at": moment(session.last_seen_at),
        "authenticated_at": moment(session.authenticated_at),
        "last_interacted_at": moment(session.last_seen_at),
        "idle_expires_at": moment(session.last_seen_at.plus(IDLE_LIFETIME)),
        "expires_at": moment(session.created_at.plus(ABSOLUTE_LIFETIME)),
        "clients": clients.iter().map(|client| json!({ "client_id": client })).collect::<Vec<_>>(),
        "authentication": { "methods": [method] },
    })
}

/// What an application can renew, by the name of its grant.
pub(super) fn refresh_token(lasting: &Lasting) -> Value {
    let Lasting { grant, exchanged_at, idle_expires_at } = lasting;
    let audience =
        grant.audience.iter().map(|audience| json!({ "audience": audience, "scopes": grant.scope.to_string() }));
    json!({
        "id": grant.id,
        "user_id": grant.user,
        "client_id": grant.client,
        "session_id": grant.session,
        "created_at": moment(grant.created_at),
        "last_exchanged_at": moment(*exchanged_at),
        "idle_expires_at": moment(*idle_expires_at),
        "expires_at": moment(grant.expires_at),
        "rotating": true,
        "resource_servers": audience.collect::<Vec<_>>(),
    })
}

/// What a user granted to an application.
pub(super) fn grant(grant: &Grant) -> Value {
    let scope: Vec<&str> = grant.scope.iter().collect();
    let audience = grant.audience.as_deref().map_or(Value::Null, Value::from);
    json!({ "id": grant.id, "clientID": grant.client, "user_id": grant.user, "audience": audience, "scope": scope })
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;

/// A webhook. What is sealed for it is not among it.
pub(super) fn event_stream(webhook: &Webhook) -> Value {
    let configuration = object(json!({
        "webhook_endpoint": webhook.endpoint.as_str(),
        "webhook_authorization": webhook.authorization,
    }));
    let subscriptions = webhook.subscriptions.words();
    object(json!({
        "id": webhook.id,
        "name": webhook.name,
        "subscriptions": subscriptions.iter().map(|word| json!({ "event_type": word })).collect::<Vec<_>>(),
        "destination": { "type": "webhook", "configuration": configuration },
        "status": if webhook.enabled { "enabled" } else { "disabled" },
        "old_secret_until": webhook.old_secret_until.map(moment),
        "created_at": moment(webhook.created_at),
        "updated_at": moment(webhook.updated_at),
    }))
}

/// An event on its way to a webhook.
pub(super) fn delivery_of(delivery: &webhook::Delivery) -> Value {
    let waits = delivery.status == webhook::DeliveryStatus::Queued;
    object(json!({
        "id": delivery.event,
        "event_stream_id": delivery.webhook,
        "event_type": delivery.kind.as_str(),
        "status": delivery.status.as_str(),
        "attempts_count": delivery.attempts,
        "next_attempt_at": waits.then(|| moment(delivery.due_at)),
        "last_error": delivery.last_error,
        "created_at": moment(delivery.created_at),
        "ended_at": delivery.ended_at.map(moment),
    }))
}
