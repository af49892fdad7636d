//! The table of mails on their way.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::ids::{InvitationId, LedgerId, MailId, TicketId};
use guestlist_domain::mail::{Delivery, DeliveryStatus, LEASE, Occasion, OutboxMail};
use guestlist_domain::time::Timestamp;
use guestlist_store::{Engine, StoreError, outbox};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

on_both_engines!(
    a_mail_comes_back_as_it_went,
    mails_are_leased_when_they_are_due,
    case_117_a_lease_that_is_over_frees_its_mail,
    case_117_a_new_process_frees_what_a_dead_one_held,
    case_117_many_workers_lease_each_mail_once,
    a_sent_mail_carries_no_secret,
    a_mail_is_tried_again_when_it_is_time,
    a_mail_that_is_given_up_says_why,
    a_newer_link_cancels_the_older_mail,
    a_mail_that_waits_no_more_has_no_secret,
    an_unsound_row_is_told,
);

fn mail(name: &str, occasion: Occasion) -> OutboxMail {
    OutboxMail {
        id: MailId::new(format!("mail_{name}")),
        occasion,
        recipient: email_of(name),
        user: Some(id_of(name)),
        locale: Some("de".to_owned()),
        sealed_secret: Some(vec![0, 255, 7]),
        attempts: 0,
        created_at: NOW,
    }
}

fn welcome(name: &str) -> OutboxMail {
    mail(name, Occasion::Welcome)
}

fn anna() -> InvitationId {
    invitation_for("anna").id
}

fn invite(name: &str, generation: i64) -> OutboxMail {
    let created_at = later(u64::try_from(generation).unwrap());
    OutboxMail { created_at, ..mail(name, Occasion::Invitation { invitation: anna(), generation }) }
}

fn first_try(mail: OutboxMail) -> OutboxMail {
    OutboxMail { attempts: 1, ..mail }
}

async fn a_mail_comes_back_as_it_went(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let providers = vec!["Acme".to_owned(), "Other \"O\"".to_owned()];
            let occasions = [
                Occasion::Invitation { invitation: anna(), generation: 3 },
                Occasion::Reset { ticket: TicketId::new("tkt_1") },
                Occasion::NoPassword { providers },
                Occasion::Welcome,
                Occasion::PasswordChanged,
                Occasion::WayInAdded { provider: "Acme".to_owned(), entry: Some(LedgerId::new("lgr_1")) },
                Occasion::WayInRemoved { provider: String::new(), entry: None },
                Occasion::Test,
            ];
            for occasion in occasions {
                let plain =
                    OutboxMail { user: None, locale: None, sealed_secret: None, ..mail("plain", occasion.clone()) };
                for queued in [mail(&format!("full.{}", occasion.as_str()).replace('_', "."), occasion), plain] {
                    outbox::insert(tx, &queued).await?;
                    assert_eq!(outbox::lease(tx, NOW, 10).await?, [first_try(queued.clone())]);
                    assert!(outbox::mark_sent(tx, &first_try(queued.clone()), NOW).await?);
                    tx.exec("DELETE FROM outbox", &[]).await?;
                }
            }
            Ok(())
        })
    })
    .await;
}

async fn mails_are_leased_when_they_are_due(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            assert_eq!(outbox::next_due(tx).await?, None);
            for (name, seconds) in [("c", 30), ("a", 10), ("b", 20)] {
                outbox::insert(tx, &OutboxMail { created_at: later(seconds), ..welcome(name) }).await?;
            }
            assert_eq!(outbox::next_due(tx).await?, Some(later(10)));
            assert_eq!(outbox::lease(tx, later(9), 10).await?, []);
            let names = |mails: &[OutboxMail]| -> Vec<String> {
                let mut names: Vec<String> = mails.iter().map(|mail| mail.recipient.local_part().to_owned()).collect();
                names.sort();
                names
            };
            assert_eq!(names(&outbox::lease(tx, later(30), 2).await?), ["a", "b"], "the oldest first");
            assert_eq!(outbox::next_due(tx).await?, Some(later(30)));
            assert_eq!(names(&outbox::lease(tx, later(30), 2).await?), ["c"]);
            assert_eq!(outbox::next_due(tx).await?, Some(later(30).plus(LEASE)), "when the first lease is over");
            assert_eq!(outbox::lease(tx, later(31), 2).await?, []);
            Ok(())
        })
    })
    .await;
}

async fn case_117_a_lease_that_is_over_frees_its_mail(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            outbox::insert(tx, &invite("a", 0)).await?;
            let end = NOW.plus(LEASE);
            let lost = outbox::lease(tx, NOW, 1).await?.remove(0);
            assert_eq!(outbox::lease(tx, end.minus(Duration::from_millis(1)), 1).await?, []);
            let held = outbox::lease(tx, end, 1).await?.remove(0);
            assert_eq!((lost.attempts, held.attempts), (1, 2));
            assert_eq!(OutboxMail { attempts: 1, ..held.clone() }, lost, "the same mail with the same link");

            assert!(!outbox::mark_sent(tx, &lost, end).await?, "whoever lost the lease says nothing");
            assert!(!outbox::try_again(tx, &lost, later(1), "late").await?);
            assert!(!outbox::close(tx, &lost, DeliveryStatus::Failed, None).await?);
            let waits = Delivery { status: DeliveryStatus::Queued, attempts: 2, sent_at: None, last_error: None };
            assert_eq!(outbox::delivery(tx, &anna()).await?, Some(waits));
            assert!(outbox::mark_sent(tx, &held, end).await?);
            assert!(!outbox::mark_sent(tx, &held, end).await?, "once");
            assert_eq!(outbox::lease(tx, end.plus(HOUR), 1).await?, [], "it is sent");
            Ok(())
        })
    })
    .await;
}

async fn case_117_a_new_process_frees_what_a_dead_one_held(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            outbox::insert(tx, &invite("a", 0)).await?;
            let dead = outbox::lease(tx, NOW, 1).await?.remove(0);
            if tx.engine() == Engine::Postgres {
                // Another node may be at it: it ends by itself.
                assert_eq!(outbox::free_leases(tx).await?, 0);
                assert!(outbox::lease(tx, NOW, 1).await?.is_empty());
                return Ok(());
            }
            assert_eq!(outbox::free_leases(tx).await?, 1);
            assert_eq!(outbox::free_leases(tx).await?, 0);
            let again = outbox::lease(tx, NOW, 1).await?.remove(0);
            assert_eq!(OutboxMail { attempts: 1, ..again.clone() }, dead);
            assert!(!outbox::mark_sent(tx, &dead, NOW).await?, "the dead one's word counts for nothing");
            assert!(outbox::mark_sent(tx, &again, NOW).await?);
            assert_eq!(outbox::free_leases(tx).await?, 0, "what is sent stays sent");
            Ok(())
        })
    })
    .await;
}

/// Leases until nothing is due: the ids it got.
async fn work(store: &guestlist_store::Store, now: Timestamp) -> Vec<OutboxMail> {
    let mut mine = Vec::new();
    loop {
        let leased = write(store, move |tx| Box::pin(async move { outbox::lease(tx, now, 8).await })).await;
        if leased.is_empty() {
            return mine;
        }
        mine.extend(leased);
    }
}

async fn case_117_many_workers_lease_each_mail_once(database: Database) {
    const MAILS: usize = 600;
    const WORKERS: usize = 16;
    let nodes = Arc::new(cluster(&database).await);
    lay(&nodes[0], MAILS, |tx, n| Box::pin(async move { outbox::insert(tx, &welcome(&format!("m{n}"))).await })).await;
    let mut latest = BTreeMap::new();
    for attempt in 1..=2 {
        // The second time all leases are over, because nobody came back.
        let now = if attempt == 1 { NOW } else { NOW.plus(LEASE) };
        let leased = at_once(WORKERS, |worker| {
            let store = nodes[worker % nodes.len()].clone();
            async move { work(&store, now).await }
        });
        let leased: Vec<OutboxMail> = leased.await.into_iter().flatten().collect();
        assert!(leased.iter().all(|mail| mail.attempts == attempt));
        latest = leased.iter().map(|mail| (mail.id.to_string(), mail.clone())).collect();
        assert_eq!((leased.len(), latest.len()), (MAILS, MAILS), "each mail once");
    }
    let sent = at_once(MAILS, |n| {
        let (store, mail) = (nodes[n % nodes.len()].clone(), latest[&format!("mail_m{n}")].clone());
        async move {
            write(&store, move |tx| {
                let mail = mail.clone();
                Box::pin(async move {
                    let stale = outbox::mark_sent(tx, &OutboxMail { attempts: 1, ..mail.clone() }, NOW).await?;
                    Ok((stale, outbox::mark_sent(tx, &mail, NOW).await?))
                })
            })
            .await
        }
    });
    assert!(sent.await.into_iter().all(|marked| marked == (false, true)));
}

async fn a_sent_mail_carries_no_secret(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            outbox::insert(tx, &invite("a", 1)).await?;
            let held = outbox::lease(tx, later(1), 1).await?.remove(0);
            assert_eq!(held.sealed_secret, invite("a", 1).sealed_secret);
            assert!(outbox::try_again(tx, &held, later(2), "451 later").await?);
            let held = outbox::lease(tx, later(2), 1).await?.remove(0);
            assert!(outbox::mark_sent(tx, &held, later(3)).await?);
            let sent = DeliveryStatus::Sent;
            let told = Delivery { status: sent, attempts: 2, sent_at: Some(later(3)), last_error: None };
            assert_eq!(outbox::delivery(tx, &anna()).await?, Some(told), "what went wrong before does not matter now");
            assert_eq!(outbox::delivery(tx, &InvitationId::new("inv_other")).await?, None);
            Ok(())
        })
    })
    .await;
    assert_eq!(number(&store, "SELECT COUNT(*) FROM outbox WHERE sealed_secret IS NOT NULL").await, 0);
}

async fn a_mail_is_tried_again_when_it_is_time(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            outbox::insert(tx, &invite("a", 0)).await?;
            let held = outbox::lease(tx, NOW, 1).await?.remove(0);
            assert!(outbox::try_again(tx, &held, later(30), "451 later").await?);
            let queued = DeliveryStatus::Queued;
            let told =
                Delivery { status: queued, attempts: 1, sent_at: None, last_error: Some("451 later".to_owned()) };
            assert_eq!(outbox::delivery(tx, &anna()).await?, Some(told));
            assert_eq!(outbox::next_due(tx).await?, Some(later(30)));
            assert_eq!(outbox::lease(tx, later(29), 1).await?, []);
            let again = OutboxMail { attempts: 2, ..invite("a", 0) };
            assert_eq!(outbox::lease(tx, later(30), 1).await?, [again]);
            Ok(())
        })
    })
    .await;
}

async fn a_mail_that_is_given_up_says_why(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let ends = [
                (DeliveryStatus::Bounced, Some("550 unknown")),
                (DeliveryStatus::Failed, Some("451 later")),
                (DeliveryStatus::Cancelled, None),
            ];
            for (generation, (status, error)) in (1..).zip(ends) {
                outbox::insert(tx, &invite(&format!("a{generation}"), generation)).await?;
                let held = outbox::lease(tx, later(60), 1).await?.remove(0);
                assert!(outbox::close(tx, &held, status, error).await?);
                let last_error = error.map(str::to_owned);
                let told = Delivery { status, attempts: 1, sent_at: None, last_error };
                assert_eq!(outbox::delivery(tx, &anna()).await?, Some(told));
            }
            assert_eq!(outbox::lease(tx, later(9_000), 10).await?, []);
            Ok(())
        })
    })
    .await;
    assert_eq!(number(&store, "SELECT COUNT(*) FROM outbox WHERE sealed_secret IS NOT NULL").await, 0);
}

async fn a_newer_link_cancels_the_older_mail(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let other = Occasion::Invitation { invitation: InvitationId::new("inv_other"), generation: 1 };
            outbox::insert(tx, &mail("other", other)).await?;
            outbox::insert(tx, &welcome("anna")).await?;
            outbox::insert(tx, &invite("a1", 1)).await?;
            outbox::insert(tx, &invite("a2", 2)).await?;
            let leased = outbox::lease(tx, later(2), 10).await?;
            let mut ids: Vec<&str> = leased.iter().map(|mail| mail.id.as_str()).collect();
            ids.sort_unstable();
            assert_eq!(ids, ["mail_a2", "mail_anna", "mail_other"], "the first one's link is dead");

            // What a worker holds is its own to judge: it looks at the link once more before it sends.
            assert_eq!(outbox::cancel_of_invitation(tx, &anna(), later(3)).await?, 0);
            assert_eq!(outbox::cancel_of_invitation(tx, &anna(), later(2).plus(LEASE)).await?, 1);
            assert_eq!(outbox::delivery(tx, &anna()).await?.unwrap().status, DeliveryStatus::Cancelled);
            let held = leased.iter().find(|mail| mail.id.as_str() == "mail_a2").unwrap();
            assert!(!outbox::mark_sent(tx, held, later(4)).await?);
            Ok(())
        })
    })
    .await;
}

async fn a_mail_that_waits_no_more_has_no_secret(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| Box::pin(async move { outbox::insert(tx, &welcome("a")).await })).await;
    for refused in [
        "UPDATE outbox SET status = 'sent'",
        "UPDATE outbox SET status = 'failed'",
        "UPDATE outbox SET status = 'none', sealed_secret = NULL",
    ] {
        assert!(meddle(&store, refused).await.is_err(), "{refused}");
    }
    let again = refusal(&store, |tx| Box::pin(async move { outbox::insert(tx, &welcome("a")).await })).await;
    assert!(again.is_unique_on("outbox", "id"));
}

async fn an_unsound_row_is_told(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| Box::pin(async move { outbox::insert(tx, &welcome("a")).await })).await;
    for unsound in ["UPDATE outbox SET occasion = '{\"kind\": \"spam\"}'", "UPDATE outbox SET recipient = 'a@b@c'"] {
        meddle(&store, unsound).await.unwrap();
        let told = refusal(&store, |tx| Box::pin(async move { outbox::lease(tx, NOW, 1).await })).await;
        assert!(matches!(told, StoreError::Inconsistent { .. }), "{unsound}: {told}");
        assert!(!told.to_string().contains('@'), "{told}");
    }
}
