//! A house in a box for tests: databases, a mailbox, a browser, and everything else that stands around Guestlist.
//!
//! Only tests depend on it; it may see every crate, and no crate that ships may see it.

pub mod cellar;
pub mod clock;
pub mod house;
pub mod house_clients;
pub mod inbox;
pub mod interop;
pub mod postgres;
pub mod provider;
pub mod receiver;
pub mod remote;
pub mod scratch;
pub mod smtp;
pub mod tls;
pub mod visitor;
pub mod webdriver;

/// Where a test can let the program die.
pub use guestlist_store::ABORT_POINTS;

/// Makes of each `async fn name(engine: Engine)` two tests, `name::on_sqlite` and `name::on_postgres`.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[tokio::test]
            async fn on_sqlite() {
                super::$name($crate::house::Engine::Sqlite).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                super::$name($crate::house::Engine::Postgres).await;
            }
        }
    )*};
}
