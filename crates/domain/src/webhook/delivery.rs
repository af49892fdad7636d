//! One event on its way to one webhook.

use crate::event::{Actor, Event, EventKind};
use crate::ids::{EventId, InvitationId, UserId, WebhookId};
use crate::time::{Timestamp, hours, minutes};
use serde_json::{Value, json};
use std::time::Duration;

/// Tries before a delivery is given up into the list of dead letters. With the waits of [`after_failure`] the last one
/// is three days and a quarter after the first.
pub const MAX_TRIES: i64 = 13;
/// The wait after the first failure; each further one is four times as long.
pub const FIRST_WAIT: Duration = Duration::from_secs(15);
/// The longest wait.
pub const LONGEST_WAIT: Duration = hours(12);
/// How long a worker may take for one delivery before another may try. More than a receiver gets to answer.
pub const WEBHOOK_LEASE: Duration = minutes(1);
/// Deliveries of one webhook that are under way at a time, so that an endpoint that hangs holds few of our sockets.
pub const MOST_AT_ONCE: i64 = 4;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// Waiting for its turn, or for the next try.
    Queued,
    /// The receiver said 2xx.
    Delivered,
    /// Given up: a dead letter, until somebody sends it again.
    Failed,
}

impl DeliveryStatus {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Queued, Self::Delivered, Self::Failed].into_iter().find(|status| status.as_str() == word)
    }
}

/// A delivery as an administrator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// To whom.
    pub webhook: WebhookId,
    /// Which event.
    pub event: EventId,
    /// Of which kind.
    pub kind: EventKind,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Tries so far.
    pub attempts: i64,
    /// When it is tried next, at the earliest, while it waits.
    pub due_at: Timestamp,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub ended_at: Option<Timestamp>,
    /// What went wrong the last time. Never what the receiver answered.
    pub last_error: Option<String>,
}

/// A delivery that a worker holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Leased {
    /// To whom.
    pub webhook: WebhookId,
    /// What happened.
    pub event: Event,
    /// Tries so far, this one included. It is the lease's name: whoever comes back with an older one has lost it.
    pub attempts: i64,
    /// Of these, the tries since it was last sent again by hand.
    pub tries: i64,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it.
    Delivered,
    /// Worth another try.
    Again,
    /// The receiver wants no more of them, ever: the webhook is switched off.
    Gone,
}

/// Judges an HTTP status. 2xx is a receipt. 410 is how Standard Webhooks lets a receiver end it. A redirect is no
/// receipt and is not followed. Everything else may pass, a 4xx too: it is most often a receiver being deployed.
pub const fn judge(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Delivered,
        410 => Verdict::Gone,
        _ => Verdict::Again,
    }
}

/// What happens to a delivery that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// Another try, not before then.
    TryAgainAt(Timestamp),
    /// A dead letter.
    GiveUp,
}

/// What to do after try number `tries` failed: 15 s, 1 min, 4 min, 16 min, 64 min, 4 h 16 min, then every 12 h.
pub fn after_failure(tries: i64, now: Timestamp) -> NextStep {
    if tries >= MAX_TRIES {
        return NextStep::GiveUp;
    }
    let exponent = u32::try_from(tries.clamp(1, MAX_TRIES) - 1).unwrap_or(0);
    let wait = FIRST_WAIT.saturating_mul(4_u32.saturating_pow(exponent));
    NextStep::TryAgainAt(now.plus(wait.min(LONGEST_WAIT)))
}

/// Within which line an event waits for those before it: its user's, else its invitation's, else its own.
pub fn subject(event: &Event) -> &str {
    let of_user = event.about.user.as_ref().map(UserId::as_str);
    let of_invitation = || event.about.invitation.as_ref().map(InvitationId::as_str);
    of_user.or_else(of_invitation).unwrap_or(event.id.as_str())
}

/// The body: the event, field by field (R16). `timestamp` is [`Event::at`] in RFC 3339. What stands here is what the
/// console's timeline shows; no secret, link or token is ever part of an event.
pub fn body(event: &Event, timestamp: &str) -> Value {
    let about = &event.about;
    let (actor, actor_id) = match &event.actor {
        Actor::User(id) => ("user", Some(id.as_str())),
        Actor::Client(id) => ("client", Some(id.as_str())),
        Actor::Guest => ("guest", None),
        Actor::Operator => ("operator", None),
        Actor::System => ("system", None),
    };
    json!({
        "type": event.kind.as_str(),
        "timestamp": timestamp,
        "data": {
            "id": event.id,
            "actor": { "type": actor, "id": actor_id },
            "user_id": about.user,
            "invitation_id": about.invitation,
            "client_id": about.client,
            "connection_id": about.connection,
            "details": event.data,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::About;
    use proptest::prelude::*;
    use serde_json::Map;

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn event(about: About) -> Event {
        let id = EventId::new("evt_1");
        Event { id, at: NOW, kind: EventKind::UserCreated, actor: Actor::Guest, about, data: Map::new() }
    }

    #[test]
    fn case_114_tries_are_spaced_and_bounded() {
        let waits: Vec<i64> = (1..MAX_TRIES)
            .map(|tries| match after_failure(tries, NOW) {
                NextStep::TryAgainAt(at) => at.seconds(),
                NextStep::GiveUp => panic!("gave up early"),
            })
            .collect();
        assert_eq!(waits, [15, 60, 240, 960, 3_840, 15_360, 43_200, 43_200, 43_200, 43_200, 43_200, 43_200]);
        assert_eq!(waits.iter().sum::<i64>() / 3_600, 77, "hours from the first try to the last");
        assert_eq!(after_failure(MAX_TRIES, NOW), NextStep::GiveUp);
    }

    proptest! {
        #[test]
        fn a_wait_is_never_shorter_than_the_one_before_nor_longer_than_the_longest(tries in i64::MIN..MAX_TRIES - 1) {
            let wait = |tries| match after_failure(tries, NOW) {
                NextStep::TryAgainAt(at) => at.since(NOW),
                NextStep::GiveUp => Duration::ZERO,
            };
            prop_assert!(wait(tries) >= FIRST_WAIT);
            prop_assert!(wait(tries) <= wait(tries + 1));
            prop_assert!(wait(tries + 1) <= LONGEST_WAIT);
        }

        #[test]
        fn only_2xx_is_a_receipt(status: u16) {
            prop_assert_eq!(judge(status) == Verdict::Delivered, (200..300).contains(&status));
            prop_assert_eq!(judge(status) == Verdict::Gone, status == 410);
        }
    }

    #[test]
    fn an_event_waits_in_the_line_of_its_user_or_its_invitation() {
        let invitation = Some(InvitationId::new("inv_1"));
        let both = About { invitation: invitation.clone(), ..About::user(&UserId::new("auth0|1")) };
        assert_eq!(subject(&event(both)), "auth0|1");
        assert_eq!(subject(&event(About { invitation, ..About::default() })), "inv_1");
        assert_eq!(subject(&event(About::default())), "evt_1");
    }

    #[test]
    fn a_body_is_the_event() {
        let body = body(&event(About::user(&UserId::new("auth0|1"))), "1970-01-01T00:00:00.000Z");
        insta::assert_json_snapshot!(body, @r#"
        {
          "data": {
            "actor": {
              "id": null,
              "type": "guest"
            },
            "client_id": null,
            "connection_id": null,
            "details": {},
            "id": "evt_1",
            "invitation_id": null,
            "user_id": "auth0|1"
          },
          "timestamp": "1970-01-01T00:00:00.000Z",
          "type": "user.created"
        }
        "#);
    }
}
