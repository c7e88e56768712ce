//! `admit test`.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

use admit::cases::section::{self, PackedFile};
use admit_policies::Embedded;
use admit_tests::guests::undeclared;
use serde_json::{Value, json};

use super::run::Folder;
use super::schema;

const CASES: &str = "\
policy: windows-mdm
settings:
  server_url: https://mdm.example.com
  windows_entra_tenant_ids: [3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53]
base: entra-v1
cases:
  - name: a v1.0 token of the tenant
    expect: {allow: {user_name: dana@example.com, user_name_claim: upn}}
  - name: another tenant
    claims: {tid: b7c4d5e6-1f20-4a3b-9c8d-0e1f2a3b4c5d}
    expect: {deny: tenant_not_authorized, claims: [tid], settings: [windows_entra_tenant_ids]}
  - name: a v2.0 token
    base: entra-v2
    expect: {deny: audience_not_authorized}
  - name: expired
    claims: {exp: 1}
    expect: {invalid: token.expired}
";

fn folder(cases: &str) -> Folder {
    let folder = Folder::new();
    folder.write("cases.yaml", cases);
    folder
}

#[test]
fn every_embedded_policy_carries_cases_that_pass_and_reach_everything() {
    let folder = Folder::new();
    for policy in admit_policies::all() {
        let name = format!("{}@{}", policy.name, policy.version);
        let run = folder.admit(&format!("test --policy {name} --min-coverage 100 --fail-on-empty"));
        let text = run.text(0);
        let cases = admit::cases::section::cases(policy.component, policy.name, policy.version);
        let cases: usize = cases.unwrap().iter().map(|set| set.cases.len()).sum();
        assert!(cases >= 140, "{name}: {cases}");
        let sum = format!("\n{} {}: {cases} cases passed in ", policy.name, policy.version);
        assert!(text.contains(&sum), "{text}");
        assert!(text.contains("\ncoverage 100.0 % ("), "{text}");
        assert!(!text.contains("not covered"), "{text}");
    }
}

#[test]
fn a_case_that_fails_is_shown_with_what_has_to_do_with_it() {
    let cases = CASES.replace("{deny: tenant_not_authorized,", "{deny: scope_missing,");
    let run = folder(&cases).admit("test cases.yaml --policy windows-mdm@2.0.0");
    let text = run.text(4);
    let failure = "\
FAILED another tenant
  at         cases.yaml:9
  expected   deny scope_missing; claims: tid; settings: windows_entra_tenant_ids
  got        deny tenant_not_authorized; claims: tid; settings: windows_entra_tenant_ids
  claim      tid = \"b7c4d5e6-1f20-4a3b-9c8d-0e1f2a3b4c5d\"
  setting    windows_entra_tenant_ids = [\"3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53\"]
  rule       failed   tenant
  rule       skipped  token_version
";
    assert!(text.starts_with(failure), "{text}");
    assert!(text.contains("\n\nwindows-mdm 2.0.0: 1 of 4 cases FAILED in "), "{text}");
}

#[test]
fn an_expectation_of_the_wrong_outcome_fails_whatever_came() {
    let rows = [
        (
            "{allow: {user_name: dana@example.com, user_name_claim: upn}}",
            "{allow: {user_name: x}}",
            "allow; user_name: x",
        ),
        (
            "{invalid: token.expired}",
            "allow",
            "got        invalid token.expired (the token expired 1767225599 s ago",
        ),
        (
            "{invalid: token.expired}",
            "{ask: [account.exists]}",
            "expected   ask for account.exists",
        ),
        (
            "{deny: audience_not_authorized}",
            "{deny: audience_not_authorized, claims: []}",
            "claims: aud",
        ),
    ];
    for (before, after, expected) in rows {
        let run =
            folder(&CASES.replace(before, after)).admit("test cases.yaml --policy windows-mdm");
        let text = run.text(4);
        assert!(text.contains(expected), "{expected}\n{text}");
        assert!(text.contains("1 of 4 cases FAILED"), "{text}");
    }
}

#[test]
fn a_case_may_say_what_it_may_cost() {
    let limited = |fuel: u64| {
        let line = "    expect: {allow: {user_name";
        let cases = CASES.replace(line, &format!("    max_fuel: {fuel}\n{line}"));
        folder(&cases).admit("test cases.yaml --policy windows-mdm --run v1.0")
    };
    assert!(limited(1_000_000).text(0).contains("1 case passed"));
    let run = limited(100);
    let text = run.text(4);
    assert!(text.contains("  but        expected at most 100 fuel, got "), "{text}");
}

#[test]
fn cases_are_chosen_by_a_part_of_their_names() {
    let folder = folder(CASES);
    let run = folder.admit("test cases.yaml --policy windows-mdm --run v2.0 --format json");
    let document = schema::test_result(run.text(0));
    assert_eq!(document["summary"]["cases"], 1);
    assert_eq!(document["cases"][0]["name"], "a v2.0 token");
    for (pattern, cases) in [("a*v", 2), ("token*of", 1), ("of*token", 0), ("*", 4), ("ten*t", 2)] {
        let run = folder
            .admit(&format!("test cases.yaml --policy windows-mdm --run {pattern} --format json"));
        assert_eq!(schema::test_result(run.text(0))["summary"]["cases"], cases, "{pattern}");
    }
    let run = folder.admit("test cases.yaml --policy windows-mdm --run nothing");
    assert!(run.text(0).starts_with("windows-mdm 2.0.0: no cases in "), "{run:?}");
    let run = folder.admit("test cases.yaml --policy windows-mdm --run nothing --fail-on-empty");
    assert_eq!(run.code, Some(4));
}

#[test]
fn coverage_names_what_no_case_reached() {
    let folder = folder(CASES);
    let run = folder.admit("test cases.yaml --policy windows-mdm --coverage");
    let text = run.text(0);
    for part in [
        "rule                 passed  failed   asked skipped\n",
        "tenant                    2       1       0       0\n",
        "not covered: no case is stopped by rule `token_version`\n",
        "not covered: no case passes rule `client_tenant_pair`\n",
        "not covered: no case is refused for `scope_missing`\n",
        "; 2 of 16 reasons)\n",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    assert_eq!(
        folder.admit("test cases.yaml --policy windows-mdm --min-coverage 30").code,
        Some(0)
    );
    assert_eq!(
        folder.admit("test cases.yaml --policy windows-mdm --min-coverage 90").code,
        Some(4)
    );
}

#[test]
fn machines_read_the_result_in_three_forms() {
    let cases = CASES.replace("name: another tenant", "name: another <tenant> & more");
    let folder = folder(&cases.replace("{deny: tenant_not_authorized,", "{deny: scope_missing,"));
    let run = folder.admit("test cases.yaml --policy windows-mdm --coverage --format json");
    let document = schema::test_result(run.text(4));
    assert_eq!(document["summary"]["failed"], 1);
    assert_eq!(document["policy"]["version"], "2.0.0");
    let case = &document["cases"][1];
    assert_eq!((&case["line"], &case["result"]), (&Value::from(9), &Value::from("failed")));
    assert_eq!(case["concerned"][0]["claim"], "tid");
    assert_eq!(case["trace"][0]["outcome"], "failed");
    assert!(document["coverage"]["percent"].as_f64().unwrap() < 100.0);

    let run = folder.admit("test cases.yaml --policy windows-mdm --format junit");
    let text = run.text(4);
    let xml = roxmltree::Document::parse(text).unwrap();
    let cases: Vec<_> = xml.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    assert_eq!(cases.len(), 4);
    assert_eq!(cases[1].attribute("name"), Some("another <tenant> & more"));
    let failure = cases[1].children().find(|node| node.has_tag_name("failure")).unwrap();
    assert!(failure.attribute("message").unwrap().starts_with("expected deny scope_missing"));
    assert!(failure.text().unwrap().starts_with("cases.yaml:9\nexpected deny scope_missing"));
    assert!(failure.text().unwrap().contains("\nclaim tid = \"b7c4d5e6"), "{text}");
    assert!(!cases[0].children().any(|node| node.has_tag_name("failure")));

    let run = folder.admit("test cases.yaml --policy windows-mdm --format tap");
    let text = run.text(4);
    assert!(text.starts_with("TAP version 14\n1..4\nok 1 - a v1.0 token of the tenant\nnot ok 2 - another <tenant> & more\n  ---\n  message: \"expected deny scope_missing"), "{text}");
}

#[test]
fn time_and_fuel_of_each_case_can_be_seen() {
    let run = folder(CASES).admit("test cases.yaml --policy windows-mdm --bench");
    let text = run.text(0);
    let line = text.lines().find(|line| line.ends_with("  a v1.0 token of the tenant")).unwrap();
    let mut words = line.split_whitespace();
    assert!(words.next().unwrap().parse::<f64>().unwrap() > 0.0, "{line}");
    assert_eq!(words.next(), Some("us"));
    assert!(words.next().unwrap().parse::<u64>().unwrap() > 1_000, "{line}");
    assert!(text.contains("  expired (not decided by the policy)\n"), "{text}");
}

#[test]
fn a_folder_is_searched_and_cases_for_others_are_left_out() {
    let folder = Folder::new();
    let cases = folder.path("cases");
    std::fs::create_dir_all(cases.join("more")).unwrap();
    std::fs::write(cases.join("a.yaml"), CASES).unwrap();
    std::fs::write(cases.join("more/b.yml"), CASES.replace("policy: windows-mdm", "policy: other"))
        .unwrap();
    std::fs::write(cases.join("more/notes.txt"), "no cases").unwrap();
    let run = folder.admit("test cases --policy windows-mdm");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(
        run.err.contains("for other policies or versions, left out: cases/more/b.yml"),
        "{run:?}"
    );
    assert!(run.out.contains("windows-mdm 2.0.0: 4 cases passed"), "{run:?}");
    let run = folder.admit("test cases/more/b.yml --policy windows-mdm");
    assert_eq!(
        run.refusal(3),
        "cases `cases/more/b.yml`: for `other` *; expected cases for `windows-mdm 2.0.0`"
    );
}

#[test]
fn cases_without_settings_are_played_with_those_of_the_operator() {
    let without = CASES.split_at(CASES.find("settings:").unwrap());
    let rest = without.1.split_at(without.1.find("base:").unwrap()).1;
    let folder = folder(&format!("{}{rest}", without.0));
    let run = folder.admit("test cases.yaml --policy windows-mdm");
    assert_eq!(
        run.refusal(3),
        "cases `cases.yaml`: no `settings`; expected them in the file, or --settings FILE"
    );
    folder.write(
        "live.json",
        r#"{"server_url": "https://mdm.example.com", "windows_entra_tenant_ids": ["3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53"]}"#,
    );
    let run = folder.admit("test cases.yaml --policy windows-mdm --settings live.json");
    assert!(run.text(0).contains("4 cases passed"), "{run:?}");
}

#[test]
fn settings_that_the_policy_refuses_fail_their_cases() {
    let cases = CASES.replace("[3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53]", "[nobody]");
    let run = folder(&cases).admit("test cases.yaml --policy windows-mdm");
    let text = run.text(4);
    assert!(text.contains("failed settings (windows_entra_tenant_ids: `nobody`"), "{text}");
    assert!(text.contains("4 of 4 cases FAILED"), "{text}");
}

#[test]
fn more_settings_than_are_sealed_are_played_with_the_same_answers() {
    let hosts: String = (0..60)
        .map(|host| {
            format!("h{host}: {{settings: {{server_url: 'https://h{host}.example.com'}}}}, ")
        })
        .collect();
    let cases = CASES.split_at(CASES.find("cases:").unwrap()).0;
    let case = |name: &str, aud: &str, expect: &str| {
        format!(
            "  - {{name: {name}, claims: {{aud: '{aud}'}}, expect: {expect}, matrix: {{h: {{{hosts}}}}}}}\n"
        )
    };
    let good = case("all", "https://mdm.example.com", "{deny: audience_not_authorized}");
    let folder = folder(&format!("{cases}cases:\n{good}"));
    let run = folder.admit("test cases.yaml --policy windows-mdm");
    assert!(run.text(0).contains("60 cases passed"), "{run:?}");
    let one = case("one", "https://h59.example.com", "{deny: audience_not_authorized}");
    folder.write("cases.yaml", format!("{cases}cases:\n{one}"));
    let run = folder.admit("test cases.yaml --policy windows-mdm");
    assert!(run.text(4).contains("1 of 60 cases FAILED"), "{run:?}");
    assert!(run.out.starts_with("FAILED one [h59]\n"), "{run:?}");
}

#[test]
fn a_name_that_the_policy_does_not_have_is_said() {
    let cases = CASES
        .replace("{deny: tenant_not_authorized,", "{deny: tenant_not_authorised,")
        .replace("    base: entra-v2\n", "    base: entra-v2\n    facts: {account.exist: true}\n");
    let run = folder(&cases).admit("test cases.yaml --policy windows-mdm");
    let text = run.text(4);
    for part in [
        "  but        expects a refusal for `tenant_not_authorised`, which the policy does not have\n",
        "  but        passes fact `account.exist`, which the policy does not have\n",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn watching_needs_something_that_can_change() {
    let folder = folder(CASES);
    let text = "--watch is for case files, or for a policy in a file, with results as text";
    for arguments in
        ["--policy windows-mdm --watch", "cases.yaml --policy windows-mdm --watch --format tap"]
    {
        assert_eq!(folder.admit(&format!("test {arguments}")).refusal(2), text);
    }
}

#[test]
fn bad_input_is_named_with_its_place() {
    let folder = folder(&CASES.replace("expect: {invalid", "expects: {invalid"));
    folder.write("empty.yaml", "");
    folder.write("utf16.yaml", b"\xff\xfep\0");
    let rows = [
        (
            "test cases.yaml --policy windows-mdm",
            3,
            "cases `cases.yaml`: line 17, column 5: `cases[",
        ),
        ("test missing.yaml --policy windows-mdm", 3, "failed to read `missing.yaml`"),
        (
            "test empty.yaml --policy windows-mdm",
            3,
            "cases `empty.yaml`: empty; expected a case file",
        ),
        ("test utf16.yaml --policy windows-mdm", 3, "text in UTF-16; expected UTF-8"),
        ("test cases.yaml --policy cases.yaml", 3, "policy `cases.yaml`: not a policy component"),
        (
            "test cases.yaml --policy windows",
            3,
            "policy `windows` is neither a file nor one of the embedded",
        ),
        (
            "test cases.yaml --policy windows-mdm --settings nothing.json",
            3,
            "failed to read `nothing.json`",
        ),
    ];
    for (arguments, code, text) in rows {
        let run = folder.admit(arguments);
        assert!(run.refusal(code).contains(text), "{arguments}: {run:?}");
    }
    for arguments in [
        "test cases.yaml",
        "test --policy windows-mdm --min-coverage 101",
        "test --policy windows-mdm --format xml",
    ] {
        assert_eq!(folder.admit(arguments).code, Some(2), "{arguments}");
    }
}

/// A running `admit test --watch`; ended when dropped.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watch {
    fn start(folder: &Folder, arguments: &str) -> Self {
        let mut command = folder.command(&format!("test {arguments} --watch"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads on to a run that comes to this; one change may be played more than once.
    fn until(&mut self, sum: &str) {
        let mut lines = self.lines.by_ref().map(Result::unwrap);
        assert!(lines.any(|line| line.starts_with(sum)), "ended before {sum}");
        assert_eq!(lines.next().as_deref(), Some("watching for changes"));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_changed_case_is_played_again_by_watch() {
    let folder = folder(CASES);
    let mut watch = Watch::start(&folder, "cases.yaml --policy windows-mdm");
    watch.until("windows-mdm 2.0.0: 4 cases passed");
    folder.write("cases.yaml", CASES.replace("allow: {user_name: dana", "allow: {user_name: dan"));
    watch.until("windows-mdm 2.0.0: 1 of 4 cases FAILED");
    folder.write("cases.yaml", CASES);
    watch.until("windows-mdm 2.0.0: 4 cases passed");
}

#[test]
fn a_changed_component_is_played_again_by_watch() {
    let folder = Folder::new();
    let file = PackedFile { name: "c.yaml".to_owned(), bytes: CASES.as_bytes().to_vec() };
    let packed =
        |policy: &Embedded| section::write(policy.component, std::slice::from_ref(&file)).unwrap();
    folder.write("p.wasm", packed(&admit_policies::WINDOWS_MDM_2));
    let mut watch = Watch::start(&folder, "--policy p.wasm");
    watch.until("windows-mdm 2.0.0: 4 cases passed");
    folder.write("new.wasm", packed(&admit_policies::WINDOWS_MDM_1));
    std::fs::rename(folder.path("new.wasm"), folder.path("p.wasm")).unwrap();
    // Version 1 refuses a v2.0 token for its version.
    watch.until("windows-mdm 1.0.0: 1 of 4 cases FAILED");
}

#[test]
fn admit_test_names_what_is_read_and_what_the_policy_does_not_ask_for() {
    let folder = Folder::new();
    folder.write("undeclared.wasm", undeclared());
    let cases = json!({
        "policy": "undeclared", "base": "entra-v2", "settings": {},
        "cases": [
            {"name": "bound", "settings": {"claim": "cnf"}, "claims": {"cnf": {"kid": "k"}}, "expect": {"deny": "refused"}},
            {"name": "renamed", "claims": {"name": "Dana R.", "sub": 7}, "expect": {"deny": "refused"}},
            {"name": "fine", "claims": {"cnf": {"kid": "k"}}, "expect": "allow"},
        ],
    });
    folder.write("cases.json", cases.to_string());
    let run = folder.admit("test cases.json --policy undeclared.wasm");
    let text = run.text(4);
    let (bound, renamed) = text.split_once("FAILED renamed").unwrap();
    assert!(
        bound.contains("reads or points at claim `cnf`, which the policy does not declare"),
        "{text}"
    );
    let note = "  note       claims of the case that the policy does not ask for: ";
    assert!(bound.contains(&format!("{note}`cnf`\n")), "{text}");
    assert!(renamed.contains(&format!("{note}`name`, `sub`\n")), "{text}");
    assert!(!text.contains("FAILED fine") && !text.contains("  but "), "{text}");
}
