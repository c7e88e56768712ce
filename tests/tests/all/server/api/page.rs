//! `docs/api.md`: an example of every endpoint, whose answer is one that the document has, and every
//! code.

use std::collections::{BTreeMap, BTreeSet};

use admit::release::Inspected;
use admit::runtime::Runtime;
use admit_api::endpoint::{Endpoint, ListenerKind};
use serde_json::Value;

use super::document::{document, file};

/// An example: the command, and what it printed.
struct Example<'a> {
    command: &'a str,
    output: Option<&'a str>,
}

/// Everything from the heading of an endpoint to the next heading.
fn section(page: &str, endpoint: Endpoint) -> &str {
    let heading = format!("\n### `{} {}`\n", endpoint.method(), endpoint.path());
    let (_, rest) = page.split_once(&heading).unwrap_or_else(|| panic!("no {heading}"));
    rest.split("\n#").next().unwrap()
}

fn examples(section: &str) -> Vec<Example<'_>> {
    let example = |text| {
        let (command, rest) = str::split_once(text, "```").unwrap();
        let output = rest.trim_start().strip_prefix("```json\n");
        let output = output.map(|output| output.split("```").next().unwrap());
        Example { command, output }
    };
    section.split("```sh\n").skip(1).map(example).collect()
}

#[test]
fn every_endpoint_has_an_example_with_an_answer_of_the_document() {
    let page = file("api.md");
    let mut checked = 0;
    for endpoint in Endpoint::ALL {
        let examples = examples(section(&page, endpoint));
        assert!(!examples.is_empty(), "{endpoint:?}");
        for Example { command, output } in examples {
            let address = address(command);
            let operation = document().operation(method(command), address);
            assert_eq!(operation.path, endpoint.path(), "{command}");
            assert_eq!(
                operation.method.to_ascii_uppercase(),
                endpoint.method().as_str(),
                "{command}"
            );
            let Some(output) = output.filter(|_| !command.contains("| jq")) else { continue };
            let answer: Value = serde_json::from_str(output).unwrap();
            let status = if answer["code"] == "invalid_settings" { 422 } else { success(endpoint) };
            let answers = document().answer(&operation, status).unwrap();
            let schema = &answers["content"]["application/json"]["schema"];
            document().check_value(schema, &answer, command);
            checked += 1;
        }
    }
    assert!(checked > 15, "{checked}");
}

fn success(endpoint: Endpoint) -> u16 {
    if endpoint == Endpoint::CreateAccess { 201 } else { 200 }
}

/// The method of a command: `-X` says it, else `-d` does.
fn method(command: &str) -> &str {
    match command.split_once("-X ") {
        Some((_, rest)) => rest.split(' ').next().unwrap(),
        None if command.contains(" -d ") => "POST",
        None => "GET",
    }
}

/// The path that a command asks for, on the usual address of its listener.
fn address(command: &str) -> &str {
    let (_, rest) = command.split_once("http://127.0.0.1:").unwrap();
    let address = rest.split(['\'', '\n', ' ']).next().unwrap();
    let (port, path) = address.split_at(4);
    let listener = if port == "7420" { ListenerKind::Service } else { ListenerKind::Admin };
    let known = Endpoint::ALL.into_iter().filter(|endpoint| endpoint.listener() == listener);
    let operation = document().operation(method(command), path);
    assert!(known.map(Endpoint::path).any(|known| known == operation.path), "{command}");
    path
}

/// What the examples say of each policy, by name and version: digest, and how many cases were rehearsed.
#[derive(Debug, Default)]
struct Said(BTreeMap<(String, String), (BTreeSet<String>, BTreeSet<u64>)>);

impl Said {
    fn collect(&mut self, answer: &Value) {
        match answer {
            Value::Object(members) => {
                if let Some(digest) = answer["policy"]["digest"].as_str() {
                    let part = |name| answer["policy"][name].as_str().unwrap().to_owned();
                    let said = self.0.entry((part("name"), part("version"))).or_default();
                    said.0.insert(digest.to_owned());
                    said.1.extend(answer["rehearsed"]["component"].as_u64());
                }
                members.values().for_each(|member| self.collect(member));
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(item)),
            _ => {}
        }
    }
}

/// Digests differ by the compiler, so that no test knows them.
#[test]
fn the_examples_come_from_one_build_and_rehearse_its_cases() {
    let page = file("api.md");
    let blocks = page.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut said = Said::default();
    blocks
        .filter_map(|block| serde_json::from_str(block).ok())
        .for_each(|json| said.collect(&json));
    assert_eq!(said.0.len(), 3, "{said:?}");
    let runtime = Runtime::new().unwrap();
    let readme = file("../README.md");
    for ((name, version), (digests, rehearsed)) in &said.0 {
        let policy = format!("{name} {version}");
        assert_eq!(digests.len(), 1, "{policy}: {digests:?}");
        let digest = digests.first().unwrap();
        for shown in readme.split(&format!("{policy} (")).skip(1) {
            let shown = shown.split(')').next().unwrap();
            assert!(digest.starts_with(shown), "README.md has {policy} as {shown}: {digest}");
        }
        let component = admit_policies::find(&format!("{name}@{version}")).unwrap().component;
        let inspected = Inspected::new(&runtime, component).unwrap();
        let cases: usize = inspected.cases().iter().map(|set| set.cases.len()).sum();
        assert!(rehearsed.iter().all(|said| *said == cases as u64), "{policy}: {cases} cases");
    }
}

#[test]
fn the_page_lists_the_codes_of_the_document() {
    let page = file("api.md");
    let (_, errors) = page.split_once("\n## Errors\n").unwrap();
    let rows = errors.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let rows: BTreeSet<(String, u16)> = rows
        .filter_map(|(code, rest)| Some((code.to_owned(), rest.get(..3)?.parse().ok()?)))
        .collect();
    let mut documented = BTreeSet::new();
    for operation in document().operations() {
        for status in operation.json["responses"].as_object().unwrap().keys() {
            let status = status.parse().unwrap();
            let answer = document().answer(&operation, status).unwrap();
            let schema = &answer["content"]["application/json"]["schema"];
            let schemas =
                schema["oneOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
            for schema in schemas {
                let codes = schema["properties"]["code"]["enum"].as_array();
                let codes =
                    codes.into_iter().flatten().map(|code| code.as_str().unwrap().to_owned());
                documented.extend(codes.map(|code| (code, status)));
            }
        }
    }
    // Of no operation.
    documented.insert(("method_not_allowed".to_owned(), 405));
    assert_eq!(rows, documented);
    let codes = &document().0["components"]["schemas"]["Code"]["enum"];
    let codes = codes.as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned());
    assert_eq!(codes.collect::<BTreeSet<_>>(), rows.into_iter().map(|(code, _)| code).collect());
}
