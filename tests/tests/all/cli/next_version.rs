//! A next version of a policy: `windows-mdm` 3, which uses version 2 instead of copying it.

use std::fs;

use admit::cases::section::{self, PackedFile};
use admit_guest::Policy;
use admit_tests::guests::windows_mdm_3;
use serde_json::{Value, json};

use super::folder::Folder;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../policy/examples/windows-mdm-3");
const CASES_BEFORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cases/windows-mdm-2.yaml");

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The component with the cases of version 2 and with its own.
fn packed() -> Vec<u8> {
    let file = |name: &str, text: String| PackedFile { name: name.to_owned(), bytes: text.into() };
    let own = read(&format!("{FOLDER}/cases.yaml"));
    let files = [file("windows-mdm-2.yaml", read(CASES_BEFORE)), file("cases.yaml", own)];
    section::write(&windows_mdm_3(), &files).unwrap()
}

fn names(description: &Value, list: &str, name: &str) -> Vec<String> {
    let items = description[list].as_array().unwrap().iter();
    items.map(|item| item[name].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_next_version_has_all_of_the_one_before_and_its_own() {
    let folder = Folder::new();
    folder.write("v3.wasm", packed());
    let described = |policy: &str| {
        let run = folder.admit(&format!("inspect {policy} --output json"));
        let inspected: Value = serde_json::from_str(run.text(0)).unwrap();
        inspected["description"].clone()
    };
    let (before, after) = (described("windows-mdm@2.0.0"), described("v3.wasm"));
    assert_eq!((&after["name"], &after["version"]), (&before["name"], &json!("3.0.0")));
    for (list, name, added, behind) in [
        ("settings", "name", &["max_sign_in_age_minutes"][..], "token_versions"),
        ("rules", "name", &["recent_sign_in"], "bearer_token"),
        ("reasons", "code", &["sign_in_time_missing", "sign_in_too_old"], "user_name_invalid"),
    ] {
        let mut expected = names(&before, list, name);
        let place = 1 + expected.iter().position(|name| name == behind).unwrap();
        expected.splice(place..place, added.iter().map(|&name| name.to_owned()));
        assert_eq!(names(&after, list, name), expected, "{list}");
    }
}

/// All cases of version 2 hold, natively (in the crate's own test) and in the sandbox.
#[test]
fn a_next_version_is_tested_with_the_cases_of_the_one_before() {
    let folder = Folder::new();
    folder.write("v3.wasm", packed());
    let run = folder.admit("test --policy v3.wasm --min-coverage 100 --fail-on-empty");
    let text = run.text(0);
    let sets = section::cases(&packed(), "windows-mdm", "3.0.0").unwrap();
    let [before, own] = [0, 1].map(|set| sets[set].cases.len());
    assert!(before >= 370 && own >= 9, "{before} and {own}");
    let sum = format!("\nwindows-mdm 3.0.0: {} cases passed in ", before + own);
    assert!(text.contains(&sum) && !text.contains("not covered"), "{text}");
}

#[test]
fn a_next_version_decides_as_the_one_before_until_it_is_configured() {
    let folder = Folder::new();
    folder.write("v3.wasm", packed());
    let run = folder.admit(
        "diff windows-mdm@2.0.0 v3.wasm --generate 500 --forbid narrowing --forbid widening",
    );
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
}

#[test]
fn the_guide_shows_the_next_version_as_it_is_built() {
    let guide = read(concat!(env!("CARGO_MANIFEST_DIR"), "/../policy/README.md"));
    let lib = read(&format!("{FOLDER}/src/lib.rs"));
    for (file, text) in
        [("src/lib.rs", &lib), ("tests/cases.rs", &read(&format!("{FOLDER}/tests/cases.rs")))]
    {
        assert!(guide.contains(text.trim_end()), "policy/README.md does not show {file} as it is");
    }
    // What an author writes beside the texts of reasons and settings.
    let lines =
        lib.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with("//"));
    assert!(lines.count() <= 80, "a next version is short");
}

/// Read natively, so that the claims of the version before cannot be forgotten.
#[test]
fn what_the_rules_before_read_is_declared() {
    let claims = windows_mdm_3::WindowsMdm::ABOUT.claims;
    let before = windows_mdm_2::WindowsMdm::ABOUT.claims;
    assert_eq!(claims.split_last(), Some((&"auth_time", before)));
}
