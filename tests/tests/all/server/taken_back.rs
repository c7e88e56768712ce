//! Releases that keep failing: how far back they are left, and that nothing brings them back unseen.

use admit_tests::clock::wait_until;
use admit_tests::guests::{CoreModule, patched};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::Client;
use super::shell::Shell;
use super::start::{Home, Server, token};

const SETTINGS: &str = "/v1/gates/windows-mdm/settings";
const POLICY: &str = "/v1/gates/windows-mdm/policy";
const ROLLBACK: &str = "/v1/gates/windows-mdm/rollback";

/// Faults after which a release is taken back.
const FAULTS: u64 = 3;

/// A gate with the policy that fails for tokens that say so. Each `mode` makes a release of its own.
fn config() -> Value {
    json!({
        "gates": {"windows-mdm": {"policy": "./misbehave.wasm", "settings": {"mode": "first"}}},
        "fault_revert": {"faults": FAULTS, "within_seconds": 3600},
    })
}

fn home() -> Home {
    let home = Home::new();
    home.write("misbehave.wasm", CoreModule::misbehave().component());
    home
}

/// A release of that policy, as it is uploaded.
fn upload(mode: &str) -> Value {
    let component = STANDARD.encode(CoreModule::misbehave().component());
    json!({"component": component, "settings": {"mode": mode}})
}

fn state(server: &Server) -> Value {
    server.admin().get("/v1/status").json(200)["gates"][0].clone()
}

/// The setting `mode` and the generation.
fn active(server: &Server) -> (Value, Value) {
    let settings = server.admin().get(SETTINGS).json(200)["settings"].clone();
    (settings["mode"].clone(), state(server)["generation"].clone())
}

fn is(mode: &str, generation: u64) -> (Value, Value) {
    (json!(mode), json!(generation))
}

/// Lets the gate's release fail until it is taken back, which ends its generation.
fn fail(server: &Server) {
    let generation = state(server)["generation"].clone();
    let body = json!({"token": token(json!({"mode": "panic"}))});
    for _ in 0..FAULTS {
        server.service().post("/v1/gates/windows-mdm/decide", &body).json(503);
    }
    wait_until("the way back", || state(server)["generation"] != generation);
}

fn activate(server: &Server, modes: &[&str]) {
    for mode in modes {
        server.admin().patch(SETTINGS, &json!({ "mode": mode })).json(200);
    }
}

/// The types of the newest activities, the newest first.
fn told(admin: &Client, count: usize) -> Vec<Value> {
    let page = admin.get(&format!("/v1/activities?limit={count}")).json(200);
    page["activities"].as_array().unwrap().iter().map(|one| one["type"].clone()).collect()
}

#[test]
fn a_chain_of_failing_releases_is_walked_back_to_a_good_one() {
    let server = home().start(&config());
    let admin = server.admin();
    activate(&server, &["p", "x", "p", "x"]);
    fail(&server);
    assert_eq!(active(&server), is("p", 6));
    let newest = admin.get("/v1/activities?limit=1&type=took_back_release").json(200);
    let details = newest["activities"][0]["details"].clone();
    let expected = json!({"policy": "misbehave", "faults": FAULTS, "reason": "policy.failed"});
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(details[name], *value, "{details}");
    }
    assert!(details["error"].as_str().unwrap().contains("trapped"), "{details}");

    // The one before it is known to fail, and the one before that is the same release.
    fail(&server);
    assert_eq!(active(&server), is("first", 7));
    let types = told(&admin, 3);
    assert!(types.contains(&json!("took_back_release")), "{types:?}");
    assert!(types.contains(&json!("reverted_policy")), "{types:?}");
    let status = state(&server);
    assert_eq!(status["taken_back"].as_array().unwrap().len(), 2, "{status}");
    assert_eq!(
        (&status["state"], &status["last_attempt"]["action"]),
        (&json!("serving"), &json!("revert"))
    );
    let releases = admin.get("/v1/gates/windows-mdm/releases").json(200)["releases"].take();
    let marked = releases.as_array().unwrap().iter().filter(|one| one["taken_back"].is_object());
    assert_eq!(marked.count(), 5, "each time that one of the two was activated: {releases}");

    let shell = Shell::of(&server);
    let shown = shell.prints("status windows-mdm");
    assert!(shown.contains("  taken back misbehave 1.0.0-guest (sha256:"), "{shown}");
    let shown = shell.prints("policy releases windows-mdm");
    assert!(shown.contains(" after 3 faults, policy.failed: "), "{shown}");
}

#[test]
fn a_roll_back_passes_over_what_is_known_to_fail_unless_it_is_forced() {
    let server = home().start(&config());
    let admin = server.admin();
    activate(&server, &["p", "x", "p", "x"]);
    fail(&server);
    // Before it: what failed, the same release again, and the first.
    admin.post_nothing(ROLLBACK).json(200);
    assert_eq!(active(&server), is("first", 7));

    activate(&server, &["q", "y", "q", "y"]);
    fail(&server);
    assert_eq!(active(&server), is("q", 12));
    admin.post_nothing(&format!("{ROLLBACK}?force=true")).json(200);
    assert_eq!(active(&server), is("y", 13));
    assert_eq!(state(&server)["taken_back"].as_array().unwrap().len(), 1, "x, and y no longer");
    fail(&server);
    let shell = Shell::of(&server);
    assert!(shell.prints("policy rollback windows-mdm").contains("generation 15"));
    assert_eq!(active(&server), is("first", 15));
}

#[test]
fn what_was_taken_back_comes_again_by_force_only_in_every_way_and_after_a_restart() {
    let server = home().start(&config());
    activate(&server, &["bad"]);
    fail(&server);
    assert_eq!(active(&server), is("first", 3));

    let (home, _) = server.stop_with("KILL");
    let server = home.start(&config());
    let (admin, bad) = (server.admin(), json!({"mode": "bad"}));
    let before = (active(&server), told(&admin, 1));
    admin.patch(SETTINGS, &bad).refused(409, "taken_back");
    admin.patch(&format!("{SETTINGS}?dry_run=true"), &bad).refused(409, "taken_back");
    let refused = admin.post(POLICY, &upload("bad")).refused(409, "taken_back");
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains(" was taken back at 20"), "{message}");
    assert!(message.contains(" after 3 faults (`policy.failed`: "), "{message}");
    assert!(message.contains("`--force`"), "{message}");
    let shell = Shell::of(&server);
    shell.write("gates.yaml", "gates: {windows-mdm: {settings: {mode: bad}}}");
    for _ in 0..2 {
        let applied = shell.run("apply -f gates.yaml");
        assert_eq!(applied.code, Some(1), "{applied:?}");
        let said = applied.said();
        assert!(said.contains("not applied; nothing was changed"), "{said}");
        assert!(said.contains("was taken back at 20"), "{said}");
    }
    assert_eq!((active(&server), told(&admin, 1)), before);

    // It may be tried where nobody hears of it.
    admin.post(&format!("{POLICY}?candidate=true"), &upload("bad")).json(200);
    admin.post_nothing("/v1/gates/windows-mdm/promote").refused(409, "taken_back");
    admin.post_nothing("/v1/gates/windows-mdm/promote?force=true").json(200);
    assert_eq!(active(&server), is("bad", 4));
    assert_eq!(state(&server).get("taken_back"), None, "it counts as good again");

    fail(&server);
    assert_eq!(active(&server), is("first", 5));
    let forced = shell.prints("apply -f gates.yaml --force");
    assert!(forced.contains("windows-mdm: activated misbehave"), "{forced}");
    fail(&server);
    shell.prints("apply -f gates.yaml --force --dry-run");
    assert_eq!(active(&server), is("first", 7));
    admin.patch(&format!("{SETTINGS}?force=true"), &bad).json(200);
    assert_eq!(active(&server), is("bad", 8));
}

#[test]
fn without_a_release_that_is_not_known_to_fail_the_gate_is_not_ready() {
    let server = home().start(&config());
    fail(&server);
    let is_withdrawn = |server: &Server| {
        let failed = state(server);
        assert_eq!((&failed["state"], failed.get("generation")), (&json!("failed"), None));
        let problem = failed["problem"].as_str().unwrap();
        assert!(problem.contains("was taken back at 20"), "{problem}");
        assert!(problem.contains("after 3 faults (`policy.failed`: "), "{problem}");
        let ready = server.service().get("/health/ready");
        assert!(ready.status == 503 && ready.text().contains("gate.windows-mdm"));
        let decided = json!({"token": token(json!({}))});
        let decided = server.service().post("/v1/gates/windows-mdm/decide", &decided).json(503);
        assert_eq!(decided["outcome"], "failed");
        assert_eq!(told(&server.admin(), 1), ["took_back_release"]);
        server.admin().post_nothing(ROLLBACK).refused(409, "nothing_kept");
        server.admin().patch(SETTINGS, &json!({})).refused(409, "taken_back");
    };
    is_withdrawn(&server);
    let (home, _) = server.stop_with("KILL");
    let server = home.start(&config());
    is_withdrawn(&server);

    // Another release is a way out, and so is force.
    activate(&server, &["other"]);
    assert_eq!(active(&server), is("other", 2));
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
    fail(&server);
    assert_eq!(state(&server)["state"], "failed");
    let shell = Shell::of(&server);
    shell.write("gates.yaml", "gates: {windows-mdm: {settings: {mode: other}}}");
    shell.prints("apply -f gates.yaml --force");
    assert_eq!(active(&server), is("other", 3));
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
}

#[test]
fn a_source_does_not_bring_back_what_was_taken_back() {
    let home = home();
    let mut config = config();
    config["gates"]["windows-mdm"]["source"] = json!({"path": "new.wasm", "interval_seconds": 1});
    let server = home.start(&config);
    let component = patched(&CoreModule::misbehave().component(), "1.0.0-guest", "1.0.1-guest");
    home.write("new.wasm", &component);
    wait_until("the source", || state(&server)["source"]["state"] == "applied");
    fail(&server);
    let is_left = |server: &Server| {
        wait_until("the source", || state(server)["source"]["state"] == "refused");
        let state = state(server);
        let source = &state["source"];
        assert!(source["error"].as_str().unwrap().contains("was taken back at 20"), "{source}");
        assert!(source["waits_for"].as_str().unwrap().contains("`--force`"), "{source}");
        assert_eq!(
            (&state["policy"]["version"], &state["generation"]),
            (&json!("1.0.0-guest"), &json!(3))
        );
    };
    is_left(&server);
    server.signal("HUP");
    let (home, _) = server.stop_with("TERM");
    let server = home.start(&config);
    is_left(&server);

    // Another file and the same again: it is tried, and waits.
    home.write("new.wasm", "no component");
    let error =
        |server: &Server| state(server)["source"]["error"].as_str().unwrap_or("").to_owned();
    wait_until("the other file", || error(&server).contains("not a policy component"));
    home.write("new.wasm", &component);
    wait_until("the same", || error(&server).contains("was taken back at 20"));
    is_left(&server);
    assert!(state(&server)["source"]["retry_at"].is_string());
    let upload = Some(("application/wasm", &*component));
    let forced = server.admin().send("POST", &format!("{POLICY}?force=true"), upload);
    assert_eq!(forced.json(200)["generation"], 4);
    wait_until("the source", || state(&server)["source"]["state"] == "applied");
}
