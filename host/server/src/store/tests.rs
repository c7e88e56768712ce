use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Waker};

use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use super::*;

/// A change that SQLite refuses only at its COMMIT.
async fn fail_at_commit(store: &Store) -> StoreError {
    let mut change = store.begin().await.unwrap();
    change.execute(sqlx::query("PRAGMA defer_foreign_keys = ON")).await.unwrap();
    let orphan = "INSERT INTO gate (name, settings, revision, active) VALUES ('x', '{}', 1, 9)";
    change.execute(sqlx::query(orphan)).await.unwrap();
    change.commit().await.unwrap_err()
}

async fn note(store: &Store, digest: &str) -> Result<(), StoreError> {
    let (digest, verdict) = (digest.to_owned(), Verdict::Applied);
    let row = SourceRow { digest, verdict, error: None, host: "0.0.0".to_owned(), at: 1 };
    store.note_source("a", &row, None).await
}

async fn noted(store: &Store) -> Option<String> {
    store.source("a").await.unwrap().map(|row| row.digest)
}

/// What the files hold, as after `kill -9`.
async fn killed(folder: &TempDir, files: &[&str]) -> (TempDir, Store) {
    let copy = tempfile::tempdir().unwrap();
    for file in files {
        std::fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
    }
    let store = Store::open(copy.path()).await.unwrap();
    (copy, store)
}

async fn open() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    (folder, store)
}

/// Polls a future so many times, then drops it.
async fn poll_times(future: impl Future, times: usize) {
    let mut future = pin!(future);
    for _ in 0..times {
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_follows_failed_commits_is_stored() {
    let (folder, store) = open().await;
    note(&store, "first").await.unwrap();
    for _ in 0..3 {
        let error = fail_at_commit(&store).await;
        assert!(matches!(error, StoreError::Database(_)), "{error}");
        assert!(store.problem().unwrap().contains("FOREIGN KEY"), "{:?}", store.problem());
        assert_eq!(noted(&store).await.as_deref(), Some("first"), "reading goes on");
    }
    note(&store, "second").await.unwrap();
    assert_eq!(store.problem(), None);
    let (_copy, after) = killed(&folder, &["admit.db", "admit.db-wal"]).await;
    assert_eq!(noted(&after).await.as_deref(), Some("second"));
    assert_eq!(after.gate_names().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_change_of_which_a_part_failed_is_undone() {
    let (_folder, store) = open().await;
    let insert = || sqlx::query("INSERT INTO source (gate, digest) VALUES ('a', 'x')");
    let mut change = store.begin().await.unwrap();
    change.execute(insert()).await.unwrap();
    change.execute(insert()).await.unwrap_err();
    let again = change.execute(sqlx::query("DELETE FROM source")).await;
    assert!(matches!(again, Err(StoreError::Broken)), "{again:?}");
    let committed = change.commit().await;
    assert!(matches!(committed, Err(StoreError::Broken)), "{committed:?}");
    assert_eq!(noted(&store).await, None);

    let mut dropped = store.begin().await.unwrap();
    dropped.execute(insert()).await.unwrap();
    drop(dropped);
    assert_eq!(noted(&store).await, None);
    note(&store, "y").await.unwrap();
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_nothing_open() {
    let (folder, store) = open().await;
    for times in 0..60 {
        poll_times(note(&store, "late"), times).await;
        poll_times(store.source("a"), times).await;
        note(&store, "good").await.unwrap();
        let (_copy, after) = killed(&folder, &["admit.db"]).await;
        assert_eq!(noted(&after).await.as_deref(), Some("good"), "{times}");
    }
}

#[tokio::test]
async fn the_database_alone_is_the_store() {
    let (folder, store) = open().await;
    note(&store, "first").await.unwrap();
    let (_copy, after) = killed(&folder, &["admit.db"]).await;
    assert_eq!(noted(&after).await.as_deref(), Some("first"));
}

#[tokio::test]
async fn nobody_else_gets_the_directory_before_the_store_is_closed() {
    let (folder, store) = open().await;
    let other = || Store::open(folder.path());
    assert!(matches!(other().await, Err(StoreError::InUse { .. })));
    fail_at_commit(&store).await;
    // No connection is open now.
    assert!(matches!(other().await, Err(StoreError::InUse { .. })));
    note(&store, "first").await.unwrap();
    store.close().await;
    assert!(matches!(note(&store, "late").await, Err(StoreError::Closed)));
    assert_eq!(noted(&other().await.unwrap()).await.as_deref(), Some("first"));
}

#[tokio::test]
async fn a_file_that_is_gone_is_missed_and_found_again() {
    let (folder, store) = open().await;
    note(&store, "first").await.unwrap();
    let (file, aside) = (folder.path().join("admit.db"), folder.path().join("aside"));
    std::fs::rename(&file, &aside).unwrap();
    assert!(store.problem().unwrap().contains("was deleted or replaced"));
    let gone = note(&store, "lost").await;
    assert!(matches!(gone, Err(StoreError::Gone { .. })), "{gone:?}");
    assert!(!file.exists(), "no empty store is made");
    std::fs::copy(&aside, &file).unwrap();
    assert!(matches!(note(&store, "lost").await, Err(StoreError::Gone { .. })));
    std::fs::rename(&aside, &file).unwrap();
    note(&store, "second").await.unwrap();
    assert_eq!(store.problem(), None);
}

#[tokio::test]
async fn a_file_that_another_program_wrote_to_is_left_alone() {
    let (folder, store) = open().await;
    let file = folder.path().join("admit.db");
    let backup = std::fs::read(&file).unwrap();
    note(&store, "first").await.unwrap();
    std::fs::write(&file, &backup).unwrap();
    let changed = note(&store, "lost").await;
    assert!(matches!(changed, Err(StoreError::Changed { .. })), "{changed:?}");
    assert!(store.problem().unwrap().contains("another program changed"));
    assert_eq!(std::fs::read(&file).unwrap(), backup);
}

#[tokio::test]
async fn a_log_that_is_gone_is_replaced() {
    let (folder, store) = open().await;
    note(&store, "first").await.unwrap();
    std::fs::remove_file(folder.path().join("admit.db-wal")).unwrap();
    note(&store, "second").await.unwrap();
    let (_copy, after) = killed(&folder, &["admit.db"]).await;
    assert_eq!(noted(&after).await.as_deref(), Some("second"));
}

/// Commits as a change does whose sync fails: it is in the log, whole, and was refused.
async fn write_refused_commit(folder: &Path) {
    let aside = tempfile::tempdir().unwrap();
    std::fs::copy(folder.join("admit.db"), aside.path().join("admit.db")).unwrap();
    let url = format!("sqlite://{}", aside.path().join("admit.db").display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    let refused = "UPDATE source SET digest = 'refused'";
    sqlx::query(refused).execute(&mut other).await.unwrap();
    std::fs::copy(aside.path().join("admit.db-wal"), folder.join("admit.db-wal")).unwrap();
}

#[tokio::test]
async fn a_refused_commit_that_is_whole_in_the_log_is_cut_off() {
    let (folder, store) = open().await;
    note(&store, "first").await.unwrap();
    drop(store.begin().await.unwrap());
    store.owner.closed().await;
    write_refused_commit(folder.path()).await;
    assert_eq!(noted(&store).await.as_deref(), Some("first"));
    note(&store, "second").await.unwrap();
    let (_copy, after) = killed(&folder, &["admit.db", "admit.db-wal"]).await;
    assert_eq!(noted(&after).await.as_deref(), Some("second"));
}

#[tokio::test]
async fn a_store_of_the_version_before_is_brought_up() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("admit.db").display());
    let mut old = SqliteConnection::connect(&url).await.unwrap();
    let mut before = migrations();
    before.migrations.to_mut().truncate(2);
    before.run(&mut old).await.unwrap();
    let row = "INSERT INTO source (gate, digest) VALUES ('a', 'kept')";
    sqlx::query(row).execute(&mut old).await.unwrap();
    old.close().await.unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    assert_eq!(noted(&store).await.as_deref(), Some("kept"));
    note(&store, "new").await.unwrap();
}

#[tokio::test]
async fn what_sources_brought_before_verdicts_were_kept_is_tried_again_if_it_was_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("admit.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut before = SqliteConnection::connect_with(&options).await.expect("a database");
    let all = migrations();
    let first = all.iter().filter(|one| one.version <= 2).cloned().collect();
    Migrator::with_migrations(first).run(&mut before).await.expect("the version before");
    let rows = "INSERT INTO source (gate, digest, error) VALUES \
                ('applied', 'sha256:1', NULL), ('refused', 'sha256:2', 'no component')";
    sqlx::query(rows).execute(&mut before).await.expect("rows");
    before.close().await.expect("closed");

    let store = Store::open(folder.path()).await.expect("a store");
    let row = |gate| store.source(gate);
    let applied = row("applied").await.expect("readable").expect("there");
    assert_eq!((applied.verdict, applied.error), (Verdict::Applied, None));
    let refused = row("refused").await.expect("readable").expect("there");
    let error = Some("no component".to_owned());
    assert_eq!((refused.verdict, refused.error), (Verdict::Passing, error));
    assert_eq!(store.trying("refused").await.expect("readable"), None);
    assert_eq!(store.taken_back("refused").await.expect("readable"), []);
}

#[tokio::test]
async fn what_is_being_tried_is_found_by_the_next_run_unless_the_server_ended_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let trying = Trying { digest: "sha256:1".to_owned(), since: 7 };
    let open = || async { Store::open(folder.path()).await.expect("a store") };
    let store = open().await;
    store.begin_trying("a", &trying).await.expect("written");
    store.begin_trying("b", &trying).await.expect("written");
    assert!(note(&store, "sha256:1").await.is_ok());
    store.close().await;
    drop(store);

    let store = open().await;
    assert_eq!(store.trying("a").await.expect("readable"), None, "it was noted what came of it");
    assert_eq!(store.trying("b").await.expect("readable"), Some(trying));
    store.end_trying().await.expect("written");
    assert_eq!(store.trying("b").await.expect("readable"), None);
}
