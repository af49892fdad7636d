//! Many at once: visitors who press at the same moment, on more than one thread.

use std::sync::Arc;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// As `on_both_engines!`, on four threads: what is released together runs together.
macro_rules! races_on_both_engines {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_sqlite() {
                super::$name(guestlist_testkit::house::Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_postgres() {
                super::$name(guestlist_testkit::house::Engine::Postgres).await;
            }
        }
    )*};
}
pub(crate) use races_on_both_engines;

/// Lets all of them go at once; their results, in the order in which they came.
pub(crate) async fn at_once<T: Send + 'static>(runners: Vec<impl Future<Output = T> + Send + 'static>) -> Vec<T> {
    let start = Arc::new(Barrier::new(runners.len()));
    let mut running = JoinSet::new();
    for runner in runners {
        let start = Arc::clone(&start);
        running.spawn(async move {
            start.wait().await;
            runner.await
        });
    }
    running.join_all().await
}
