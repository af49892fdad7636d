//! The table of things of which the installation has one.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_store::settings;

on_both_engines!(a_setting_is_put_once, of_64_processes_one_puts_a_setting);

async fn a_setting_is_put_once(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            assert_eq!(settings::find(tx, "salt").await?, None);
            assert!(settings::put_if_absent(tx, "salt", &[0, 255]).await?);
            assert!(!settings::put_if_absent(tx, "salt", &[1]).await?);
            assert!(settings::put_if_absent(tx, "empty", &[]).await?);
            assert_eq!(settings::find(tx, "salt").await?, Some(vec![0, 255]));
            assert_eq!(settings::find(tx, "empty").await?, Some(Vec::new()));
            Ok(())
        })
    })
    .await;
}

async fn of_64_processes_one_puts_a_setting(database: Database) {
    let nodes = cluster(&database).await;
    let put = at_once(CALLERS, |caller| {
        let store = nodes[caller % nodes.len()].clone();
        async move {
            let value = u8::try_from(caller).unwrap();
            write(&store, move |tx| Box::pin(async move { settings::put_if_absent(tx, "salt", &[value]).await })).await
        }
    });
    let first: Vec<u8> = (0..).zip(put.await).filter_map(|(n, put)| put.then_some(n)).collect();
    let found = write(&nodes[0], |tx| Box::pin(async move { settings::find(tx, "salt").await })).await;
    assert_eq!((first.len(), found), (1, Some(first)));
}
