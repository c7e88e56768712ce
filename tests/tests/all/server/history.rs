//! What a gate goes on with: after many refusals, after a restart, and when files are gone.

use admit::decision::PolicyRef;
use admit::release::component_digest;
use admit_policies::WINDOWS_MDM_2;
use admit_server::authority::Granted;
use admit_server::store::{Action, Activation, NewActivity, Refusal, Retention, Store};
use admit_tests::fixture::{TID, with};
use admit_tests::guests::CoreModule;
use serde_json::{Map, Value, json};

use super::policies::damaged;
use crate::harness::client::Reply;
use crate::harness::server::{DROP, Home, Server, token, windows_gate, windows_settings};

const GATE: &str = "/v1/gates/windows-mdm";

/// The entry of a gate in the status.
fn state(server: &Server, gate: &str) -> Value {
    let status = server.admin().get("/v1/status").json(200);
    let gates = status["gates"].as_array().unwrap();
    gates.iter().find(|one| one["gate"] == gate).unwrap().clone()
}

/// The types of all activities about a gate, the newest first.
fn told(server: &Server, gate: &str) -> Vec<Value> {
    let path = format!("/v1/activities?gate={gate}&limit=100");
    let activities = server.admin().get(&path).json(200)["activities"].take();
    activities.as_array().unwrap().iter().map(|one| one["type"].clone()).collect()
}

fn make_pipe(home: &Home, name: &str) {
    let made = std::process::Command::new("mkfifo").arg(home.path(name)).status().unwrap();
    assert!(made.success());
}

/// Writes a release of other content into the store; returns its attempt.
async fn activate(store: &Store, generation: u64, previous: Option<u64>) -> u64 {
    let component = format!("component {generation}");
    let digest = component_digest(component.as_bytes());
    let version = format!("{generation}.0.0");
    let policy = PolicyRef { name: "p".into(), version: version.into(), digest: digest.clone() };
    let none = Map::new();
    let activation = Activation {
        gate: "a",
        action: Action::Policy,
        at: generation,
        policy: &policy,
        component: component.as_bytes(),
        release: &digest,
        sealed: &none,
        settings: &none,
        revision: generation,
        generation,
        previous,
        taken_back: None,
        activities: &[],
    };
    store.activate(&activation, &Granted::server()).await.unwrap()
}

#[tokio::test]
async fn however_many_attempts_are_refused_the_way_back_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Retention::default()).await.unwrap();
    let first = activate(&store, 1, None).await;
    let second = activate(&store, 2, Some(first)).await;
    let told = NewActivity::new("rejected_policy", json!({}));
    let refusal = Refusal {
        gate: "a",
        action: Action::Policy,
        at: 3,
        step: "inspect",
        error: "no component",
        policy: None,
    };
    for _ in 0..1_010 {
        store.refuse(&refusal, &Granted::server(), &told).await.unwrap();
    }
    let active = store.gate("a").await.unwrap().unwrap().active.unwrap();
    assert_eq!((active.id, active.previous), (second, Some(first)));
    assert_eq!(store.release(first).await.unwrap().unwrap().component, b"component 1");
    let kept = store.attempts("a", None, 2_000).await.unwrap();
    assert_eq!(kept.len(), 502, "the newest refusals, and the releases");
}

#[tokio::test]
async fn the_way_back_stays_when_it_leads_far_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Retention::default()).await.unwrap();
    let mut ids = vec![activate(&store, 1, None).await];
    for generation in 2..=30 {
        ids.push(activate(&store, generation, ids.last().copied()).await);
    }
    assert!(store.release(ids[9]).await.unwrap().is_none(), "too old");
    assert!(store.release(ids[10]).await.unwrap().is_some());
    // As if gone back to the twelfth, again and again.
    for generation in 31..=60 {
        activate(&store, generation, Some(ids[10])).await;
    }
    assert!(store.release(ids[10]).await.unwrap().is_some(), "the next step back");
}

#[test]
fn a_fall_back_at_start_keeps_unknown_settings_and_tells_only_what_changed() {
    let server = Server::serving();
    let upload = ("application/wasm", &*CoreModule::misbehave().component());
    server.admin().send("POST", &format!("{GATE}/policy?{DROP}"), Some(upload)).json(200);
    let settings = format!("{GATE}/settings");
    server.admin().patch(&settings, &json!({"mode": "late"})).json(200);
    let before = told(&server, "windows-mdm");
    let (home, _) = server.stop_with("TERM");
    let database = home.path("data/admit.db");
    let stored = std::fs::read(&database).unwrap();
    let damaged = damaged(stored, b"misbehave1.0.0-guest\0asm", b"misbehave1.0.0-guest\0bsm");
    std::fs::write(&database, damaged).unwrap();

    let server = home.start(&windows_gate());
    let serving = state(&server, "windows-mdm");
    assert_eq!(serving["policy"]["version"], "2.0.0");
    assert_eq!(serving["last_attempt"]["action"], "start");
    let after = told(&server, "windows-mdm");
    assert_eq!(after[..2], ["reverted_policy", "dropped_setting"]);
    assert_eq!(after[2..], before[..], "nothing else is told");
    let settings = server.admin().get(&settings).json(200);
    assert!(settings.to_string().contains(r#""mode":"late""#), "{settings}");
    assert_eq!(serving["not_counting"], json!([{"setting": "mode", "value": "late"}]));
    server.wait_for_log("settings do not count with the release that the gate goes on with");
}

#[test]
fn a_gate_starts_without_the_file_it_began_with_and_one_without_policy_fails_alone() {
    let home = Home::new();
    home.write("policy.wasm", WINDOWS_MDM_2.component);
    let gate = |policy: &str| json!({"policy": policy, "settings": windows_settings()});
    let server = home.start(&json!({"gates": {"a": gate("./policy.wasm")}}));
    assert_eq!(state(&server, "a")["state"], "serving");
    let (home, _) = server.stop_with("TERM");
    std::fs::remove_file(home.path("policy.wasm")).unwrap();
    make_pipe(&home, "pipe.wasm");

    let gates = json!({
        "a": gate("./policy.wasm"),
        "b": gate("./policy.wasm"),
        "c": gate("./pipe.wasm"),
        "d": gate("windows-mdm"),
    });
    let server = home.start(&json!({ "gates": gates }));
    for gate in ["a", "d"] {
        assert_eq!(server.decide(gate, &token(json!({})))["outcome"], "allow", "{gate}");
    }
    for (gate, part) in [("b", "policy.wasm`: No such file"), ("c", "a named pipe")] {
        let failed = state(&server, gate);
        assert_eq!(failed["state"], "failed", "{failed}");
        assert!(failed["problem"].as_str().unwrap().contains(part), "{failed}");
    }
}

#[test]
fn cases_that_are_a_pipe_make_no_activation_wait() {
    let home = Home::new();
    let cases = "{policy: windows-mdm, base: entra-v2, cases: []}";
    home.write("cases.yaml", cases);
    let gate = with(json!({"settings": windows_settings()}), json!({"cases": "cases.yaml"}));
    let server = home.start(&json!({"gates": {"windows-mdm": gate}}));
    std::fs::remove_file(home.path("cases.yaml")).unwrap();
    make_pipe(&home, "cases.yaml");
    let refused = server.admin().patch(&format!("{GATE}/settings"), &json!({"scopes": ["x"]}));
    let refused = refused.refused(422, "rehearse");
    assert!(refused["message"].as_str().unwrap().contains("a named pipe"), "{refused}");
}

fn settings(server: &Server, gate: &str) -> Reply {
    server.admin().get(&format!("/v1/gates/{gate}/settings"))
}

#[test]
fn until_a_gate_had_a_release_each_start_goes_by_the_configuration() {
    let home = Home::new();
    home.write("policy.wasm", "no component");
    let server = home.start(&json!({"gates": {
        "unfinished": {"policy": "windows-mdm@1.0.0", "settings": {"scopes": ["left"]}},
        "broken": {"policy": "./policy.wasm", "settings": windows_settings()},
        "dropped": {"policy": "windows-mdm"},
    }}));
    let states =
        ["unfinished", "broken", "dropped"].map(|gate| state(&server, gate)["state"].clone());
    assert_eq!(states, ["failed", "failed", "unconfigured"]);
    let path = "/v1/gates/unfinished/settings";
    let patch = json!({"windows_entra_tenant_ids": [TID]});
    server.admin().patch(path, &patch).refused(422, "invalid_settings");
    settings(&server, "dropped").json(200);

    let (home, _) = server.stop_with("TERM");
    home.write("policy.wasm", WINDOWS_MDM_2.component);
    let server = home.start(&json!({"gates": {
        "unfinished": {"policy": "windows-mdm@2.0.0", "settings": windows_settings()},
        "broken": {"policy": "./policy.wasm", "settings": windows_settings()},
        "dropped": {},
    }}));
    let states =
        ["unfinished", "broken", "dropped"].map(|gate| state(&server, gate)["state"].clone());
    assert_eq!(states, ["serving", "serving", "unconfigured"]);
    for gate in ["unfinished", "broken"] {
        let decision = server.decide(gate, &token(json!({})));
        let by = (&decision["outcome"], &decision["policy"]["version"], &decision["generation"]);
        assert_eq!(by, (&json!("allow"), &json!("2.0.0"), &json!(1)), "{gate}");
        assert_eq!(settings(&server, gate).json(200)["settings"], windows_settings(), "{gate}");
    }
    settings(&server, "dropped").refused(409, "no_policy");

    // From then on, what was activated counts.
    let (home, _) = server.stop_with("TERM");
    home.write("policy.wasm", "no component");
    let server = home.start(&json!({"gates": {
        "unfinished": {"policy": "windows-mdm@1.0.0", "settings": {}},
        "broken": {"policy": "./policy.wasm", "settings": {}},
    }}));
    for gate in ["unfinished", "broken"] {
        assert_eq!(server.decide(gate, &token(json!({})))["policy"]["version"], "2.0.0", "{gate}");
        assert_eq!(settings(&server, gate).json(200)["settings"], windows_settings(), "{gate}");
    }
}
