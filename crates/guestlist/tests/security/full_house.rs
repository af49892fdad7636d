//! A house in which every place to hash a password is taken, for as long as a test wants.
//!
//! Whoever needs a hash then is sent away with 503, whoever does not is answered as ever: so the answer alone tells
//! whether a request had come as far as a hash. No clock is involved.

use axum::http::StatusCode;
use guestlist_testkit::house::House;
use guestlist_testkit::visitor::{Answer, Form, Visitor};
use std::sync::mpsc;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// How many may hash or wait for it: two slots, as the houses of tests have them, with 32 waiting for each.
pub(crate) const PLACES: usize = 2 * (32 + 1);

/// Each test of that name on both engines, with a single thread for long work.
macro_rules! with_one_hashing_thread {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[test]
            fn on_sqlite() {
                crate::full_house::run(super::$name(guestlist_testkit::house::Engine::Sqlite));
            }

            #[test]
            fn on_postgres() {
                crate::full_house::run(super::$name(guestlist_testkit::house::Engine::Postgres));
            }
        }
    )*};
}
pub(crate) use with_one_hashing_thread;

pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(1).build();
    runtime.expect("a runtime").block_on(test);
}

/// The one thread that hashes, held until this is dropped.
pub(crate) struct HeldThread {
    _release: mpsc::Sender<()>,
}

impl HeldThread {
    pub(crate) async fn hold() -> Self {
        let (release, released) = mpsc::channel::<()>();
        let (say, hears) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            say.send(()).expect("somebody waits for it");
            // Ends when the sender is dropped.
            let _ = released.recv();
        });
        hears.await.expect("the thread begins");
        Self { _release: release }
    }
}

/// Every place is taken until [`FullHouse::open`].
pub(crate) struct FullHouse {
    thread: HeldThread,
    waiting: JoinSet<Answer>,
}

impl FullHouse {
    /// Fills the house with people whose address is none, so that no address is knocked at too often.
    pub(crate) async fn fill(house: &House) -> Self {
        let thread = HeldThread::hold().await;
        let mut waiting = JoinSet::new();
        let more_than_fit = PLACES + 2;
        for _ in 0..more_than_fit {
            let mut visitor = house.visitor();
            waiting.spawn(async move { try_password(&mut visitor, "nobody", "wrong-kettle-9").await });
        }
        for _ in PLACES..more_than_fit {
            assert_sent_away(&next(&mut waiting).await);
        }
        Self { thread, waiting }
    }

    /// Lets everybody go on; none of those who waited was lost.
    pub(crate) async fn open(mut self) {
        drop(self.thread);
        for _ in 0..PLACES {
            next(&mut self.waiting).await.assert_status(400).assert_says("This email and password do not match");
        }
        assert!(self.waiting.is_empty());
    }
}

/// The next answer. Where everybody waits and nobody is sent away, a test fails instead of waiting with them.
pub(crate) async fn next(waiting: &mut JoinSet<Answer>) -> Answer {
    let answer = tokio::time::timeout(PATIENCE, waiting.join_next()).await.expect("somebody is answered");
    answer.expect("somebody waits").expect("nobody panics")
}

/// Far more than any answer takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// The log-in form, filled in.
pub(crate) async fn log_in_form(visitor: &mut Visitor, email: &str, password: &str) -> Form {
    visitor.open("/login").await.form("Log in").with("email", email).with("password", password)
}

/// One try at the door.
pub(crate) async fn try_password(visitor: &mut Visitor, email: &str, password: &str) -> Answer {
    let form = log_in_form(visitor, email, password).await;
    visitor.submit(&form).await
}

/// Fails unless the answer is that of a full house.
#[track_caller]
pub(crate) fn assert_sent_away(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}: {}", answer.url, answer.text());
    let wait: u64 = answer.header("retry-after").expect("a time to come back").parse().expect("seconds");
    assert!((1..=60).contains(&wait));
}
