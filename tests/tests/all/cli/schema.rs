//! The schemas in `docs/`, and what they say about real output.

use std::path::PathBuf;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

struct Schema {
    document: Value,
    validator: Validator,
}

impl Schema {
    fn read(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
        let document = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let validator = jsonschema::validator_for(&document).unwrap();
        Self { document, validator }
    }

    fn check(&self, text: &str) -> Value {
        let value = serde_json::from_str(text).unwrap();
        self.check_value(&value);
        value
    }

    fn check_value(&self, value: &Value) {
        let errors: Vec<_> = self.validator.iter_errors(value).map(|e| e.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{value}");
    }
}

/// The schemas, in the order of [`NAMES`].
fn schemas() -> &'static [Schema] {
    static SCHEMAS: OnceLock<Vec<Schema>> = OnceLock::new();
    SCHEMAS
        .get_or_init(|| NAMES.map(|(_, name)| Schema::read(&format!("{name}.schema.json"))).into())
}

/// The verbs that print JSON, with the document in `docs/` that says of which form; and two that none prints.
const NAMES: [(&str, &str); 8] = [
    ("decide", "decision"),
    ("inspect", "inspect"),
    ("test", "test"),
    ("diff", "diff"),
    ("explain", "explain"),
    ("replay", "replay"),
    ("", "cases"),
    ("", "decision-log"),
];

fn schema(name: &str) -> &'static Schema {
    let at = NAMES.iter().position(|(_, known)| *known == name).unwrap();
    &schemas()[at]
}

/// What checks a document that a verb printed.
pub(super) fn of_verb(verb: &str) -> Option<impl Fn(&Value)> {
    let (_, name) = NAMES.iter().find(|(of, _)| *of == verb && !of.is_empty())?;
    Some(|value: &Value| schema(name).check_value(value))
}

/// A case file that is as the schema says.
pub(super) fn case_file(text: &str) -> Value {
    schema("cases").check(text)
}

/// Whether this is a case file as the schema says.
pub(super) fn is_case_file(file: &Value) -> bool {
    schema("cases").validator.is_valid(file)
}

/// A line of a decision log that is as the schema says.
pub(super) fn decision_log_line(text: &str) -> Value {
    schema("decision-log").check(text)
}

#[test]
fn every_member_is_described_and_no_other_is_allowed() {
    for schema in schemas() {
        assert!(jsonschema::meta::is_valid(&schema.document));
        let mut objects = 0;
        check_objects("", &schema.document, &mut objects);
        assert!(objects > 3, "{objects}");
    }
}

fn check_objects(place: &str, schema: &Value, objects: &mut usize) {
    if schema["type"] == "object" && schema["properties"].is_object() {
        *objects += 1;
        assert_eq!(schema["additionalProperties"], json!(false), "{place}");
        for (name, member) in schema["properties"].as_object().unwrap() {
            let place = format!("{place}/{name}");
            let target = member["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/"));
            let described = member["description"].is_string() || target.is_some();
            assert!(described, "{place} is not described");
        }
    }
    let parts = ["properties", "$defs"].into_iter().filter_map(|part| schema[part].as_object());
    for (name, part) in parts.flatten() {
        let place = format!("{place}/{name}");
        if !place.starts_with("//") {
            check_objects(&place, part, objects);
        }
    }
    if schema["items"].is_object() {
        check_objects(&format!("{place}[]"), &schema["items"], objects);
    }
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        assert!(definition["description"].is_string(), "$defs/{name} is not described");
    }
}

#[test]
fn the_schema_of_a_decision_is_strict() {
    let allow = json!({
        "decision_id": "019b76da-a800-7000-8000-000000000000",
        "outcome": "allow",
        "identity": {
            "tenant_id": "f645ad92-e38d-4d1a-b510-d1b09a74a8ca",
            "object_id": "6e5cdf35-9d5e-4d19-8d3a-1b2f7c0a9e44",
        },
        "gate": "windows-mdm",
        "policy": {"name": "windows-mdm", "version": "2.0.0", "digest": format!("sha256:{:064}", 0)},
        "generation": 1,
        "token_version": "2.0",
        "duration_us": 41,
    });
    let valid = |value: &Value| schema("decision").validator.is_valid(value);
    assert!(valid(&allow));
    for (name, value) in [
        ("admitted", json!(true)),
        ("outcome", json!("ok")),
        ("outcome", json!("deny")),
        ("outcome", json!("ask")),
        ("reason", json!("token.expired")),
        ("remedy", json!("nothing")),
        ("id", json!(7)),
        ("identity", json!(null)),
        ("identity", json!({"tenant_id": "f645ad92-e38d-4d1a-b510-d1b09a74a8ca"})),
        ("decision_id", json!("f645ad92-e38d-4d1a-b510-d1b09a74a8ca")),
        ("signature", json!("verified")),
        ("trace", json!([{"rule": "tenant", "outcome": "allow"}])),
    ] {
        let mut changed = allow.clone();
        changed[name] = value;
        assert!(!valid(&changed), "{changed}");
    }
    for name in
        ["decision_id", "outcome", "identity", "gate", "policy", "generation", "duration_us"]
    {
        let mut changed = allow.clone();
        changed.as_object_mut().unwrap().remove(name);
        assert!(!valid(&changed), "without {name}");
    }
}

#[test]
fn the_schema_has_each_reason_for_which_a_decision_fails() {
    let failed = |reason: &str| {
        json!({
            "decision_id": "019b76da-a800-7000-8000-000000000000",
            "outcome": "failed",
            "reason": reason,
            "blame": "host",
            "title": "What happened.",
            "detail": "what the host found",
            "remedy": "What to change.",
            "presentation": {
                "error_id": reason,
                "http_status": 503,
                "user_message": "Try again later.",
                "retry": "no",
            },
            "gate": "windows-mdm",
            "duration_us": 41,
        })
    };
    let codes = admit::reason::HOST_REASONS.iter().map(|reason| reason.code);
    let codes: Vec<_> = codes.filter(|code| !code.starts_with("token.")).collect();
    assert!(codes.contains(&"host.resources"), "{codes:?}");
    for code in codes {
        schema("decision").check(&failed(code).to_string());
    }
}
