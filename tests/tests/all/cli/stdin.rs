//! `-` for standard input, wherever a file is read.

use admit_policies::WINDOWS_MDM_2;
use admit_tests::fixture::claims;
use serde_json::json;

use super::run::{DECIDE, Folder, windows_settings};

/// A configuration that is free to listen anywhere.
const GOOD: &str = "{service: {listen: '127.0.0.1:0'}, admin: {listen: '127.0.0.1:0'}}";

const CASES: &str = "tests/cases/windows-mdm-2.yaml";

fn cases() -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(CASES);
    std::fs::read(path).unwrap()
}

#[test]
fn every_file_that_is_read_can_come_from_standard_input() {
    let folder = Folder::new();
    let keys = std::fs::read(folder.path("keys.json")).unwrap();
    let settings = windows_settings().to_string().into_bytes();
    let token = std::fs::read(folder.path("good.jwt")).unwrap();
    let component = WINDOWS_MDM_2.component.to_vec();
    let request = json!({"claims": claims(), "now": 1_767_225_600}).to_string().into_bytes();
    let with = |from: &str, to: &str| DECIDE.replace(from, to);
    let all = [
        (format!("{DECIDE} -"), &token),
        (DECIDE.to_owned(), &token),
        (format!("{} good.jwt", with("windows.json", "-")), &settings),
        (format!("{} good.jwt", with("keys.json", "-")), &keys),
        (format!("{} good.jwt", with("--policy windows-mdm", "--policy -")), &component),
        (format!("{DECIDE} good.jwt --facts -"), &b"{}".to_vec()),
        ("inspect -".to_owned(), &component),
        ("explain --policy - tenant_not_authorized".to_owned(), &component),
        ("test --policy windows-mdm -".to_owned(), &cases()),
        ("test --policy - ".trim_end().to_owned(), &component),
        ("pack - --out packed.wasm cases.yaml".to_owned(), &component),
        ("pack component.wasm --out packed.wasm -".to_owned(), &cases()),
        ("diff windows-mdm -".to_owned(), &component),
        ("diff windows-mdm windows-mdm --log - --settings windows.json".to_owned(), &request),
        ("issuer token --aud a --claims -".to_owned(), &b"{}".to_vec()),
    ];
    folder.write("cases.yaml", cases());
    folder.write("component.wasm", &component);
    for (arguments, input) in all {
        let run = folder.admit_with(&arguments, input);
        assert_eq!(run.code, Some(0), "{arguments}: {run:?}");
    }
}

#[test]
fn what_is_wrong_with_standard_input_is_said_of_it() {
    let folder = Folder::new();
    let settings = DECIDE.replace("windows.json", "-");
    for (arguments, input, expected) in [
        (
            format!("{settings} good.jwt"),
            "",
            "settings `standard input`: empty; expected a JSON object",
        ),
        ("inspect -".to_owned(), "no", "policy `standard input`: "),
        ("test --policy windows-mdm -".to_owned(), "policy: p", "cases `standard input`: "),
    ] {
        let run = folder.admit_with(&arguments, input);
        assert!(run.refusal(3).starts_with(expected), "{run:?}");
    }
    for arguments in [
        settings.clone(),
        format!("{settings} -"),
        format!("{settings} good.jwt --facts -"),
        format!("{settings} --jsonl"),
    ] {
        let run = folder.admit_with(&arguments, windows_settings().to_string());
        assert!(run.refusal(2).starts_with("standard input is wanted twice"), "{run:?}");
    }
}

#[test]
fn a_server_checks_a_configuration_from_standard_input_and_starts_from_a_file() {
    let folder = Folder::new();
    let run = folder.admit_with("serve --check-config --config -", GOOD);
    assert!(run.text(0).starts_with("`/dev/stdin` can be used\n"), "{run:?}");
    let run = folder.admit_with("serve --check-config --config -", "log: {leve: warn}\n");
    assert_eq!(run.code, Some(3), "{run:?}");
    let run = folder.admit_with("serve --config -", "");
    assert!(run.refusal(2).starts_with("--config - goes only with --check-config"), "{run:?}");
}
