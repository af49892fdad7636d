//! Case 48: an issuer is half of every identity's key, so it is one connection's where nothing proves whose it is.

use crate::race::{at_once, races_on_both_engines};
use guestlist_testkit::house::{Engine, House};
use serde_json::json;

races_on_both_engines!(case_048_of_eight_who_take_one_issuer_one_gets_it);

async fn case_048_of_eight_who_take_one_issuer_one_gets_it(engine: Engine) {
    let house = House::on(engine).await;
    let api = house.api().await;
    for round in 0..10 {
        let base = format!("https://hub-{round}.example");
        let makers = (0..8).map(|maker| {
            let mut api = api.clone();
            let options = json!({"client_id": "x", "client_secret": "y", "base_url": base});
            let body = json!({"name": format!("hub-{round}-{maker}"), "strategy": "github", "options": options});
            async move { api.post("/api/v2/connections", &body).await.status.as_u16() }
        });
        let mut answers = at_once(makers.collect()).await;
        answers.sort_unstable();
        assert_eq!(answers, [201, 409, 409, 409, 409, 409, 409, 409], "{base}");
    }
}
