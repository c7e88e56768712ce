//! Policies: given, refused, taken back, watched, and found again after a restart.

mod source;

use admit_policies::{WINDOWS_MDM_1, WINDOWS_MDM_2};
use admit_tests::clock::wait_until;
use admit_tests::fixture::{TID, with};
use admit_tests::guests::CoreModule;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::client::{Client, Reply};
use super::shell::Shell;
use super::start::{DROP, Home, Server, token, windows_gate, windows_settings};

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

fn releases(client: &Client) -> Vec<Value> {
    let page = client.get("/v1/gates/windows-mdm/releases").json(200);
    page["releases"].as_array().unwrap().clone()
}

fn newest_activity(client: &Client) -> Value {
    client.get("/v1/activities?limit=1").json(200)["activities"][0].clone()
}

fn steps(report: &Value) -> Vec<&str> {
    report["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect()
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

#[test]
fn the_first_numbers_of_a_version_name_the_newest_of_that_line() {
    // In the configuration, for an activation, for a candidate, and with `apply`.
    let gate = json!({"policy": "windows-mdm@1", "settings": {
        "server_url": "https://mdm.example.com", "windows_entra_tenant_ids": [TID],
    }});
    let server = Server::start(&json!({"gates": {"windows-mdm": gate}}));
    let (client, shell) = (server.admin(), Shell::of(&server));
    assert_eq!(state(&client)["policy"]["version"], "1.0.0");
    let candidate =
        client.post(&format!("{POLICY}?candidate=true"), &json!({"policy": "windows-mdm@2"}));
    assert_eq!(candidate.json(200)["policy"]["version"], "2.0.0");
    assert_eq!(activate(&client, "windows-mdm@2.0")["policy"]["version"], "2.0.0");

    shell.write("a.yaml", r#"{"gates": {"windows-mdm": {"policy": "windows-mdm@2"}}}"#);
    assert_eq!(shell.prints("apply -f a.yaml"), "windows-mdm: no changes\n");
    let dry = shell.prints("policy activate windows-mdm windows-mdm@2 --dry-run");
    assert!(dry.contains("windows-mdm 2.0.0"), "{dry}");

    for line in ["3", "2.1", "2."] {
        let policy = json!({"policy": format!("windows-mdm@{line}")});
        let refused = client.post(POLICY, &policy).text();
        let expected = format!(
            "`windows-mdm@{line}` is not bundled; expected one of `windows-mdm@1.0.0`, \
             `windows-mdm@2.0.0`, `intune-mam@1.0.0`"
        );
        assert!(refused.contains(&expected), "{refused}");
    }
}

#[test]
fn a_policy_comes_as_a_file_by_name_or_in_base64_with_settings_in_one_go() {
    let server = Server::serving();
    let admin = server.admin();
    let report = upload(&admin, WINDOWS_MDM_1.component).json(200);
    assert_eq!((&report["result"], &report["generation"]), (&json!("activated"), &json!(2)));
    assert_eq!(steps(&report), ["inspect", "configure", "seal", "rehearse", "persist", "store"]);
    assert_eq!(decided(&server), by("deny", "1.0.0", 2));

    assert_eq!(activate(&admin, "windows-mdm")["policy"]["version"], "2.0.0");
    assert_eq!(decided(&server), by("allow", "2.0.0", 3));

    let body = json!({
        "component": STANDARD.encode(WINDOWS_MDM_2.component),
        "settings": {"windows_entra_client_ids": []},
    });
    assert_eq!(admin.post(POLICY, &body).json(200)["generation"], 4);
    assert_eq!(decided(&server), by("deny", "2.0.0", 4));
    assert_eq!(newest_activity(&admin)["type"], "deleted_microsoft_entra_client_id");

    let before = (state(&admin)["release"].clone(), releases(&admin), newest_activity(&admin));
    assert_eq!(admin.post(POLICY, &body).json(200)["result"], "unchanged");
    let dry = admin
        .post(&format!("{POLICY}?dry_run=true&{DROP}"), &json!({"policy": "windows-mdm@1.0.0"}));
    let dry = dry.json(200);
    assert_eq!((&dry["result"], &dry["generation"]), (&json!("checked"), &json!(4)));
    let dry = admin.send("POST", &format!("{POLICY}?dry_run=true"), Some((WASM, b"(component)")));
    dry.refused(422, "inspect");
    let after = (state(&admin)["release"].clone(), releases(&admin), newest_activity(&admin));
    assert_eq!(after, before);
}

#[test]
fn a_request_that_names_no_policy_is_malformed_and_no_attempt() {
    let server = Server::serving();
    let admin = server.admin();
    for body in [
        json!({}),
        json!({"policy": "windows-mdm@9.9.9"}),
        json!({"policy": 1}),
        json!({"policy": "windows-mdm", "component": ""}),
        json!({"policy": "windows-mdm", "more": 1}),
        json!({"component": "no base64!"}),
        json!({"component": "AA=="  , "settings": []}),
        json!({"policy": "windows-mdm", "settings": {"unknown": 1}}),
        json!([]),
    ] {
        admin.post(POLICY, &body).refused(400, "malformed");
    }
    admin.send("POST", POLICY, Some(("text/plain", b"x"))).refused(415, "media_type");
    admin.post_nothing(POLICY).refused(415, "media_type");
    let large = vec![0; 4 * 1024 * 1024 + 1];
    upload(&admin, &large).refused(413, "too_large");
    for query in ["?dry_run=1", "?dryrun=true", "?candidate=maybe"] {
        let path = format!("{POLICY}{query}");
        admin.post(&path, &json!({"policy": "windows-mdm"})).refused(400, "malformed");
    }
    assert_eq!(decided(&server), by("allow", "2.0.0", 1));
    // The unknown setting came with a policy: that was one.
    let attempts: Vec<_> = releases(&admin).iter().map(|one| one["step"].clone()).collect();
    assert_eq!(attempts, [json!("configure"), Value::Null]);
}

#[test]
fn settings_that_the_new_policy_refuses_are_told_one_by_one_and_as_an_attempt() {
    let server = Server::serving();
    let admin = server.admin();
    let body = json!({"policy": "windows-mdm@1.0.0", "settings": {"server_url": "mdm"}});
    let refused = admin.post(POLICY, &body).refused(422, "invalid_settings");
    assert_eq!(refused["errors"][0]["name"], "server_url");
    assert_eq!(releases(&admin)[0]["step"], "configure");
    let told = &newest_activity(&admin)["details"];
    assert_eq!((&told["step"], &told["version"]), (&json!("configure"), &json!("1.0.0")));
    assert_eq!(releases(&admin)[0]["policy"]["version"], "1.0.0");
    assert_eq!(decided(&server), by("allow", "2.0.0", 1));
}

#[test]
fn the_way_back_goes_release_by_release_to_the_first() {
    let server = Server::serving();
    let admin = server.admin();
    roll_back(&admin).refused(409, "nothing_kept");
    let first = state(&admin)["release"].clone();
    activate(&admin, "windows-mdm@1.0.0");
    let second = state(&admin)["release"].clone();
    admin.patch(&format!("{GATE}/settings"), &json!({"scopes": ["other"]})).json(200);

    let report = roll_back(&admin).json(200);
    assert_eq!((&report["result"], &report["release"]), (&json!("activated"), &second));
    assert_eq!(report["generation"], 4);
    assert_eq!(report["changed_settings"], json!(["scopes"]));
    assert!(!steps(&report).contains(&"seal"), "nothing is compiled: {report}");
    assert_eq!(newest_activity(&admin)["type"], "deleted_enrolment_scope");
    let settings = admin.get(&format!("{GATE}/settings")).json(200);
    assert_eq!(settings["settings"].get("scopes"), None);

    let report = roll_back(&admin).json(200);
    assert_eq!((&report["release"], report.get("changed_settings")), (&first, None));
    assert_eq!(decided(&server), by("allow", "2.0.0", 5));
    let refused = roll_back(&admin).refused(409, "nothing_kept");
    let since = "before the active one; to go to one that it had since, name its generation (`to`, \
                 `--to`), of 4, 3, 2, 1";
    assert!(refused["message"].as_str().unwrap().ends_with(since), "{refused}");
    let actions: Vec<_> = releases(&admin).iter().map(|one| one["action"].clone()).collect();
    assert_eq!(actions, ["rollback", "rollback", "settings", "policy", "start"]);
    let active: Vec<_> = releases(&admin).iter().map(|one| one["active"].clone()).collect();
    assert_eq!(active, [true, false, false, false, false]);
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

fn with_operator_cases() -> Server {
    let home = Home::new();
    home.write("cases.yaml", OPERATOR_CASES);
    let gate = json!({"settings": windows_settings(), "cases": "cases.yaml"});
    home.start(&json!({"gates": {"windows-mdm": gate}}))
}

#[test]
fn cases_of_the_operator_hold_for_every_policy_and_every_change_of_settings() {
    let server = with_operator_cases();
    let admin = server.admin();
    let path = format!("{GATE}/settings");
    let widened =
        json!({"windows_entra_tenant_ids": [TID, "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53"]});
    let refused = admin.patch(&path, &widened).refused(422, "rehearse");
    assert!(refused["message"].as_str().unwrap().contains("another tenant"), "{refused}");
    assert_eq!(newest_activity(&admin)["type"], "rejected_policy");
    server
        .home
        .write("cases.yaml", OPERATOR_CASES.replace("tenant_not_authorized", "scope_missing"));
    let refused = admin.post(POLICY, &json!({"policy": "windows-mdm@1.0.0"}));
    refused.refused(422, "rehearse");
    server.home.write("cases.yaml", "cases: {");
    admin.patch(&path, &json!({"scopes": ["x"]})).refused(422, "rehearse");
    server.home.write("cases.yaml", OPERATOR_CASES);
    assert_eq!(decided(&server), by("allow", "2.0.0", 1));
    assert_eq!(activate(&admin, "windows-mdm@1.0.0")["generation"], 2);
}

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
fn a_restart_goes_on_with_the_last_good_release_and_its_generation() {
    let server = Server::serving();
    let admin = server.admin();
    upload(&admin, &CoreModule::misbehave().component()).json(200);
    activate(&admin, "windows-mdm@1.0.0");
    activate(&admin, "windows-mdm@2.0.0");
    upload(&admin, b"(component)").refused(422, "inspect");
    roll_back(&admin).json(200);
    let before = (state(&admin), releases(&admin));
    assert_eq!(decided(&server), by("deny", "1.0.0", 5));

    let (home, status) = server.stop_with("TERM");
    assert!(status.success(), "{status}");
    let server = home.start(&windows_gate());
    let admin = server.admin();
    let after = with(state(&admin), json!({"refusals": before.0["refusals"]}));
    assert_eq!((after, releases(&admin)), before);
    assert_eq!(decided(&server), by("deny", "1.0.0", 5));
    // And the way back goes on where it was.
    assert_eq!(roll_back(&admin).json(200)["policy"]["name"], "misbehave");
    assert_eq!(roll_back(&admin).json(200)["policy"]["version"], "2.0.0");
    roll_back(&admin).refused(409, "nothing_kept");
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

#[test]
fn a_gate_without_settings_is_unconfigured_until_they_come_with_a_policy_or_alone() {
    let gates = json!({"gates": {"windows-mdm": {}, "second": {"policy": "windows-mdm@1.0.0"}}});
    let server = Server::start(&gates);
    let admin = server.admin();
    let status = admin.get("/v1/status").json(200);
    for gate in status["gates"].as_array().unwrap() {
        assert_eq!(gate["state"], "unconfigured", "{gate}");
        assert!(gate["problem"].as_str().unwrap().contains("server_url"), "{gate}");
    }
    roll_back(&admin).refused(409, "nothing_kept");
    let body = json!({"policy": "windows-mdm@2.0.0", "settings": windows_settings()});
    assert_eq!(admin.post(POLICY, &body).json(200)["generation"], 1);
    assert_eq!(decided(&server), by("allow", "2.0.0", 1));
    let settings = with(windows_settings(), json!({"windows_entra_client_ids": null}));
    let patched = admin.patch("/v1/gates/second/settings", &settings).json(200);
    assert_eq!(patched["activation"]["generation"], 1);
    assert_eq!(admin.get("/v1/status").json(200)["gates"][1]["state"], "serving");
}

#[test]
fn an_activation_that_rehearsed_no_case_says_so() {
    let home = Home::new();
    home.write("cases.yaml", "{policy: intune-mam, base: entra-v2, cases: []}");
    let mut config = windows_gate();
    config["gates"]["windows-mdm"]["cases"] = json!("cases.yaml");
    let server = home.start(&config);
    let admin = server.admin();
    let patched = admin.patch("/v1/gates/windows-mdm/settings", &json!({"scopes": ["x"]}));
    let rehearsed = patched.json(200)["activation"]["rehearsed"].take();
    assert!(rehearsed["component"].as_u64().unwrap() > 100, "{rehearsed}");
    assert_eq!(rehearsed["operator"], 0);
    let said = "no case was rehearsed";
    assert!(!server.log().contains(said), "{}", server.log());
    server.wait_for_log("the operator's cases are about `intune-mam`, and none was played");

    let shell = super::shell::Shell::of(&server);
    shell.write("policy.wasm", CoreModule::misbehave().component());
    let drop = "--drop server_url --drop windows_entra_tenant_ids --drop windows_entra_client_ids \
                --drop scopes";
    let printed = shell.prints(&format!("policy activate windows-mdm policy.wasm {drop}"));
    let line =
        "\n  cases      none was rehearsed: the component carries none, and the operator has none";
    assert!(printed.contains(line), "{printed}");
    server.wait_for_log(said);
}
