//! The table of events.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::event::{About, Actor, Event, EventKind};
use guestlist_domain::ids::{ClientId, ConnectionId, EventId, InvitationId, UserId};
use guestlist_store::events;
use serde_json::json;

on_both_engines!(
    an_event_comes_back_as_it_went,
    a_timeline_runs_forwards_and_a_history_backwards,
    events_outlive_what_they_are_about,
    an_unsound_row_is_told,
);

fn event(n: u64, kind: EventKind) -> Event {
    let data = json!({"method": "password", "n": n}).as_object().cloned().unwrap();
    Event {
        id: EventId::new(format!("evt_{n:04}")),
        at: later(n),
        kind,
        actor: Actor::Guest,
        about: About {
            user: Some(id_of("anna")),
            invitation: Some(InvitationId::new("inv_anna")),
            client: Some(ClientId::new("app")),
            connection: Some(ConnectionId::new("con_acme")),
        },
        data,
    }
}

async fn an_event_comes_back_as_it_went(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let actors = [
                Actor::User(UserId::new("auth0|a:b")),
                Actor::Client(ClientId::new("backend")),
                Actor::Guest,
                Actor::Operator,
                Actor::System,
            ];
            for (n, kind) in (0..).zip(EventKind::ALL) {
                let actor = actors[usize::try_from(n).unwrap() % actors.len()].clone();
                let event = Event { actor, ..event(n, *kind) };
                events::insert(tx, &event).await?;
                assert_eq!(events::latest(tx, 1).await?, [event]);
            }
            let bare =
                Event { about: About::default(), data: serde_json::Map::new(), ..event(9_000, EventKind::KeysRotated) };
            events::insert(tx, &bare).await?;
            assert_eq!(events::latest(tx, 1).await?, [bare]);
            assert_eq!(events::latest(tx, 1_000).await?.len(), EventKind::ALL.len() + 1);
            Ok(())
        })
    })
    .await;
    let again = refusal(&store, |tx| {
        Box::pin(async move { events::insert(tx, &event(0, EventKind::InvitationCreated)).await })
    });
    assert!(again.await.is_unique_on("events", "id"), "what happened is written once");
}

async fn a_timeline_runs_forwards_and_a_history_backwards(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            for n in 0..510 {
                events::insert(tx, &event(n, EventKind::InvitationResent)).await?;
            }
            let foreign = About { user: Some(id_of("ben")), ..About::default() };
            events::insert(tx, &Event { about: foreign, ..event(900, EventKind::UserCreated) }).await?;
            let numbers = |events: &[Event]| -> Vec<i64> {
                events.iter().map(|event| event.at.seconds() - NOW.seconds()).collect()
            };
            let timeline = numbers(&events::of_invitation(tx, &InvitationId::new("inv_anna")).await?);
            assert_eq!(timeline, (0..500).collect::<Vec<_>>(), "the first 500");
            assert_eq!(numbers(&events::of_user(tx, &id_of("anna"), 3).await?), [509, 508, 507]);
            assert_eq!(numbers(&events::of_user(tx, &id_of("ben"), 3).await?), [900]);
            assert_eq!(numbers(&events::latest(tx, 2).await?), [900, 509]);
            assert_eq!(events::of_invitation(tx, &InvitationId::new("inv_ben")).await?, []);
            Ok(())
        })
    })
    .await;
}

async fn events_outlive_what_they_are_about(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            put_on_the_list(tx, "anna").await?;
            events::insert(tx, &event(1, EventKind::InvitationCreated)).await?;
            guestlist_store::users::delete(tx, &id_of("anna"), NOW).await?;
            assert_eq!(events::of_user(tx, &id_of("anna"), 9).await?, [event(1, EventKind::InvitationCreated)]);
            Ok(())
        })
    })
    .await;
}

async fn an_unsound_row_is_told(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| Box::pin(async move { events::insert(tx, &event(1, EventKind::LoginFailed)).await })).await;
    for unsound in [
        "UPDATE events SET kind = 'party.begun'",
        "UPDATE events SET kind = 'login.failed', actor = 'ghost'",
        "UPDATE events SET actor = 'guest', data = '[]'",
    ] {
        meddle(&store, unsound).await.unwrap();
        let told = refusal(&store, |tx| Box::pin(async move { events::latest(tx, 1).await })).await;
        assert!(is_inconsistent(&told, "events"), "{unsound}: {told}");
    }
}
