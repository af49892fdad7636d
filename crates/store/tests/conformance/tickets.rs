//! The table of reset tickets.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::ids::{ClientId, TicketId};
use guestlist_domain::ticket::{Channel, Closed, ResetTicket, Standing};
use guestlist_domain::user::User;
use guestlist_store::{tickets, users};
use std::time::Duration;

on_both_engines!(
    a_ticket_comes_back_as_it_went,
    case_036_only_the_newest_ticket_lives,
    case_036_of_tickets_made_at_once_one_lives,
    case_036_a_ticket_is_spent_once_and_in_time,
    case_036_of_64_who_spend_a_ticket_one_does,
    case_067_a_ticket_is_as_good_as_its_user,
    tickets_are_forgotten_after_a_while,
    an_unsound_row_is_told,
);

fn ticket(name: &str, owner: &str) -> ResetTicket {
    ResetTicket {
        id: TicketId::new(format!("tkt_{name}")),
        user: id_of(owner),
        user_epoch: 0,
        channel: Channel::Mailed,
        mark_email_as_verified: false,
        client: None,
        result_url: None,
        include_email_in_redirect: false,
        created_at: NOW,
        expires_at: NOW.plus(HOUR),
        closed: None,
    }
}

async fn a_ticket_comes_back_as_it_went(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            users::insert(tx, &active("anna")).await?;
            users::insert(tx, &active("ben")).await?;
            let full = ResetTicket {
                channel: Channel::Handed,
                mark_email_as_verified: true,
                client: Some(ClientId::new("app")),
                result_url: Some("https://app.example/".to_owned()),
                include_email_in_redirect: true,
                ..ticket("b", "ben")
            };
            for (ticket, secret) in [(ticket("a", "anna"), "a"), (full, "b")] {
                tickets::insert(tx, &ticket, hash(secret)).await?;
                assert_eq!(tickets::find(tx, &ticket.id).await?.as_ref(), Some(&ticket));
                assert_eq!(tickets::find_by_secret(tx, hash(secret)).await?, Some(ticket));
            }
            assert_eq!(tickets::find_by_secret(tx, hash("guess")).await?, None);
            assert_eq!(tickets::find(tx, &TicketId::new("tkt_guess")).await?, None);
            Ok(())
        })
    })
    .await;
}

async fn case_036_only_the_newest_ticket_lives(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            users::insert(tx, &active("anna")).await?;
            users::insert(tx, &active("ben")).await?;
            for (name, owner) in [("b", "ben"), ("a1", "anna"), ("a2", "anna")] {
                tickets::insert(tx, &ticket(name, owner), hash(name)).await?;
            }
            let closed = |name: &'static str, closed| ResetTicket { closed, ..ticket(name, "anna") };
            let replaced = closed("a1", Some(Closed::Replaced));
            assert_eq!(tickets::find(tx, &replaced.id).await?, Some(replaced.clone()));
            assert_eq!(replaced.standing(0, NOW), Standing::Replaced);
            assert!(!tickets::spend(tx, &replaced.id, NOW).await?);
            assert!(tickets::spend(tx, &ticket("a2", "anna").id, NOW).await?);
            assert_eq!(tickets::replace_open(tx, &id_of("anna")).await?, 0, "what was used stays used");
            let used = closed("a2", Some(Closed::Used));
            assert_eq!(tickets::find_by_secret(tx, hash("a2")).await?, Some(used));
            assert_eq!(tickets::replace_open(tx, &id_of("ben")).await?, 1);
            assert!(!tickets::spend(tx, &ticket("b", "ben").id, NOW).await?, "its address was changed");
            Ok(())
        })
    })
    .await;
}

async fn case_036_of_tickets_made_at_once_one_lives(database: Database) {
    const ROUNDS: usize = 50;
    const LINKS: usize = 8;
    let store = opened(&database).await;
    lay(&store, ROUNDS, |tx, n| Box::pin(async move { users::insert(tx, &active(&format!("u{n}"))).await })).await;
    let here = store.clone();
    rounds(ROUNDS, move |round| {
        let store = here.clone();
        async move {
            at_once(LINKS, |caller| {
                let store = store.clone();
                async move {
                    write(&store, move |tx| {
                        Box::pin(async move {
                            let name = format!("{round}.{caller}");
                            tickets::insert(tx, &ticket(&name, &format!("u{round}")), hash(&name)).await
                        })
                    })
                    .await;
                }
            })
            .await;
        }
    })
    .await;
    let open = "SELECT COUNT(*) FROM reset_tickets WHERE closed IS NULL";
    assert_eq!(number(&store, open).await, i64::try_from(ROUNDS).unwrap());
}

async fn case_036_a_ticket_is_spent_once_and_in_time(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            users::insert(tx, &active("anna")).await?;
            tickets::insert(tx, &ticket("a", "anna"), hash("a")).await?;
            let (id, end) = (ticket("a", "anna").id, ticket("a", "anna").expires_at);
            assert!(!tickets::spend(tx, &id, end).await?, "it ended at this very moment");
            assert!(!tickets::spend(tx, &TicketId::new("tkt_guess"), NOW).await?);
            assert!(tickets::spend(tx, &id, end.minus(Duration::from_millis(1))).await?);
            assert!(!tickets::spend(tx, &id, NOW).await?, "it was used");
            Ok(())
        })
    })
    .await;
}

async fn case_036_of_64_who_spend_a_ticket_one_does(database: Database) {
    const ROUNDS: usize = 100;
    let stores = cluster(&database).await;
    lay(&stores[0], ROUNDS, |tx, n| {
        Box::pin(async move {
            users::insert(tx, &active(&format!("u{n}"))).await?;
            let name = format!("t{n}");
            tickets::insert(tx, &ticket(&name, &format!("u{n}")), hash(&name)).await
        })
    })
    .await;
    rounds(ROUNDS, move |round| {
        let stores = stores.clone();
        async move {
            let spent = at_once(CALLERS, |caller| {
                let store = stores[caller % stores.len()].clone();
                async move {
                    write(&store, move |tx| {
                        Box::pin(async move { tickets::spend(tx, &TicketId::new(format!("tkt_t{round}")), NOW).await })
                    })
                    .await
                }
            });
            assert_eq!(spent.await.into_iter().filter(|spent| *spent).count(), 1, "round {round}");
        }
    })
    .await;
}

async fn case_067_a_ticket_is_as_good_as_its_user(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let users = [
                ("reset", User { epoch: 1, ..active("reset") }),
                ("blocked", User { blocked: true, ..active("blocked") }),
                ("pending", pending("pending")),
            ];
            for (name, user) in users {
                users::insert(tx, &user).await?;
                tickets::insert(tx, &ticket(name, name), hash(name)).await?;
                assert!(!tickets::spend(tx, &ticket(name, name).id, NOW).await?, "{name}");
                assert_eq!(tickets::find(tx, &ticket(name, name).id).await?, Some(ticket(name, name)));
            }
            Ok(())
        })
    })
    .await;
}

async fn tickets_are_forgotten_after_a_while(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            users::insert(tx, &active("anna")).await?;
            tickets::insert(tx, &ticket("a", "anna"), hash("a")).await?;
            let end = ticket("a", "anna").expires_at;
            assert_eq!(tickets::purge(tx, end).await?, 0);
            assert_eq!(tickets::purge(tx, end.plus(HOUR)).await?, 1);
            assert_eq!(tickets::find(tx, &ticket("a", "anna").id).await?, None);
            Ok(())
        })
    })
    .await;
}

async fn an_unsound_row_is_told(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            users::insert(tx, &active("anna")).await?;
            tickets::insert(tx, &ticket("a", "anna"), hash("a")).await
        })
    })
    .await;
    for refused in [
        "UPDATE reset_tickets SET closed = 'lost'",
        "UPDATE reset_tickets SET channel = 'shouted'",
        "UPDATE reset_tickets SET mark_email_as_verified = 2",
    ] {
        assert!(meddle(&store, refused).await.is_err(), "{refused}");
    }
}
