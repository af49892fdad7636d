//! The table of APIs that access tokens are made for.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::ids::ResourceServerId;
use guestlist_domain::resource_server::{ApiScope, ApiSettings, ResourceServer, TokenDialect};
use guestlist_store::resource_servers;

on_both_engines!(an_api_comes_back_as_it_went);

fn api(id: &str, identifier: &str) -> ResourceServer {
    ResourceServer {
        id: ResourceServerId::new(id),
        name: "Calendar".to_owned(),
        identifier: identifier.to_owned(),
        settings: ApiSettings {
            scopes: vec![ApiScope { value: "read:dates".to_owned(), description: Some("Look".to_owned()) }],
            allow_offline_access: true,
            token_lifetime_secs: 60,
            token_dialect: TokenDialect::Rfc9068Profile,
        },
        created_at: NOW,
    }
}

async fn an_api_comes_back_as_it_went(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let (first, second) = (api("1", "https://api.example"), api("2", "https://other.example"));
            assert!(resource_servers::insert(tx, &first).await?);
            assert!(resource_servers::insert(tx, &second).await?);
            assert!(!resource_servers::insert(tx, &api("3", "https://other.example")).await?);
            assert_eq!(resource_servers::get(tx, &first.id).await?, Some(first.clone()));
            assert_eq!(resource_servers::find(tx, &second.identifier).await?, Some(second.clone()));
            assert_eq!(resource_servers::find(tx, "https://API.example").await?, None);
            let changed =
                ResourceServer { name: "Dates".to_owned(), settings: ApiSettings::default(), ..first.clone() };
            assert!(resource_servers::save(tx, &changed).await?);
            assert_eq!(resource_servers::list(tx).await?, [changed, second]);
            assert_eq!(resource_servers::delete(tx, &first.id).await?, Some(first.identifier.clone()));
            assert_eq!(resource_servers::delete(tx, &first.id).await?, None);
            assert!(!resource_servers::save(tx, &first).await?);
            Ok(())
        })
    })
    .await;
}
