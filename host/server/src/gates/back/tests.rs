use std::time::Duration;

use admit::claims::Verification;
use admit::keys::{KeySet, Keys};
use admit::runtime::Runtime;
use admit_policies::{WINDOWS_MDM_1, WINDOWS_MDM_2};
use serde_json::json;

use super::*;
use crate::faults::FaultOptions;
use crate::gates::{Change, Counters, GateOptions, Mode, NewComponent};
use crate::metrics::Metrics;
use crate::shadow::ShadowOptions;
use crate::store::{Retention, Store};

const NOW: u64 = 1_750_000_000;

/// A gate without a policy.
async fn gate(folder: &tempfile::TempDir) -> Arc<ServedGate> {
    let shadow =
        ShadowOptions { queue_entries: 1, queue_bytes: 1, examples: 0, claims: Vec::new() };
    let settings = json!({
        "server_url": "https://mdm.example.com",
        "windows_entra_tenant_ids": ["5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f"],
    });
    let options = GateOptions {
        name: "windows-mdm".to_owned(),
        verification: Verification::default(),
        settings: settings.as_object().expect("an object").clone(),
        cases: None,
        faults: FaultOptions { faults: 3, within: Duration::from_mins(5) },
        shadow,
    };
    let store = Store::open(folder.path(), Retention::default()).await.expect("a store");
    let keys = Arc::new(Keys::fixed(KeySet::default()));
    let counters = Counters { metrics: Metrics::new(NOW).gate("windows-mdm"), log: None };
    let runtime = Runtime::new().expect("a runtime");
    let gate = Arc::new(ServedGate::new(options, runtime, keys, store, counters));
    gate.start(None, NOW).await;
    gate
}

/// Gives the gate another release, and says its generation.
async fn activate(gate: &Arc<ServedGate>, component: &[u8], scope: &str) -> u64 {
    let component = Some(NewComponent { bytes: component.into(), may_be_older: true });
    let settings = json!({"scopes": [scope]}).as_object().expect("an object").clone();
    let (mode, actor, action) = (Mode::Activate, Actor::server(), Action::Policy);
    let revision = None;
    let (force, known_refusal, now) = (false, None, NOW);
    let change =
        Change { component, settings, revision, mode, force, known_refusal, actor, action, now };
    gate.change(change).await.expect("an activation").generation
}

/// Version, scope and generation.
fn active(gate: &ServedGate) -> (String, serde_json::Value, u64) {
    let selected = gate.selected().expect("a policy");
    let scope = selected.settings["scopes"][0].clone();
    (selected.policy().version.to_string(), scope, gate.gate().generation())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn only_the_generation_that_failed_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let gate = gate(&folder).await;
    activate(&gate, WINDOWS_MDM_1.component, "first").await;
    let failing = activate(&gate, WINDOWS_MDM_2.component, "failing").await;
    let when_it_failed = gate.selected();
    let better = activate(&gate, WINDOWS_MDM_2.component, "better").await;

    // What was read before the change is overtaken by it, and what is read now is not what failed.
    let (late, again) = {
        let gate = Arc::clone(&gate);
        let back = move || {
            let before = when_it_failed.expect("a policy");
            let late = gate.take_back(&before, failing, &taken_back(&gate));
            (late, gate.revert_alone(failing, &fault()))
        };
        crate::blocking::run(back).await.expect("no panic")
    };
    assert!(matches!(late, Err(ChangeError::Overtaken(_))), "{late:?}");
    assert!(matches!(again, Ok(Reverted::Replaced)), "{again:?}");
    assert_eq!(active(&gate), ("2.0.0".to_owned(), json!("better"), better));

    Arc::clone(&gate).revert(better, &fault()).await;
    assert_eq!(active(&gate), ("2.0.0".to_owned(), json!("failing"), better + 1));
}

fn fault() -> Fault {
    Fault { reason: "policy.failed".to_owned(), error: "the policy trapped".to_owned() }
}

/// What is written of the gate's release when it is taken back.
fn taken_back(gate: &ServedGate) -> TakenBack {
    let Fault { reason, error } = fault();
    let release = gate.gate().release().expect("a release").digest().to_string();
    let policy = gate.selected().expect("a policy").policy().clone();
    TakenBack { release, policy, at: NOW, faults: 3, reason, error }
}
