//! The table of flows.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::flow::{Flow, LIFETIME, Purpose, Step};
use guestlist_domain::identity::ProvenIdentity;
use guestlist_domain::ids::{ClientId, FlowId, InvitationId, SessionId};
use guestlist_domain::ticket::Channel;
use guestlist_store::flows;
use std::time::Duration;

on_both_engines!(
    a_flow_comes_back_as_it_went,
    a_state_is_used_once,
    a_flow_goes_on_in_its_browser_and_in_time,
    a_browser_finds_what_waits_for_it,
    what_nobody_can_go_on_with_is_forgotten,
    of_64_callbacks_one_goes_on,
    an_unsound_row_is_told,
);

fn flow(name: &str) -> Flow {
    Flow {
        id: FlowId::new(format!("flw_{name}")),
        browser: hash("browser"),
        state: hash(name),
        purpose: Purpose::SignIn { client: Some(ClientId::new("app")), resume: Some("sealed".to_owned()) },
        connection: provider("acme").id,
        issuer: claims("a").issuer,
        step: Step::AtUpstream,
        version: 0,
        created_at: NOW,
        expires_at: NOW.plus(LIFETIME),
    }
}

fn came_back() -> ProvenIdentity {
    ProvenIdentity::from_upstream(claims("a"))
}

async fn a_flow_comes_back_as_it_went(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let invitation = InvitationId::new("inv_1");
            let purpose = Purpose::Accept { invitation, channel: Channel::Handed, generation: 7 };
            let accept = Flow { purpose, step: Step::Confirming { identity: came_back() }, ..flow("accept") };
            let purpose = Purpose::Link { user: id_of("anna"), session: SessionId::new("ses_1") };
            let step = Step::ProvingUser { user: id_of("anna"), identity: came_back() };
            let link = Flow { purpose, step, version: 3, ..flow("link") };
            let done =
                Flow { step: Step::Done, purpose: Purpose::SignIn { client: None, resume: None }, ..flow("done") };
            for flow in [flow("plain"), accept, link, done] {
                flows::insert(tx, &flow).await?;
                assert_eq!(flows::find_by_state(tx, flow.state).await?, Some(flow));
            }
            assert_eq!(flows::find_by_state(tx, hash("guess")).await?, None);
            Ok(())
        })
    })
    .await;
}

async fn a_state_is_used_once(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| Box::pin(async move { flows::insert(tx, &flow("a")).await })).await;
    let again = refusal(&store, |tx| {
        Box::pin(async move { flows::insert(tx, &Flow { id: FlowId::new("flw_other"), ..flow("a") }).await })
    });
    assert!(again.await.is_unique_on("flows", "state_hash"));
}

async fn a_flow_goes_on_in_its_browser_and_in_time(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let end = flow("a").expires_at;
            let step = Step::Confirming { identity: came_back() };
            flows::insert(tx, &flow("a")).await?;
            flows::insert(tx, &flow("b")).await?;
            let foreign = Flow { browser: hash("another browser"), ..flow("a") };
            assert!(!flows::advance(tx, &foreign, &step, NOW).await?, "case 71: another browser brings the state");
            assert!(!flows::advance(tx, &flow("a"), &step, end).await?, "too late");
            assert!(flows::advance(tx, &flow("a"), &step, end.minus(Duration::from_millis(1))).await?);
            assert!(!flows::advance(tx, &flow("a"), &Step::Done, NOW).await?, "it has moved on");
            let moved = Flow { step, version: 1, ..flow("a") };
            assert_eq!(flows::find_by_state(tx, hash("a")).await?, Some(moved.clone()));
            assert!(flows::advance(tx, &moved, &Step::Done, NOW).await?);
            assert_eq!(flows::find_by_state(tx, hash("b")).await?, Some(flow("b")));
            Ok(())
        })
    })
    .await;
}

async fn a_browser_finds_what_waits_for_it(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let waits = |name: &str, seconds: u64| Flow {
                step: Step::ProvingUser { user: id_of("anna"), identity: came_back() },
                created_at: later(seconds),
                expires_at: later(seconds).plus(LIFETIME),
                ..flow(name)
            };
            let foreign = Flow { browser: hash("another browser"), ..waits("foreign", 9) };
            for flow in [waits("old", 1), waits("new", 2), flow("upstream"), foreign] {
                flows::insert(tx, &flow).await?;
            }
            let here = hash("browser");
            assert_eq!(flows::find_waiting(tx, here, "proving_user", later(3)).await?, Some(waits("new", 2)));
            assert_eq!(flows::find_waiting(tx, here, "at_upstream", later(3)).await?, Some(flow("upstream")));
            assert_eq!(flows::find_waiting(tx, here, "confirming", later(3)).await?, None);
            let too_late = waits("new", 2).expires_at;
            assert_eq!(flows::find_waiting(tx, here, "proving_user", too_late).await?, None);
            assert_eq!(flows::find_waiting(tx, hash("third"), "proving_user", later(3)).await?, None);
            assert!(flows::advance(tx, &waits("new", 2), &Step::Done, later(3)).await?);
            assert_eq!(flows::find_waiting(tx, here, "proving_user", later(3)).await?, Some(waits("old", 1)));
            Ok(())
        })
    })
    .await;
}

async fn what_nobody_can_go_on_with_is_forgotten(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            flows::insert(tx, &flow("a")).await?;
            flows::insert(tx, &Flow { expires_at: later(9_000), ..flow("b") }).await?;
            assert_eq!(flows::purge(tx, NOW).await?, 0);
            assert_eq!(flows::purge(tx, flow("a").expires_at.plus(HOUR)).await?, 1);
            assert_eq!(flows::find_by_state(tx, hash("a")).await?, None);
            assert!(flows::find_by_state(tx, hash("b")).await?.is_some());
            Ok(())
        })
    })
    .await;
}

async fn of_64_callbacks_one_goes_on(database: Database) {
    const ROUNDS: usize = 50;
    let store = opened(&database).await;
    lay(&store, ROUNDS, |tx, n| Box::pin(async move { flows::insert(tx, &flow(&format!("f{n}"))).await })).await;
    let here = store.clone();
    rounds(ROUNDS, move |round| {
        let store = here.clone();
        async move {
            let moved = at_once(CALLERS, |_| {
                let store = store.clone();
                async move {
                    write(&store, move |tx| {
                        Box::pin(async move { flows::advance(tx, &flow(&format!("f{round}")), &Step::Done, NOW).await })
                    })
                    .await
                }
            });
            assert_eq!(moved.await.into_iter().filter(|moved| *moved).count(), 1, "round {round}");
        }
    })
    .await;
}

async fn an_unsound_row_is_told(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| Box::pin(async move { flows::insert(tx, &flow("a")).await })).await;
    for unsound in [
        "UPDATE flows SET step = '{\"step\": \"dance\"}'",
        "UPDATE flows SET step = '{\"step\": \"done\"}', purpose = '{}'",
    ] {
        meddle(&store, unsound).await.unwrap();
        let told = refusal(&store, |tx| Box::pin(async move { flows::find_by_state(tx, hash("a")).await })).await;
        assert!(is_inconsistent(&told, "flows"), "{unsound}: {told}");
    }
}
