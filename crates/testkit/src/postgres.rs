//! A fresh PostgreSQL database for each test, dropped when the test is over.
//!
//! The server is the one named by `GUESTLIST_TEST_POSTGRES` (`scripts/postgres start` prints it); the account there
//! must be allowed to create databases. Without it a test fails rather than passes by doing nothing.
//! It knows no table: the schema is made by whoever opens the database.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a fixture that cannot start fails its test")]

use std::thread;

use tokio_postgres::{Config, NoTls};
use url::Url;

use crate::scratch::unique_name;

/// The variable that names the server on which databases are made.
pub const SERVER_VARIABLE: &str = "GUESTLIST_TEST_POSTGRES";

/// One empty database of its own.
#[derive(Debug)]
pub struct TestDatabase {
    server: Url,
    url: Url,
    name: String,
}

impl TestDatabase {
    /// Makes an empty database.
    pub async fn create() -> Self {
        let server = server_url();
        let name = unique_name("test");
        // The process number repeats after a while: a killed test may have left this name behind.
        run(&server, &[&drop_statement(&name), &format!("CREATE DATABASE {name} TEMPLATE template0")]).await;
        let mut url = server.clone();
        url.set_path(&name);
        Self { server, url, name }
    }

    /// The address of this database, as `GUESTLIST_DATABASE_URL` takes it.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Locks a table: whoever needs it waits.
    pub async fn lock(&self, table: &str) -> Locked {
        let (client, connection) =
            tokio_postgres::connect(self.url(), NoTls).await.expect("the PostgreSQL server of the tests answers");
        tokio::spawn(connection);
        let lock = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        client.batch_execute(&lock).await.expect("the PostgreSQL server of the tests obeys");
        Locked { client }
    }

    /// How many connections to this database wait for a lock.
    pub async fn waiting(&self) -> i64 {
        let (client, connection) =
            tokio_postgres::connect(self.url(), NoTls).await.expect("the PostgreSQL server of the tests answers");
        tokio::spawn(connection);
        let asked =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        client.query_one(asked, &[]).await.expect("the PostgreSQL server of the tests obeys").get(0)
    }

    /// Ends every connection to this database but the caller's: what a lost server looks like from a pool.
    pub async fn cut_connections(&self) {
        let name = &self.name;
        run(
            &self.server,
            &[&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")],
        )
        .await;
    }
}

/// A table that nobody else can read or write.
#[derive(Debug)]
pub struct Locked {
    client: tokio_postgres::Client,
}

impl Locked {
    /// Lets the others go on.
    pub async fn release(self) {
        self.client.batch_execute("ROLLBACK").await.expect("the PostgreSQL server of the tests obeys");
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (server, statement) = (self.server.clone(), drop_statement(&self.name));
        // The test's runtime may be shutting down, so the farewell has a thread and a runtime of its own.
        let farewell = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
            runtime.block_on(run(&server, &[&statement]));
        });
        // A database that could not be dropped is litter on a scratch server, not a failure of the test.
        let _ = farewell.join();
    }
}

/// `FORCE` ends the connections that the test's pool may still hold (PostgreSQL 13 and later).
fn drop_statement(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration file; the server is named by a variable")]
fn server_url() -> Url {
    let value = std::env::var(SERVER_VARIABLE);
    let url = value.expect("GUESTLIST_TEST_POSTGRES is not set: start a server with `scripts/postgres start`");
    Url::parse(&url).expect("GUESTLIST_TEST_POSTGRES is a URL")
}

async fn run(server: &Url, statements: &[&str]) {
    let config: Config = server.as_str().parse().expect("GUESTLIST_TEST_POSTGRES is a PostgreSQL URL");
    let (client, connection) = config.connect(NoTls).await.expect("the PostgreSQL server of the tests answers");
    let connection = tokio::spawn(connection);
    for statement in statements {
        client.batch_execute(statement).await.expect("the PostgreSQL server of the tests obeys");
    }
    drop(client);
    connection.await.expect("the connection task ends").expect("the connection ends in peace");
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn database_exists(server: &Url, name: &str) -> bool {
        let (client, connection) = tokio_postgres::connect(server.as_str(), NoTls).await.unwrap();
        tokio::spawn(connection);
        let found = client.query("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await.unwrap();
        !found.is_empty()
    }

    #[tokio::test]
    async fn a_database_lives_as_long_as_its_value() {
        let database = TestDatabase::create().await;
        let (server, name) = (database.server.clone(), database.name().to_owned());
        let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("CREATE TABLE guests (name TEXT)").await.unwrap();
        assert!(database_exists(&server, &name).await);
        // The client is still connected: the drop must not wait for it.
        drop(database);
        assert!(!database_exists(&server, &name).await);
    }

    #[tokio::test]
    async fn two_databases_do_not_see_each_other() {
        let (first, second) = (TestDatabase::create().await, TestDatabase::create().await);
        run(&first.url, &["CREATE TABLE guests (name TEXT)"]).await;
        run(&second.url, &["CREATE TABLE guests (name TEXT)"]).await;
    }

    #[tokio::test]
    async fn cut_connections_are_noticed_by_their_holder() {
        let database = TestDatabase::create().await;
        let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        database.cut_connections().await;
        assert!(connection.await.unwrap().is_err());
        assert!(client.batch_execute("SELECT 1").await.is_err());
    }
}
