//! How large settings may be, and how little of them is repeated.

use admit_tests::fixture::{issuer, with};
use serde_json::{Value, json};

use crate::harness::server::{Home, Server, token, windows_gate, windows_settings};
use crate::harness::shell::Shell;

const SETTINGS: &str = "/v1/gates/windows-mdm/settings";
const POLICY: &str = "/v1/gates/windows-mdm/policy";
const BATCH: &str = "/v1/gates/windows-mdm/decide/batch";
const CLIENT_IDS: &str = "windows_entra_client_ids";

/// Settings that are too large, which of them is named, and with which numbers.
fn too_large() -> [(Value, &'static str, [&'static str; 2]); 4] {
    let url = format!("https://mdm.example.com/{}", "x".repeat(3_900_000));
    let wide: Value = (0..260).map(|number| format!("{number:04}{}", "x".repeat(4_090))).collect();
    [
        (json!({"server_url": url}), "server_url", ["3900024 bytes", "4096"]),
        (json!({CLIENT_IDS: client_ids(25_001)}), CLIENT_IDS, ["25001 entries", "25000"]),
        (json!({"scopes": ["a", "b".repeat(4_097)]}), "scopes", ["4097 bytes", "4096"]),
        (json!({"allowed_apps": wide}), "allowed_apps", ["bytes as JSON", "1048576"]),
    ]
}

fn client_ids(count: u32) -> Value {
    (0..count).map(|number| format!("{number:08x}-0000-4000-8000-000000000000")).collect()
}

#[test]
fn settings_that_are_too_large_are_named_with_numbers_on_every_way_in() {
    let server = Server::serving();
    let (admin, shell) = (server.admin(), Shell::of(&server));
    let before = admin.get(SETTINGS).json(200);
    for (patch, name, numbers) in too_large() {
        let policy = json!({"policy": "windows-mdm", "settings": patch});
        for (way, reply) in [
            ("patch", admin.patch(SETTINGS, &patch)),
            ("dry run", admin.patch(&format!("{SETTINGS}?dry_run=true"), &patch)),
            ("policy", admin.post(POLICY, &policy)),
            ("candidate", admin.post(&format!("{POLICY}?candidate=true"), &policy)),
        ] {
            let refused = reply.refused(422, "settings_too_large");
            assert_eq!(refused["errors"][0]["name"], name, "{way}");
            let reason = refused["errors"][0]["reason"].as_str().unwrap();
            assert!(numbers.iter().all(|number| reason.contains(number)), "{way}: {reason}");
            assert!(reply.body.len() < 2_000, "{way}: {} bytes", reply.body.len());
        }
        let settings = with(windows_settings(), patch);
        let file = json!({"gates": {"windows-mdm": {"settings": settings}}});
        shell.write("gates.json", file.to_string());
        shell.write("settings.json", settings.to_string());
        shell.write("token.jwt", token(json!({})));
        let decide =
            "decide --policy windows-mdm --settings settings.json --keys keys.json token.jwt";
        shell.write("keys.json", issuer().jwk_set().to_string());
        for (command, code) in [("apply -f gates.json", 1), (decide, 3)] {
            let run = shell.run(command);
            let said = run.said();
            assert_eq!(run.code, Some(code), "{command}: {said}");
            assert!(run.out.len() < 100_000, "{command}");
            let parts = [name].into_iter().chain(numbers);
            assert!(parts.into_iter().all(|part| said.contains(part)), "{command}: {said}");
            assert!(said.len() < 2_000, "{command}");
        }
    }
    assert_eq!(admin.get(SETTINGS).json(200), before);
}

#[test]
fn settings_of_the_configuration_that_are_too_large_are_named_with_their_place() {
    let home = Home::new();
    let gate =
        json!({"settings": with(windows_settings(), json!({CLIENT_IDS: client_ids(25_001)}))});
    home.configure(&json!({"gates": {"windows-mdm": gate}}));
    let run = home.command().arg("--check-config").output().unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert_eq!(run.status.code(), Some(3), "{said}");
    let expected = "`gates.windows-mdm.settings.windows_entra_client_ids`";
    assert!(said.contains(expected) && said.contains("25001 entries"), "{said}");
}

#[test]
fn settings_of_the_configuration_are_bounded_together_too() {
    let many: Value = (0..300).map(|number| (format!("s{number:03}"), json!(1))).collect();
    let [.., (wide, ..)] = too_large();
    for (settings, name, numbers) in [
        (many, "s256", ["300 settings", "at most 256"]),
        (wide, "allowed_apps", ["bytes as JSON", "1048576"]),
    ] {
        let home = Home::new();
        home.configure(&json!({"gates": {"windows-mdm": {"settings": settings}}}));
        for flags in [&["--check-config"][..], &[]] {
            let run = home.command().args(flags).output().unwrap();
            let said = String::from_utf8(run.stderr).unwrap();
            assert_eq!(run.status.code(), Some(3), "{said}");
            let place = format!("`gates.windows-mdm.settings.{name}`");
            assert!(said.contains(&place), "{said}");
            assert!(numbers.iter().all(|number| said.contains(number)), "{said}");
        }
    }
}

#[test]
fn what_is_removed_does_not_count_against_the_bounds() {
    let server = Server::serving();
    let nothing: Value = (0..300).map(|number| (format!("s{number:03}"), json!(null))).collect();
    let patched = server.admin().patch(SETTINGS, &nothing).json(200);
    assert_eq!(patched["activation"]["result"], "unchanged");
    // A file of settings that removes one can be applied again.
    let shell = Shell::of(&server);
    shell.write("patch.yaml", "scopes: null\nno_such_setting: null\n");
    let activate = "policy activate windows-mdm windows-mdm@2.0.0 --settings patch.yaml";
    for _ in 0..2 {
        shell.prints(activate);
    }
}

#[test]
fn long_values_are_whole_where_they_are_read_and_cut_where_they_are_repeated() {
    let server = Server::serving();
    let admin = server.admin();
    let (few, ids, text) = (client_ids(8), client_ids(800), "x".repeat(3_000));
    let scopes = json!(["mdm_delegation", text]);
    let reply = admin.patch(SETTINGS, &json!({CLIENT_IDS: ids, "scopes": scopes}));
    let body = reply.json(200);
    assert!(reply.body.len() < 20_000, "{} bytes", reply.body.len());
    assert_eq!((&body["settings"][CLIENT_IDS], &body["effective"][CLIENT_IDS]), (&few, &few));
    assert_eq!(body["cut"], json!({CLIENT_IDS: 800, "scopes": 2}));
    let whole = admin.get(SETTINGS).json(200);
    assert_eq!(whole["settings"][CLIENT_IDS], ids);
    assert_eq!((&whole["settings"]["scopes"][1], whole.get("cut")), (&json!(text), None));

    // What came and went is told by number.
    let told = admin.get("/v1/activities?limit=3").json(200)["activities"].take();
    let details: Vec<_> = told.as_array().unwrap().iter().map(|one| &one["details"]).collect();
    let edited = json!({"setting": CLIENT_IDS, "deleted_entries": 1, "added_entries": 800});
    assert!(details.contains(&&edited), "{told}");
    assert!(told.to_string().len() < 5_000);

    let decision = server.decide("windows-mdm", &token(json!({})));
    let expected = &decision["expected"][0];
    assert_eq!(expected["setting"], CLIENT_IDS);
    assert_eq!(
        (&expected["value"], &expected["entries"], &expected["cut"]),
        (&few, &json!(800), &json!(true))
    );
    let requests: Vec<_> = (0..100).map(|_| json!({"token": token(json!({}))})).collect();
    let reply = server.service().post(BATCH, &json!({ "requests": requests }));
    assert_eq!(reply.json(200)["decisions"].as_array().unwrap().len(), 100);
    assert!(reply.body.len() < 300_000, "{} bytes", reply.body.len());

    let status = admin.get("/v1/status");
    assert_eq!(status.json(200)["gates"][0]["refusals"][0]["expected"][0]["entries"], 800);
    assert!(status.body.len() < 10_000);
    let said = Shell::of(&server).prints("status windows-mdm");
    assert!(said.contains(" and more, 800 entries\n"), "{said}");
    // The same of settings that do not count.
    let drop = format!("{POLICY}?drop={CLIENT_IDS}");
    let reply = admin.post(&drop, &json!({"policy": "windows-mdm@1.0.0"}));
    let report = reply.json(200);
    assert_eq!(
        (&report["dropped"][0]["entries"], &report["unknown"][CLIENT_IDS]),
        (&json!(800), &few)
    );
    assert!(reply.body.len() < 10_000);
    assert_eq!(admin.get(SETTINGS).json(200)["unknown"][CLIENT_IDS], ids);
}

#[test]
fn errors_facts_and_names_are_bounded() {
    let server = Server::serving();
    let unknown: serde_json::Map<_, _> = (0..200).map(|n| (format!("s{n}"), json!(1))).collect();
    let reply = server.admin().patch(SETTINGS, &Value::Object(unknown.clone()));
    let refused = reply.refused(400, "malformed");
    assert_eq!(refused["errors"].as_array().unwrap().len(), 100);
    assert!(refused["message"].as_str().unwrap().contains("100 more"), "{refused}");
    let many: serde_json::Map<_, _> = (0..50_000).map(|n| (format!("s{n}"), json!(1))).collect();
    let reply = server.admin().patch(SETTINGS, &Value::Object(many));
    let refused = reply.refused(422, "settings_too_large");
    assert!(
        refused["message"].as_str().unwrap().contains("would have 50003 settings"),
        "{refused}"
    );
    assert!(reply.body.len() < 1_000);

    let decide = |facts: Value| {
        let body = json!({"token": token(json!({})), "facts": facts});
        server.service().post("/v1/gates/windows-mdm/decide", &body)
    };
    for (facts, part) in [
        (json!({"a": "x".repeat(4_097)}), "fact `a` has 4097 bytes; expected at most 4096"),
        (json!({"a".repeat(5_000): true}), "5000 bytes"),
        (
            (0..257).map(|n| (format!("f{n}"), json!(true))).collect(),
            "257 facts; expected at most 256",
        ),
    ] {
        let refused = decide(facts).refused(400, "malformed");
        assert!(refused["message"].as_str().unwrap().contains(part), "{refused}");
    }
    decide((0..256).map(|n| (format!("f{n}"), json!("x"))).collect()).json(200);
}

#[test]
fn a_policy_that_cannot_read_so_long_a_list_is_refused_with_its_name() {
    let server = Server::start(&windows_gate());
    let reply = server.admin().patch(SETTINGS, &json!({CLIENT_IDS: client_ids(25_000)}));
    // As the policies get faster, it is activated.
    if reply.status == 422 {
        let message = reply.refused(422, "configure")["message"].as_str().unwrap().to_owned();
        assert!(message.contains("`windows_entra_client_ids` has 25000 entries"), "{message}");
    } else {
        reply.json(200);
    }
}

/// The largest case file that is read.
const MAX_CASE_FILE_BYTES: usize = 1 << 20;

/// A case that the fixture's settings fulfil.
const CASES: &str = "\
policy: windows-mdm
cases:
  - name: another tenant
    base: entra-v2
    claims: {tid: b7c4d5e6-1f20-4a3b-9c8d-0e1f2a3b4c5d}
    expect: {deny: tenant_not_authorized}
";

/// The cases in a file of so many bytes, most of which are a comment: the file would be as good if
/// it were cut.
fn cases_of(bytes: usize) -> String {
    let comment = "x".repeat(bytes - CASES.len() - 1);
    format!("{CASES}#{comment}")
}

#[test]
fn a_case_file_that_is_too_large_is_refused_and_not_cut() {
    let home = Home::new();
    home.write("cases.yaml", cases_of(MAX_CASE_FILE_BYTES));
    let gate = json!({"settings": windows_settings(), "cases": "cases.yaml"});
    let server = home.start(&json!({"gates": {"windows-mdm": gate}}));
    let admin = server.admin();
    let scopes = |scope: &str| json!({"scopes": ["mdm_delegation", scope]});
    admin.patch(SETTINGS, &scopes("first")).json(200);

    home.write("cases.yaml", cases_of(MAX_CASE_FILE_BYTES + 1));
    for refused in [
        admin.patch(SETTINGS, &scopes("second")),
        admin.post("/v1/gates/windows-mdm/policy", &json!({"policy": "windows-mdm@1.0.0"})),
    ] {
        let refused = refused.refused(422, "rehearse");
        let message = refused["message"].as_str().unwrap();
        assert!(
            message.contains("the operator's cases") && message.contains("1048577"),
            "{message}"
        );
    }
    let settings = &admin.get(SETTINGS).json(200)["settings"];
    assert_eq!(settings["scopes"], json!(["mdm_delegation", "first"]));
    let decision = server.decide("windows-mdm", &token(json!({})));
    assert_eq!((&decision["outcome"], &decision["generation"]), (&json!("allow"), &json!(2)));
}
