use std::path::Path;
use std::time::Duration;

use admit::runtime::Runtime;
use admit_api::status::GateState;
use admit_policies::{WINDOWS_MDM_1, WINDOWS_MDM_2};
use serde_json::{Map, json};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use super::*;
use crate::gates::testing;
use crate::store::{Retention, Store};

const NOW: u64 = 1_750_000_000;
const TENANT: &str = "5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f";

fn gate(name: &str, runtime: &Runtime, store: &Store) -> Arc<Gate> {
    testing::gate(name, Map::new(), runtime, store)
}

async fn open(folder: &Path) -> Store {
    Store::open(folder, Retention::default()).await.expect("a store")
}

/// Gives a gate a policy and all its settings.
async fn give(gate: &Arc<Gate>, component: &[u8]) -> u64 {
    let settings =
        json!({"server_url": "https://mdm.example.com", "windows_entra_tenant_ids": [TENANT]});
    let change = Change {
        component: Some(NewComponent { bytes: component.into(), may_be_older: true }),
        settings: settings.as_object().expect("an object").clone(),
        ..Change::new(Action::Policy, Authority::server(), NOW)
    };
    gate.change(change).await.expect("an activation").activation.generation
}

/// A store in which the gates `a` and `b` have different policies.
async fn two_gates(runtime: &Runtime) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    for (name, policy) in [("a", WINDOWS_MDM_1.component), ("b", WINDOWS_MDM_2.component)] {
        let gate = gate(name, runtime, &store);
        gate.start(None, NOW).await;
        assert_eq!(give(&gate, policy).await, 1);
    }
    store.close().await;
    folder
}

/// A copy of a store, with something done to it.
async fn damaged(folder: &TempDir, sql: &'static str) -> (TempDir, Store) {
    let copy = tempfile::tempdir().expect("a folder");
    let file = copy.path().join("admit.db");
    std::fs::copy(folder.path().join("admit.db"), &file).expect("a copy");
    let url = format!("sqlite://{}", file.display());
    let mut other = SqliteConnection::connect(&url).await.expect("a connection");
    sqlx::raw_sql("PRAGMA foreign_keys = OFF").execute(&mut other).await.expect("done");
    sqlx::raw_sql(sql).execute(&mut other).await.expect("damage");
    other.close().await.expect("closed");
    let store = open(copy.path()).await;
    (copy, store)
}

const FLIPPED: &str = "UPDATE component SET bytes = CAST(substr(bytes, 1, length(bytes) - 1) \
     || char(1) AS BLOB) WHERE version = '1.0.0'";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_gate_whose_rows_are_damaged_fails_alone_and_by_name() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = two_gates(&runtime).await;
    for (sql, problem) in [
        ("UPDATE gate SET settings = '{' WHERE name = 'a'", "no JSON object"),
        (
            "UPDATE gate SET settings = replace(settings, '5a4f', '5b4f') WHERE name = 'a'",
            "settings have the digest sha256:",
        ),
        ("UPDATE gate SET revision = -1 WHERE name = 'a'", "a negative number"),
        ("DELETE FROM gate WHERE name = 'a'", "its row is missing"),
        ("DELETE FROM component WHERE version = '1.0.0'", "the component sha256:"),
        (FLIPPED, "a component has the digest sha256:"),
        ("UPDATE attempt SET settings = '[]' WHERE gate = 'a'", "no JSON object"),
        (
            "UPDATE attempt SET settings = replace(settings, '5a4f', '5b4f') WHERE gate = 'a'",
            "settings that make the release sha256:",
        ),
        ("UPDATE gate SET active = 99 WHERE name = 'a'", "its last good release is missing"),
    ] {
        let (_copy, store) = damaged(&folder, sql).await;
        let gate = gate("a", &runtime, &store);
        gate.start(None, NOW).await;
        let view = gate.view();
        let said = view.problem().unwrap_or_else(|| panic!("serves: {sql}"));
        assert!(said.contains(problem) && said.contains("restore a copy"), "{sql}: {said}");
        assert_eq!(gate.view().state(), GateState::Failed, "{sql}");
    }
    let (_copy, store) = damaged(&folder, FLIPPED).await;
    let (a, b) = (gate("a", &runtime, &store), gate("b", &runtime, &store));
    a.start(None, NOW).await;
    b.start(None, NOW).await;
    assert_eq!((a.view().state(), b.view().state()), (GateState::Failed, GateState::Serving));
    assert_eq!(give(&a, WINDOWS_MDM_1.component).await, 2, "generations only rise");
    store.close().await;
    let store = open(_copy.path()).await;
    let a = gate("a", &runtime, &store);
    a.start(None, NOW).await;
    assert_eq!((a.view().state(), a.generation()), (GateState::Serving, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn settings_written_before_there_was_a_digest_count_and_get_one() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = two_gates(&runtime).await;
    let (copy, store) =
        damaged(&folder, "UPDATE gate SET settings_digest = NULL WHERE name = 'a'").await;
    let a = gate("a", &runtime, &store);
    a.start(None, NOW).await;
    assert_eq!(a.view().state(), GateState::Serving);
    assert_eq!(give(&a, WINDOWS_MDM_2.component).await, 2);
    store.close().await;
    let flip = "UPDATE gate SET settings = replace(settings, '5a4f', '5b4f') WHERE name = 'a'";
    let (_copy, store) = damaged(&copy, flip).await;
    let a = gate("a", &runtime, &store);
    a.start(None, NOW).await;
    assert_eq!(a.view().state(), GateState::Failed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn words_that_no_version_knows_keep_no_gate_from_starting() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = two_gates(&runtime).await;
    let strange = "UPDATE attempt SET action = 'dance', role = CAST(x'ff' AS TEXT);
         UPDATE activity SET details = '{', type = CAST(x'80' AS TEXT), at = -5;
         INSERT INTO source (gate, digest) VALUES ('a', CAST(x'ff' AS TEXT));
         INSERT INTO access (id, name, role, secret_sha256, created_at, created_by) VALUES
             ('00000001', 'x', 'dancer', zeroblob(32), 1, 'x'),
             ('00000002', 'y', 'admin', zeroblob(3), -1, 'x')";
    let (_copy, store) = damaged(&folder, strange).await;
    let gate = gate("a", &runtime, &store);
    gate.start(None, NOW).await;
    assert_eq!(gate.view().state(), GateState::Serving);
    let attempts = store.attempts("a", None, 10).await.expect("attempts");
    assert_eq!((&*attempts[0].action, &*attempts[0].actor.role), ("dance", "\u{fffd}"));
    let activities = store.activities(&Default::default(), 10).await.expect("activities");
    assert!(!activities.is_empty());
    assert!(activities.iter().all(|one| one.details.contains_key("damaged") && one.at == 0));
    assert_eq!(store.source("a").await.expect("a source").expect("one").digest, "\u{fffd}");
    let access = crate::access::Access::open(store.clone()).await.expect("access");
    assert!(!access.has_admin(), "what is damaged counts for nobody");
    assert_eq!(access.list(None, 9).await.expect("a list").len(), 2);
}

/// A file with a policy, for a gate that never had one.
fn first(folder: &TempDir, component: &[u8]) -> Option<FirstComponent> {
    let path = folder.path().join("first.wasm");
    std::fs::write(&path, component).expect("a file");
    Some(FirstComponent::File(path))
}

async fn set_aside(store: &Store) -> usize {
    let activities = store.activities(&Default::default(), 10).await.expect("activities");
    activities.iter().filter(|one| one.kind == "set_aside_policy").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_configured_file_that_ended_the_server_fails_its_gate_alone() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let file = first(&folder, WINDOWS_MDM_2.component);
    let digest = admit::release::component_digest(WINDOWS_MDM_2.component).to_string();
    let store = open(folder.path()).await;
    let trying = crate::store::Trying { digest: digest.clone(), since: NOW };
    store.begin_first_try("a", &trying).await.expect("written");
    // As after `kill -9`: nothing is said of the end.
    store.close().await;

    for round in 0..2 {
        let store = open(folder.path()).await;
        let (a, b) = (gate("a", &runtime, &store), gate("b", &runtime, &store));
        a.start(file.clone(), NOW).await;
        b.start(Some(FirstComponent::Bundled(WINDOWS_MDM_2.component)), NOW).await;
        a.start_again(file.clone(), false, NOW).await;
        assert_eq!(
            (a.view().state(), b.view().state()),
            (GateState::Failed, GateState::Unconfigured),
            "{round}"
        );
        let view = a.view();
        let problem = view.problem().expect("a problem");
        for part in ["the server ended while it tried", "first.wasm", &digest, "SIGHUP"] {
            assert!(problem.contains(part), "{problem}");
        }
        assert_eq!(set_aside(&store).await, 1);
        // An orderly end changes nothing of that.
        store.end_trying().await.expect("written");
        store.close().await;
    }

    let store = open(folder.path()).await;
    let a = gate("a", &runtime, &store);
    a.start(file.clone(), NOW).await;
    a.start_again(file, true, NOW).await;
    assert_eq!(a.view().state(), GateState::Unconfigured, "asked for, it is tried");
    assert_eq!(store.first_try("a").await.expect("read"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn another_file_than_the_one_that_ended_the_server_is_tried() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let trying = crate::store::Trying { digest: "sha256:0".to_owned(), since: NOW };
    store.begin_first_try("a", &trying).await.expect("written");
    let a = gate("a", &runtime, &store);
    a.start(first(&folder, WINDOWS_MDM_2.component), NOW).await;
    assert_eq!(a.view().state(), GateState::Unconfigured);
    assert_eq!(store.first_try("a").await.expect("read"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_file_whose_compilation_was_given_up_stays_written_down_until_it_ends() {
    let limits = admit::limits::Limits { compile_deadline: Duration::ZERO, ..Default::default() };
    let hurried = Runtime::with_limits(limits).expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let file = first(&folder, WINDOWS_MDM_2.component);
    let store = open(folder.path()).await;
    let a = gate("a", &hurried, &store);
    a.start(file.clone(), NOW).await;
    let view = a.view();
    let problem = view.problem().expect("a problem");
    assert!(problem.contains("compilation took longer than"), "{problem}");
    let found = store.first_try("a").await.expect("read").expect("kept");
    assert!(!found.is_set_aside);
    // Killed while it goes on.
    store.close().await;
    let store = open(folder.path()).await;
    let runtime = Runtime::new().expect("a runtime");
    let again = gate("a", &runtime, &store);
    again.start(file.clone(), NOW).await;
    assert_eq!((again.view().state(), set_aside(&store).await), (GateState::Failed, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_candidate_that_is_built_again_is_not_said_to_be_none() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = two_gates(&runtime).await;
    let store = open(folder.path()).await;
    let a = gate("a", &runtime, &store);
    let none = |gate: &Gate| gate.view().expect_candidate("a").err();
    assert!(matches!(none(&a), Some(ChangeError::CandidateStarting(_))), "before the start");
    a.start(None, NOW).await;
    assert!(matches!(none(&a), Some(ChangeError::NoCandidate(_))), "after it");
}

/// Who starts a gate again has seen it fail; a way back that waits for no turn may have been faster.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_start_again_undoes_no_way_back_that_was_faster() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await;
    let gate = gate("a", &runtime, &store);
    gate.start(None, NOW).await;
    give(&gate, WINDOWS_MDM_1.component).await;
    let before = store.gate("a").await.expect("read").expect("a row");
    give(&gate, WINDOWS_MDM_2.component).await;
    let view = gate.view();
    gate.start_in_turn(None, true, NOW).await.expect("nothing to do");
    gate.leave_without(None, State::Failed("late".to_owned())).await;
    let active = before.active.as_ref().expect("a release");
    gate.resume(&before, active, NOW).await.expect("nothing to do");
    gate.resume_damaged(&before, NOW).await.expect("nothing to do");
    let now = gate.view();
    assert_eq!((now.revision, now.generation), (view.revision, view.generation));
    assert_eq!((now.state(), gate.generation()), (GateState::Serving, view.generation));
}
