//! The published form of a configuration, the page about it, and the loader: they say the same.

mod problems;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use admit_server::config::{Config, ConfigError, Sources, load};
use jsonschema::Validator;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

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

/// A file of `tests/config`.
fn data<T: DeserializeOwned>(name: &str) -> T {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config").join(name);
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Values that schema and loader take or refuse, in the place of others of a good file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    good: Value,
    whole: Whole,
    taken: Changes,
    refused: Changes,
    refused_by_the_loader_alone: Changes,
}

#[derive(Deserialize)]
struct Whole {
    taken: Vec<Value>,
    refused: Vec<Value>,
}

/// By the place in the good file.
type Changes = BTreeMap<String, Vec<Value>>;

fn table() -> Table {
    data("schema.yaml")
}

/// What schema and loader say.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Say {
    /// Both take it.
    Good,
    /// Both refuse it.
    Bad,
    /// Only the loader refuses it.
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
    let table = table();
    assert_eq!(said(&table.good), Say::Good);
    for (files, expected) in [(table.whole.taken, Say::Good), (table.whole.refused, Say::Bad)] {
        files.iter().for_each(|file| assert_eq!(said(file), expected, "{file}"));
    }
    for (changes, expected) in [
        (table.taken, Say::Good),
        (table.refused, Say::Bad),
        (table.refused_by_the_loader_alone, Say::OnlyLoader),
    ] {
        for (place, values) in changes {
            for value in values {
                let mut file = table.good.clone();
                *file.pointer_mut(&place).unwrap() = value;
                assert_eq!(said(&file), expected, "{place}: {file}");
            }
        }
    }
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

/// The page's example.
fn example() -> String {
    let page = document("configuration.md");
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_example_of_the_page_is_good_and_complete() {
    let config = load_text(&example()).unwrap_or_else(|error| panic!("{error:?}"));
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
    let mut good = table().good;
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
