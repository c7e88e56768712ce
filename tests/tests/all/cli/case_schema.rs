//! The published form of a case file, and the parser that reads one: they say the same.

use admit::cases::CaseFile;
use serde_json::{Value, json};

use super::schema;

#[test]
fn the_bundled_case_files_are_as_the_schema_says() {
    let folder = format!("{}/cases", env!("CARGO_MANIFEST_DIR"));
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let file: Value = serde_saphyr::from_str(&text).unwrap();
        schema::case_file(&file.to_string());
        files += 1;
    }
    assert_eq!(files, 3);
}

fn good() -> Value {
    json!({
        "policy": "p",
        "version": ">=1, <3",
        "now": "2026-01-01T00:00:00Z",
        "settings": {"a": ["x"], "b": null},
        "bases": {"mine": {"from": "entra-v1", "claims": {"scp": null}}},
        "base": "mine",
        "cases": [
            {"name": "n", "version": "<3", "expect": "allow"},
            {"name": "m", "base": "entra-v2", "claims": {"tid": "t"}, "settings": {"a": null},
             "facts": {"f": true}, "now": 7, "max_fuel": 9,
             "matrix": {"axis": {"one": {"expect": {"deny": "r", "claims": ["tid"]}}, "two": {}}},
             "expect": {"ask": ["f"], "identity": {"user_name": null}}},
        ],
    })
}

#[test]
fn schema_and_parser_refuse_the_same() {
    let changes: [(&str, Value, bool); 28] = [
        ("/policy", json!("p"), true),
        ("/policy", json!(["p"]), false),
        ("/now", json!(0), true),
        ("/now", json!(-1), false),
        ("/now", json!([]), false),
        ("/settings", json!([]), false),
        ("/bases/mine", json!({"claim": {}}), false),
        ("/bases/mine/from", json!([]), false),
        ("/base", json!(["mine"]), false),
        ("/cases", json!({}), false),
        ("/cases/0", json!({"expect": "allow"}), false),
        ("/cases/0", json!({"name": "n", "expects": "allow"}), false),
        ("/cases/0/version", json!("^3.1"), true),
        ("/cases/0/version", json!(["<3"]), false),
        ("/cases/0/expect", json!("deny"), false),
        ("/cases/0/expect", json!({}), false),
        ("/cases/0/expect", json!({"allow": {"user_name": "x"}}), true),
        ("/cases/0/expect", json!({"allow": {"user": "x"}}), false),
        ("/cases/0/expect", json!({"allow": {}, "identity": {}}), false),
        ("/cases/0/expect", json!({"deny": "r", "settings": [], "facts": []}), true),
        ("/cases/0/expect", json!({"deny": "r", "invalid": "c"}), false),
        ("/cases/0/expect", json!({"deny": ["r"]}), false),
        ("/cases/0/expect", json!({"invalid": "token.expired"}), true),
        ("/cases/0/expect", json!({"invalid": "token.expired", "claims": []}), false),
        ("/cases/1/claims", json!("tid"), false),
        ("/cases/1/max_fuel", json!(-1), false),
        ("/cases/1/matrix/axis", json!({"one": {"max_fuel": 7}}), false),
        ("/cases/1/matrix/axis", json!({"one": {"base": "entra-v1", "now": 7}}), true),
    ];
    assert!(agree(&good()), "{}", good());
    for (place, value, expected) in changes {
        let mut file = good();
        *file.pointer_mut(place).unwrap() = value;
        assert_eq!(agree(&file), expected, "{place}: {file}");
    }
    let mut file = good();
    file["more"] = json!(1);
    assert!(!agree(&file));
}

/// Whether the file is of the form; both must say so.
fn agree(file: &Value) -> bool {
    let parsed = CaseFile::parse(&file.to_string());
    let valid = schema::is_case_file(file);
    assert_eq!(parsed.is_ok(), valid, "{file}: {:?}", parsed.err());
    valid
}
