use std::time::Duration;

use admit::limits::Limits;
use admit::runtime::Runtime;
use admit_api::status::GateState;
use admit_policies::{WINDOWS_MDM_1, WINDOWS_MDM_2};
use serde_json::json;

use tokio::task::JoinHandle;

use super::*;
use crate::access::{Access, Right, Role};
use crate::authority::{Denied, Permissions};
use crate::gates::plan::plan;
use crate::gates::{Change, Mode, NewComponent, testing};
use crate::store::{ActivityFilter, Retention, Store};

const NOW: u64 = 1_750_000_000;

/// A gate without a policy.
async fn gate(folder: &tempfile::TempDir) -> Arc<Gate> {
    let store = Store::open(folder.path(), Retention::default()).await.expect("a store");
    gate_of(&store).await
}

/// A gate with what the store has of it.
async fn gate_of(store: &Store) -> Arc<Gate> {
    gate_on(store, Runtime::new().expect("a runtime")).await
}

async fn gate_on(store: &Store, runtime: Runtime) -> Arc<Gate> {
    let settings = json!({
        "server_url": "https://mdm.example.com",
        "windows_entra_tenant_ids": ["5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f"],
    });
    let settings = settings.as_object().expect("an object").clone();
    let gate = testing::gate("windows-mdm", settings, &runtime, store);
    gate.start(None, NOW).await;
    gate
}

/// Gives the gate another release, and says its generation.
async fn activate(gate: &Arc<Gate>, component: &[u8], scope: &str) -> u64 {
    let change = change(component, scope, Mode::Activate, Authority::server());
    gate.change(change).await.expect("an activation").activation.generation
}

fn change(component: &[u8], scope: &str, mode: Mode, authority: Authority) -> Change {
    let component = Some(NewComponent { bytes: component.into(), may_be_older: true });
    let settings = json!({"scopes": [scope]}).as_object().expect("an object").clone();
    Change { component, settings, mode, ..Change::new(Action::Policy, authority, NOW) }
}

async fn roll_back(gate: &Arc<Gate>) -> Result<Report, ChangeError> {
    gate.roll_back(Target::Before, MayDrop::Any, false, None, Authority::server(), NOW).await
}

/// What overtook a change.
#[track_caller]
fn overtaken(result: Result<Report, ChangeError>) -> (Action, u64) {
    match result {
        Err(ChangeError::Overtaken(overtaken)) => (overtaken.action, overtaken.generation),
        other => panic!("not overtaken: {other:?}"),
    }
}

/// Version, scope and generation.
fn active(gate: &Gate) -> (String, serde_json::Value, u64) {
    let view = gate.view();
    let version = view.policy().expect("a policy").reference().version.to_string();
    (version, view.settings()["scopes"][0].clone(), gate.generation())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn only_the_generation_that_failed_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let gate = gate(&folder).await;
    activate(&gate, WINDOWS_MDM_1.component, "first").await;
    let failing = activate(&gate, WINDOWS_MDM_2.component, "failing").await;
    let better = activate(&gate, WINDOWS_MDM_2.component, "better").await;

    Arc::clone(&gate).revert(failing, fault()).await;
    assert_eq!(active(&gate), ("2.0.0".to_owned(), json!("better"), better), "it was replaced");

    Arc::clone(&gate).revert(better, fault()).await;
    assert_eq!(active(&gate), ("2.0.0".to_owned(), json!("failing"), better + 1));
}

fn fault() -> Fault {
    Fault { reason: "policy.failed".to_owned(), error: "the policy trapped".to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_change_that_is_ready_waits_for_a_way_back_that_has_begun() {
    let folder = tempfile::tempdir().expect("a folder");
    let gate = gate(&folder).await;
    for scope in ["first", "second"] {
        activate(&gate, WINDOWS_MDM_1.component, scope).await;
    }
    // As a roll-back that has begun, and has to build its target first.
    let mut owned = Arc::clone(&gate.owned).lock_owned().await;
    let changing = ready(&gate, "late").await;
    let back = back_with(&gate, &mut owned, Target::Before).await.expect("the way back");
    drop(owned);
    assert_eq!(
        overtaken(changing.await.expect("no panic")),
        (Action::Rollback, back.activation.generation)
    );
    assert_eq!(active(&gate), ("1.0.0".to_owned(), json!("first"), back.activation.generation));
}

/// A change that is built, and goes to the owner next.
async fn ready(gate: &Arc<Gate>, scope: &str) -> JoinHandle<Result<Report, ChangeError>> {
    let wanted = change(WINDOWS_MDM_2.component, scope, Mode::Activate, Authority::server());
    let (gate, base) = (Arc::clone(gate), gate.view());
    let planned = plan(&gate.builder, &wanted, &base, gate.name()).await.expect("a release");
    tokio::spawn(async move { gate.make(planned, &wanted, &base).await })
}

/// A roll-back that has begun.
async fn back_with(gate: &Gate, owned: &mut Owned, to: Target) -> Result<Report, ChangeError> {
    let (base, authority) = (&gate.view(), &Authority::server());
    let (action, taken_back) = (Action::Rollback, None);
    let (drop, now, force) = (&MayDrop::Any, NOW, false);
    let leaving = Leaving { base, drop, action, authority, now, force, taken_back };
    gate.roll_back_alone(owned, to, &leaving).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_change_goes_on_after_a_way_back_that_failed() {
    let folder = tempfile::tempdir().expect("a folder");
    let gate = gate(&folder).await;
    activate(&gate, WINDOWS_MDM_1.component, "first").await;
    let mut owned = Arc::clone(&gate.owned).lock_owned().await;
    let changing = ready(&gate, "late").await;
    let back = back_with(&gate, &mut owned, Target::Generation(9)).await;
    assert!(matches!(back, Err(ChangeError::UnknownGeneration { .. })), "{back:?}");
    drop(owned);
    changing.await.expect("no panic").expect("an activation");
    assert_eq!(active(&gate), ("2.0.0".to_owned(), json!("late"), 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn two_changes_at_once_each_answer_with_what_they_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let gate = gate(&folder).await;
    activate(&gate, WINDOWS_MDM_1.component, "first").await;
    let turn = Arc::clone(&gate.turn).lock_owned().await;
    let patch = |scope| {
        let wanted = change(b"", scope, Mode::Activate, Authority::server());
        gate.change(Change { component: None, action: Action::Settings, ..wanted })
    };
    // Both have been asked for before either begins, and both are made before either is looked at.
    let (one, other, ()) = tokio::join!(patch("one"), patch("other"), async move { drop(turn) });
    for (report, scope, revision) in [(one, "one", 2), (other, "other", 3)] {
        let report = report.expect("a change");
        assert_eq!((report.activation.revision, report.view.revision()), (revision, revision));
        assert_eq!(report.view.settings()["scopes"], json!([scope]));
    }
    assert_eq!(active(&gate), ("1.0.0".to_owned(), json!("other"), 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn of_two_roll_backs_at_once_the_second_is_told_what_the_first_did() {
    let folder = tempfile::tempdir().expect("a folder");
    let gate = gate(&folder).await;
    for scope in ["first", "second", "third"] {
        activate(&gate, WINDOWS_MDM_1.component, scope).await;
    }
    // Both have been asked for before either begins.
    let held = Arc::clone(&gate.owned).lock_owned().await;
    let (first, second, ()) =
        tokio::join!(roll_back(&gate), roll_back(&gate), async move { drop(held) });
    assert_eq!(first.expect("a roll-back").activation.generation, 4);
    let message = second.as_ref().expect_err("a step back already").to_string();
    assert!(message.contains("was rolled back meanwhile by the server itself"), "{message}");
    assert!(message.contains("it has windows-mdm 1.0.0 now, generation 4"), "{message}");
    assert_eq!(overtaken(second), (Action::Rollback, 4));
    assert_eq!(active(&gate), ("1.0.0".to_owned(), json!("second"), 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn after_a_restart_the_way_back_is_built_before_anybody_asks_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path(), Retention::default()).await.expect("a store");
    let gate = gate_of(&store).await;
    for scope in ["first", "second", "third"] {
        activate(&gate, WINDOWS_MDM_2.component, scope).await;
    }
    let gate = gate_of(&store).await;
    for scope in ["second", "first"] {
        gate.linked_way_back().await;
        let report = roll_back(&gate).await.expect("a roll-back");
        let steps: Vec<_> = report.activation.steps.iter().map(|step| step.step.as_str()).collect();
        assert_eq!(steps, ["inspect", "rehearse", "persist", "store"], "nothing is built: {scope}");
        assert_eq!(active(&gate).1, json!(scope));
    }
}

/// Each way to change something waits for its turn when its access token is revoked.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_waited_for_its_turn_is_not_done_for_a_revoked_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path(), Retention::default()).await.expect("a store");
    let gate = gate_of(&store).await;
    for scope in ["first", "second"] {
        activate(&gate, WINDOWS_MDM_1.component, scope).await;
    }
    let candidate = change(WINDOWS_MDM_2.component, "next", Mode::Candidate, Authority::server());
    gate.change(candidate).await.expect("a candidate");
    let access = Access::open(store.clone()).await.expect("access tokens");
    let server = Authority::server();
    access.create("other", Role::Admin, &server, NOW).await.expect("a token");
    let created = access.create("late", Role::Admin, &server, NOW).await.expect("a token");
    let config = crate::config::Config::default();
    let live = arc_swap::ArcSwap::from_pointee(crate::live::Live::new(&config));
    let permissions = Permissions::new(access.clone(), Arc::new(live));
    let late = permissions.authority(Right::Write, Some(&created.token)).expect("a good token");
    let wants = |mode| gate.change(change(WINDOWS_MDM_2.component, "late", mode, late.clone()));
    let before = (active(&gate), gate.view().revision());

    let turn = Arc::clone(&gate.turn).lock_owned().await;
    let ahead = Arc::clone(&gate.owned).lock_owned().await;
    let (activated, checked, shadowed, promoted, ended, back, revoked) = tokio::join!(
        wants(Mode::Activate),
        wants(Mode::DryRun),
        wants(Mode::Candidate),
        gate.promote(None, MayDrop::Any, false, None, late.clone(), NOW),
        gate.end_candidate(late.clone(), NOW),
        gate.roll_back(Target::Before, MayDrop::Any, false, None, late.clone(), NOW),
        async {
            let revoked = access.revoke(&created.id, &server, NOW).await;
            drop((turn, ahead));
            revoked
        },
    );
    assert!(revoked.expect("revoked"));
    for result in [activated, checked, shadowed, promoted, back] {
        assert!(matches!(result, Err(ChangeError::Denied(Denied::Unknown))), "{result:?}");
    }
    assert!(matches!(ended, Err(ChangeError::Denied(Denied::Unknown))), "{ended:?}");
    assert_eq!((active(&gate), gate.view().revision()), before);
    let newest = store.activities(&ActivityFilter::default(), 1).await.expect("activities");
    assert_eq!(newest[0].kind, "revoked_access");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_start_that_this_machine_cannot_make_undoes_nothing_and_is_made_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path(), Retention::default()).await.expect("a store");
    let first = gate_of(&store).await;
    activate(&first, WINDOWS_MDM_1.component, "first").await;
    let generation = activate(&first, WINDOWS_MDM_2.component, "second").await;
    let before = active(&first);

    let limits = Limits { compile_deadline: Duration::ZERO, ..Limits::default() };
    let hurried = Runtime::with_limits(limits).expect("a runtime");
    let failed = gate_on(&store, hurried).await;
    assert_eq!(failed.view().state(), GateState::Failed);
    let view = failed.view();
    let problem = view.problem().expect("a problem");
    assert!(problem.starts_with("its last good release cannot be built now: "), "{problem}");
    failed.start_again(None, true, NOW).await;
    assert_eq!(failed.view().state(), GateState::Failed);
    let attempts = store.attempts("windows-mdm", None, 10).await.expect("attempts");
    assert_eq!(attempts.len(), 2, "nothing is written down");
    assert_eq!((attempts[0].active, attempts[0].generation), (true, Some(generation)));

    assert_eq!(active(&*gate_of(&store).await), before);
}
