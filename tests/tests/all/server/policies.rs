//! Policies that are given while something else goes on, and those whose rows are damaged;
//! `tests/http/policies.yaml` has the rest.

mod source;

use admit_tests::clock::wait_until;
use admit_tests::guests::CoreModule;
use serde_json::{Value, json};

use crate::harness::client::{Client, Reply};
use crate::harness::server::{DROP, Home, Server, token, windows_gate, windows_settings};

const GATE: &str = "/v1/gates/windows-mdm";
const POLICY: &str = "/v1/gates/windows-mdm/policy";
const WASM: &str = "application/wasm";

fn upload(client: &Client, component: &[u8]) -> Reply {
    client.send("POST", &format!("{POLICY}?{DROP}"), Some((WASM, component)))
}

fn activate(client: &Client, policy: &str) -> Value {
    client.post(&format!("{POLICY}?{DROP}"), &json!({ "policy": policy })).json(200)
}

fn roll_back(client: &Client) -> Reply {
    client.post_nothing(&format!("{GATE}/rollback?{DROP}"))
}

/// The gate's entry in the status.
fn state(client: &Client) -> Value {
    client.get("/v1/status").json(200)["gates"][0].clone()
}

/// Whether the good v2.0 token is admitted, and by which version in which generation.
fn decided(server: &Server) -> (Value, Value, Value) {
    let decision = server.decide("windows-mdm", &token(json!({})));
    let version = decision["policy"]["version"].clone();
    (decision["outcome"].clone(), version, decision["generation"].clone())
}

fn by(outcome: &str, version: &str, generation: u64) -> (Value, Value, Value) {
    (json!(outcome), json!(version), json!(generation))
}

/// Cases of the operator that the tenant of the fixture passes.
const OPERATOR_CASES: &str = "\
policy: windows-mdm
base: entra-v2
cases:
  - name: another tenant
    claims: {tid: 3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53}
    expect: {deny: tenant_not_authorized}
";

/// So many cases that an activation plays them for longer than a roll-back takes.
fn many_operator_cases() -> String {
    let case = |number| {
        format!(
            "  - {{name: {number}, claims: {{tid: 3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53}}, \
             expect: {{deny: tenant_not_authorized}}}}\n"
        )
    };
    OPERATOR_CASES.to_owned() + &(0..8_000).map(case).collect::<String>()
}

#[test]
fn an_activation_under_way_gives_way_to_a_roll_back() {
    let home = Home::new();
    home.write("cases.yaml", OPERATOR_CASES);
    let gate = json!({"settings": windows_settings(), "cases": "cases.yaml"});
    let gates = json!({"windows-mdm": gate});
    let server = home.start(&json!({"gates": gates, "log": {"level": "debug"}}));
    let admin = server.admin();
    let begun = || server.log().matches("a step of an activation begins step=\"inspect\"").count();
    for change in [
        json!({"policy": "windows-mdm@2.0.0", "settings": {"scopes": ["late"]}}),
        json!({"policy": "windows-mdm@1.0.0", "settings": {"scopes": ["late"]}}),
    ] {
        // Something to go back from.
        home.write("cases.yaml", OPERATOR_CASES);
        activate(&admin, "windows-mdm@1.0.0");
        home.write("cases.yaml", many_operator_cases());
        let (client, before) = (admin.clone(), begun());
        let changing =
            std::thread::spawn(move || client.post(&format!("{POLICY}?{DROP}"), &change));
        wait_until("the activation", || begun() > before);
        roll_back(&admin).json(200);
        changing.join().unwrap().refused(409, "overtaken");
        assert_eq!(decided(&server).1, "2.0.0");
        let settings = admin.get(&format!("{GATE}/settings")).json(200);
        assert_eq!(settings["settings"].get("scopes"), None);
    }
}

/// After a restart nothing is linked but the active release.
#[test]
fn after_a_restart_too_an_activation_gives_way_to_a_roll_back() {
    let home = Home::new();
    home.write("cases.yaml", OPERATOR_CASES);
    let gate = json!({"settings": windows_settings(), "cases": "cases.yaml"});
    let config = json!({"gates": {"windows-mdm": gate}, "log": {"level": "debug"}});
    let server = home.start(&config);
    activate(&server.admin(), "windows-mdm@1.0.0");
    let (home, _) = server.stop_with("TERM");
    let server = home.start(&config);
    let admin = server.admin();
    home.write("cases.yaml", many_operator_cases());
    let begun = || server.log().matches("a step of an activation begins step=\"inspect\"").count();
    let (client, before) = (admin.clone(), begun());
    let change = json!({"policy": "windows-mdm@1.0.0", "settings": {"scopes": ["late"]}});
    let changing = std::thread::spawn(move || client.post(&format!("{POLICY}?{DROP}"), &change));
    wait_until("the activation", || begun() > before);
    let back = roll_back(&admin);
    assert_eq!(back.header("etag"), Some("\"3\""));
    assert_eq!(back.json(200)["policy"]["version"], "2.0.0");
    let overtaken = changing.join().unwrap().refused(409, "overtaken");
    let message = overtaken["message"].as_str().unwrap();
    assert!(message.contains("was rolled back meanwhile by `first`"), "{message}");
    assert_eq!(decided(&server).1, "2.0.0");
}

#[test]
fn a_last_good_release_that_does_not_start_gives_way_to_the_one_before() {
    let server = Server::serving();
    upload(&server.admin(), &CoreModule::misbehave().component()).json(200);
    let revision = state(&server.admin())["revision"].clone();
    let (home, _) = server.stop_with("TERM");
    let database = home.path("data/admit.db");
    // In the row of the component: its name, its version, and the start of its bytes.
    let stored = std::fs::read(&database).unwrap();
    let damaged = damaged(stored, b"misbehave1.0.0-guest\0asm", b"misbehave1.0.0-guest\0bsm");
    std::fs::write(&database, damaged).unwrap();

    let server = home.start(&windows_gate());
    assert!(server.log().contains("the last good release does not start"), "{}", server.log());
    assert_eq!(decided(&server), by("allow", "2.0.0", 3));
    let state = state(&server.admin());
    assert_eq!(state["state"], "serving");
    assert_eq!(state["last_attempt"]["action"], "start");
    assert!(state["revision"].as_u64() > revision.as_u64(), "{state}");
}

pub(super) fn damaged(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let places = bytes.windows(from.len()).enumerate().filter(|(_, window)| *window == from);
    let places: Vec<_> = places.map(|(place, _)| place).collect();
    assert!(!places.is_empty(), "the component is not where it is looked for");
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to);
    }
    bytes
}
