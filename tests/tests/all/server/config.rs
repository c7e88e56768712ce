//! The published form of a configuration, the page about it, and the loader: they say the same.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use admit_server::config::{Config, ConfigError, Sources, load};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// A file of `docs/`.
fn document(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| serde_json::from_str(&document("config.schema.json")).unwrap())
}

fn is_valid(file: &Value) -> bool {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    VALIDATOR.get_or_init(|| jsonschema::validator_for(schema()).unwrap()).is_valid(file)
}

fn load_text(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("admit.yaml");
    std::fs::write(&file, text).unwrap();
    // Without the folder, which is another one each time.
    load(Sources { file: Some(file), ..Sources::default() }).map(|config| Config {
        data_dir: config.data_dir.strip_prefix(folder.path()).unwrap_or(&config.data_dir).into(),
        ..config
    })
}

fn load_json(file: &Value) -> Result<Config, ConfigError> {
    load_text(&file.to_string())
}

/// Every key with a value that is not the default, but for the gate's settings.
fn good() -> Value {
    json!({
        "service": {"listen": "[::1]:1", "access": "none"},
        "admin": {"listen": "127.0.0.1:2", "hosts": ["a.example.com", "[::1]"]},
        "data_dir": "d",
        "log": {"level": "trace", "format": "json"},
        "gitops": {"repository": "git@git.example.com:mdm"},
        "keys": {
            "public": {"address": "https://example.com/keys", "cool_down_seconds": 1,
                "refresh_after_seconds": 2, "max_age_seconds": 3,
                "keep_vanished_seconds": 0, "timeout_seconds": 4},
            "china": {"file": "keys.json"},
        },
        "gates": {"g": {
            "policy": "windows-mdm@1.0.0", "settings": {"a": "x", "b": ["y"], "c": 1, "d": true},
            "cloud": "china", "leeway_seconds": 0, "max_lifetime_seconds": 1, "cases": "c.yaml",
            "source": {"path": "p", "interval_seconds": 1, "follow_links_outside": true},
        }},
        "limits": {"body_bytes": 1024, "header_seconds": 1, "idle_seconds": 1, "body_seconds": 1, "connections": 1,
            "decisions": 1, "batch": 1, "unready_seconds": 1, "drain_seconds": 0},
        "decision_log": {"to": "log.jsonl", "allows": 1, "when_full": "block", "buffer": 1,
            "claims": []},
        "fault_revert": {"faults": 1, "within_seconds": 1},
        "store": {"activities": 100, "activity_days": 1, "attempts": 10, "releases": 2,
            "revoked_access_days": 1},
    })
}

/// What schema and loader say.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Say {
    /// Both take it.
    Good,
    /// Both refuse it.
    Bad,
    /// Only the loader refuses it: no schema can say why, or only at the cost of being read.
    OnlyLoader,
}

fn said(file: &Value) -> Say {
    let loaded = load_json(file);
    match (is_valid(file), loaded.is_ok()) {
        (true, true) => Say::Good,
        (false, false) => Say::Bad,
        (true, false) => Say::OnlyLoader,
        (false, true) => panic!("the schema refuses what the loader takes: {file}"),
    }
}

#[test]
fn schema_and_loader_refuse_the_same() {
    use Say::{Bad, Good};
    assert_eq!(said(&good()), Good);
    for (file, expected) in [
        (json!(null), Good),
        (json!({}), Good),
        (json!([]), Bad),
        (json!("x"), Bad),
        (
            json!({"service": null, "admin": null, "log": null, "keys": null, "limits": null,
            "fault_revert": null, "store": null}),
            Good,
        ),
        (json!({"gates": {"g": null}, "keys": {"public": null}}), Good),
        (json!({"more": 1}), Bad),
        (json!({"x-more": 1, "x-": [{"a": {}}]}), Good),
        (json!({"X-more": 1}), Bad),
        (json!({"limits": {"x-more": 1}}), Bad),
        (json!({"gates": {"g": {"x-more": 1}}}), Bad),
    ] {
        assert_eq!(said(&file), expected, "{file}");
    }
    for (place, value, expected) in changes() {
        let mut file = good();
        *file.pointer_mut(place).unwrap() = value;
        assert_eq!(said(&file), expected, "{place}: {file}");
    }
}

fn changes() -> Vec<(&'static str, Value, Say)> {
    use Say::{Bad, Good, OnlyLoader};
    vec![
        ("/service", json!([]), Bad),
        ("/service", json!({"listen": "127.0.0.1:1", "hosts": []}), Bad),
        ("/service/listen", json!("unix:/run/admit.sock"), Good),
        ("/service/listen", json!("unix:"), Bad),
        ("/service/listen", json!("localhost:1"), Bad),
        ("/service/listen", json!("127.0.0.1"), Bad),
        ("/service/listen", json!(7420), Bad),
        ("/service/listen", json!("127.0.0.256:1"), OnlyLoader),
        ("/service/listen", json!("127.0.0.1:65536"), OnlyLoader),
        ("/service/listen", json!("127.0.0.1:2"), OnlyLoader),
        ("/service/listen", json!("0.0.0.0:1"), OnlyLoader),
        ("/service/access", json!("None"), Bad),
        ("/service/access", json!(null), Bad),
        ("/admin/listen", json!("unix:/run/admit.sock"), Bad),
        ("/admin/hosts", json!("a.example.com"), Bad),
        ("/admin/hosts", json!(["a.example.com:443"]), Bad),
        ("/admin/hosts", json!([""]), Bad),
        ("/admin/hosts", json!([1]), Bad),
        ("/data_dir", json!(""), Bad),
        ("/data_dir", json!(1), Bad),
        ("/log/level", json!("loud"), Bad),
        ("/log/format", json!(true), Bad),
        ("/gitops", json!(null), Bad),
        ("/gitops", json!({}), Bad),
        ("/gitops/repository", json!(""), Bad),
        ("/gitops/repository", json!("a\nb"), Bad),
        ("/gitops/repository", json!("https://bot:secret@git.example.com/mdm"), Bad),
        ("/gitops/repository", json!("https://bot@git.example.com/mdm"), Bad),
        ("/gitops/repository", json!("ssh://git@git.example.com/mdm"), Good),
        ("/gitops/repository", json!("ssh://git:secret@git.example.com/mdm"), Bad),
        ("/keys", json!({"germany": {}}), Bad),
        ("/keys/public/address", json!("http://127.0.0.1:1/keys"), Good),
        ("/keys/public/address", json!("ftp://example.com"), Bad),
        ("/keys/public/address", json!("https://a@example.com"), Bad),
        ("/keys/public/address", json!("http://example.com"), OnlyLoader),
        ("/keys/public/cool_down_seconds", json!(0), Bad),
        ("/keys/public/cool_down_seconds", json!(3601), Bad),
        ("/keys/public/refresh_after_seconds", json!(86401), Bad),
        ("/keys/public/refresh_after_seconds", json!(3), Good),
        ("/keys/public/refresh_after_seconds", json!(4), OnlyLoader),
        ("/keys/public/max_age_seconds", json!(604800), Good),
        ("/keys/public/max_age_seconds", json!(604801), Bad),
        ("/keys/public/keep_vanished_seconds", json!(3), Good),
        ("/keys/public/keep_vanished_seconds", json!(4), OnlyLoader),
        ("/keys/public/keep_vanished_seconds", json!(3601), Bad),
        ("/keys/public/timeout_seconds", json!(61), Bad),
        ("/keys/china/file", json!(""), Bad),
        ("/keys/china", json!({"file": "f", "address": "https://example.com"}), Bad),
        ("/keys/china", json!({"file": "f", "cool_down_seconds": 1}), Bad),
        ("/keys/china", json!({"file": "f", "keep_vanished_seconds": 1}), Bad),
        ("/keys/china", json!({"file": "f", "timeout_seconds": 1}), Bad),
        ("/gates", json!(null), Bad),
        ("/gates", json!({}), Bad),
        ("/gates", json!({"G": {}}), Bad),
        ("/gates", json!({"": {}}), Bad),
        ("/gates", json!({"a_b": {}}), Bad),
        ("/gates/g", json!({"polcy": "windows-mdm"}), Bad),
        ("/gates/g", json!([]), Bad),
        ("/gates/g/policy", json!("windows-mdm"), Good),
        ("/gates/g/policy", json!("./p.wasm"), Good),
        ("/gates/g/policy", json!("folder/p"), Good),
        ("/gates/g/policy", json!("a policy"), Bad),
        ("/gates/g/policy", json!("windows-mdm@9.9.9"), OnlyLoader),
        ("/gates/g/settings", json!(null), Good),
        ("/gates/g/settings", json!([]), Bad),
        ("/gates/g/settings", json!({"a": null}), Bad),
        ("/gates/g/settings", json!({"a": {}}), Bad),
        ("/gates/g/settings", json!({"a": 1.5}), Bad),
        ("/gates/g/settings", json!({"a": [1]}), Bad),
        ("/gates/g/settings", json!({"a": u64::MAX}), Bad),
        ("/gates/g/settings", json!({"a": i64::MIN}), Good),
        ("/gates/g/cloud", json!("germany"), Bad),
        ("/gates/g/leeway_seconds", json!(300), Good),
        ("/gates/g/leeway_seconds", json!(301), Bad),
        ("/gates/g/leeway_seconds", json!(-1), Bad),
        ("/gates/g/leeway_seconds", json!("60"), Bad),
        ("/gates/g/max_lifetime_seconds", json!(0), Bad),
        ("/gates/g/max_lifetime_seconds", json!(604801), Bad),
        ("/gates/g/cases", json!([]), Bad),
        ("/gates/g/source", json!(null), Bad),
        ("/gates/g/source", json!({"interval_seconds": 1}), Bad),
        ("/gates/g/source/interval_seconds", json!(3600), Good),
        ("/gates/g/source/interval_seconds", json!(3601), Bad),
        ("/gates/g/source/follow_links_outside", json!("true"), Bad),
        ("/limits/body_bytes", json!(1023), Bad),
        ("/limits/body_bytes", json!(67108865), Bad),
        ("/limits/header_seconds", json!(301), Bad),
        ("/limits/idle_seconds", json!(3600), Good),
        ("/limits/idle_seconds", json!(3601), Bad),
        ("/limits/idle_seconds", json!(0), Bad),
        ("/limits/body_seconds", json!(0), Bad),
        ("/limits/connections", json!(0), Bad),
        ("/limits/connections", json!(65537), Bad),
        ("/limits/decisions", json!(257), Bad),
        ("/limits/batch", json!(1000), Good),
        ("/limits/batch", json!(1001), Bad),
        ("/limits/batch", json!(1.5), Bad),
        ("/limits/drain_seconds", json!(3601), Bad),
        ("/decision_log", json!(null), Bad),
        ("/decision_log", json!({}), Good),
        ("/decision_log/to", json!("stderr"), Bad),
        ("/decision_log/to", json!(""), Bad),
        ("/decision_log/allows", json!(0.5), Good),
        ("/decision_log/allows", json!(1.5), Bad),
        ("/decision_log/allows", json!(-0.5), Bad),
        ("/decision_log/when_full", json!("wait"), Bad),
        ("/decision_log/buffer", json!(0), Bad),
        ("/decision_log/buffer", json!(1000001), Bad),
        ("/decision_log/claims", json!(["tid", "upn"]), Bad),
        ("/decision_log/claims", json!(["UPN"]), OnlyLoader),
        ("/decision_log/claims", json!([""]), Bad),
        ("/decision_log/claims", json!("tid"), Bad),
        ("/fault_revert/faults", json!(0), Bad),
        ("/fault_revert/faults", json!(10001), Bad),
        ("/fault_revert/within_seconds", json!(86401), Bad),
        ("/store/activities", json!(99), Bad),
        ("/store/activity_days", json!(36501), Bad),
        ("/store/attempts", json!(9), Bad),
        ("/store/releases", json!(1), Bad),
        ("/store/revoked_access_days", json!(0), Bad),
    ]
}

/// The keys of the schema that hold values, by path, with what the schema says of each.
fn keys() -> BTreeMap<String, Value> {
    let mut keys = BTreeMap::new();
    collect(schema(), "", &mut keys);
    keys
}

fn collect(node: &Value, path: &str, keys: &mut BTreeMap<String, Value>) {
    let node = match node["$ref"].as_str() {
        Some(reference) if node.get("default").is_none() => {
            let target = schema().pointer(reference.trim_start_matches('#')).unwrap();
            if target["properties"].is_null() { node } else { target }
        }
        _ => node,
    };
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let names = node["properties"].as_object().or(node["patternProperties"].as_object());
    let Some(names) = names else {
        keys.insert(path.to_owned(), node.clone());
        return;
    };
    for (name, node) in names {
        let name = match path {
            "keys" => "CLOUD",
            "gates" => "NAME",
            _ => name,
        };
        collect(node, &below(name), keys);
    }
}

/// The value at a path, in objects made for it.
fn put(file: &mut Value, path: &str, value: Value) {
    let mut node = file;
    for name in path.split('.') {
        if node.is_null() {
            *node = json!({});
        }
        node = node.as_object_mut().unwrap().entry(name).or_insert(Value::Null);
    }
    *node = value;
}

#[test]
fn the_defaults_of_the_schema_are_those_of_the_loader() {
    let named = |path: &str| path.replace("CLOUD", "china").replace("NAME", "windows-mdm");
    let mut file = json!({"decision_log": {}, "keys": {"china": {}}, "gates": {"windows-mdm": {}}});
    let bare = load_json(&file).unwrap();
    let mut defaults = 0;
    for (path, key) in keys() {
        if let Some(default) = key.get("default") {
            // A source is not there without its path.
            if !path.contains(".source.") {
                put(&mut file, &named(&path), default.clone());
                defaults += 1;
            }
        }
    }
    assert!(defaults > 25, "{defaults}");
    assert_eq!(load_json(&file).unwrap(), bare);
    let source = |more: Value| {
        let mut source = json!({"path": "/p"});
        source.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        load_json(&json!({"gates": {"g": {"source": source}}})).unwrap()
    };
    let given: Map<_, _> = keys()
        .into_iter()
        .filter_map(|(path, key)| Some((path, key.get("default")?.clone())))
        .filter_map(|(path, default)| {
            Some((path.strip_prefix("gates.NAME.source.")?.to_owned(), default))
        })
        .collect();
    assert_eq!(given.len(), 2);
    assert_eq!(source(Value::Object(given)), source(json!({})));
}

/// The page's example.
fn example() -> String {
    let page = document("configuration.md");
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_example_of_the_page_is_good_and_complete() {
    let config = load_text(&example()).unwrap_or_else(|error| panic!("{:?}", error.problems()));
    assert_eq!(config.gates.len(), 2);
    let file: Value = serde_saphyr::from_str(&example()).unwrap();
    assert!(is_valid(&file));
    for path in keys().into_keys() {
        let found = ["public", "us-gov"].iter().any(|cloud| {
            let path = path.replace("CLOUD", cloud).replace("NAME", "windows-mdm");
            file.pointer(&format!("/{}", path.replace('.', "/"))).is_some()
        });
        assert!(found, "{path}");
    }
}

#[test]
fn the_table_of_the_page_has_every_key_with_its_default() {
    let page = document("configuration.md");
    let rows: BTreeMap<_, _> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter(|row| !row.starts_with("--"))
        .map(|row| {
            let mut cells = row.split(" | ");
            let key = cells.next().unwrap().trim_end_matches('`').to_owned();
            (key, cells.next().unwrap_or_default().trim().trim_matches('`').to_owned())
        })
        .collect();
    let expected = keys();
    assert_eq!(rows.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (path, key) in expected {
        let default = match key.get("default") {
            Some(Value::String(text)) => text.clone(),
            Some(list) if list.as_array().is_some_and(|list| list.len() == 13) => {
                "the 13 of the example".to_owned()
            }
            Some(value) => value.to_string(),
            None => continue,
        };
        assert_eq!(rows[&path], default, "{path}");
    }
}

#[test]
fn a_variable_sets_every_single_value_outside_keys_and_gates() {
    let set = |path: &str, value: String| {
        let name = format!("ADMIT_{}", path.to_ascii_uppercase().replace('.', "__"));
        load(Sources { environment: vec![(name, value)], ..Sources::default() })
    };
    let mut good = good();
    good["admin"]["listen"] = json!("127.0.0.1:9");
    good["service"]["listen"] = json!("127.0.0.1:8");
    for path in keys().into_keys() {
        let in_file = path.starts_with("keys.") || path.starts_with("gates.");
        let value = good.pointer(&format!("/{}", path.replace('.', "/"))).filter(|_| !in_file);
        match value {
            Some(value) if !value.is_array() => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let config = set(&path, text).unwrap_or_else(|error| panic!("{path}: {error}"));
                assert_ne!(config, Config::default(), "{path}");
            }
            _ => {
                let error = set(&path, "x".to_owned()).unwrap_err().to_string();
                assert!(error.ends_with("this can only be set in the file"), "{path}: {error}");
            }
        }
    }
}

#[test]
fn every_key_is_named_when_its_value_changes() {
    let mut good = good();
    // Longer than a set is used by default before it is refreshed.
    good["keys"]["public"]["max_age_seconds"] = json!(604_800);
    let whole = load_json(&good).unwrap();
    for path in keys().into_keys() {
        let cloud = if path.ends_with(".file") { "china" } else { "public" };
        let path = path.replace("CLOUD", cloud).replace("NAME", "g");
        let mut less = good.clone();
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", &path));
        let pointer = if parent.is_empty() {
            String::new()
        } else {
            format!("/{}", parent.replace('.', "/"))
        };
        let parent = less.pointer_mut(&pointer).and_then(Value::as_object_mut).unwrap();
        parent.shift_remove(name).unwrap_or_else(|| panic!("{path}"));
        // A section that is nothing without the key.
        for required in ["gitops", "source"] {
            let emptied = path.ends_with(&format!("{required}.repository"))
                || path.ends_with(&format!("{required}.path"));
            if emptied {
                let above = pointer.rsplit_once('/').map_or("", |(above, _)| above);
                let above = less.pointer_mut(above).and_then(Value::as_object_mut).unwrap();
                above.shift_remove(required);
            }
        }
        let less = load_json(&less).unwrap_or_else(|error| panic!("{path}: {error}"));
        let named = whole.differing(&less);
        let is_about = |key: &String| key.starts_with(&path) || path.starts_with(&**key);
        assert!(named.iter().any(is_about), "{path}: {named:?}");
    }
}
