//! Configured settings that would no longer count: refused unless they are named, kept whatever comes
//! after, and shown as long as they do not count.

use admit_policies::WINDOWS_MDM_1;
use admit_tests::clock::wait_until;
use admit_tests::fixture::{TID, with};
use admit_tests::guests::CoreModule;
use serde_json::{Value, json};

use super::client::{Client, Reply};
use super::shell::Shell;
use super::start::{DROP, Home, Server, token, token_v1, windows_gate, windows_settings};

const GATE: &str = "/v1/gates/windows-mdm";
const POLICY: &str = "/v1/gates/windows-mdm/policy";
const SETTINGS: &str = "/v1/gates/windows-mdm/settings";
const ROLLBACK: &str = "/v1/gates/windows-mdm/rollback";
const VERSIONS: &str = "token_versions";
/// Version 1 knows neither.
const BOTH: &str = "drop=windows_entra_client_ids&drop=token_versions";

fn old() -> Value {
    json!({"policy": "windows-mdm@1.0.0"})
}

fn new() -> Value {
    json!({"policy": "windows-mdm@2.0.0"})
}

/// A server whose gate refuses v1.0 tokens.
fn refusing_old() -> Server {
    let server = Server::serving();
    server.admin().patch(SETTINGS, &json!({VERSIONS: ["2.0"]})).json(200);
    server
}

/// Whether v1.0 tokens are admitted.
fn admits_old(server: &Server) -> bool {
    server.decide("windows-mdm", &token_v1(json!({})))["outcome"] == "allow"
}

fn state(admin: &Client) -> Value {
    admin.get("/v1/status").json(200)["gates"][0].take()
}

#[track_caller]
fn assert_drops(reply: &Reply, names: &[&str]) {
    let refused = reply.refused(409, "settings_dropped");
    let errors = refused["errors"].as_array().unwrap();
    let named: Vec<_> = errors.iter().map(|error| error["name"].as_str().unwrap()).collect();
    assert_eq!(named, names, "{refused}");
    let message = refused["message"].as_str().unwrap();
    for part in names.iter().copied().chain(["--drop", "drop="]) {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn a_version_that_does_not_know_a_configured_setting_is_refused() {
    let server = refusing_old();
    let admin = server.admin();
    let left = || (state(&admin), admin.get("/v1/activities").json(200));
    let before = left();
    let bytes = Some(("application/wasm", WINDOWS_MDM_1.component));
    for reply in [
        admin.post(POLICY, &old()),
        admin.send("POST", POLICY, bytes),
        admin.post(&format!("{POLICY}?dry_run=true"), &old()),
    ] {
        assert_drops(&reply, &["windows_entra_client_ids", VERSIONS]);
        let refused = reply.refused(409, "settings_dropped");
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains("`token_versions` = [\"2.0\"]"), "{message}");
    }
    assert_drops(
        &admin.post(&format!("{POLICY}?drop=windows_entra_client_ids"), &old()),
        &[VERSIONS],
    );
    assert_drops(
        &admin.post(&format!("{POLICY}?dry_run=true&drop={VERSIONS}"), &old()),
        &["windows_entra_client_ids"],
    );
    assert_eq!(left(), before);
    assert!(!admits_old(&server));

    // What is removed in the same step is not dropped.
    let removing =
        with(old(), json!({"settings": {VERSIONS: null, "windows_entra_client_ids": null}}));
    let dry = admin.post(&format!("{POLICY}?dry_run=true"), &removing).json(200);
    assert_eq!((dry.get("dropped"), dry.get("unknown")), (None, None), "{dry}");
}

#[test]
fn what_is_named_is_dropped_kept_told_and_shown_while_it_lasts() {
    let server = refusing_old();
    let admin = server.admin();
    let dry = admin.post(&format!("{POLICY}?dry_run=true&{BOTH}"), &old()).json(200);
    let report = admin.post(&format!("{POLICY}?{BOTH}"), &old()).json(200);
    let dropped = json!([
        {"setting": "windows_entra_client_ids", "value": windows_settings()["windows_entra_client_ids"]},
        {"setting": VERSIONS, "value": ["2.0"]},
    ]);
    assert_eq!((&report["dropped"], &dry["dropped"]), (&dropped, &dropped));
    let told = admin.get("/v1/activities?type=dropped_setting").json(200)["activities"].take();
    assert_eq!(told[0]["details"], json!({"setting": VERSIONS, "value": ["2.0"]}));
    assert_eq!(told.as_array().unwrap().len(), 2);

    let shown = |server: &Server| {
        let admin = server.admin();
        let releases = admin.get(&format!("{GATE}/releases")).json(200);
        assert_eq!(state(&admin)["not_counting"], dropped);
        assert_eq!(releases["releases"][0]["not_counting"], dropped);
        assert_eq!(releases["releases"][1].get("not_counting"), None);
        for verb in ["status windows-mdm", "policy releases windows-mdm"] {
            let said = Shell::of(server).prints(verb);
            assert!(said.contains("token_versions = [\"2.0\"], which does not count"), "{said}");
        }
    };
    shown(&server);
    // Another change says nothing new and leaves it as it is.
    let patched = admin.patch(SETTINGS, &json!({"scopes": ["mdm_delegation"]})).json(200);
    assert_eq!(patched["activation"].get("dropped"), None);
    shown(&server);
    let (home, _) = server.stop_with("TERM");
    let server = home.start(&windows_gate());
    shown(&server);

    let admin = server.admin();
    let candidate = admin.post(&format!("{POLICY}?candidate=true"), &new()).json(200);
    assert_eq!(candidate["restored"], dropped);
    assert_eq!(admin.get(&format!("{GATE}/candidate")).json(200)["restored"], dropped);
    let said = "  restored   token_versions = [\"2.0\"], which counts again\n";
    assert!(Shell::of(&server).prints("policy candidate windows-mdm").contains(said));
    let dry = Shell::of(&server).prints("policy activate windows-mdm windows-mdm@2.0.0 --dry-run");
    assert!(dry.contains(said), "{dry}");
    let report = admin.post(POLICY, &new()).json(200);
    assert_eq!((&report["restored"], report.get("dropped")), (&dropped, None));
    assert_eq!(state(&admin).get("not_counting"), None);
    let told = admin.get("/v1/activities?type=restored_setting").json(200)["activities"].take();
    assert_eq!(told.as_array().unwrap().len(), 2, "{told}");
    assert!(!admits_old(&server));
}

#[test]
fn back_and_forth_between_versions_loses_nothing() {
    let server = refusing_old();
    let admin = server.admin();
    let versions = || {
        let settings = admin.get(SETTINGS).json(200);
        [&settings["settings"], &settings["unknown"]].map(|some| some.get(VERSIONS).cloned())
    };
    let counts = [Some(json!(["2.0"])), None];
    let kept = [None, Some(json!(["2.0"]))];
    admin.post(&format!("{POLICY}?{BOTH}"), &old()).json(200);
    assert_eq!(versions(), kept);
    admin.post_nothing(ROLLBACK).json(200);
    assert_eq!(versions(), counts);
    assert!(!admits_old(&server));

    // The release before never had it.
    assert_drops(&admin.post_nothing(ROLLBACK), &[VERSIONS]);
    assert_eq!(versions(), counts);
    admin.post_nothing(&format!("{ROLLBACK}?drop={VERSIONS}")).json(200);
    assert_eq!(versions(), kept);
    assert_eq!(state(&admin)["not_counting"], json!([{"setting": VERSIONS, "value": ["2.0"]}]));
    // It goes on not counting until a policy is activated or somebody sets it.
    admin.patch(SETTINGS, &json!({"scopes": ["mdm_delegation"]})).json(200);
    assert_eq!(versions(), kept);
    let (home, _) = server.stop_with("TERM");
    let server = home.start(&windows_gate());
    let admin = server.admin();
    assert_eq!(state(&admin)["not_counting"], json!([{"setting": VERSIONS, "value": ["2.0"]}]));
    for step in ["1.0.0", "2.0.0", "1.0.0"] {
        let policy = json!({"policy": format!("windows-mdm@{step}")});
        admin.post(&format!("{POLICY}?{BOTH}"), &policy).json(200);
    }
    admin.post_nothing(&format!("{ROLLBACK}?{BOTH}")).json(200);
    assert!(!admits_old(&server));
    admin.post(POLICY, &new()).json(200);
    assert_eq!(admin.get(SETTINGS).json(200)["settings"][VERSIONS], json!(["2.0"]));
    assert!(!admits_old(&server));
}

#[test]
fn what_was_kept_is_asked_for_on_the_way_to_a_release_that_never_had_it() {
    let server = Server::serving();
    let admin = server.admin();
    let client_ids = "drop=windows_entra_client_ids";
    admin.post(&format!("{POLICY}?{client_ids}"), &old()).json(200);
    admin.post(POLICY, &with(new(), json!({"settings": {VERSIONS: ["2.0"]}}))).json(200);
    assert_drops(&admin.post_nothing(ROLLBACK), &["windows_entra_client_ids", VERSIONS]);
    admin.post_nothing(&format!("{ROLLBACK}?{BOTH}")).json(200);
    // The first release admits v1.0 tokens, which was forbidden since.
    assert_drops(&admin.post_nothing(ROLLBACK), &[VERSIONS]);
    assert_drops(&admin.post_nothing(&format!("{ROLLBACK}?to=1")), &[VERSIONS]);
    let back = admin.post_nothing(&format!("{ROLLBACK}?drop={VERSIONS}")).json(200);
    assert_eq!(back["dropped"], json!([{"setting": VERSIONS, "value": ["2.0"]}]));
    assert!(admits_old(&server));
    assert_eq!(admin.get(SETTINGS).json(200)["unknown"], json!({VERSIONS: ["2.0"]}));
    admin.post(POLICY, &with(new(), json!({"settings": {VERSIONS: ["2.0"]}}))).json(200);
    assert!(!admits_old(&server));
}

#[test]
fn a_roll_back_admits_nobody_whom_its_release_did_not() {
    let gate = "windows-mdm";
    let base = json!({"windows_entra_client_ids": null, "scopes": ["mdm_delegation"]});
    let server = Server::serving();
    let admin = server.admin();
    let admits = || server.decide(gate, &token(json!({})))["outcome"] == "allow";
    let client_ids = windows_settings()["windows_entra_client_ids"].clone();
    admin.patch(SETTINGS, &base).json(200);
    admin.patch(SETTINGS, &json!({"windows_entra_client_ids": client_ids})).json(200);
    admin.patch(SETTINGS, &json!({"server_url": "https://other.example.com"})).json(200);
    let to = |query: &str| admin.post_nothing(&format!("{ROLLBACK}?{query}"));
    to("to=2&drop=windows_entra_client_ids&drop=server_url").json(200);
    let admitted = admits();
    admin.post(POLICY, &old()).json(200);
    assert_drops(&to("to=5"), &["windows_entra_client_ids"]);
    let back = to("to=5&drop=windows_entra_client_ids").json(200);
    assert_eq!(back.get("restored"), None, "{back}");
    assert_eq!(admits(), admitted);
    assert_eq!(
        admin.get(SETTINGS).json(200)["unknown"],
        json!({"windows_entra_client_ids": client_ids})
    );
    // What was left out by name is not asked for again, as long as the policy knows it.
    to("to=2").json(200);
}

#[test]
fn a_roll_back_of_a_change_of_settings_undoes_it_by_itself() {
    let server = refusing_old();
    let admin = server.admin();
    let back = admin.post_nothing(ROLLBACK).json(200);
    assert_eq!((&back["changed_settings"], back.get("dropped")), (&json!([VERSIONS]), None));
    let settings = admin.get(SETTINGS).json(200);
    assert_eq!((settings["settings"].get(VERSIONS), &settings["unknown"]), (None, &json!({})));
    // By its generation it is no such thing.
    admin.post_nothing(&format!("{ROLLBACK}?to=2")).json(200);
    assert!(!admits_old(&server));
    assert_drops(&admin.post_nothing(&format!("{ROLLBACK}?to=1")), &[VERSIONS]);
}

#[test]
fn a_roll_back_goes_to_any_generation_that_is_kept() {
    let server = Server::serving();
    let (admin, shell) = (server.admin(), Shell::of(&server));
    for scope in ["a", "b", "c"] {
        admin.patch(SETTINGS, &json!({"scopes": [scope]})).json(200);
    }
    admin.send("POST", POLICY, Some(("application/wasm", b"(component)"))).refused(422, "inspect");
    let to = |query: &str| admin.post_nothing(&format!("{ROLLBACK}?{query}"));
    assert_eq!(to("to=2").json(200)["generation"], 5);
    let scopes = || admin.get(SETTINGS).json(200)["settings"]["scopes"].clone();
    assert_eq!(scopes(), json!(["a"]));
    assert_eq!(to("to=4").json(200)["changed_settings"], json!(["scopes"]));
    assert_eq!(scopes(), json!(["c"]));
    to("to=6").refused(409, "already_active");
    for unknown in ["to=0", "to=7", "to=18446744073709551615"] {
        let refused = to(unknown).refused(404, "unknown_generation");
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains("it has had 6, 5, 4, 3, 2, 1"), "{message}");
    }
    for malformed in
        ["to=-1", "to=x", "to=", "to=1&to=2", "from=1", "drop=", "drop=A", "drop=a,b", "drop=%41"]
    {
        to(malformed).refused(400, "malformed");
    }
    assert!(shell.prints("policy rollback windows-mdm --to 3").contains("generation 7\n"));
    assert_eq!(scopes(), json!(["b"]));
    shell.refuses("policy rollback windows-mdm --to 7", 1);
    shell.refuses("policy rollback windows-mdm --to first", 2);
    let unnamed = shell.refuses("policy rollback windows-mdm --to 1", 1);
    assert!(
        unnamed.contains("\n  scopes: is configured with [\"b\"], and would not count"),
        "{unnamed}"
    );
    let back = shell.prints("policy rollback windows-mdm --to 1 --drop scopes");
    assert!(back.contains("  dropped    scopes = [\"b\"]\n"), "{back}");
}

#[test]
fn a_candidate_tells_what_its_promotion_has_to_name() {
    let server = refusing_old();
    let (admin, shell) = (server.admin(), Shell::of(&server));
    let report = admin.post(&format!("{POLICY}?candidate=true"), &old()).json(200);
    let candidate = admin.get(&format!("{GATE}/candidate")).json(200);
    assert_eq!(report["dropped"][1], json!({"setting": VERSIONS, "value": ["2.0"]}));
    assert_eq!(candidate["dropped"], report["dropped"]);
    assert!(
        shell
            .prints("policy candidate windows-mdm")
            .contains("dropped    token_versions = [\"2.0\"]")
    );
    let promote = format!("{GATE}/promote");
    assert_drops(&admin.post_nothing(&promote), &["windows_entra_client_ids", VERSIONS]);
    shell.refuses("policy promote windows-mdm --drop token_versions", 1);
    assert_eq!(admin.get(&format!("{GATE}/candidate")).json(200)["dropped"], report["dropped"]);
    let named = "--drop token_versions --drop windows_entra_client_ids";
    let promoted = shell.prints(&format!("policy promote windows-mdm {named}"));
    assert!(promoted.contains("dropped    token_versions = [\"2.0\"]\n"), "{promoted}");
}

#[test]
fn a_watched_file_cannot_name_a_setting_and_status_says_so() {
    let home = Home::new();
    home.write("policy.wasm", CoreModule::misbehave().component());
    let mut config = windows_gate();
    config["gates"]["windows-mdm"]["source"] =
        json!({"path": "policy.wasm", "interval_seconds": 1});
    let server = home.start(&config);
    let admin = server.admin();
    wait_until("refused", || state(&admin)["source"]["state"] == "refused");
    let refused = state(&admin);
    let error = refused["source"]["error"].as_str().unwrap();
    assert!(error.contains("server_url") && error.contains("--drop"), "{error}");
    assert!(refused["source"]["waits_for"].as_str().unwrap().contains("--drop"), "{refused}");
    assert_eq!(refused["policy"]["version"], "2.0.0");
    assert_eq!(refused["last_attempt"]["step"], "configure");
    let newest = admin.get("/v1/activities?limit=1").json(200)["activities"][0].take();
    assert_eq!(newest["type"], "rejected_policy");
}

#[test]
fn a_revert_asks_nobody_and_says_what_no_longer_counts() {
    let revert = json!({"fault_revert": {"faults": 1, "within_seconds": 3600}});
    let server = Server::start(&with(windows_gate(), revert));
    let admin = server.admin();
    let path = format!("{POLICY}?{DROP}");
    let component = CoreModule::misbehave().component();
    admin.send("POST", &path, Some(("application/wasm", &component))).json(200);
    let path = format!("{GATE}/settings");
    admin.patch(&path, &json!({"mode": "late"})).json(200);
    admin.post(&format!("{POLICY}?drop=mode"), &new()).json(200);
    admin
        .send("POST", &format!("{POLICY}?{DROP}"), Some(("application/wasm", &component)))
        .json(200);
    let failing = json!({"token": token(json!({"mode": "panic"}))});
    server.service().post(&format!("{GATE}/decide"), &failing).json(503);
    wait_until("the way back", || state(&admin)["policy"]["version"] == "2.0.0");
    assert_eq!(state(&admin)["not_counting"], json!([{"setting": "mode", "value": "late"}]));
    let told = admin.get("/v1/activities?type=dropped_setting&limit=1").json(200);
    let told = &told["activities"][0];
    assert_eq!(
        (&told["details"]["setting"], &told["actor"]["name"]),
        (&json!("mode"), &json!("admit"))
    );
    server.wait_for_log("settings.no_longer_count=\"`mode` = \\\"late\\\"\"");
}

#[test]
fn settings_that_were_never_activated_are_not_lost_without_a_word() {
    // A slip of an administrator: without a word it would count for nothing.
    let settings = with(windows_settings(), json!({"allow_gusts": false}));
    let gate = json!({"policy": "windows-mdm@2.0.0", "settings": settings});
    let server = Server::start(&json!({"gates": {"windows-mdm": gate}}));
    let admin = server.admin();
    assert_eq!(state(&admin)["state"], "failed");
    assert!(state(&admin)["problem"].as_str().unwrap().contains("allow_gusts"));
    let tenant = json!({"windows_entra_tenant_ids": [TID]});
    assert_drops(&admin.patch(SETTINGS, &tenant), &["allow_gusts"]);
    admin
        .patch(SETTINGS, &json!({"windows_entra_tenant_ids": [TID], "allow_gusts": null}))
        .json(200);
}

#[test]
fn settings_that_were_never_activated_have_to_be_named_with_a_policy_that_does_not_know_them() {
    let settings = with(windows_settings(), json!({VERSIONS: ["2.0"]}));
    let gate = json!({"policy": "windows-mdm@1.0.0", "settings": settings});
    let server = Server::start(&json!({"gates": {"windows-mdm": gate}}));
    let (admin, shell) = (server.admin(), Shell::of(&server));
    assert_eq!(state(&admin)["state"], "failed");
    let patch = json!({"scopes": ["mdm_delegation"]});
    let both = ["windows_entra_client_ids", VERSIONS];
    assert_drops(&admin.patch(SETTINGS, &patch), &both);
    assert_drops(&admin.patch(&format!("{SETTINGS}?dry_run=true"), &json!({})), &both);
    assert_drops(&admin.post(POLICY, &old()), &both);
    shell.write("a.yaml", r#"{"gates": {"windows-mdm": {"policy": "windows-mdm@1.0.0"}}}"#);
    let applied = shell.run("apply --force -f a.yaml");
    assert_eq!(applied.code, Some(1), "{applied:?}");
    assert_eq!(state(&admin)["state"], "failed");
    admin.patch(&format!("{SETTINGS}?{BOTH}"), &patch).json(200);
    assert_eq!(state(&admin)["not_counting"].as_array().unwrap().len(), 2);
    let told = admin.get("/v1/activities?type=dropped_setting").json(200)["activities"].take();
    assert_eq!(told.as_array().unwrap().len(), 2, "{told}");
}

#[test]
fn a_revert_keeps_the_settings_of_the_change_that_it_takes_back() {
    let revert = json!({"fault_revert": {"faults": 1, "within_seconds": 3600}});
    let server = Server::start(&with(windows_gate(), revert));
    let admin = server.admin();
    let component = CoreModule::misbehave().component();
    admin
        .send("POST", &format!("{POLICY}?{DROP}"), Some(("application/wasm", &component)))
        .json(200);
    admin.patch(SETTINGS, &json!({"mode": "late"})).json(200);
    let failing = json!({"token": token(json!({"mode": "panic"}))});
    server.service().post(&format!("{GATE}/decide"), &failing).json(503);
    let kept = json!([{"setting": "mode", "value": "late"}]);
    wait_until("the way back", || state(&admin)["generation"] == 4);
    let not_counting = state(&admin)["not_counting"].take();
    assert!(not_counting.as_array().unwrap().contains(&kept[0]), "{not_counting}");
    let told = admin.get("/v1/activities?type=dropped_setting&limit=1").json(200);
    assert_eq!(told["activities"][0]["details"], kept[0]);
    server.wait_for_log("settings.no_longer_count=\"`mode` = \\\"late\\\"\"");
}
