//! `admit diff`.

use admit_cases::section::{self, PackedFile};
use admit_tests::fixture::{CLIENT, NOW, TID, claims, claims_v1, with};
use serde_json::{Value, json};

use super::run::{Folder, Run, windows_settings};
use super::schema;

const UP: &str = "diff windows-mdm@1.0.0 windows-mdm@2.0.0";
const DOWN: &str = "diff windows-mdm@2.0.0 windows-mdm@1.0.0";

/// Of a version that nobody has, with expectations that nobody meets.
const CASES: &str = r#"
policy: windows-mdm
version: "=7.0.0"
settings:
  server_url: https://mdm.example.com
  windows_entra_tenant_ids: [3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53]
  windows_entra_client_ids: [6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31]
cases:
  - {name: v1.0 token, base: entra-v1, expect: {deny: nothing}}
  - {name: v2.0 token, base: entra-v2, expect: {deny: nothing}}
  - name: v1.0 token without upn
    base: entra-v1
    claims: {upn: null, preferred_username: dana@example.com}
    expect: {deny: nothing}
"#;

/// Further cases, so that there is something to vary.
const MORE: &str = r#"
  - name: refused
    base: entra-v1
    expect: {deny: nothing}
    matrix:
      version: {v1.0: {}, v2.0: {base: entra-v2}}
      claim:
        tid: {claims: {tid: b7c4d5e6-1f20-4a3b-9c8d-0e1f2a3b4c5d}}
        aud: {claims: {aud: https://other.example}}
        client id in aud: {claims: {aud: 6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31}}
        scp: {claims: {scp: profile}}
        app: {claims: {idtyp: app}}
        oid: {claims: {oid: null}}
        guest: {claims: {idp: "https://sts.windows.net/b7c4d5e6-1f20-4a3b-9c8d-0e1f2a3b4c5d/"}, settings: {allow_guests: false}}
  - name: switched off
    base: entra-v2
    settings: {token_versions: ["1.0"], allow_guests: true, scopes: [mdm_delegation, profile]}
    expect: {deny: nothing}
"#;

/// A folder with the cases, few and many.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("few.yaml", CASES);
    folder.write("many.yaml", format!("{CASES}{MORE}"));
    folder
}

fn json(run: &Run, code: i32) -> Value {
    schema::comparison(run.text(code))
}

fn kinds(comparison: &Value) -> [u64; 5] {
    ["narrowing", "widening", "new_setting", "identity", "other"]
        .map(|kind| comparison["kinds"][kind].as_u64().unwrap())
}

/// Name, version and short digest, as a comparison has them.
fn shown(policy: &admit_policies::Embedded) -> String {
    let digest = admit::release::component_digest(policy.component);
    format!("{} {} ({})", policy.name, policy.version, &digest[..19])
}

#[test]
fn text_shows_each_group_with_an_example() {
    let run = folder().admit(&format!("{UP} few.yaml"));
    let (old, new) = (shown(&admit_policies::WINDOWS_MDM_1), shown(&admit_policies::WINDOWS_MDM_2));
    let expected = format!(
        r#"  old        {old}
  new        {new}
  inputs     3 cases
  left out   settings that OLD does not have: windows_entra_client_ids
  admitted   2 by OLD, 3 by NEW
  equal      1
  changed    2
             0 narrowing: less is admitted
             1 widening: more is admitted
             0 new setting: less is admitted, by a setting that OLD does not have
             1 identity: as much is admitted, but as somebody else or by another name
             0 other: as much is admitted, with another reason or question

WIDENING 1: deny token_version_not_accepted -> allow
  example    few.yaml: v2.0 token
  claim      ver = "2.0"
  claim      aud = "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31"
  setting    windows_entra_client_ids = ["6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31"] (not in OLD)

IDENTITY 1: allow -> allow
  example    few.yaml: v1.0 token without upn
  setting    windows_entra_client_ids = ["6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31"] (not in OLD)
  identity   user_name = "dana@example.com" (was absent)
  identity   user_name_claim = "preferred_username" (was absent)
"#
    );
    assert_eq!(run.text(0), expected);
}

#[test]
fn version_2_only_adds_to_version_1() {
    let folder = Folder::new();
    let generate = "--generate 2000 --forbid narrowing --format json";
    let up = json(&folder.admit(&format!("{UP} {generate}")), 0);
    let [narrowing, widening, new_setting, identity, other] = kinds(&up);
    assert_eq!((narrowing, &up["forbidden"]), (0, &json!([])));
    assert!(widening > 100 && new_setting > 5 && identity > 0 && other > 100, "{}", up["kinds"]);
    // Otherwise nothing much would have been shown.
    assert!(up["admitted"]["old"].as_u64() > Some(300), "{}", up["admitted"]);
    let generated = &up["inputs"]["generated"];
    assert_eq!((&generated["count"], &generated["seed"]), (&json!(2_000), &json!(1)));
    let decided = generated["decided"].as_u64().unwrap();
    assert!((1_000..2_000).contains(&decided), "{decided}");

    let down = json(&folder.admit(&format!("{DOWN} {generate}")), 4);
    assert!(kinds(&down)[0] > 100, "{}", down["kinds"]);
    assert_eq!(down["forbidden"], json!(["narrowing"]));
}

#[test]
fn a_policy_is_equal_to_itself() {
    let folder = folder();
    folder.write(
        "mam.yaml",
        r#"
policy: intune-mam
settings:
  tenant_id: 3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53
  client_id: 6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31
  auth_service: saml
base: entra-v2
cases:
  - name: scope
    claims: {scp: login.mattermost}
    expect: {ask: []}
    matrix:
      facts:
        none: {}
        known: {facts: {account.exists: true, account.bot: false, account.deactivated: false}}
        locked: {facts: {account.deactivated: true}}
"#,
    );
    for (policy, file) in [("windows-mdm", "many.yaml"), ("intune-mam", "mam.yaml")] {
        let run = folder.admit(&format!("diff {policy} {policy} {file} --generate 500"));
        let text = run.text(0);
        assert!(text.contains("\n  changed    0\n") && !text.contains("left out"), "{text}");
    }
}

#[test]
fn equal_seeds_give_equal_bytes_and_others_do_not() {
    let folder = folder();
    for format in ["text", "json"] {
        let diff = |seed: &str| {
            let more = format!("many.yaml --generate 300 --format {format}{seed}");
            folder.admit(&format!("{UP} {more}")).text(0).to_owned()
        };
        let usual = diff("");
        assert_eq!(usual, diff(" --seed 1"));
        assert_eq!(diff(" --seed 7"), diff(" --seed 7"));
        let inputs = |text: String| text.replace("seed 7", "seed 1").replace(": 7,", ": 1,");
        assert_ne!(usual, inputs(diff(" --seed 7")));
    }
}

#[test]
fn a_generated_example_says_what_was_varied() {
    let folder = folder();
    let run = folder.admit(&format!("{UP} many.yaml --generate 1000 --format json"));
    let comparison = json(&run, 0);
    let groups = comparison["groups"].as_array().unwrap();
    let generated: Vec<_> = groups
        .iter()
        .map(|group| &group["example"])
        .filter(|it| it["generated"].is_u64())
        .collect();
    assert!(!generated.is_empty(), "{groups:?}");
    for example in generated {
        assert_eq!(example["file"], "many.yaml");
        let varied = example["varied"].as_array().unwrap();
        assert!(
            !varied.is_empty() && varied.iter().all(|it| it["value"] != it["was"]),
            "{example}"
        );
    }
    let run = folder.admit(&format!("{UP} many.yaml --generate 1000"));
    let text = run.text(0);
    assert!(text.contains("\n  example    generated ") && text.contains(" (was "), "{text}");
}

#[test]
fn what_only_a_new_setting_refuses_is_no_narrowing() {
    let folder = folder();
    let case = r#"
  - {name: switched off, base: entra-v1, settings: {token_versions: ["2.0"]}, expect: allow}
"#;
    folder.write("off.yaml", format!("{CASES}{case}"));
    let run = folder.admit(&format!("{UP} off.yaml --forbid narrowing --format json"));
    let up = json(&run, 0);
    assert_eq!(kinds(&up), [0, 1, 1, 1, 0]);
    assert_eq!(up["settings_left_out"]["old"][1], "token_versions");
    let group = &up["groups"][1];
    assert_eq!(group["kind"], "new_setting");
    let part = json!({"setting": "token_versions", "value": ["2.0"], "unknown_to": "old"});
    assert!(group["example"]["concerned"].as_array().unwrap().contains(&part), "{group}");

    // To lose a setting is no such excuse.
    let down = json(&folder.admit(&format!("{DOWN} off.yaml --format json")), 0);
    assert_eq!(kinds(&down), [1, 1, 0, 1, 0]);
    assert_eq!(down["settings_left_out"]["new"][1], "token_versions");
}

#[test]
fn a_kind_is_forbidden_only_when_named() {
    let folder = folder();
    for (which, forbid, code) in [
        (UP, "", 0),
        (UP, " --forbid narrowing", 0),
        (UP, " --forbid widening", 4),
        (UP, " --forbid narrowing --forbid widening", 4),
        (DOWN, " --forbid narrowing", 4),
        (DOWN, " --forbid widening", 0),
    ] {
        let run = folder.admit(&format!("{which} few.yaml{forbid}"));
        assert_eq!(run.text(code).contains("\nFORBIDDEN "), code == 4, "{which}{forbid}");
    }
    let run = folder.admit(&format!("{DOWN} few.yaml --forbid narrowing"));
    assert!(run.out.ends_with("\n\nFORBIDDEN narrowing\n"), "{}", run.out);
}

#[test]
fn without_paths_the_cases_of_both_components_are_decided_equal_ones_once() {
    let folder = folder();
    let any_version = CASES.replace("version: \"=7.0.0\"\n", "");
    let of_old = any_version
        .replace("  windows_entra_client_ids: [6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31]\n", "");
    let pack = |name: &str, policy: &admit_policies::Embedded, files: &[&str]| {
        let packed = |(index, text): (usize, &&str)| PackedFile {
            name: format!("{index}.yaml"),
            bytes: text.as_bytes().to_vec(),
        };
        let files: Vec<_> = files.iter().enumerate().map(packed).collect();
        folder.write(name, section::write(policy.component, &files).unwrap());
    };
    pack("old.wasm", &admit_policies::WINDOWS_MDM_1, &[&of_old]);
    pack("new.wasm", &admit_policies::WINDOWS_MDM_2, &[&any_version, &of_old]);
    let comparison = json(&folder.admit("diff old.wasm new.wasm --format json"), 0);
    assert_eq!(comparison["inputs"], json!({"cases": 6, "log": 0, "decided": 6}));
    assert_eq!(comparison["groups"][0]["example"]["file"], "0.yaml in the component");

    pack("old.wasm", &admit_policies::WINDOWS_MDM_1, &[]);
    pack("new.wasm", &admit_policies::WINDOWS_MDM_2, &[]);
    let nothing = "nothing to decide: neither the policies nor what was named hold a case or request; name case files, or a --log with --settings";
    assert_eq!(folder.admit("diff old.wasm new.wasm").refusal(2), nothing);
}

#[test]
fn a_folder_gives_the_cases_for_either_policy() {
    let folder = folder();
    std::fs::create_dir_all(folder.path("cases/deeper")).unwrap();
    folder.write("cases/deeper/few.yml", CASES);
    folder.write("cases/notes.txt", "no cases");
    folder.write("cases/same.yaml", CASES);
    folder.write("cases/mam.yaml", "policy: intune-mam\ncases: []");
    let run = folder.admit(&format!("{UP} cases --format json"));
    assert_eq!(run.err, "admit: for other policies or versions, left out: cases/mam.yaml\n");
    assert_eq!(run.code, Some(0));
    let comparison = schema::comparison(&run.out);
    assert_eq!(comparison["inputs"]["cases"], 3);
    assert_eq!(comparison["groups"][0]["example"]["file"], "cases/deeper/few.yml");
}

/// The file of requests, one per line.
fn log(folder: &Folder, lines: &[Value]) {
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    folder.write("log.jsonl", format!("\u{feff}{}\r\n\n", lines.join("\n")));
}

const LOG: &str = "--log log.jsonl --settings windows.json";

#[test]
fn a_log_is_decided_with_the_settings_given() {
    let folder = folder();
    log(
        &folder,
        &[
            json!({"id": "row-1", "claims": claims_v1(), "now": NOW}),
            json!({"id": "row-2", "claims": claims(), "facts": {}, "now": "2026-01-01T00:00:00Z"}),
            json!({"claims": claims()}),
            json!({"claims": with(claims(), json!({"tid": CLIENT})), "now": NOW}),
        ],
    );
    let down = folder.admit(&format!("{DOWN} {LOG} --now 2026-01-01T00:00:00Z --format json"));
    let down = json(&down, 0);
    assert_eq!(down["inputs"], json!({"cases": 0, "log": 4, "decided": 3}));
    assert_eq!(kinds(&down), [2, 0, 0, 0, 0]);
    let group = &down["groups"][0];
    assert_eq!((&group["count"], &group["example"]["line"]), (&json!(2), &json!(2)));
    assert_eq!(group["example"]["id"], "row-2");
    assert_eq!(group["example"]["old"]["identity"]["tenant_id"], TID);
    let run = folder.admit(&format!("{DOWN} {LOG} --format json"));
    let no_now = "`now` is missing; expected the time of the request, here or as --now";
    assert_eq!(run.refusal(3), format!("log `log.jsonl`: line 3: {no_now}"));
    // In another cloud the host refuses all of them.
    let at = "--now 2026-01-01T00:00:00Z";
    let run = folder.admit(&format!("{DOWN} {LOG} {at} --cloud china --forbid narrowing"));
    assert_eq!(run.code, Some(3));
    assert!(run.err.starts_with("admit: nothing was compared: neither policy decides"), "{run:?}");
    assert!(
        run.err.contains("of the first, the host says: invalid token.issuer (the claim `iss`"),
        "{run:?}"
    );
    // A log and cases.
    let down = json(&folder.admit(&format!("{DOWN} few.yaml {LOG} {at} --format json")), 0);
    assert_eq!(down["inputs"], json!({"cases": 3, "log": 4, "decided": 6}));
    let text = folder.admit(&format!("{DOWN} {LOG} {at}"));
    let text = text.text(0);
    assert!(text.contains("\n  inputs     4 lines of the log\n"), "{text}");
    assert!(text.contains("\n  example    line 2 of the log, row-2\n"), "{text}");
}

#[test]
fn requests_of_a_log_stay_good_when_they_are_varied() {
    let folder = folder();
    let other = with(claims_v1(), json!({"tid": CLIENT}));
    let lines = [claims_v1(), claims(), other].map(|claims| json!({"claims": claims, "now": NOW}));
    log(&folder, &lines);
    let run = folder.admit(&format!("{UP} {LOG} --generate 200 --format json"));
    let generated = &json(&run, 0)["inputs"]["generated"];
    assert!(generated["decided"].as_u64() > Some(150), "{generated}");
}

#[test]
fn a_bad_line_of_a_log_is_named() {
    let folder = folder();
    let token = folder.token("good.jwt", json!({}));
    let good = json!({"claims": claims(), "now": NOW});
    for (line, problem) in [
        ("{".to_owned(), "not strict JSON: EOF while parsing an object at column 1"),
        ("[]".to_owned(), "not a JSON object but an array"),
        ("{}".to_owned(), "`claims` is missing"),
        (
            json!({"token": token}).to_string(),
            "`token` is given; expected `claims`: no token is verified here",
        ),
        (json!({"claims": "x"}).to_string(), "`claims` is a string; expected an object"),
        (json!({"claims": {}, "facts": []}).to_string(), "`facts` is an array; expected an object"),
        (
            json!({"claims": {}, "facts": {"a": null}}).to_string(),
            "fact `a` is null; expected a boolean, an integer or a string",
        ),
        (json!({"claims": {}, "id": 7}).to_string(), "`id` is a number; expected a string"),
        (
            json!({"claims": {}, "now": "later"}).to_string(),
            "`now` is a text that is no time; expected seconds since 1970 or an RFC 3339 time",
        ),
        (
            json!({"claims": {}, "now": -1}).to_string(),
            "`now` is a number; expected seconds since 1970 or an RFC 3339 time",
        ),
        (
            json!({"claims": {}, "Facts": {}}).to_string(),
            "member `Facts` is unknown; expected `id`, `claims`, `facts`, `now`",
        ),
    ] {
        folder.write("log.jsonl", format!("{good}\n\n{line}\n{good}"));
        let run = folder.admit(&format!("{UP} {LOG}"));
        assert_eq!(run.refusal(3), format!("log `log.jsonl`: line 3: {problem}"));
        assert!(!run.err.contains(&token[..20]), "{}", run.err);
    }
}

#[test]
fn bad_inputs_are_named() {
    let folder = folder();
    folder.write("mam.yaml", "policy: intune-mam\ncases: []");
    folder.write("form.yaml", "policy: windows-mdm\ncase: []");
    folder.write(
        "live.yaml",
        "policy: windows-mdm\ncases: [{name: a, base: entra-v1, expect: allow}]",
    );
    folder.write("empty.yaml", "");
    folder.write("text.wasm", "text");
    let up = |more: &str| folder.admit(&format!("{UP} {more}"));
    let none = "No such file or directory (os error 2)";
    assert_eq!(up("none.yaml").refusal(3), format!("failed to read `none.yaml`: {none}"));
    assert_eq!(up("empty.yaml").refusal(3), "cases `empty.yaml`: empty; expected a case file");
    assert_eq!(
        up("mam.yaml").refusal(3),
        "cases `mam.yaml`: for `intune-mam` *; expected cases for `windows-mdm`"
    );
    let run = up("form.yaml");
    assert!(run.refusal(3).starts_with("cases `form.yaml`: line 2, column 1: "), "{}", run.err);
    assert_eq!(
        up("live.yaml").refusal(3),
        "cases `live.yaml`: no `settings`; expected them in the file, or --settings FILE"
    );
    folder.admit(&format!("{UP} live.yaml --settings windows.json")).text(0);
    assert_eq!(
        up("few.yaml --settings none.json").refusal(3),
        format!("failed to read `none.json`: {none}")
    );
    assert_eq!(
        up("--log none.jsonl --settings windows.json").refusal(3),
        format!("failed to read `none.jsonl`: {none}")
    );
    folder.write("empty.jsonl", "\n");
    assert_eq!(
        up("--log empty.jsonl --settings windows.json").refusal(3),
        "log `empty.jsonl`: empty; expected a request per line"
    );
    let run = folder.admit("diff windows-mdm text.wasm few.yaml");
    assert!(
        run.refusal(3).starts_with("policy `text.wasm`: not a policy component: "),
        "{}",
        run.err
    );
    let run = folder.admit("diff windows-mdm@9.0.0 windows-mdm few.yaml");
    assert!(
        run.refusal(3)
            .starts_with("policy `windows-mdm@9.0.0` is neither a file nor one of the embedded "),
        "{}",
        run.err
    );
}

#[test]
fn a_wrong_command_line_is_refused() {
    let folder = folder();
    for (arguments, problem) in [
        ("diff windows-mdm", "<NEW>"),
        ("diff windows-mdm windows-mdm --log log.jsonl", "--settings <FILE>"),
        ("diff windows-mdm windows-mdm few.yaml --forbid other", "narrowing, widening"),
        ("diff windows-mdm windows-mdm few.yaml --generate 50001", "0..=50000"),
        ("diff windows-mdm windows-mdm few.yaml --seed -1", "-1"),
        ("diff windows-mdm windows-mdm few.yaml --format yaml", "text, json"),
    ] {
        let run = folder.admit(arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments}");
        assert!(run.err.contains(problem), "{arguments}: {}", run.err);
    }
}

#[test]
fn nothing_is_compared_when_both_policies_refuse_the_settings() {
    let folder = folder();
    let mut settings = windows_settings();
    settings["server_url"] = json!("nonsense");
    folder.write("windows.json", settings.to_string());
    log(&folder, &[json!({"claims": claims_v1(), "now": NOW})]);
    let run = folder.admit(&format!("{UP} {LOG} --generate 5 --forbid narrowing"));
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.err.starts_with("admit: nothing was compared: neither policy decides"), "{run:?}");
    assert!(run.err.contains("of the first, the host says: failed"), "{run:?}");
}

#[test]
fn settings_that_a_policy_refuses_admit_nobody() {
    let folder = folder();
    let mut settings = windows_settings();
    settings["client_tenant_pairs"] = json!(["no pair"]);
    folder.write("windows.json", settings.to_string());
    log(&folder, &[json!({"claims": claims_v1(), "now": NOW})]);
    let run = folder.admit(&format!("{UP} {LOG} --format json"));
    let group = &json(&run, 0)["groups"][0];
    // Version 1 does not have the setting, so that this is what the new setting does.
    assert_eq!(group["kind"], "new_setting");
    assert_eq!(group["new"], json!({"outcome": "failed", "reason": "settings"}));
    let detail = group["example"]["new"]["detail"].as_str().unwrap();
    assert!(detail.starts_with("client_tenant_pairs: "), "{detail}");
}
