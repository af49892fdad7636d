//! What the model finds, as tests and as a page of the book.

use crate::acts::{Act, World};
use crate::graph::Graph;
use crate::rules::{EVERY, Entry, Harm, Rule};
use crate::state::{Anna, Errand, Who};
use guestlist_domain::slate::{Belonging, Turn};
use stateright::{Checker, Model};
use std::fmt::Write;
use std::path::Path;

const HEAD: &str = "\
# What the rules hold

Two tables made by tests. The first says what a user loses at which event; it is the function `takes` in
`crates/domain/src/slate.rs`, and nothing else in the server decides it. The second comes from a model: Anna is invited,
Mallory has an account of his own, a token with which he can prepare the row that waits for her, a provider that says
whatever he likes, an older copy of her invitation, and now and then her password. They, an honest administrator and a mail
scanner act in every order. What may happen is asked of the same functions that the server asks (`Invitation`, `decide`,
`Session`, `slate`); what the model adds is who tries what.

With every rule there is no way to harm, and from every state Anna can be alone in her account again. Without one of them
there is, and the shortest way is shown. Some rules stand twice in the way: they matter only once pending rows are
usable, which is why each is tried without its neighbour as well.

Write it anew with `GUESTLIST_TEST_UPDATE=1 cargo test -p guestlist-domain --test model`.
";

/// What happens without some rules, and the shortest way there.
fn harm(off: &[Rule]) -> (Harm, Vec<Act>) {
    let graph = Graph::of(&World::without(off));
    if let Some((name, acts)) = graph.counterexample() {
        return (Harm::Invariant(name), acts);
    }
    match graph.lost() {
        (0, _) => (Harm::None, Vec::new()),
        (_, acts) => (Harm::LockedOut, acts),
    }
}

fn count(off: &[Rule]) -> String {
    let graph = Graph::of(&World::without(off));
    format!("{} states, {} steps: nothing is broken, nobody is shut out", graph.len(), graph.steps)
}

fn assert_sound(off: &[Rule]) {
    let world = World::without(off);
    let graph = Graph::of(&world);
    assert_eq!(graph.counterexample(), None);
    assert_eq!(graph.lost(), (0, Vec::new()), "the owner can be shut out for good");
    // Another walker, that knows nothing of this one, sees the same; and that all of this is about something.
    let checker = world.checker().threads(1).spawn_bfs().join();
    checker.assert_properties();
    assert_eq!(graph.len(), checker.unique_state_count(), "both walks see the same");
}

#[test]
fn with_every_rule_nothing_is_broken() {
    assert_sound(&[]);
}

/// The clean slate holds alone (case 65).
#[test]
fn with_usable_pending_rows_nothing_is_broken() {
    assert_sound(&[Rule::PendingIsInert]);
}

#[test]
fn every_rule_holds_what_the_page_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/model.md");
    let page = format!("{HEAD}\n## What goes when\n\n{}\n## What each rule holds\n\n{}", slate(), rules());
    #[expect(clippy::disallowed_methods, reason = "the switch between checking the page and writing it")]
    let update = std::env::var("GUESTLIST_TEST_UPDATE").is_ok_and(|value| value == "1");
    if update {
        std::fs::write(&path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "docs/model.md is stale: run this test with GUESTLIST_TEST_UPDATE=1");
}

fn slate() -> String {
    let mut text = "| event |".to_owned();
    for what in Belonging::EVERY {
        let _ = write!(text, " {} |", what.as_str());
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(Belonging::EVERY.len()));
    for turn in Turn::EVERY {
        let _ = write!(text, "| {} |", turn.as_str());
        for what in Belonging::EVERY {
            let _ = write!(text, " {} |", turn.takes(what).as_str());
        }
        text.push('\n');
    }
    text
}

fn rules() -> String {
    let mut text = String::new();
    let _ = writeln!(text, "- Every rule holds: {}.", count(&[]));
    let _ = writeln!(text, "- Pending rows are usable: {}.\n", count(&[Rule::PendingIsInert]));
    text.push_str("| without | what happens | shortest way |\n|---|---|---|\n");
    for Entry { rule, says, harm: expected, is_second } in EVERY {
        let mut off = vec![*rule];
        if *is_second {
            assert_eq!(harm(&off).0, Harm::None, "without {rule:?}");
            off.push(Rule::PendingIsInert);
        }
        let (found, acts) = harm(&off);
        assert_eq!(found, *expected, "without {off:?}: {}", way(&acts));
        let lead = if *is_second { "nothing; with pending rows usable, " } else { "" };
        let _ = writeln!(text, "| {says} | {lead}{found} | {} |", way(&acts));
    }
    text
}

fn way(acts: &[Act]) -> String {
    let words: Vec<String> = acts.iter().copied().map(words).collect();
    if words.is_empty() { "-".to_owned() } else { format!("{} steps: {}", words.len(), words.join("; ")) }
}

fn whose(account: Who) -> &'static str {
    if account == Anna { "Anna's account" } else { "Mallory's account" }
}

fn words(act: Act) -> String {
    match act {
        Act::Invite => "Anna is invited by mail".to_owned(),
        Act::Scan => "a scanner reads the mail".to_owned(),
        Act::GivePassword => "Mallory's token gives the waiting row a password".to_owned(),
        Act::HandLink => "Mallory's token gets a reset link for the waiting row".to_owned(),
        Act::MoveRow => "Mallory moves the waiting row to his address".to_owned(),
        Act::Phish => "Mallory learns Anna's password".to_owned(),
        Act::OpenLink(who, generation) => format!("{who:?} opens link {generation}"),
        Act::AcceptByPassword(who) => format!("{who:?} accepts with a password"),
        Act::LogIn(who, account) => format!("{who:?} logs in to {} with a password", whose(account)),
        Act::LogOut => "Anna logs out".to_owned(),
        Act::Age => "Anna's sign-in is no longer fresh".to_owned(),
        Act::Depart(who, Errand::Accept(_)) => format!("{who:?} leaves for a provider to accept"),
        Act::Depart(who, Errand::SignIn) => format!("{who:?} leaves for a provider to sign in"),
        Act::Depart(who, Errand::Link(_)) => format!("{who:?} leaves for a provider to connect it"),
        Act::Arrive { browser, asked, .. } if browser == asked => format!("{browser:?} comes back"),
        Act::Arrive { browser, asked, .. } => format!("{browser:?} comes back in place of {asked:?}"),
        Act::BorrowBrowser => "Mallory connects his provider in Anna's browser".to_owned(),
        Act::Unlink(who, subject) => format!("{who:?} removes {subject:?}'s identity"),
        Act::RemovePassword(who) => format!("{who:?} removes the password"),
        Act::ChangePassword(who) => format!("{who:?} changes the password"),
        Act::AskMove => "Mallory asks for his address in Anna's account".to_owned(),
        Act::Move => "Mallory types in the code from his mailbox".to_owned(),
        Act::MoveBack => "Anna undoes the change by the mail to her mailbox".to_owned(),
        Act::UseHisLink => "Mallory uses his reset link".to_owned(),
        Act::Recover(who) => format!("{who:?} recovers by mail"),
    }
}
