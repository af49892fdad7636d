//! Every body, as it leaves.

use super::*;
use guestlist_app::users::LinkedIdentity;
use guestlist_domain::client::{AppType, AuthMethod, ClientSettings};
use guestlist_domain::connection::{MergeRule, Strategy, UpstreamOptions, UpstreamSettings};
use guestlist_domain::email::Email;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::identity::{Identity, LinkRule, UpstreamIdentity};
use guestlist_domain::ids::{
    ClientGrantId, ClientId, ConnectionId, EventId, IdentityId, InvitationId, ResourceServerId, SessionId, UserId,
};
use guestlist_domain::invitation::{Proof, Terms};
use guestlist_domain::resource_server::{ApiScope, ApiSettings};
use guestlist_domain::secret::Sensitive;
use guestlist_domain::session::Session;
use guestlist_domain::user::{Lifecycle, User};
use insta::assert_json_snapshot;

const NOW: Timestamp = Timestamp::from_millis(1_764_000_000_123);

fn later(seconds: u64) -> Timestamp {
    NOW.plus(std::time::Duration::from_secs(seconds))
}

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn anna() -> User {
    User {
        email_verified: true,
        email_proven_at: Some(NOW),
        lifecycle: Lifecycle::Active,
        user_metadata: map(&json!({"theme": "dark"})),
        app_metadata: map(&json!({"plan": "gold"})),
        profile: Profile { name: Some("Anna Berg".to_owned()), ..Profile::default() },
        last_login_at: Some(later(60)),
        logins_count: 2,
        last_password_reset_at: Some(later(30)),
        updated_at: later(60),
        ..User::invited(UserId::new("auth0|0192f0a1b2c3d4e5f6071829"), email(), NOW)
    }
}

fn email() -> Email {
    Email::parse("anna@example.org").unwrap()
}

fn acme() -> LinkedIdentity {
    LinkedIdentity {
        identity: Identity {
            id: IdentityId::new("idn_1"),
            user: anna().id,
            claims: UpstreamIdentity {
                connection: ConnectionId::new("con_AcmeAcmeAcmeAcme"),
                issuer: "https://acme.example/".to_owned(),
                subject: "7".to_owned(),
                email: Email::parse("a.berg@acme.example").ok(),
                email_verified: true,
                profile: Profile { name: Some("A. Berg".to_owned()), ..Profile::default() },
            },
            linked_by: LinkRule::OwnAccount,
            linked_at: NOW,
            last_used_at: None,
        },
        connection: "acme".to_owned(),
        provider: Strategy::Oidc,
    }
}

fn pending() -> Invitation {
    let terms = Terms {
        client: Some(ClientId::new("clientclientclientclientclient12")),
        inviter: Some("Ben".to_owned()),
        message: Some("Come in".to_owned()),
        lifetime_ms: 600_000,
        app_metadata: map(&json!({"seat": 4})),
        ..Terms::default()
    };
    let by = Actor::Client(ClientId::new("backend"));
    Invitation::new(InvitationId::new("inv_1"), anna().id, email(), terms, by, NOW)
}

#[test]
fn a_user_with_two_ways_in() {
    assert_json_snapshot!(user(&UserView { user: anna(), linked: vec![acme()] }));
}

#[test]
fn a_user_who_is_only_on_the_list() {
    let pending = User::invited(UserId::new("auth0|0192f0a1b2c3d4e5f6071829"), email(), NOW);
    assert_json_snapshot!(user(&UserView { user: pending, linked: Vec::new() }));
}

#[test]
fn an_answer_to_an_invitation() {
    let mailed = Invited {
        id: InvitationId::new("inv_1"),
        user_id: anna().id,
        email: email(),
        created_at: NOW,
        expires_at: later(600),
        is_mailed: true,
        link: None,
    };
    assert_json_snapshot!("invited_by_mail", invited(&mailed));
    let link = serde_json::from_value(json!("https://id.example.org/i/gl_inv_x")).unwrap();
    assert_json_snapshot!("invited_by_hand", invited(&Invited { is_mailed: false, link: Some(link), ..mailed }));
}

#[test]
fn an_invitation_in_a_list() {
    let sent = Delivery { status: DeliveryStatus::Sent, attempts: 1, sent_at: Some(later(1)), last_error: None };
    assert_json_snapshot!("invitation_pending", invitation(&pending(), Some(&sent), NOW));
    assert_json_snapshot!("invitation_expired", invitation(&pending(), None, later(601)));
    let accepted = State::Accepted { at: later(5), by: Method::Password, proof: Proof::Mailbox };
    assert_json_snapshot!("invitation_accepted", invitation(&Invitation { state: accepted, ..pending() }, None, NOW));
}

#[test]
fn an_invitation_with_its_timeline() {
    let created = Event {
        id: EventId::new("evt_1"),
        at: NOW,
        kind: EventKind::InvitationCreated,
        actor: Actor::Client(ClientId::new("backend")),
        about: About::default(),
        data: Map::new(),
    };
    let sent = Event {
        kind: EventKind::InvitationSent,
        actor: Actor::System,
        data: map(&json!({"attempts": 1})),
        ..created.clone()
    };
    let all = Shown { invitation: pending(), user: anna(), delivery: None, timeline: vec![created, sent] };
    assert_json_snapshot!(shown(&all, NOW));
}

#[test]
fn case_109_a_connection_tells_no_secret() {
    let acme = Connection {
        id: ConnectionId::new("con_AcmeAcmeAcmeAcme"),
        name: "acme".to_owned(),
        display_name: "Acme".to_owned(),
        strategy: Strategy::Oidc,
        upstream: Some(UpstreamOptions {
            issuer: "https://acme.example/".to_owned(),
            client_id: "guestlist".to_owned(),
            client_secret: Some(Sensitive::new("kept-secret")),
            scope: "openid email".to_owned(),
            settings: UpstreamSettings::default(),
        }),
        enabled: true,
        audience: Audience::Clients(vec![ClientId::new("app")]),
        authoritative_domains: vec!["acme.example".to_owned()],
        merge_rule: MergeRule::Auto,
        created_at: NOW,
    };
    assert!(!connection(&acme, true).to_string().contains("kept-secret"));
    assert_json_snapshot!("connection_with_options", connection(&acme, true));
    assert_json_snapshot!("connection_without_options", connection(&acme, false));
    let database = Connection {
        name: DATABASE_CONNECTION.to_owned(),
        display_name: DATABASE_CONNECTION.to_owned(),
        strategy: Strategy::Database,
        upstream: None,
        audience: Audience::Everyone,
        ..acme
    };
    assert_json_snapshot!("connection_database", connection(&database, true));
}

#[test]
fn a_client_and_its_grant() {
    let app = Client {
        id: ClientId::new("clientclientclientclientclient12"),
        name: "Calendar".to_owned(),
        app_type: AppType::RegularWeb,
        auth_method: AuthMethod::ClientSecretPost,
        secret: None,
        settings: ClientSettings {
            callbacks: vec!["https://app.example/callback".to_owned()],
            grant_types: vec!["authorization_code".to_owned()],
            initiate_login_uri: Some("https://app.example/login".to_owned()),
            ..ClientSettings::default()
        },
        created_at: NOW,
    };
    assert_json_snapshot!("client", client(&app));
    let grant = ClientGrant {
        id: ClientGrantId::new("cgr_1"),
        client: app.id,
        audience: "https://id.example.org/api/v2/".to_owned(),
        scope: vec!["read:users".to_owned()],
    };
    assert_json_snapshot!("client_grant", client_grant(&grant));
    let calendar = ResourceServer {
        id: ResourceServerId::new("0123456789abcdef01234567"),
        name: "Calendar".to_owned(),
        identifier: "https://calendar.example".to_owned(),
        settings: ApiSettings {
            scopes: vec![
                ApiScope { value: "read:dates".to_owned(), description: Some("Look at dates".to_owned()) },
                ApiScope { value: "write:dates".to_owned(), description: None },
            ],
            ..ApiSettings::default()
        },
        created_at: NOW,
    };
    assert_json_snapshot!("resource_server", resource_server(&calendar));
}

#[test]
fn a_session_with_its_clients() {
    let acme = Session {
        id: SessionId::new("ses_1"),
        user: UserId::new("auth0|0123456789abcdef01234567"),
        user_epoch: 0,
        method: Method::Upstream("acme".to_owned()),
        authenticated_at: NOW,
        created_at: NOW,
        last_seen_at: later(60),
    };
    let open = OpenSession { session: acme, clients: vec![ClientId::new("abcdefghijklmnopqrstuvwxyz012345")] };
    assert_json_snapshot!(session(&open));
}

#[test]
fn moments_are_written_as_auth0_writes_them() {
    assert_eq!(moment(Timestamp::from_millis(0)), "1970-01-01T00:00:00.000Z");
    assert_eq!(moment(NOW), "2025-11-24T16:00:00.123Z");
}
