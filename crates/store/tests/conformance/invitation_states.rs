//! The states of an invitation as the schema knows them: what fits no state cannot be written, and if it stands there
//! all the same, it is not read as something else.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_store::{Engine, Store, StoreError, Value, invitations, users};

on_both_engines!(only_rows_that_fit_a_state_can_be_written, a_row_that_fits_no_state_is_told);

const STATES: [&str; 4] = ["pending", "accepted", "revoked", "declined"];

/// The columns that make up a state, each with a value that it may have.
fn columns() -> [(&'static str, Value<'static>); 7] {
    [
        ("mailed_generation", Value::from(1_i64)),
        ("handed_generation", Value::from(2_i64)),
        ("expires_at", Value::from(later(60))),
        ("ended_at", Value::from(later(5))),
        ("accepted_by", Value::from("password")),
        ("proof", Value::from("mailbox")),
        ("revoked_by", Value::from("operator")),
    ]
}

/// The columns that are set, as a reader of `State` would say: required, and merely allowed.
fn anatomy(state: &str) -> (Vec<&'static str>, Vec<&'static str>) {
    match state {
        "pending" => (vec!["expires_at"], vec!["mailed_generation", "handed_generation"]),
        "accepted" => (vec!["ended_at", "accepted_by", "proof"], Vec::new()),
        "revoked" => (vec!["ended_at", "revoked_by"], Vec::new()),
        _ => (vec!["ended_at"], Vec::new()),
    }
}

fn fits(state: &str, set: &[&str]) -> bool {
    let (required, allowed) = anatomy(state);
    required.iter().all(|column| set.contains(column))
        && set.iter().all(|column| required.contains(column) || allowed.contains(column))
}

const WRITE: &str = "INSERT INTO invitations (id, user_id, email, terms, invited_by, created_at, generation, sends, version,
    state, mailed_generation, handed_generation, expires_at, ended_at, accepted_by, proof, revoked_by)
    VALUES ('inv_anna', 'auth0|anna', 'anna@example.org', '{}', 'operator', 0, 2, 1, 0, $1, $2, $3, $4, $5, $6, $7, $8)";

/// Writes a row with these of the columns set, and takes it back: whether it could be written.
async fn can_be_written(store: &Store, state: &'static str, set: usize) -> bool {
    let written: Result<(), StoreError> = store
        .write(move |tx| {
            Box::pin(async move {
                let chosen = |(n, (_, value))| if set >> n & 1 == 1 { value } else { Value::Null };
                let values: Vec<Value<'_>> = columns().into_iter().enumerate().map(chosen).collect();
                tx.exec(WRITE, &[vec![Value::from(state)], values].concat()).await?;
                Err(StoreError::Conflict)
            })
        })
        .await;
    match written {
        Err(StoreError::Conflict) => true,
        Err(StoreError::Other(_)) => false,
        other => panic!("{other:?}"),
    }
}

async fn only_rows_that_fit_a_state_can_be_written(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| Box::pin(async move { users::insert(tx, &pending("anna")).await })).await;
    let mut sound = 0;
    for state in STATES {
        let written = at_once(1 << columns().len(), |set| {
            let store = store.clone();
            async move { can_be_written(&store, state, set).await }
        });
        for (set, written) in written.await.into_iter().enumerate() {
            let names = columns().into_iter().enumerate().filter(|(n, _)| set >> n & 1 == 1);
            let names: Vec<&str> = names.map(|(_, (name, _))| name).collect();
            assert_eq!(written, fits(state, &names), "{state} with {names:?}");
            sound += usize::from(written);
        }
    }
    assert_eq!(sound, 4 + 1 + 1 + 1, "of 512 rows");
    assert!(!can_be_written(&store, "asleep", 0).await, "there are four states");
}

/// Lets nonsense be written from now on.
async fn drop_guards(store: &Store) {
    if store.engine() == Engine::Sqlite {
        meddle(store, "PRAGMA ignore_check_constraints = 1").await.unwrap();
        return;
    }
    for guard in [
        "ALTER TABLE invitations DROP CONSTRAINT invitations_state_check",
        "ALTER TABLE invitations DROP CONSTRAINT invitations_check",
        "ALTER TABLE invitations DROP CONSTRAINT invitations_check1",
        "ALTER TABLE invitations DROP CONSTRAINT invitations_check2",
        "ALTER TABLE invitations DROP CONSTRAINT invitations_check3",
        "ALTER TABLE invitations DROP CONSTRAINT invitations_check4",
    ] {
        meddle(store, guard).await.unwrap();
    }
}

async fn a_row_that_fits_no_state_is_told(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| Box::pin(async move { put_on_the_list(tx, "anna").await })).await;
    drop_guards(&store).await;
    let accepted =
        "UPDATE invitations SET state = 'accepted', expires_at = NULL, ended_at = 5, accepted_by = 'password',
        proof = 'mailbox', revoked_by = NULL, terms = '{}', generation = 2";
    for unsound in [
        "UPDATE invitations SET state = 'asleep'",
        "UPDATE invitations SET state = 'pending', expires_at = NULL",
        "UPDATE invitations SET state = 'declined', ended_at = NULL",
        "UPDATE invitations SET state = 'revoked', ended_at = 5, revoked_by = NULL",
        "UPDATE invitations SET state = 'revoked', revoked_by = 'somebody'",
        "UPDATE invitations SET state = 'accepted', accepted_by = NULL, proof = 'mailbox'",
        "UPDATE invitations SET state = 'accepted', accepted_by = 'magic'",
        "UPDATE invitations SET state = 'accepted', accepted_by = 'password', proof = NULL",
        "UPDATE invitations SET state = 'accepted', proof = 'guess'",
        "UPDATE invitations SET terms = '{\"unknown\": 1}'",
        "UPDATE invitations SET terms = '{}', email = 'Anna@example.org'",
        "UPDATE invitations SET email = 'anna@example.org', invited_by = ''",
    ] {
        meddle(&store, accepted).await.unwrap();
        meddle(&store, unsound).await.unwrap();
        let told =
            refusal(&store, |tx| Box::pin(async move { invitations::find(tx, &invitation_for("anna").id).await }));
        let told = told.await;
        assert!(is_inconsistent(&told, "invitations"), "{unsound}: {told}");
        assert!(told.to_string().contains("inv_anna") && !told.to_string().contains('@'), "{told}");
    }
}
