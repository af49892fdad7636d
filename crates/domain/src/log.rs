//! The log in Auth0's words: which type code each event has there.
//!
//! Owns the table from events to codes. A code that begins with `gl_` is ours, for what Auth0 has none. Must not know how a
//! record is written or found.

use crate::event::{Event, EventKind};
use serde_json::Value;

/// One line of the table. Of those of a kind, the first whose conditions hold is the event's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogType {
    /// The kind of event.
    pub kind: EventKind,
    /// What else must be so of it.
    pub when: &'static [When],
    /// Auth0's code, or ours.
    pub code: &'static str,
    /// What it says, for people.
    pub description: &'static str,
}

/// A condition on an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// This fact has this value: a text as it is, anything else as JSON.
    Says(&'static str, &'static str),
    /// It is about no user that there is.
    Nobody,
}

impl When {
    fn holds(self, event: &Event) -> bool {
        match self {
            Self::Nobody => event.about.user.is_none(),
            Self::Says(name, value) => match event.data.get(name) {
                None | Some(Value::Null) => false,
                Some(Value::String(text)) => text == value,
                Some(other) => {
                    let json = other.to_string();
                    json == value
                }
            },
        }
    }
}

macro_rules! log_types {
    ($($kind:ident $([$($when:expr),+])? $code:literal $description:literal,)*) => {
        &[$(LogType {
            kind: EventKind::$kind,
            when: &[$($($when),+)?],
            code: $code,
            description: $description,
        }),*]
    };
}

/// The table. Every kind ends with a line that has no condition.
pub const LOG_TYPES: &[LogType] = log_types! {
    InvitationCreated "gl_invitation_created" "Somebody was invited",
    InvitationSent "gl_invitation_sent" "An invitation was handed to the mail server",
    InvitationBounced "gl_invitation_bounced" "An invitation's mail was refused",
    InvitationAccepted "si" "Successfully accepted a user invitation",
    InvitationDeclined "gl_invitation_declined" "The guest declined the invitation",
    InvitationResent "gl_invitation_resent" "An invitation got a new link",
    InvitationUpdated "gl_invitation_updated" "An invitation was changed",
    InvitationRevoked "gl_invitation_revoked" "An invitation was taken back",
    InvitationExpired "gl_invitation_expired" "An invitation's time was over",
    UserCreated "ss" "Success Signup: a user was put on the list",
    UserUpdated [When::Says("rule", "undo")] "gl_email_change_undone" "The address before was put back",
    UserUpdated [When::Says("proof", "mailbox"), When::Says("changed", r#"["email"]"#)] "sce" "Success Change Email",
    UserUpdated [When::Says("proof", "mailbox")] "sv" "Success Verification Email: the address was proven by a mail",
    UserUpdated [When::Says("proof", "provider")] "sv" "Success Verification Email: the address was proven by a provider",
    UserUpdated "sapi" "Success API Operation: a user was changed",
    UserLinked "gl_user_linked" "A way in was added",
    UserUnlinked "gl_user_unlinked" "A way in was removed",
    UserMerged "gl_user_merged" "Two users became one",
    UserBlocked "gl_user_blocked" "A user was blocked by an administrator",
    UserUnblocked "gl_user_unblocked" "A user was unblocked by an administrator",
    UserDeleted "sdu" "Success User Deletion",
    PasswordChanged "scp" "Success Change Password",
    ResetRequested "scpr" "Success Change Password Request",
    AddressChangeRequested "gl_email_change_requested" "The owner asked for another address",
    LoginSucceeded "s" "Success Login",
    LoginFailed [When::Says("purpose", "accept")] "fi" "Failed to accept a user invitation",
    LoginFailed [When::Says("purpose", "link")] "gl_link_failed" "A way in was not added",
    LoginFailed [When::Says("purpose", "try")] "gl_connection_trial_failed" "A connection was tried out in vain",
    LoginFailed [When::Says("reason", "not_invited")] "fs" "Failed Signup: not invited",
    LoginFailed [When::Says("reason", "wrong_credentials"), When::Nobody] "fu" "Failed Login: invalid email",
    LoginFailed [When::Says("reason", "wrong_credentials")] "fp" "Failed Login: wrong password",
    LoginFailed [When::Says("reason", "user_blocked")] "f" "Failed Login: user is blocked",
    LoginFailed "f" "Failed Login",
    LoggedOut "slo" "Success Logout: a session was ended",
    TokenReused "ferrt" "Failed Exchange of a code or a rotating refresh token: reuse detected",
    GrantRevoked "srrt" "Success Revocation of refresh tokens",
    ClientChanged "sapi" "Success API Operation: a client was changed",
    ResourceServerChanged "sapi" "Success API Operation: a resource server was changed",
    ConnectionChanged "sapi" "Success API Operation: a connection was changed",
    KeysRotated "gl_keys_rotated" "A signing key was made or retired",
    WebhookChanged "sapi" "Success API Operation: an event stream was changed",
    WebhookTested "gl_webhook_tested" "An event stream was tried out",
};

/// The line of the table that an event has. There is none only if the table forgot the kind, which a test forbids.
pub fn log_type(event: &Event) -> Option<&'static LogType> {
    LOG_TYPES.iter().find(|line| line.kind == event.kind && line.when.iter().all(|when| when.holds(event)))
}

/// The lines with this code, each with those of its kind that come before it and must not hold.
pub fn of_code(code: &str) -> Vec<(&'static LogType, Vec<&'static LogType>)> {
    let lines = LOG_TYPES.iter().enumerate().filter(|(_, line)| line.code == code);
    let before = |at, kind| LOG_TYPES.iter().take(at).filter(|line| line.kind == kind).collect();
    lines.map(|(at, line)| (line, before(at, line.kind))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{About, Actor};
    use crate::ids::{EventId, UserId};
    use crate::time::Timestamp;
    use rstest::rstest;
    use serde_json::json;

    fn event(kind: EventKind, user: Option<&str>, data: &Value) -> Event {
        Event {
            id: EventId::new("evt_1"),
            at: Timestamp::from_millis(0),
            kind,
            actor: Actor::Guest,
            about: About { user: user.map(UserId::new), ..About::default() },
            data: data.as_object().cloned().unwrap(),
        }
    }

    #[test]
    fn every_kind_has_a_code_and_words_whatever_is_known_of_it() {
        for kind in EventKind::ALL {
            let line = log_type(&event(*kind, None, &json!({}))).unwrap();
            assert!(!line.code.is_empty() && !line.description.is_empty(), "{kind}");
            let open: Vec<usize> = (0..)
                .zip(LOG_TYPES)
                .filter(|(_, line)| line.kind == *kind && line.when.is_empty())
                .map(|(at, _)| at)
                .collect();
            let last = LOG_TYPES.iter().rposition(|line| line.kind == *kind);
            assert_eq!(open, last.into_iter().collect::<Vec<_>>(), "{kind}: one line without a condition, the last");
        }
    }

    #[rstest]
    #[case(EventKind::LoginFailed, None, json!({"reason": "wrong_credentials"}), "fu")]
    #[case(EventKind::LoginFailed, Some("auth0|1"), json!({"reason": "wrong_credentials"}), "fp")]
    #[case(EventKind::LoginFailed, Some("auth0|1"), json!({"reason": "user_blocked"}), "f")]
    #[case(EventKind::LoginFailed, None, json!({"reason": "not_invited", "purpose": "sign_in"}), "fs")]
    #[case(EventKind::LoginFailed, None, json!({"reason": "other_email", "purpose": "accept"}), "fi")]
    #[case(EventKind::LoginFailed, None, json!({"reason": "linked_elsewhere", "purpose": "link"}), "gl_link_failed")]
    #[case(EventKind::LoginFailed, None, json!({"reason": "provider_failed", "purpose": "sign_in"}), "f")]
    #[case(EventKind::UserUpdated, None, json!({"changed": ["name"]}), "sapi")]
    #[case(EventKind::UserUpdated, None, json!({"changed": ["email"]}), "sapi")]
    #[case(EventKind::UserUpdated, None, json!({"changed": ["email"], "proof": "mailbox"}), "sce")]
    #[case(EventKind::UserUpdated, None, json!({"changed": ["email_verified"], "proof": "mailbox"}), "sv")]
    #[case(EventKind::UserUpdated, None, json!({"changed": ["email_verified"], "proof": "provider"}), "sv")]
    #[case(EventKind::UserUpdated, None, json!({"changed": ["email"], "rule": "undo"}), "gl_email_change_undone")]
    #[case(EventKind::UserUpdated, None, json!({"rule": null, "proof": 7}), "sapi")]
    fn facts_decide(#[case] kind: EventKind, #[case] user: Option<&str>, #[case] data: Value, #[case] code: &str) {
        let event = event(kind, user, &data);
        assert_eq!(log_type(&event).unwrap().code, code);
        // The same answer from the other side: of one code alone a line holds whose elders do not.
        let holds = |line: &LogType| line.kind == kind && line.when.iter().all(|when| when.holds(&event));
        let is_of = |code: &str| {
            of_code(code).iter().any(|(line, elders)| holds(line) && !elders.iter().any(|line| holds(line)))
        };
        let mut codes: Vec<&str> = LOG_TYPES.iter().map(|line| line.code).filter(|code| is_of(code)).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes, [code]);
    }

    #[test]
    fn what_nothing_has_is_of_no_line() {
        assert_eq!(of_code("seacft"), []);
    }
}
