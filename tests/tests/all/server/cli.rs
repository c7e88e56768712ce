//! The verbs that ask and change a running server.

use admit_policies::WINDOWS_MDM_1;
use admit_tests::clock::wait_until;
use admit_tests::fixture::{CLIENT, TID};
use serde_json::{Value, json};

use super::shell::{Run, Shell};
use super::start::{Server, token, windows_gate};
use super::stub::{Stub, answer};

/// The gate, and a version that does not know all its settings.
const OLD: &str = "windows-mdm windows-mdm@1.0.0";
const DROP: &str = "--drop windows_entra_client_ids";
const OTHER: &str = "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31";

/// Of the form of an access token; nobody has it.
const UNKNOWN: &str = "admit_AAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[track_caller]
fn assert_in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("no `{part}`: {text}"));
        rest = after;
    }
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_status_says_what_came_and_what_is_configured() {
    let server = Server::serving();
    let shell = Shell::of(&server);
    let decision = server.decide("windows-mdm", &token(json!({"aud": OTHER})));
    assert_eq!(decision["reason"], "audience_not_authorized");

    let status = shell.prints("status windows-mdm");
    let id = decision["decision_id"].as_str().unwrap();
    assert_in_order(
        &status,
        &[
            &format!("Admit {} at {}\n", env!("CARGO_PKG_VERSION"), server.admin_address()),
            "\n  keys       public: 1 usable, from a file\n",
            "\nwindows-mdm: serving\n  policy     windows-mdm 2.0.0 (sha256:",
            "\n  release    generation 1, revision 1, cloud public\n  attempt    20",
            "  start  activated\n  refused    1 x deny audience_not_authorized; last 20",
            &format!(", decision {id}\n"),
            &format!("  came       claim aud = \"{OTHER}\"\n"),
            &format!("  configured windows_entra_client_ids = [\"{CLIENT}\"]\n"),
        ],
    );
    assert_eq!(shell.prints("status"), status, "the one gate");
    let answered = server.admin().get("/v1/status").text();
    assert_eq!(shell.prints("status --output json"), answered + "\n");
    let no_gate = "the server has no gate `nope`; it has `windows-mdm`";
    assert_eq!(shell.refuses("status nope", 3), no_gate);
}

#[test]
fn the_status_shows_a_gate_without_a_release_and_the_repository() {
    let gitops = json!({"gitops": {"repository": "https://git.example.com/mdm"}});
    let server = Server::start(&gitops);
    let status = Shell::of(&server).prints("status");
    assert_in_order(
        &status,
        &[
            "  gitops     https://git.example.com/mdm; only the role gitops may write\n",
            "\nwindows-mdm: unconfigured\n  problem    its settings are not complete: server_url: ",
            "\n  policy     windows-mdm 2.0.0 (sha256:",
            "\nintune-mam: unconfigured\n",
        ],
    );
}

#[test]
fn a_policy_is_checked_tried_promoted_and_taken_back() {
    let server = Server::serving();
    let shell = Shell::of(&server);
    let checked = shell.prints(&format!("policy activate {OLD} --dry-run {DROP}"));
    assert_in_order(
        &checked,
        &[
            "windows-mdm: checked, windows-mdm 1.0.0 (sha256:",
            "nothing was changed\n  steps      inspect ",
        ],
    );
    assert!(checked.contains("kept       settings that do not count: windows_entra_client_ids\n"));

    shell.prints("policy activate windows-mdm windows-mdm@1.0.0 --candidate");
    let good = token(json!({}));
    server.decide("windows-mdm", &good);
    let candidate = || shell.prints("policy candidate windows-mdm");
    wait_until("the candidate's decision", || candidate().contains("1 decided, 0 agreed, 1 diff"));
    assert_in_order(
        &candidate(),
        &[
            "windows-mdm: windows-mdm 1.0.0 (sha256:",
            "  differed   1 x allow -> deny ",
            "  example    20",
            &format!("             aud = \"{CLIENT}\"\n"),
        ],
    );
    let status = shell.prints("status");
    assert!(status.contains("  candidate  windows-mdm 1.0.0 (sha256:"), "{status}");
    let refused = shell.refuses("policy promote windows-mdm --max-differences 0", 1);
    let text = "of the candidate's decisions, 1 differed; at most 0 were allowed";
    assert_eq!(refused, text);

    let promoted = shell.prints(&format!("policy promote windows-mdm --max-differences 1 {DROP}"));
    assert!(promoted.starts_with("windows-mdm: activated windows-mdm 1.0.0 ("), "{promoted}");
    assert_eq!(server.decide("windows-mdm", &good)["outcome"], "deny");
    assert!(shell.prints("policy describe windows-mdm").starts_with("windows-mdm 1.0.0\n"));
    assert_eq!(
        shell.refuses("policy candidate windows-mdm", 3),
        "gate `windows-mdm` has no candidate"
    );

    let back = json_of(&shell.prints("policy rollback windows-mdm --output json"));
    assert_eq!((&back["result"], &back["generation"]), (&json!("activated"), &json!(3)));
    assert_eq!(server.decide("windows-mdm", &good)["outcome"], "allow");
    let described = shell.prints("policy describe windows-mdm");
    assert_in_order(
        &described,
        &[
            "windows-mdm 2.0.0\n",
            "\nSettings\n  server_url: URL (required)\n",
            "\nRules, in this order\n",
        ],
    );

    let releases = shell.prints("policy releases windows-mdm --limit 2");
    assert_in_order(
        &releases,
        &[
            "3  20",
            "  first (admin)  rollback  activated  ACTIVE\n  policy     windows-mdm 2.0.0 (sha256:",
            "), generation 3\n2  20",
            "  first (admin)  promote  activated\n  policy     windows-mdm 1.0.0 (sha256:",
            "\nmore with --before 2\n",
        ],
    );
    let first = shell.prints("policy releases windows-mdm --before 2");
    assert_eq!(first.lines().count(), 2, "{first}");
}

#[test]
fn a_candidate_is_ended() {
    let server = Server::serving();
    let shell = Shell::of(&server);
    shell.prints("policy activate windows-mdm windows-mdm@1.0.0 --candidate");
    assert_eq!(shell.prints("policy candidate windows-mdm --end"), "windows-mdm: ended\n");
    let none = "gate `windows-mdm` has no candidate";
    assert_eq!(shell.refuses("policy candidate windows-mdm --end", 3), none);
}

#[test]
fn a_component_comes_from_a_file_with_settings_in_one_go() {
    let server = Server::serving();
    let shell = Shell::of(&server);
    shell.write("policy.wasm", WINDOWS_MDM_1.component);
    shell.write("patch.yaml", "windows_entra_client_ids: null\nscopes: [mdm_delegation, more]\n");
    let activate = "policy activate windows-mdm policy.wasm";
    let activated = shell.prints(&format!("{activate} --settings patch.yaml --output json"));
    let report = json_of(&activated);
    assert_eq!((&report["result"], &report["generation"]), (&json!("activated"), &json!(2)));
    let settings = server.admin().get("/v1/gates/windows-mdm/settings").json(200);
    assert_eq!(settings["policy"]["version"], "1.0.0");
    assert_eq!(settings["settings"]["scopes"], json!(["mdm_delegation", "more"]));
    assert_eq!(settings["unknown"], json!({}));
    let again = shell.prints(activate);
    assert!(again.starts_with("windows-mdm: has this release already, "), "{again}");

    shell.write("patch.json", r#"{"scopes": ["a b"], "server_url": null}"#);
    let refused = shell.refuses(&format!("{activate} --settings patch.json"), 1);
    let lines: Vec<_> = refused.lines().collect();
    assert_eq!(lines[0], "Validation Failed");
    assert!(lines[1..].iter().any(|line| line.starts_with("  scopes: `a b` is not a scope; ")));
    assert!(lines[1..].iter().any(|line| line.starts_with("  server_url: missing; ")));
    let needs = "  gate `windows-mdm` needs `server_url`: give each a value with `--settings FILE`";
    assert_eq!(lines.last(), Some(&needs));

    shell.write("text.wasm", "no component");
    let refused = shell.refuses("policy activate windows-mdm text.wasm", 1);
    assert_in_order(
        &refused,
        &[
            "activation failed at step inspect: not a policy component: ",
            "\n  failed step: inspect",
        ],
    );
    let releases = shell.prints("policy releases windows-mdm --limit 1");
    assert_in_order(&releases, &["policy  refused at inspect\n", "  error      not a policy"]);
}

#[test]
fn what_is_wrong_with_a_policy_or_its_settings_is_said_before_or_by_the_server() {
    let server = Server::serving();
    let shell = Shell::of(&server);
    let activate = |rest: &str| format!("policy activate windows-mdm {rest}");
    shell.write("twice.yaml", "a: 1\nb: 2\na: 3\n");
    let wrong = "settings `twice.yaml`: `a` is there twice, on lines 1 and 3";
    assert_eq!(shell.refuses(&activate("windows-mdm --settings twice.yaml"), 3), wrong);
    let none = shell.refuses(&activate("none.wasm"), 3);
    assert!(none.starts_with("failed to read `none.wasm`: "), "{none}");
    let unknown = shell.refuses(&activate("nope@9.0.0"), 1);
    assert!(unknown.starts_with("`policy`: `nope@9.0.0` is not bundled; expected one of `win"));
    shell.write("unknown.yaml", "nope: [x]\n");
    let unknown = shell.refuses(&activate("windows-mdm --settings unknown.yaml"), 1);
    let text = "settings that the policy does not have, or of another type\n  nope: ";
    assert!(unknown.starts_with(text), "{unknown}");
    let both = shell.refuses(&activate("windows-mdm --dry-run --candidate"), 2);
    assert!(both.contains("cannot be used with"), "{both}");
}

#[test]
fn activities_are_listed_and_filtered() {
    let server = Server::serving();
    let shell = Shell::of(&server);
    let path = "/v1/gates/windows-mdm/settings";
    let change = |ids: Value| server.admin().patch(path, &json!({"windows_entra_client_ids": ids}));
    change(json!([CLIENT, OTHER])).json(200);
    change(json!([CLIENT])).json(200);
    let list = |filter: &str| shell.prints(format!("activities {filter}").trim_end());

    let newest = list("--limit 1");
    assert_in_order(
        &newest,
        &[
            &format!("Z  {}  first (admin)  windows-mdm  ", &server.token()["admit_".len()..][..8]),
            "deleted_microsoft_entra_client_id  client_id=",
            &format!("{OTHER}\nmore with --before "),
        ],
    );
    let before = newest.split_whitespace().last().unwrap();
    let added = list(&format!("--limit 1 --before {before}"));
    assert!(added.contains("  added_microsoft_entra_client_id  "), "{added}");
    let of_type = list("--type added_microsoft_entra_client_id --actor first");
    assert_eq!(of_type.lines().count(), 1, "{of_type}");
    for filter in ["--gate nope", "--actor nobody", "--until 2020-01-01T00:00:00Z"] {
        let run = shell.run(&format!("activities {filter}"));
        assert_eq!((&*run.out, &*run.err), ("", "admit: no activity is of these\n"), "{filter}");
    }
    assert_eq!(list("--since 2020-01-01T00:00:00Z"), list(""));
    let all = json_of(&list("--output json"));
    let tenants = json!("added_microsoft_entra_tenant");
    assert!(all["activities"].as_array().unwrap().iter().any(|one| one["type"] == tenants));
    assert!(shell.refuses("activities --since yesterday", 2).contains("2026-01-01T00:00:00Z"));
}

#[test]
fn an_access_token_is_created_alone_on_standard_output_listed_and_revoked() {
    let server = Server::serving();
    let shell = Shell::of(&server);
    let created = shell.run("access create --name pipeline --role gitops");
    let token = created.out.strip_suffix('\n').unwrap();
    let id = &token["admit_".len()..][..8];
    assert!(token.starts_with("admit_") && !token.contains(char::is_whitespace), "{token}");
    let said = format!("access token {id} of `pipeline`, role gitops; shown this once");
    assert_eq!((created.code, created.said()), (Some(0), said));

    let holder = shell.with_token(token);
    assert!(holder.prints("status").contains("windows-mdm: serving"));
    assert_eq!(holder.refuses("access list", 3), "the role `gitops` may not do this");
    let list = shell.prints("access list");
    assert_in_order(
        &list,
        &["  admin       first  created 20", &format!("\n{id}  gitops      pipeline")],
    );
    assert!(!list.contains(token));

    assert_eq!(shell.prints(&format!("access revoke {id}")), format!("{id}: revoked\n"));
    let revoked = "the access token is not one of this server, or was revoked";
    assert_eq!(holder.refuses("status", 3), revoked);
    let list = shell.prints("access list");
    assert_in_order(&list, &[&format!("\n{id}  gitops      pipeline"), ", REVOKED 20"]);
    let gone = "there is no access token with this id that counts";
    assert_eq!(shell.refuses(&format!("access revoke {id}"), 3), gone);
    let unnamed = shell.command("access create --role observer --name").arg("").output().unwrap();
    let unnamed = Run::from(unnamed);
    let text = "`name`: 0 characters; expected 1 to 64 printable characters, not only spaces";
    assert_eq!((unnamed.code, unnamed.said()), (Some(1), text.to_owned()));
    assert!(shell.refuses("access create --name x --role root", 2).contains("[possible values: "));
}

#[test]
fn the_access_token_comes_from_a_file_standard_input_or_the_environment() {
    let server = Server::serving();
    let shell = Shell::of(&server);
    let nobody = shell.with_token(UNKNOWN);
    nobody.write("token", format!("{}\r\n", server.token()));
    let first = nobody.prints("access list --access-token-file token");
    let mut command = nobody.command("access list --access-token-file -");
    command.env_remove("ADMIT_ACCESS_TOKEN");
    assert_eq!(nobody.run_with(command, server.token()).printed(), first);

    let revoked = "the access token is not one of this server, or was revoked";
    assert_eq!(nobody.refuses("access list", 3), revoked);
    let missing = shell.with_token("").refuses("access list", 2);
    assert!(missing.starts_with("an access token is needed; expected it in the environment "));
    // A token of a user is sent nowhere.
    nobody.write("user", token(json!({})));
    let other = "`user` holds no access token; expected `admit_...`";
    assert_eq!(nobody.refuses("access list --access-token-file user", 3), other);
    let other =
        "the environment variable `ADMIT_ACCESS_TOKEN` holds no access token; expected `admit_...`";
    assert_eq!(shell.with_token("two words").refuses("access list", 3), other);
}

#[test]
fn the_example_in_the_help_of_apply_is_a_file_of_gates() {
    let server = Server::start(&windows_gate());
    let shell = Shell::of(&server);
    let help = shell.prints("apply --help");
    let (_, example) = help.split_once("\n  gates:\n").unwrap();
    let (example, _) = example.split_once("\n\n").unwrap();
    assert!(example.lines().all(|line| line.len() < 80), "{example}");
    shell.write("example.yaml", format!("  gates:\n{example}\n"));
    let applied = shell.prints("apply -f example.yaml --dry-run");
    assert!(applied.starts_with("windows-mdm:\n"), "{applied}");
}

#[test]
fn roles_and_gates_that_do_not_fit_are_told_by_exit_code_3() {
    let server = Server::start(&windows_gate());
    let shell = Shell::of(&server);
    let observer = shell.with_token(&server.create_access("observer"));
    observer.prints("status");
    let may_not = "the role `observer` may not do this";
    assert_eq!(observer.refuses("policy rollback windows-mdm", 3), may_not);
    assert_eq!(observer.refuses("policy activate windows-mdm windows-mdm", 3), may_not);
    assert_eq!(shell.refuses("policy rollback nope", 3), "there is no gate `nope`");
    assert_eq!(shell.refuses("policy rollback ../access", 3), "there is no gate `../access`");
    let nothing = "gate `windows-mdm` has no release to roll back to";
    assert_eq!(shell.refuses("policy rollback windows-mdm", 1), nothing);
}

#[test]
fn an_access_token_is_not_sent_in_the_clear_to_another_machine_nor_after_a_redirect() {
    let elsewhere = Stub::start(vec![("GET /v1/status", answer("200 OK", "", "{}"))]);
    let location = format!("location: {}/v1/status\r\n", elsewhere.url());
    let stub = Stub::start(vec![("GET /v1/status", answer("302 Found", &location, ""))]);
    let shell = Shell::at(&stub.url(), UNKNOWN);
    let text = format!("the answer of {}, with status 302, is not one of Admit", stub.url());
    assert_eq!(shell.refuses("status", 3), text);
    assert_eq!(stub.requests(), ["GET /v1/status"]);
    assert_eq!(elsewhere.requests(), [""; 0]);

    let clear = shell.refuses("status --server http://admit.example.com:7421", 2);
    assert!(
        clear.starts_with("`http://admit.example.com:7421` would have the access token travel")
    );
    let bad = shell.refuses("status --server 127.0.0.1:7421", 2);
    assert!(bad.starts_with("`127.0.0.1:7421` is not the address of a server; expected "), "{bad}");
}

#[test]
fn what_is_not_admit_and_what_is_not_there_is_told() {
    let page = answer("200 OK", "content-type: text/html\r\n", "<html>\u{1b}[2J</html>");
    let stub = Stub::start(vec![
        ("GET /v1/status", page),
        ("POST /v1/gates/g/rollback", answer("502 Bad Gateway", "", "bad gateway")),
    ]);
    let shell = Shell::at(&stub.url(), UNKNOWN);
    let not_admit =
        |status| format!("the answer of {}, with status {status}, is not one of Admit", stub.url());
    assert_eq!(shell.refuses("status", 3), not_admit(200));
    assert_eq!(shell.refuses("status --output json", 3), not_admit(200));
    assert_eq!(shell.refuses("policy rollback g", 3), not_admit(502));
    let closed = shell.refuses("activities", 3);
    assert!(closed.starts_with(&format!("no answer from {}: ", stub.url())), "{closed}");

    let gone = stub.url();
    drop(stub);
    let refused = Shell::at(&gone, UNKNOWN).refuses("status", 3);
    assert!(refused.starts_with(&format!("no answer from {gone}: ")), "{refused}");
}

#[test]
fn what_a_server_says_is_printed_without_what_a_terminal_obeys() {
    let body = json!({
        "gate": "g\u{7}", "result": "activated", "release": "r", "generation": 1, "revision": 1,
        "policy": {"name": "p\u{1b}[2J", "version": "1\r", "digest": "d\u{202e}"},
        "steps": [{"step": "inspect", "ok": true}], "unknown": {"x\u{9b}": 1},
        "rehearsed": {"component": 1, "operator": 0},
    });
    let stub =
        Stub::start(vec![("POST /v1/gates/g/rollback", answer("200 OK", "", &body.to_string()))]);
    let shell = Shell::at(&stub.url(), UNKNOWN);
    let printed = shell.prints("policy rollback g");
    assert!(printed.contains("p\\u{1b}[2J 1\\r (d\\u{202e})"), "{printed}");
    assert!(
        !printed.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')),
        "{printed}"
    );
    assert_eq!(shell.prints("policy rollback g --output json"), format!("{body}\n"), "unchanged");
}

#[test]
fn settings_stay_when_only_the_policy_changes() {
    let server = Server::serving();
    let shell = Shell::of(&server);
    shell.prints(&format!("policy activate {OLD} {DROP}"));
    let settings = server.admin().get("/v1/gates/windows-mdm/settings").json(200);
    assert_eq!(settings["settings"]["windows_entra_tenant_ids"], json!([TID]));
    assert_eq!(settings["unknown"]["windows_entra_client_ids"], json!([CLIENT]));
}
