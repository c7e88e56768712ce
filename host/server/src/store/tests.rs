use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use admit::decision::PolicyRef;
use serde_json::{Map, Value};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use super::retention::DAY;
use super::*;
use crate::authority::Granted;

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
    store.note_source("a", &row, None, false).await
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
    let store = Store::open(copy.path(), Retention::default()).await.unwrap();
    (copy, store)
}

async fn open() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Retention::default()).await.unwrap();
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
    let other = || Store::open(folder.path(), Retention::default());
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
async fn a_start_needs_no_room() {
    let (folder, store) = open().await;
    note(&store, "first").await.unwrap();
    store.close().await;
    let content = || std::fs::read(folder.path().join("admit.db")).unwrap();
    let before = content();
    Store::open(folder.path(), Retention::default()).await.unwrap().close().await;
    assert!(content() == before, "something was written");
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
    assert!(store.backup().await.unwrap().bytes > 0, "what was stored can be saved");
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
    noted(&store).await;
    let changed = note(&store, "lost").await;
    assert!(matches!(changed, Err(StoreError::Changed { .. })), "{changed:?}");
    assert!(store.problem().unwrap().contains("another program changed"));
    assert_eq!(std::fs::read(&file).unwrap(), backup);
}

#[tokio::test]
async fn a_copy_made_before_is_refused_whatever_failed_meanwhile() {
    let (folder, store) = open().await;
    let file = folder.path().join("admit.db");
    let replace = |with: &[u8]| std::fs::write(&file, with).unwrap();
    note(&store, "old").await.unwrap();
    let old = std::fs::read(&file).unwrap();
    note(&store, "new").await.unwrap();
    for round in 0..4 {
        let new = std::fs::read(&file).unwrap();
        match round {
            0 => drop(fail_at_commit(&store).await),
            1 => drop(store.begin().await.unwrap()),
            2 => drop(store.rows(sqlx::query("SELECT nonsense")).await.unwrap_err()),
            _ => {}
        }
        if round < 3 {
            store.owner.closed().await;
        }
        replace(&old);
        for _ in 0..2 {
            let lost = note(&store, "lost").await;
            assert!(matches!(lost, Err(StoreError::Changed { .. })), "{round}: {lost:?}");
            let read = store.source("a").await;
            assert!(matches!(read, Err(StoreError::Changed { .. })), "{round}: {read:?}");
        }
        assert!(store.problem().unwrap().contains("another program changed"));
        assert!(std::fs::read(&file).unwrap() == old, "nothing was written into it");
        replace(&new);
        note(&store, "newer").await.unwrap();
        assert_eq!(store.problem(), None);
    }
    let (_copy, after) = killed(&folder, &["admit.db"]).await;
    assert_eq!(noted(&after).await.as_deref(), Some("newer"));
}

#[tokio::test]
async fn a_file_that_was_only_touched_is_no_other() {
    let (folder, store) = open().await;
    let file = std::fs::File::options().append(true).open(folder.path().join("admit.db")).unwrap();
    for digest in ["first", "second"] {
        note(&store, digest).await.unwrap();
        let past = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1);
        file.set_modified(past).unwrap();
    }
    note(&store, "third").await.unwrap();
    assert_eq!(store.problem(), None);
    let (_copy, after) = killed(&folder, &["admit.db"]).await;
    assert_eq!(noted(&after).await.as_deref(), Some("third"));
}

/// Overwrites the first page of a table, as a fault of the disk may.
async fn break_table(folder: &Path, table: &str) {
    use std::os::unix::fs::FileExt;

    let url = format!("sqlite://{}", folder.join("admit.db").display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    let page = sqlx::query("SELECT rootpage FROM sqlite_schema WHERE name = ?");
    let page = page.bind(table.to_owned()).fetch_one(&mut other).await.unwrap();
    let page: i64 = sqlx::Row::get(&page, 0);
    other.close().await.unwrap();
    let file = std::fs::File::options().write(true).open(folder.join("admit.db")).unwrap();
    file.write_all_at(&[0x5a; 4096], (unsigned(page).unwrap() - 1) * 4096).unwrap();
}

#[tokio::test]
async fn a_table_that_is_malformed_is_told_until_a_restart() {
    let (folder, store) = open().await;
    note(&store, "first").await.unwrap();
    store.close().await;
    break_table(folder.path(), "activity").await;
    let store = Store::open(folder.path(), Retention::default()).await.unwrap();
    assert_eq!(store.problem(), None);
    let error = store.activities(&ActivityFilter::default(), 9).await.unwrap_err();
    assert!(matches!(error, StoreError::Malformed { .. }) && error.is_damage(), "{error:?}");
    note(&store, "second").await.unwrap();
    store.probe(1).await.unwrap();
    let problem = store.problem().unwrap();
    let file = folder.path().join("admit.db").display().to_string();
    for part in [&*file, "malformed", "restore a copy"] {
        assert!(problem.contains(part), "{problem}");
    }
    assert!(!store.is_failing(), "a probe finds out nothing");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("admit.db");
    std::fs::write(&file, [0x5a; 8192]).unwrap();
    let error = Store::open(folder.path(), Retention::default()).await.unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, StoreError::Malformed { .. }), "{error:?}");
    assert!(said.contains(&*file.to_string_lossy()) && said.contains("restore a copy"), "{said}");
}

#[tokio::test]
async fn an_entry_of_a_release_taken_back_that_is_damaged_is_left_out() {
    let (_folder, store) = open().await;
    let mut change = store.begin().await.unwrap();
    for (release, at) in [("good", 7), ("bad", -7)] {
        let insert =
            sqlx::query("INSERT INTO taken_back VALUES ('a', ?, ?, 1, 'x', '', 'd', 'p', '1')");
        change.execute(insert.bind(release).bind(at)).await.unwrap();
    }
    change.commit().await.unwrap();
    let taken = store.taken_back("a").await.unwrap();
    assert_eq!(taken.iter().map(|one| &*one.release).collect::<Vec<_>>(), ["good"]);
}

#[tokio::test]
async fn a_candidate_whose_settings_were_flipped_is_damaged() {
    let (_folder, store) = open().await;
    let settings = Map::from_iter([("a".to_owned(), "4".into())]);
    let candidate = CandidateRow { component: vec![9], settings, revision: 1 };
    store.keep_candidate("a", &candidate, &[], &Granted::server(), 1).await.unwrap();
    assert_eq!(store.candidate("a").await.unwrap(), Some(candidate));
    for (set, is_read) in [("settings = '{\"a\":\"5\"}'", false), ("settings_digest = NULL", true)]
    {
        let mut change = store.begin().await.unwrap();
        let set = sqlx::AssertSqlSafe(format!("UPDATE candidate SET {set}"));
        change.execute(sqlx::query(set)).await.unwrap();
        change.commit().await.unwrap();
        let read = store.candidate("a").await;
        assert_eq!(read.is_ok(), is_read, "{read:?}");
        assert!(read.err().is_none_or(|error| error.is_damage()));
    }
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
    let store = Store::open(folder.path(), Retention::default()).await.unwrap();
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

    let store = Store::open(folder.path(), Retention::default()).await.expect("a store");
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
    let open =
        || async { Store::open(folder.path(), Retention::default()).await.expect("a store") };
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

/// Keeps next to nothing.
fn little() -> Retention {
    let day = Duration::from_secs(DAY);
    let (activity_age, revoked_access_age) = (day * 10, day * 10);
    Retention { activities: 100, activity_age, attempts: 2, releases: 4, revoked_access_age }
}

const TODAY: u64 = 1_000 * DAY;

/// A gate's release with a component of half a mebibyte.
async fn activate(store: &Store, generation: u64, previous: Option<u64>) -> u64 {
    let component = vec![u8::try_from(generation).unwrap(); 512 * 1024];
    let digest = admit::release::component_digest(&component);
    let policy = PolicyRef { name: "p".into(), version: "1.0.0".into(), digest };
    let settings = Map::from_iter([("generation".to_owned(), generation.into())]);
    let activation = Activation {
        gate: "a",
        action: Action::Policy,
        at: TODAY,
        policy: &policy,
        component: &component,
        release: "sha256:r",
        sealed: &settings,
        settings: &settings,
        revision: generation,
        generation,
        previous,
        taken_back: None,
        activities: &[],
    };
    store.activate(&activation, &Granted::server()).await.unwrap()
}

#[tokio::test]
async fn what_is_over_is_forgotten_and_what_is_needed_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), little()).await.unwrap();
    let mut releases = vec![activate(&store, 1, None).await];
    for generation in 2..=6 {
        releases.push(activate(&store, generation, releases.last().copied()).await);
    }
    // Gone back to the fourth, from where the way leads to the third; then two more.
    let third = releases[2];
    releases.push(activate(&store, 7, Some(third)).await);
    for generation in 8..=9 {
        releases.push(activate(&store, generation, releases.last().copied()).await);
    }
    let candidate = CandidateRow { component: vec![9; 9], settings: Map::new(), revision: 7 };
    store.keep_candidate("a", &candidate, &[], &Granted::server(), TODAY).await.unwrap();
    store.tidy(TODAY).await.unwrap();
    let is_kept = async |id| store.release(id).await.unwrap().is_some();
    assert!(is_kept(third).await, "the way back");
    assert!(is_kept(releases[5]).await && !is_kept(releases[4]).await, "the newest four");
    assert_eq!(store.candidate("a").await.unwrap(), Some(candidate));
    let kept = store.attempts("a", None, 50).await.unwrap();
    let kept: Vec<_> = kept.into_iter().map(|attempt| attempt.id).collect();
    assert_eq!(kept, [releases[8], releases[7], releases[6], releases[5], third]);
}

#[tokio::test]
async fn activities_and_revoked_tokens_are_forgotten_by_age_and_number() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), little()).await.unwrap();
    let access = |id: &str| AccessRow {
        id: id.to_owned(),
        name: "x".to_owned(),
        role: "observer".to_owned(),
        secret_sha256: vec![0; 32],
        number: 0,
        created_at: 1,
        created_by: "x".to_owned(),
        created_by_id: None,
        revoked_at: None,
    };
    let (old, by) = (TODAY - 11 * DAY, Granted::server());
    for (id, revoked) in [("old", Some(old)), ("new", Some(TODAY)), ("live", None)] {
        store.add_access(&access(id), &by).await.unwrap();
        if let Some(at) = revoked {
            assert!(store.revoke_access(id, &by, at).await.unwrap());
        }
    }
    let told = [NewActivity::new("x", Value::Null)];
    let candidate = CandidateRow { component: Vec::new(), settings: Map::new(), revision: 1 };
    for _ in 0..150 {
        store.keep_candidate("a", &candidate, &told, &by, TODAY).await.unwrap();
    }
    store.tidy(TODAY).await.unwrap();
    let held = store.access().await.unwrap();
    let held: Vec<_> = held.into_iter().map(|row| row.id).collect();
    assert_eq!(held, ["new", "live"]);
    let told = store.activities(&ActivityFilter::default(), 1_000).await.unwrap();
    assert_eq!(told.len(), 100, "the newest");
    store.tidy(TODAY + 11 * DAY).await.unwrap();
    assert_eq!(store.activities(&ActivityFilter::default(), 1_000).await.unwrap(), []);
}

#[tokio::test]
async fn space_that_is_free_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let size = || std::fs::metadata(folder.path().join("admit.db")).unwrap().len();
    let store = Store::open(folder.path(), Retention::default()).await.unwrap();
    for generation in 1..=12 {
        activate(&store, generation, None).await;
    }
    store.close().await;
    let full = size();
    let store = Store::open(folder.path(), little()).await.unwrap();
    store.tidy(TODAY).await.unwrap();
    assert!(full > 6 << 20 && size() < 3 << 20, "{full} before, {} after", size());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_under_load_holds_what_was_acknowledged_and_no_half_change() {
    let (folder, store) = open().await;
    note(&store, "0").await.unwrap();
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for count in 1.. {
                if let Err(error) = note(&store, &count.to_string()).await {
                    assert!(matches!(error, StoreError::Closed), "{error}");
                    return;
                }
            }
        })
    };
    for _ in 0..20 {
        let before: u64 = noted(&store).await.unwrap().parse().unwrap();
        let mut backup = store.backup().await.unwrap();
        let copy = tempfile::tempdir().unwrap();
        let mut file = std::fs::File::create(copy.path().join("admit.db")).unwrap();
        assert_eq!(std::io::copy(&mut backup.file, &mut file).unwrap(), backup.bytes);
        let restored = Store::open(copy.path(), Retention::default()).await.unwrap();
        let after: u64 = noted(&restored).await.unwrap().parse().unwrap();
        assert!(after >= before, "{before} was acknowledged, {after} is there");
        note(&restored, "new").await.unwrap();
    }
    store.close().await;
    writer.await.unwrap();
    let left = std::fs::read_dir(folder.path()).unwrap().flatten();
    let left: Vec<_> = left.map(|file| file.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("backup")), "{left:?}");
}

/// Before names had to be unique, two access tokens could have one, and activities told no ids.
#[tokio::test]
async fn a_store_with_a_name_that_is_there_twice_is_brought_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admit.db");
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let mut before = migrations();
    before.migrations.to_mut().truncate(2);
    before.run(&mut connection).await.unwrap();
    for insert in [
        "INSERT INTO access VALUES ('00000001', 'admit', 'admin', zeroblob(32), 1, 'admit', NULL)",
        "INSERT INTO access VALUES ('00000002', 'admit', 'admin', zeroblob(32), 2, 'admit', NULL)",
        "INSERT INTO activity VALUES (1, 1, 'admit', 'admin', NULL, 'created_access', '{}')",
    ] {
        sqlx::query(insert).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();

    let store = Store::open(folder.path(), Retention::default()).await.unwrap();
    let told = store.activities(&ActivityFilter::default(), 9).await.unwrap();
    assert_eq!((told.len(), &told[0].actor.id), (1, &None));
    let access = crate::access::Access::open(store).await.unwrap();
    let listed = access.list(None, 9).await.unwrap();
    let ids: Vec<_> = listed.iter().map(|row| (&*row.id, row.number)).collect();
    assert_eq!(ids, [("00000002", 2), ("00000001", 1)]);
    assert!(access.has_admin());
}
