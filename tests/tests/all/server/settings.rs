//! Settings: read, changed, refused, kept.

use admit_tests::fixture::{CLIENT, TID};
use serde_json::{Value, json};

use super::client::{Client, Reply};
use super::start::{Server, token, windows_gate};

const SETTINGS: &str = "/v1/gates/windows-mdm/settings";
const POLICY: &str = "/v1/gates/windows-mdm/policy";
const DROPPING: &str = "/v1/gates/windows-mdm/policy?drop=windows_entra_client_ids";
const EMPTY: &str = ": an empty `If-Match` matches none; leave it out, or send `*`, to change any";
const DRY_RUN: &str = "/v1/gates/windows-mdm/settings?dry_run=true";
const CLIENT_IDS: &str = "windows_entra_client_ids";
const OTHER: &str = "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31";

fn read(client: &Client) -> Value {
    client.get(SETTINGS).json(200)
}

/// The number of the newest activity and attempt, and the settings: all that a change leaves.
fn left(client: &Client) -> (Value, Value, Value) {
    let first = |path: &str, list: &str| client.get(path).json(200)[list][0]["id"].clone();
    let activity = first("/v1/activities", "activities");
    let attempt = first("/v1/gates/windows-mdm/releases", "releases");
    (activity, attempt, read(client))
}

#[track_caller]
fn assert_names(reply: &Reply, status: u16, code: &str, expected: &[&str]) {
    let body = reply.refused(status, code);
    let errors = body["errors"].as_array().unwrap();
    let mut names: Vec<_> = errors.iter().map(|error| error["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, expected, "{body}");
    for error in errors {
        assert!(error["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{body}");
    }
}

#[test]
fn what_is_absent_stays_null_removes_and_an_empty_list_clears() {
    let server = Server::serving();
    let admin = server.admin();
    let changes = json!({"scopes": ["mdm_delegation", "more"], CLIENT_IDS: []});
    let body = admin.patch(SETTINGS, &changes).json(200);
    assert_eq!(body["settings"]["scopes"], json!(["mdm_delegation", "more"]));
    assert_eq!(body["settings"][CLIENT_IDS], json!([]));
    assert_eq!(body["settings"]["server_url"], "https://mdm.example.com");
    assert_eq!(body["settings"]["windows_entra_tenant_ids"], json!([TID]));

    let body = admin.patch(SETTINGS, &json!({"scopes": null, CLIENT_IDS: null})).json(200);
    assert_eq!(body["settings"].get("scopes"), None);
    assert_eq!(body["settings"].get(CLIENT_IDS), None);
    assert_eq!(body["effective"]["scopes"], json!(["mdm_delegation"]));
    assert_eq!(body["effective"][CLIENT_IDS], json!([]));
    assert_eq!(body["revision"], 3);
    let read = admin.get(SETTINGS);
    assert_eq!(read.header("etag"), Some("\"3\""));
    for member in ["settings", "effective", "unknown", "policy", "revision", "gate"] {
        assert_eq!(read.json(200)[member], body[member], "{member}");
    }
}

#[test]
fn what_the_policy_does_not_have_or_has_otherwise_is_told_at_once_and_nothing_is_saved() {
    let server = Server::serving();
    let admin = server.admin();
    let before = left(&admin);
    assert_names(
        &admin.patch(SETTINGS, &json!({"scope": ["x"], "server_url": 1, "scopes": "x", "y": null})),
        400,
        "malformed",
        // What is not there may be removed.
        &["scope", "scopes", "server_url"],
    );
    assert_names(
        &admin.patch(
            SETTINGS,
            &json!({
                "scopes": ["more"],
                "server_url": "ftp://mdm.example.com",
                "windows_entra_tenant_ids": ["one", TID, "two"],
                "token_versions": ["3.0"],
            }),
        ),
        422,
        "invalid_settings",
        &["server_url", "token_versions", "windows_entra_tenant_ids", "windows_entra_tenant_ids"],
    );
    // A setting that has no default cannot be removed.
    assert_names(
        &admin.patch(SETTINGS, &json!({"server_url": null})),
        422,
        "invalid_settings",
        &["server_url"],
    );
    for (body, media_type) in [
        ("", "application/json"),
        ("[]", "application/json"),
        ("{\"scopes\": [], \"scopes\": []}", "application/json"),
        ("{", "application/json"),
    ] {
        let reply = admin.send("PATCH", SETTINGS, Some((media_type, body.as_bytes())));
        reply.refused(400, "malformed");
    }
    admin.send("PATCH", SETTINGS, Some(("text/plain", b"{}"))).refused(415, "media_type");
    admin.patch("/v1/gates/windows-mdm/settings?dry=true", &json!({})).refused(400, "malformed");
    admin.patch("/v1/gates/mdm/settings", &json!({})).refused(404, "unknown_gate");
    assert_eq!(left(&admin), before);
}

#[test]
fn of_two_administrators_the_second_is_told_that_the_first_was_faster() {
    let server = Server::serving();
    let (first, second) = (server.admin(), server.admin());
    let tag = first.get(SETTINGS).header("etag").unwrap().to_owned();
    let (first, second) = (first.with("if-match", &tag), second.with("if-match", &tag));
    let changed = first.patch(SETTINGS, &json!({CLIENT_IDS: [CLIENT, OTHER]}));
    assert_eq!(changed.json(200)["changed"], true);
    assert_ne!(changed.header("etag"), Some(&*tag));
    second.patch(SETTINGS, &json!({CLIENT_IDS: []})).refused(412, "changed_meanwhile");
    second.patch(DRY_RUN, &json!({CLIENT_IDS: []})).refused(412, "changed_meanwhile");
    second.post(POLICY, &json!({"policy": "windows-mdm@1.0.0"})).refused(412, "changed_meanwhile");
    let current = read(&server.admin());
    assert_eq!(current["settings"][CLIENT_IDS], json!([CLIENT, OTHER]));
    assert_eq!(current["policy"]["version"], "2.0.0");

    let any = second.clone().with("if-match", "*").patch(SETTINGS, &json!({CLIENT_IDS: [CLIENT]}));
    assert_eq!(any.json(200)["changed"], true);
    let current = any.header("etag").unwrap();
    let suffixed = current.replacen('"', "\"0", 1);
    for (other, hint) in [
        ("\"x\"", ""),
        ("\"\"", ""),
        (&*suffixed, ""),
        (&*format!("{}-gzip\"", current.trim_end_matches('"')), ""),
        (&*format!("W/{current}"), "; a weak tag (`W/`), as a proxy makes it, never matches"),
        ("\"8\", \"9\"", ""),
        ("", EMPTY),
        (",", EMPTY),
    ] {
        let reply = second.clone().with("if-match", other).patch(SETTINGS, &json!({}));
        let refused = reply.refused(412, "changed_meanwhile");
        assert!(refused["message"].as_str().unwrap().ends_with(&format!("read again{hint}")));
    }
    // What came is shown, cut, and what was expected.
    let long = format!("{}{}\"", current.trim_end_matches('"'), "0".repeat(200));
    let reply = second.clone().with("if-match", &long).patch(SETTINGS, &json!({}));
    let refused = reply.refused(412, "changed_meanwhile");
    let expected = format!(
        "revision `{}…` was to be changed, but revision `{current}` is the current one; read again",
        &long[..64]
    );
    assert_eq!(refused["message"], expected);
    for list in [format!("\"x\", {current}"), format!("W/\"x\" ,{current}"), current.to_owned()] {
        second.clone().with("if-match", &list).patch(SETTINGS, &json!({})).json(200);
    }
    for malformed in ["1", "\"1", "x\"1\"", "\"1\" \"2\""] {
        let reply = second.clone().with("if-match", malformed).patch(SETTINGS, &json!({}));
        reply.refused(400, "malformed");
    }
}

#[test]
fn a_dry_run_checks_everything_and_leaves_nothing() {
    let server = Server::serving();
    let admin = server.admin();
    let before = left(&admin);
    let body = admin.patch(DRY_RUN, &json!({CLIENT_IDS: [OTHER]})).json(200);
    assert_eq!((&body["changed"], &body["dry_run"]), (&json!(false), &json!(true)));
    assert_eq!(body["settings"], before.2["settings"]);
    let activation = &body["activation"];
    assert_eq!(activation["result"], "checked");
    let steps = activation["steps"].as_array().unwrap();
    let names: Vec<_> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(names, ["inspect", "configure", "seal", "rehearse"]);
    assert!(steps.iter().all(|step| step["ok"] == true), "{activation}");
    admin.patch(DRY_RUN, &json!({CLIENT_IDS: ["x"]})).refused(422, "invalid_settings");
    admin.patch(DRY_RUN, &json!({CLIENT_IDS: "x"})).refused(400, "malformed");
    assert_eq!(left(&admin), before);
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
}

#[test]
fn settings_that_another_version_does_not_know_are_kept_told_and_come_back() {
    let server = Server::serving();
    let admin = server.admin();
    let to = |version: &str| admin.post(DROPPING, &json!({"policy": version})).json(200);
    let kept = json!({CLIENT_IDS: [CLIENT]});
    assert_eq!(to("windows-mdm@1.0.0")["unknown"], kept);
    let body = read(&admin);
    assert_eq!((&body["policy"]["version"], &body["unknown"]), (&json!("1.0.0"), &kept));
    assert_eq!(body["settings"].get(CLIENT_IDS), None);
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "deny");

    let patched = admin.patch(SETTINGS, &json!({"scopes": ["mdm_delegation"]})).json(200);
    assert_eq!(patched["unknown"], kept, "a change of others leaves them");
    assert_names(
        &admin.patch(SETTINGS, &json!({CLIENT_IDS: [OTHER]})),
        400,
        "malformed",
        &[CLIENT_IDS],
    );

    let (home, _) = server.stop_with("TERM");
    let server = home.start(&windows_gate());
    let admin = server.admin();
    assert_eq!(read(&admin)["unknown"], kept);
    let back = admin.post(POLICY, &json!({"policy": "windows-mdm@2.0.0"})).json(200);
    assert_eq!(back.get("unknown"), None);
    assert_eq!(read(&admin)["settings"][CLIENT_IDS], json!([CLIENT]));
    assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
}

#[test]
fn a_setting_that_the_policy_does_not_know_can_be_removed() {
    let server = Server::serving();
    let admin = server.admin();
    admin.post(DROPPING, &json!({"policy": "windows-mdm@1.0.0"})).json(200);
    let before = read(&admin);
    let removed = admin.patch(SETTINGS, &json!({CLIENT_IDS: null}));
    let body = removed.json(200);
    assert_eq!((&body["changed"], &body["unknown"]), (&json!(true), &json!({})));
    assert_eq!(body["activation"]["result"], "unchanged", "the release is the same");
    assert_ne!(body["revision"], before["revision"]);
    let newest = admin.get("/v1/activities?limit=1").json(200)["activities"][0].clone();
    assert_eq!(newest["type"], "edited_setting");
    assert_eq!(newest["details"], json!({"setting": CLIENT_IDS, "from": [CLIENT]}));

    let (home, _) = server.stop_with("TERM");
    let server = home.start(&windows_gate());
    let after = read(&server.admin());
    assert_eq!((&after["unknown"], &after["revision"]), (&json!({}), &body["revision"]));
}

#[test]
fn other_letters_for_the_same_value_are_no_activity() {
    let server = Server::serving();
    let admin = server.admin();
    let newest = || admin.get("/v1/activities?limit=1").json(200)["activities"][0]["id"].clone();
    let before = newest();
    for same in [json!([CLIENT.to_ascii_uppercase()]), json!([format!(" {CLIENT}\n")])] {
        let body = admin.patch(SETTINGS, &json!({ CLIENT_IDS: same })).json(200);
        assert_eq!(body["settings"][CLIENT_IDS], same, "as it was sent");
        assert_eq!(server.decide("windows-mdm", &token(json!({})))["outcome"], "allow");
    }
    assert_eq!(newest(), before);
    let unchanged = admin.patch(SETTINGS, &json!({})).json(200);
    assert_eq!(
        (&unchanged["changed"], &unchanged["activation"]["result"]),
        (&json!(false), &json!("unchanged"))
    );
    admin.patch(SETTINGS, &json!({CLIENT_IDS: [OTHER]})).json(200);
    assert_ne!(newest(), before);
}

#[test]
fn a_restart_keeps_all_of_it_whatever_the_configuration_says_by_then() {
    let server = Server::serving();
    server.admin().patch(SETTINGS, &json!({CLIENT_IDS: [OTHER], "scopes": ["a"]})).json(200);
    let before = left(&server.admin());
    let (home, status) = server.stop_with("TERM");
    assert!(status.success(), "{status}");

    let server = home.start(&json!({"gates": {"windows-mdm": {"settings": {
        "server_url": "https://other.example.com", "windows_entra_tenant_ids": [],
    }}}}));
    assert_eq!(left(&server.admin()), before);
    let status = server.admin().get("/v1/status").json(200);
    assert_eq!(status["gates"][0]["generation"], 2);
}

#[test]
fn what_a_policy_says_of_a_value_leaves_whole_and_escaped() {
    let server = Server::serving();
    let value = "a\u{202e}\u{200b}b";
    let reply = server.admin().patch(SETTINGS, &json!({"scopes": [value, "mdm_delegation"]}));
    let text = reply.text();
    assert!(text.contains(r"`a\u202e\u200bb` is not a scope"), "{text}");
    assert!(!text.contains(['\u{202e}', '\u{200b}']), "{text}");
    let body = reply.refused(422, "invalid_settings");
    let reason = body["errors"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with(&format!("`{value}` is not a scope")), "{reason}");
    for text in [server.admin().get("/v1/gates/windows-mdm/releases").text(), server.log()] {
        assert!(!text.contains(['\u{202e}', '\u{200b}']), "{text}");
    }
}
