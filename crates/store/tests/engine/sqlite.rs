//! What only SQLite has: a file that one process serves, threads, and one durable commit for many.

use crate::database::{Database, GUESTS, add, guests};
use guestlist_store::{Store, StoreError, StoreSettings, Target, p};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Set for a copy of this test binary that is to be the other process: what it does, and the file it does it to.
const OTHER_PROCESS: &str = "GUESTLIST_STORE_OTHER_PROCESS";

fn path(database: &Database) -> PathBuf {
    let Target::Sqlite { path } = database.target() else { panic!("these tests are about files") };
    path
}

async fn serve(path: &Path) -> Result<Store, StoreError> {
    let target = Target::Sqlite { path: path.to_owned() };
    Store::open_with(&StoreSettings { target, exclusive: true, read_threads: 2 }, GUESTS).await
}

fn other_process(deed: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "sqlite::the_other_process", "--nocapture", "--test-threads", "1"]);
    command.env(OTHER_PROCESS, format!("{deed} {}", path.display())).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").and_then(|()| out.flush()).unwrap();
}

/// Not a test by itself: the body of the second process that others start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_process() {
    #[expect(clippy::disallowed_methods, reason = "how a test process learns that it is the other one")]
    let Ok(order) = std::env::var(OTHER_PROCESS) else { return };
    let (deed, path) = order.split_once(' ').unwrap();
    match deed {
        "serve" => say(&match serve(Path::new(path)).await {
            Ok(_) => "served".to_owned(),
            Err(error) => format!("refused: {error}"),
        }),
        "write" => {
            let store = serve(Path::new(path)).await.unwrap();
            let writers = (0..8).map(|writer| tokio::spawn(write_for_ever(store.clone(), writer)));
            for writer in writers.collect::<Vec<_>>() {
                writer.await.unwrap();
            }
        }
        _ => panic!("unknown deed"),
    }
}

async fn write_for_ever(store: Store, writer: usize) {
    for n in 0_u64.. {
        let id = format!("{writer}-{n}");
        let row = id.clone();
        store
            .write(move |tx| {
                let id = row.clone();
                Box::pin(async move { add(tx, &id).await })
            })
            .await
            .unwrap();
        say(&format!("wrote {id}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_served_once() {
    let database = Database::sqlite().await;
    let path = path(&database);
    let store = serve(&path).await.unwrap();
    let lock = format!("{}.lock", path.canonicalize().unwrap().display());
    assert_eq!(serve(&path).await.map(drop), Err(StoreError::AlreadyServed(lock.clone())));

    let told = other_process("serve", &path).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("refused: ") && told.contains(&lock), "{told}");

    store.shut_down().await;
    let told = other_process("serve", &path).output().unwrap();
    assert!(String::from_utf8(told.stdout).unwrap().contains("served"));
    serve(&path).await.unwrap();
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_to_the_file_is_no_second_file() {
    let database = Database::sqlite().await;
    let (path, link) = (path(&database), path(&database).with_file_name("link.db"));
    let _store = serve(&path).await.unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(serve(&link).await, Err(StoreError::AlreadyServed(_))));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_its_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let database = Database::sqlite().await;
    let store = database.store().await;
    store.write(|tx| Box::pin(add(tx, "a"))).await.unwrap();
    for file in ["guestlist.db", "guestlist.db-wal", "guestlist.db-shm"] {
        let mode = std::fs::metadata(path(&database).with_file_name(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_works_beside_the_server() {
    let database = Database::sqlite().await;
    let server = serve(&path(&database)).await.unwrap();
    let command = database.store().await;
    let writers = [server.clone(), command.clone()].into_iter().zip(["server", "command"]);
    let writing = writers.map(|(store, name)| {
        tokio::spawn(async move {
            for n in 0..40 {
                let id = format!("{name}-{n:02}");
                let write = store.write(move |tx| {
                    let id = id.clone();
                    Box::pin(async move { add(tx, &id).await })
                });
                write.await.unwrap();
            }
        })
    });
    for writer in writing.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(guests(&server).await.len(), 80);
    assert_eq!(guests(&server).await, guests(&command).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_cannot_write() {
    let store = Database::sqlite().await.store().await;
    let refused = store.read(|tx| Box::pin(add(tx, "a"))).await;
    assert!(matches!(refused, Err(StoreError::Other(_))), "{refused:?}");
    assert!(guests(&store).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_sees_one_state_of_the_database() {
    let store = Database::sqlite().await.store().await;
    let (looked, has_looked) = std::sync::mpsc::channel();
    let (written, was_written) = std::sync::mpsc::channel();
    let was_written = std::sync::Arc::new(std::sync::Mutex::new(was_written));
    let reader = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .read(move |tx| {
                    let (looked, was_written) = (looked.clone(), was_written.clone());
                    Box::pin(async move {
                        let before = tx.rows("SELECT id FROM guests", p![]).await?.len();
                        looked.send(()).unwrap();
                        was_written.lock().unwrap().recv().unwrap();
                        Ok::<_, StoreError>((before, tx.rows("SELECT id FROM guests", p![]).await?.len()))
                    })
                })
                .await
        }
    });
    tokio::task::spawn_blocking(move || has_looked.recv().unwrap()).await.unwrap();
    store.write(|tx| Box::pin(add(tx, "a"))).await.unwrap();
    written.send(()).unwrap();
    assert_eq!(reader.await.unwrap(), Ok((0, 0)));
    assert_eq!(guests(&store).await, ["a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_awaited_inside_a_transaction() {
    let store = Database::sqlite().await.store().await;
    let waited: Result<(), StoreError> = store
        .write(|tx| {
            Box::pin(async move {
                add(tx, "a").await?;
                std::future::pending().await
            })
        })
        .await;
    assert_eq!(waited, Err(StoreError::Waited));
    assert!(guests(&store).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_in_double_quotes_is_never_a_string() {
    let store = Database::sqlite().await.store().await;
    let sloppy = store.read(|tx| Box::pin(tx.rows("SELECT \"oops\" FROM guests", &[]))).await;
    assert!(matches!(sloppy, Err(StoreError::Other(_))));
}

/// Whatever was answered is there after the process was killed in the middle of its work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answered_write_survives_a_kill() {
    let database = Database::sqlite().await;
    let mut child = other_process("write", &path(&database)).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let wrote = |line: String| line.strip_prefix("wrote ").map(str::to_owned);
    let mut lines = lines.map_while(Result::ok).filter_map(wrote);
    let mut answered: Vec<String> = lines.by_ref().take(300).collect();
    child.kill().unwrap();
    answered.extend(lines);
    child.wait().unwrap();
    assert!(answered.len() >= 300, "the other process wrote");

    let stored = guests(&serve(&path(&database)).await.unwrap()).await;
    let lost: Vec<&String> = answered.iter().filter(|id| stored.binary_search(id).is_err()).collect();
    assert!(lost.is_empty(), "answered and lost: {lost:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_directory_is_told() {
    let database = Database::sqlite().await;
    let missing = path(&database).with_file_name("nowhere").join("guestlist.db");
    let refused = serve(&missing).await.map(drop).unwrap_err().to_string();
    assert!(refused.contains("nowhere"), "{refused}");
}
