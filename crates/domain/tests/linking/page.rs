//! The table of `decide`, as a snapshot and as a page of the book.

use crate::situations::{to_accept, to_bring, to_link, to_sign_in};
use std::path::Path;

const HEAD: &str = "\
# Who may come in by a provider

Somebody comes back from a provider. What may happen is decided by one function, `decide` in
`crates/domain/src/linking.rs`, and by nothing else; whether an invitation may be brought to an account that is signed in
already, by its small sister `bring`. This page is made from the two: they were asked about every combination of the
columns, and values that never change the answer share a row. A dash means: whatever it is.

Write it anew with `GUESTLIST_TEST_UPDATE=1 cargo test -p guestlist-domain --test linking`.

| word | meaning |
|---|---|
| open here | the connection is switched on, enabled for the application, and offered by the invitation |
| identity of | to whom the provider's issuer and subject belong |
| this user | the invited one, or the one who is signed in |
| policy | what the invitation asks of a provider's address: `any`, `same_domain`, `same_email` |
| verified | the provider says so; by itself this proves nothing |
| pressed | the guest went on from the page that names both addresses, the owner from the page that shows both accounts |
| invitation open for | the standing of the invited user, if the connection is authoritative for the invited address and the invitation offers it |
| same address proven by | who proved to own the address for which the connection is authoritative |
| merge rule | the connection's setting: `confirm`, `auto`, `never` |
| taken off before | that very user had this identity, and it was removed: by its owner, an undo, a recovery or the API |
";

fn tables() -> String {
    let (accept, sign_in, link, bring) = (to_accept(), to_sign_in(), to_link(), to_bring());
    format!(
        "## To accept an invitation\n\n{accept}\n## To sign in\n\n{sign_in}\n## To connect another way in\n\n{link}\n\
         ## To bring an invitation to the account that is signed in\n\n{bring}"
    )
}

#[test]
fn the_table() {
    insta::assert_snapshot!(tables());
}

#[test]
fn every_situation_is_in_exactly_one_row() {
    for table in [to_accept(), to_sign_in(), to_link(), to_bring()] {
        assert_eq!(table.faults(), Vec::<String>::new());
    }
}

#[test]
fn the_page_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/linking-table.md");
    let page = format!("{HEAD}\n{}", tables());
    #[expect(clippy::disallowed_methods, reason = "the switch between checking the page and writing it")]
    let update = std::env::var("GUESTLIST_TEST_UPDATE").is_ok_and(|value| value == "1");
    if update {
        std::fs::write(&path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "docs/linking-table.md is stale: run this test with GUESTLIST_TEST_UPDATE=1");
}
