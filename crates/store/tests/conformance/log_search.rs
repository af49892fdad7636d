//! Finding lines of the log, alike on both engines.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::event::{About, Actor, Event, EventKind};
use guestlist_domain::filter::Filter::{All, Any, Everybody, Is, Not};
use guestlist_domain::filter::Span;
use guestlist_domain::ids::{ClientId, ConnectionId, EventId};
use guestlist_domain::log::{LOG_TYPES, log_type};
use guestlist_domain::log_filter::{LogFact, LogField, LogFilter};
use guestlist_store::log_search::{self, LogOrder};
use guestlist_store::{Tx, events, users};
use serde_json::{Value, json};
use std::collections::BTreeMap;

on_both_engines!(
    lines_are_found_by_what_they_are,
    a_page_is_where_it_is_asked_for,
    a_code_finds_what_has_it_and_nothing_else,
    names_are_those_of_today,
);

fn event(n: u64, kind: EventKind, user: Option<&str>, data: &Value) -> Event {
    Event {
        id: EventId::mint(later(n), [7; 10]),
        at: later(n),
        kind,
        actor: Actor::Guest,
        about: About { user: user.map(id_of), ..About::default() },
        data: data.as_object().cloned().unwrap(),
    }
}

async fn found(tx: &mut Tx<'_>, filter: LogFilter, order: LogOrder, limit: i64, offset: i64) -> Vec<i64> {
    let lines = log_search::list(tx, &filter, order, limit, offset).await.unwrap();
    lines.iter().map(|line| line.event.at.seconds() - NOW.seconds()).collect()
}

async fn all(tx: &mut Tx<'_>, filter: LogFilter) -> Vec<i64> {
    let found = found(tx, filter.clone(), LogOrder::OldestFirst, 1_000, 0).await;
    assert_eq!(log_search::count(tx, &filter).await.unwrap(), i64::try_from(found.len()).unwrap());
    found
}

fn about(field: LogField, id: &str) -> LogFilter {
    Is(LogFact::About(field, id.to_owned()))
}

async fn lines_are_found_by_what_they_are(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let mut rich = event(1, EventKind::UserLinked, Some("anna"), &json!({}));
            rich.about.client = Some(ClientId::new("app"));
            rich.about.connection = Some(ConnectionId::new("con_acme"));
            events::insert(tx, &rich).await?;
            events::insert(tx, &event(2, EventKind::LoginSucceeded, Some("ben"), &json!({}))).await?;
            events::insert(tx, &event(3, EventKind::KeysRotated, None, &json!({}))).await?;
            assert_eq!(all(tx, Everybody).await, [1, 2, 3]);
            assert_eq!(all(tx, about(LogField::User, "auth0|anna")).await, [1]);
            assert_eq!(all(tx, about(LogField::Client, "app")).await, [1]);
            assert_eq!(all(tx, about(LogField::Connection, "con_acme")).await, [1]);
            assert_eq!(all(tx, about(LogField::Id, rich.id.as_str())).await, [1]);
            assert_eq!(all(tx, Is(LogFact::Has(LogField::User))).await, [1, 2]);
            // What is about nobody is not about Anna.
            assert_eq!(all(tx, Not(Box::new(about(LogField::User, "auth0|anna")))).await, [2, 3]);
            let ben = about(LogField::User, "auth0|ben");
            assert_eq!(all(tx, Any(vec![ben.clone(), Is(LogFact::Type("gl_keys_rotated".to_owned()))])).await, [2, 3]);
            assert_eq!(all(tx, All(vec![ben, Is(LogFact::Type("f".to_owned()))])).await, [0_i64; 0]);
            let within = |from, before| Is(LogFact::Within(Span { from, before }));
            assert_eq!(all(tx, within(Some(later(2)), None)).await, [2, 3]);
            assert_eq!(all(tx, within(None, Some(later(2)))).await, [1]);
            assert_eq!(all(tx, within(Some(later(1)), Some(later(3)))).await, [1, 2]);
            Ok(())
        })
    })
    .await;
}

async fn a_page_is_where_it_is_asked_for(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            for n in 0..1_200 {
                events::insert(tx, &event(n, EventKind::LoginSucceeded, Some("anna"), &json!({}))).await?;
            }
            let anna = || about(LogField::User, "auth0|anna");
            assert_eq!(found(tx, anna(), LogOrder::NewestFirst, 2, 0).await, [1_199, 1_198]);
            assert_eq!(found(tx, anna(), LogOrder::NewestFirst, 5, 1_197).await, [2, 1, 0], "behind the first 1,000");
            assert_eq!(found(tx, anna(), LogOrder::OldestFirst, 2, 1_100).await, [1_100, 1_101]);
            assert_eq!(found(tx, anna(), LogOrder::OldestFirst, 2, 1_200).await, [0_i64; 0]);
            let behind = Is(LogFact::Behind(EventId::mint(later(1_050), [7; 10])));
            assert_eq!(found(tx, behind, LogOrder::OldestFirst, 2, 0).await, [1_051, 1_052]);
            Ok(())
        })
    })
    .await;
}

/// Each kind with every value that the table knows of a fact, with a user and without: what the rule says, SQL finds.
async fn a_code_finds_what_has_it_and_nothing_else(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let facts = [
                json!({}),
                json!({"reason": "wrong_credentials"}),
                json!({"reason": "user_blocked"}),
                json!({"reason": "not_invited", "purpose": "sign_in"}),
                json!({"reason": "not_invited", "purpose": "accept"}),
                json!({"reason": "linked_elsewhere", "purpose": "link"}),
                json!({"reason": "provider_failed", "purpose": "try"}),
                json!({"changed": ["email"], "proof": "mailbox"}),
                json!({"changed": ["email"]}),
                json!({"changed": ["email", "blocked"], "proof": "mailbox"}),
                json!({"changed": ["email_verified"], "proof": "provider"}),
                json!({"changed": ["email"], "rule": "undo"}),
                json!({"rule": null, "proof": 7, "reason": true}),
            ];
            let mut n = 0;
            let mut expected: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
            for kind in EventKind::ALL {
                for data in &facts {
                    for user in [None, Some("anna")] {
                        let event = event(n, *kind, user, data);
                        events::insert(tx, &event).await?;
                        expected.entry(log_type(&event).unwrap().code).or_default().push(i64::try_from(n).unwrap());
                        n += 1;
                    }
                }
            }
            for line in LOG_TYPES {
                let found = all(tx, Is(LogFact::Type(line.code.to_owned()))).await;
                assert!(!found.is_empty(), "{}: the facts above miss a line of the table", line.code);
                assert_eq!(Some(&found), expected.get(line.code), "{}", line.code);
            }
            assert_eq!(all(tx, Is(LogFact::Type("seacft".to_owned()))).await, [0_i64; 0]);
            // PostgreSQL cannot say U+0000: such a line is found by its kind, and spoils no search.
            let odd = event(9_000, EventKind::LoginFailed, None, &json!({"reason": "a\u{0}b"}));
            events::insert(tx, &odd).await?;
            assert!(all(tx, Is(LogFact::Type("f".to_owned()))).await.contains(&9_000));
            Ok(())
        })
    })
    .await;
}

async fn names_are_those_of_today(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            put_on_the_list(tx, "anna").await?;
            let mut happened = event(1, EventKind::UserCreated, Some("anna"), &json!({}));
            happened.about.client = Some(ClientId::new("gone"));
            events::insert(tx, &happened).await?;
            let line = log_search::list(tx, &Everybody, LogOrder::NewestFirst, 9, 0).await?.pop().unwrap();
            assert_eq!((&line.event, line.user_name.as_deref()), (&happened, Some("anna@example.org")));
            assert_eq!((line.client_name, line.connection_name, line.strategy), (None, None, None));
            users::delete(tx, &id_of("anna"), NOW).await?;
            let line = log_search::list(tx, &Everybody, LogOrder::NewestFirst, 9, 0).await?.pop().unwrap();
            assert_eq!((line.event, line.user_name), (happened, None));
            Ok(())
        })
    })
    .await;
}
