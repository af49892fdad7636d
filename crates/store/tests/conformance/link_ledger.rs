//! The table of the link ledger.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::email::Email;
use guestlist_domain::event::Actor;
use guestlist_domain::identity::LinkRule;
use guestlist_domain::ids::{ConnectionId, LedgerId};
use guestlist_domain::ledger::{Entry, LedgerWay, Proof, Rule};
use guestlist_domain::time::Timestamp;
use guestlist_store::{link_ledger, users};
use serde_json::json;

on_both_engines!(
    a_line_comes_back_as_it_went_and_outlives_its_user,
    lines_are_listed_newest_first,
    a_line_is_undone_once,
    case_080_links_that_undo_are_forgotten_from_a_moment_on,
    of_64_who_undo_a_line_one_does,
);

fn line(name: &str, owner: &str) -> Entry {
    Entry {
        id: LedgerId::new(format!("lgr_{name}")),
        user: id_of(owner),
        way: Some(LedgerWay {
            connection: ConnectionId::new("con_acme"),
            issuer: "https://acme.example".to_owned(),
            subject: format!("{owner}-at-acme"),
            email: Some(Email::parse("anna@acme.example").unwrap()),
        }),
        rule: Rule::Link(LinkRule::OwnAccount),
        proofs: vec![Proof::FreshSignIn, Proof::Provider],
        actor: Actor::User(id_of(owner)),
        at: NOW,
        undoes: None,
        details: serde_json::Map::new(),
    }
}

fn undoing(name: &str, owner: &str, undone: &str) -> Entry {
    Entry { rule: Rule::Undone, undoes: Some(LedgerId::new(format!("lgr_{undone}"))), ..line(name, owner) }
}

async fn a_line_comes_back_as_it_went_and_outlives_its_user(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            users::insert(tx, &active("anna")).await?;
            let details = json!({"merged": {"email": "a@example.org"}}).as_object().unwrap().clone();
            let bare = Entry { rule: Rule::MergedByApi, way: None, proofs: vec![], details, ..line("b", "anna") };
            assert!(link_ledger::append(tx, &line("a", "anna"), Some(hash("undo"))).await?);
            assert!(link_ledger::append(tx, &bare, None).await?);
            assert_eq!(link_ledger::find(tx, &LedgerId::new("lgr_a")).await?, Some(line("a", "anna")));
            assert_eq!(link_ledger::find(tx, &LedgerId::new("lgr_b")).await?, Some(bare));
            assert_eq!(link_ledger::find(tx, &LedgerId::new("lgr_none")).await?, None);
            assert_eq!(link_ledger::find_by_undo(tx, hash("undo")).await?, Some(line("a", "anna")));
            assert_eq!(link_ledger::find_by_undo(tx, hash("guess")).await?, None);
            assert!(users::delete(tx, &id_of("anna"), NOW).await?);
            assert_eq!(link_ledger::of_user(tx, &id_of("anna"), 10).await?.len(), 2);
            Ok(())
        })
    })
    .await;
}

async fn lines_are_listed_newest_first(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            for (seconds, name) in [(0, "a"), (1, "b"), (2, "c")] {
                let entry = Entry { at: later(seconds), ..line(name, "anna") };
                assert!(link_ledger::append(tx, &entry, None).await?);
            }
            assert!(link_ledger::append(tx, &line("other", "ben"), None).await?);
            let listed = link_ledger::of_user(tx, &id_of("anna"), 2).await?;
            let found: Vec<(&str, Timestamp)> = listed.iter().map(|entry| (entry.id.as_str(), entry.at)).collect();
            assert_eq!(found, [("lgr_c", later(2)), ("lgr_b", later(1))]);
            Ok(())
        })
    })
    .await;
}

async fn a_line_is_undone_once(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let id = LedgerId::new("lgr_a");
            assert!(link_ledger::append(tx, &line("a", "anna"), None).await?);
            assert!(!link_ledger::is_undone(tx, &id).await?);
            assert!(link_ledger::append(tx, &undoing("b", "anna", "a"), None).await?);
            assert!(link_ledger::is_undone(tx, &id).await?);
            assert!(!link_ledger::append(tx, &undoing("c", "anna", "a"), None).await?);
            assert_eq!(link_ledger::find(tx, &LedgerId::new("lgr_c")).await?, None);
            Ok(())
        })
    })
    .await;
}

async fn case_080_links_that_undo_are_forgotten_from_a_moment_on(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            for (seconds, name, owner) in [(0, "a", "anna"), (1, "b", "anna"), (2, "c", "anna"), (2, "d", "ben")] {
                let entry = Entry { at: later(seconds), ..line(name, owner) };
                assert!(link_ledger::append(tx, &entry, Some(hash(name))).await?);
            }
            assert_eq!(link_ledger::forget_links_since(tx, &id_of("anna"), later(1)).await?, 2);
            let mut known = Vec::new();
            for name in ["a", "b", "c", "d"] {
                known.extend(link_ledger::find_by_undo(tx, hash(name)).await?.map(|_| name));
            }
            assert_eq!(known, ["a", "d"]);
            assert_eq!(link_ledger::of_user(tx, &id_of("anna"), 9).await?.len(), 3, "the lines stay");
            Ok(())
        })
    })
    .await;
}

async fn of_64_who_undo_a_line_one_does(database: Database) {
    const ROUNDS: usize = 50;
    let stores = cluster(&database).await;
    lay(&stores[0], ROUNDS, |tx, n| {
        Box::pin(async move { link_ledger::append(tx, &line(&format!("r{n}"), "anna"), None).await.map(drop) })
    })
    .await;
    rounds(ROUNDS, move |round| {
        let stores = stores.clone();
        async move {
            let undone = at_once(CALLERS, |caller| {
                let store = stores[caller % stores.len()].clone();
                async move {
                    write(&store, move |tx| {
                        Box::pin(async move {
                            let undo = undoing(&format!("r{round}c{caller}"), "anna", &format!("r{round}"));
                            link_ledger::append(tx, &undo, None).await
                        })
                    })
                    .await
                }
            });
            assert_eq!(undone.await.into_iter().filter(|undone| *undone).count(), 1, "round {round}");
        }
    })
    .await;
}
