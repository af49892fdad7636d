//! The tables of webhooks and of events on their way to them.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::event::{About, Actor, Event, EventKind};
use guestlist_domain::ids::{EventId, WebhookId};
use guestlist_domain::time::Timestamp;
use guestlist_domain::webhook::{
    Authorization, DeliveryStatus, Endpoint, Leased, MOST_AT_ONCE, Subscriptions, WEBHOOK_LEASE, Webhook,
};
use guestlist_store::webhooks::Sealed;
use guestlist_store::{StoreError, Tx, events, webhook_deliveries, webhooks};
use std::collections::BTreeSet;
use std::sync::Arc;

on_both_engines!(
    a_webhook_comes_back_as_it_went,
    an_event_is_queued_for_whoever_hears_of_it,
    case_114_events_of_one_subject_go_in_order,
    case_114_a_line_that_waits_is_not_looked_at_and_moves_up_together,
    case_114_a_dead_letter_blocks_nobody_and_can_be_sent_again,
    case_114_few_are_under_way_for_each_webhook,
    case_117_a_lease_that_is_over_frees_its_delivery,
    case_117_many_workers_lease_each_delivery_once,
    what_is_over_is_removed_and_what_is_deleted_goes_at_once,
);

fn hook(name: &str, words: &[&str]) -> Webhook {
    Webhook {
        id: WebhookId::new(format!("est_{name}")),
        name: name.to_owned(),
        endpoint: Endpoint::stored("https://hooks.example/in").unwrap(),
        subscriptions: Subscriptions::parse(words.iter().copied()).unwrap(),
        enabled: true,
        authorization: None,
        old_secret_until: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn sealed() -> Sealed {
    Sealed { secret: vec![1, 0, 255], old_secret: None, authorization: None }
}

fn event(number: i64, kind: EventKind, about: About) -> Event {
    let id = EventId::new(format!("evt_{number:04}"));
    Event { id, at: NOW, kind, actor: Actor::Guest, about, data: serde_json::Map::new() }
}

/// Something that happened to somebody.
fn of(name: &str, number: i64) -> Event {
    event(number, EventKind::UserUpdated, About::user(&id_of(name)))
}

async fn happens(tx: &mut Tx<'_>, event: &Event) -> Result<u64, StoreError> {
    events::insert(tx, event).await?;
    webhook_deliveries::insert(tx, event).await
}

async fn lease(tx: &mut Tx<'_>, name: &str, now: Timestamp) -> Result<Vec<Leased>, StoreError> {
    let mut leased = webhook_deliveries::lease(tx, &WebhookId::new(format!("est_{name}")), now).await?;
    leased.sort_by(|a, b| a.event.id.cmp(&b.event.id));
    Ok(leased)
}

fn ids(leased: &[Leased]) -> Vec<&str> {
    leased.iter().map(|leased| leased.event.id.as_str()).collect()
}

async fn a_webhook_comes_back_as_it_went(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let plain = hook("a", &["*"]);
            webhooks::insert(tx, &plain, &sealed()).await?;
            let full = Webhook {
                authorization: Some(Authorization::Basic { username: "me".to_owned() }),
                old_secret_until: Some(later(60)),
                enabled: false,
                created_at: later(1),
                ..hook("b", &["user.created", "login.failed"])
            };
            let secrets = Sealed { secret: vec![2], old_secret: Some(vec![3]), authorization: Some(vec![4]) };
            webhooks::insert(tx, &full, &secrets).await?;
            assert_eq!(webhooks::list(tx).await?, [plain.clone(), full.clone()]);
            assert_eq!(webhooks::count(tx).await?, 2);
            assert_eq!(webhooks::find(tx, &full.id).await?, Some(full.clone()));
            assert_eq!(webhooks::sealed(tx, &full.id).await?, Some(secrets.clone()));

            let changed = Webhook { id: plain.id.clone(), created_at: NOW, ..full.clone() };
            assert!(webhooks::save(tx, &changed, &secrets).await?);
            assert_eq!(webhooks::find(tx, &plain.id).await?, Some(changed));
            assert_eq!(webhooks::sealed(tx, &plain.id).await?, Some(secrets.clone()));
            assert_eq!(webhooks::forget_old_secrets(tx, later(59)).await?, 0);
            assert_eq!(webhooks::forget_old_secrets(tx, later(60)).await?, 2);
            assert_eq!(webhooks::sealed(tx, &plain.id).await?, Some(Sealed { old_secret: None, ..secrets.clone() }));
            assert!(webhooks::save(tx, &Webhook { id: plain.id.clone(), ..full.clone() }, &secrets).await?);
            let gone = WebhookId::new("est_gone");
            assert!(!webhooks::save(tx, &Webhook { id: gone, ..full }, &secrets).await?);
            assert!(webhooks::delete(tx, &plain.id).await?);
            assert!(!webhooks::delete(tx, &plain.id).await?);
            assert_eq!(webhooks::sealed(tx, &plain.id).await?, None);
            Ok(())
        })
    })
    .await;
    for refused in [
        "UPDATE webhooks SET old_secret_until = 1",
        "UPDATE webhooks SET sealed_authorization = NULL",
        "UPDATE webhooks SET enabled = 2",
    ] {
        assert!(meddle(&store, refused).await.is_err(), "{refused}");
    }
}

async fn an_event_is_queued_for_whoever_hears_of_it(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let off = Webhook { enabled: false, ..hook("off", &["*"]) };
            for hook in [hook("all", &["*"]), hook("new", &["user.created", "user.deleted"]), off] {
                webhooks::insert(tx, &hook, &sealed()).await?;
            }
            let anna = About::user(&id_of("anna"));
            assert_eq!(happens(tx, &event(1, EventKind::UserCreated, anna.clone())).await?, 2);
            assert_eq!(happens(tx, &event(2, EventKind::UserUpdated, anna.clone())).await?, 1);
            let test = event(3, EventKind::WebhookTested, About::default());
            events::insert(tx, &test).await?;
            assert_eq!(events::find(tx, &test.id).await?, Some(test.clone()));
            assert_eq!(webhook_deliveries::insert_for(tx, &test, &WebhookId::new("est_new")).await?, 1);
            assert_eq!(webhook_deliveries::insert_for(tx, &test, &WebhookId::new("est_other")).await?, 0);

            let ready = webhook_deliveries::ready(tx, NOW).await?;
            assert_eq!(ready, [WebhookId::new("est_all"), WebhookId::new("est_new")]);
            let leased = lease(tx, "new", NOW).await?;
            assert_eq!(ids(&leased), ["evt_0001", "evt_0003"]);
            let first = event(1, EventKind::UserCreated, anna);
            assert_eq!(leased[0].event, first, "the event as it was written down");
            assert_eq!((leased[0].attempts, leased[0].tries), (1, 1));
            assert_eq!(webhook_deliveries::ready(tx, NOW).await?, [WebhookId::new("est_all")]);
            Ok(())
        })
    })
    .await;
    write(&store, |tx| {
        Box::pin(async move {
            // Switched off, it is told nothing, not even what waits.
            let off = Webhook { enabled: false, ..hook("all", &["*"]) };
            assert!(webhooks::save(tx, &off, &sealed()).await?);
            assert_eq!(webhook_deliveries::ready(tx, NOW).await?, []);
            assert_eq!(lease(tx, "all", NOW).await?, []);
            Ok(())
        })
    })
    .await;
}

async fn case_114_events_of_one_subject_go_in_order(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            webhooks::insert(tx, &hook("a", &["*"]), &sealed()).await?;
            // In one transaction, at one moment, with ids that sort the other way round.
            for event in [of("anna", 9), of("anna", 5), of("bert", 7), of("anna", 3)] {
                assert_eq!(happens(tx, &event).await?, 1);
            }
            let leased = lease(tx, "a", NOW).await?;
            assert_eq!(ids(&leased), ["evt_0007", "evt_0009"], "the first of each line");
            assert_eq!(lease(tx, "a", NOW).await?, [], "one that is under way blocks its line");
            assert!(webhook_deliveries::mark_delivered(tx, &leased[1], later(1)).await?);
            assert_eq!(ids(&lease(tx, "a", later(1)).await?), ["evt_0005"]);
            Ok(())
        })
    })
    .await;
}

async fn case_114_a_line_that_waits_is_not_looked_at_and_moves_up_together(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            webhooks::insert(tx, &hook("a", &["*"]), &sealed()).await?;
            for number in 1..=3 {
                happens(tx, &of("anna", number)).await?;
            }
            let first = lease(tx, "a", NOW).await?.remove(0);
            assert!(webhook_deliveries::try_again(tx, &first, later(60), "answered with status 500").await?);
            assert!(!webhook_deliveries::try_again(tx, &Leased { attempts: 9, ..first }, later(9), "late").await?);
            happens(tx, &of("bert", 4)).await?;
            assert_eq!(ids(&lease(tx, "a", later(59)).await?), ["evt_0004"], "nobody else waits");
            let told =
                webhook_deliveries::find(tx, &WebhookId::new("est_a"), &EventId::new("evt_0001")).await?.unwrap();
            assert_eq!((told.status, told.attempts, told.due_at), (DeliveryStatus::Queued, 1, later(60)));
            assert_eq!(told.last_error.as_deref(), Some("answered with status 500"));

            // Somebody mended the receiver and does not want to wait.
            assert!(webhook_deliveries::send_again(tx, &told.webhook, &told.event, later(30)).await?);
            let first = lease(tx, "a", later(30)).await?.remove(0);
            assert_eq!((first.attempts, first.tries), (2, 2));
            assert!(!webhook_deliveries::send_again(tx, &told.webhook, &told.event, later(30)).await?, "under way");
            assert!(webhook_deliveries::mark_delivered(tx, &first, later(31)).await?);
            assert_eq!(ids(&lease(tx, "a", later(31)).await?), ["evt_0002"], "those behind it move up");
            Ok(())
        })
    })
    .await;
}

async fn case_114_a_dead_letter_blocks_nobody_and_can_be_sent_again(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            webhooks::insert(tx, &hook("a", &["*"]), &sealed()).await?;
            let id = WebhookId::new("est_a");
            happens(tx, &of("anna", 1)).await?;
            happens(tx, &of("anna", 2)).await?;
            let first = lease(tx, "a", NOW).await?.remove(0);
            assert!(webhook_deliveries::give_up(tx, &first, "no answer in time", later(1)).await?);
            assert!(!webhook_deliveries::give_up(tx, &first, "no answer in time", later(1)).await?);
            let second = lease(tx, "a", later(1)).await?.remove(0);
            assert_eq!(second.event.id.as_str(), "evt_0002");
            assert!(webhook_deliveries::mark_delivered(tx, &second, later(2)).await?);

            let failed = webhook_deliveries::page(tx, &id, Some(DeliveryStatus::Failed), (0, 10)).await?;
            assert_eq!(failed.iter().map(|told| told.event.as_str()).collect::<Vec<_>>(), ["evt_0001"]);
            assert_eq!(failed[0].ended_at, Some(later(1)));
            let all = webhook_deliveries::page(tx, &id, None, (0, 10)).await?;
            assert_eq!(all.iter().map(|told| told.event.as_str()).collect::<Vec<_>>(), ["evt_0002", "evt_0001"]);
            assert_eq!(webhook_deliveries::page(tx, &id, None, (1, 10)).await?.len(), 1);

            assert!(!webhook_deliveries::send_again(tx, &id, &EventId::new("evt_other"), later(3)).await?);
            for event in [&first.event, &second.event] {
                assert!(webhook_deliveries::send_again(tx, &id, &event.id, later(3)).await?);
            }
            let again = lease(tx, "a", later(3)).await?;
            assert_eq!(ids(&again), ["evt_0001"], "in order also then");
            assert_eq!((again[0].attempts, again[0].tries), (2, 1), "with all its tries before it");
            assert!(!webhook_deliveries::mark_delivered(tx, &first, later(4)).await?, "the old lease is no lease");
            Ok(())
        })
    })
    .await;
}

async fn case_114_few_are_under_way_for_each_webhook(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            for name in ["hangs", "lives"] {
                webhooks::insert(tx, &hook(name, &["*"]), &sealed()).await?;
            }
            let most = usize::try_from(MOST_AT_ONCE).unwrap();
            for number in 0..30 {
                happens(tx, &event(number, EventKind::LoginFailed, About::default())).await?;
            }
            let held = lease(tx, "hangs", NOW).await?;
            assert_eq!(held.len(), most);
            assert_eq!(lease(tx, "hangs", NOW).await?, [], "no more, however often one asks");
            assert_eq!(lease(tx, "lives", NOW).await?.len(), most, "the other has room of its own");
            assert!(webhook_deliveries::mark_delivered(tx, &held[0], NOW).await?);
            assert_eq!(lease(tx, "hangs", NOW).await?.len(), 1);
            Ok(())
        })
    })
    .await;
}

async fn case_117_a_lease_that_is_over_frees_its_delivery(database: Database) {
    let store = opened(&database).await;
    let sqlite = store.engine() == guestlist_store::Engine::Sqlite;
    write(&store, move |tx| {
        Box::pin(async move {
            webhooks::insert(tx, &hook("a", &["*"]), &sealed()).await?;
            happens(tx, &of("anna", 1)).await?;
            let lost = lease(tx, "a", NOW).await?.remove(0);
            let end = NOW.plus(WEBHOOK_LEASE);
            assert_eq!(lease(tx, "a", end.minus(std::time::Duration::from_millis(1))).await?, []);
            let held = lease(tx, "a", end).await?.remove(0);
            assert_eq!((lost.attempts, held.attempts), (1, 2));
            assert_eq!(lost.event, held.event, "the same event with the same id");
            assert!(!webhook_deliveries::mark_delivered(tx, &lost, end).await?);
            // One process has the file; a server has many, and one may hold the lease.
            assert_eq!(webhook_deliveries::free_leases(tx).await?, u64::from(sqlite));
            assert_eq!(lease(tx, "a", end).await?.len(), usize::from(sqlite));
            Ok(())
        })
    })
    .await;
}

async fn case_117_many_workers_lease_each_delivery_once(database: Database) {
    const EVENTS: usize = 200;
    const WORKERS: usize = 16;
    let nodes = Arc::new(cluster(&database).await);
    write(&nodes[0], |tx| Box::pin(async move { webhooks::insert(tx, &hook("a", &["*"]), &sealed()).await })).await;
    lay(&nodes[0], EVENTS, |tx, n| {
        Box::pin(async move {
            // Ten lines.
            happens(tx, &of(&format!("u{}", n % 10), i64::try_from(n).unwrap())).await.map(drop)
        })
    })
    .await;
    let worked = at_once(WORKERS, |worker| {
        let store = nodes[worker % nodes.len()].clone();
        async move {
            let (mut mine, mut idle) = (Vec::new(), 0);
            // Whoever finds nothing may be early: those behind what others hold come later.
            while idle < 50 {
                let leased = write(&store, |tx| Box::pin(async move { lease(tx, "a", NOW).await })).await;
                idle = if leased.is_empty() { idle + 1 } else { 0 };
                for held in leased {
                    let marked = held.clone();
                    assert!(
                        write(&store, move |tx| {
                            let marked = marked.clone();
                            Box::pin(async move { webhook_deliveries::mark_delivered(tx, &marked, NOW).await })
                        })
                        .await
                    );
                    mine.push(held);
                }
                tokio::task::yield_now().await;
            }
            mine
        }
    });
    let all: Vec<Leased> = worked.await.into_iter().flatten().collect();
    assert!(all.iter().all(|held| held.attempts == 1));
    let distinct: BTreeSet<&str> = all.iter().map(|held| held.event.id.as_str()).collect();
    assert_eq!((all.len(), distinct.len()), (EVENTS, EVENTS), "each once");
}

async fn what_is_over_is_removed_and_what_is_deleted_goes_at_once(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            for name in ["a", "b"] {
                webhooks::insert(tx, &hook(name, &["*"]), &sealed()).await?;
            }
            for number in 1..=3 {
                happens(tx, &event(number, EventKind::LoginFailed, About::default())).await?;
            }
            let held = lease(tx, "a", NOW).await?;
            assert!(webhook_deliveries::mark_delivered(tx, &held[0], later(10)).await?);
            assert!(webhook_deliveries::give_up(tx, &held[1], "no", later(10)).await?);
            assert_eq!(webhook_deliveries::purge(tx, later(10), later(0)).await?, 0);
            assert_eq!(webhook_deliveries::purge(tx, later(11), later(0)).await?, 1, "delivered");
            assert_eq!(webhook_deliveries::purge(tx, later(11), later(11)).await?, 5, "failed, or never sent");

            happens(tx, &event(4, EventKind::LoginFailed, About::default())).await?;
            assert!(webhooks::delete(tx, &WebhookId::new("est_a")).await?);
            assert_eq!(webhook_deliveries::page(tx, &WebhookId::new("est_a"), None, (0, 10)).await?, []);
            assert_eq!(webhook_deliveries::delete_of(tx, &WebhookId::new("est_b")).await?, 1);
            Ok(())
        })
    })
    .await;
    // An act that saw a webhook which was being deleted leaves a row that nobody owns.
    meddle(
        &store,
        "INSERT INTO webhook_deliveries (webhook_id, event_id, subject, position, status, attempts, spent, due_at, \
         leased_until, created_at) VALUES ('est_a', 'evt_0004', 'x', 1, 'queued', 0, 0, 0, 0, 9000000000000000)",
    )
    .await
    .unwrap();
    let purged = write(&store, |tx| Box::pin(async move { webhook_deliveries::purge(tx, NOW, NOW).await })).await;
    assert_eq!(purged, 1);
}
