//! `docs/monitoring`: alert rules and a dashboard name what a server shows, and the page has all of it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use admit_tests::clock::wait_until;
use admit_tests::fixture::issuer;
use admit_tests::key_server::{Answer, KeyServer};
use serde_json::{Value, json};

use super::metric;
use crate::harness::server::{Server, token, windows_settings, with_keys};

fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A server with something of everything that is counted.
fn with_everything(keys: &KeyServer) -> Server {
    let config = json!({
        "decision_log": {"to": "decisions.jsonl"},
        "gates": {"windows-mdm": {
            "settings": windows_settings(),
            "source": {"path": "component.wasm", "interval_seconds": 1},
        }},
    });
    let server = with_keys(json!({"address": keys.url("/keys")}), config);
    let candidate = "/v1/gates/windows-mdm/policy?candidate=true";
    server.admin().post(candidate, &json!({"policy": "windows-mdm@1.0.0"})).json(200);
    server.decide("windows-mdm", &token(json!({})));
    wait_until("a difference", || metric(&server, "admit_candidate_differences_total", "") > 0.0);
    server
}

/// The names of metrics in a text.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let is_of_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let words = text.split(|c: char| !is_of_name(c));
    words.filter(|word| word.starts_with("admit_")).map(str::to_owned).collect()
}

/// The names of labels that selectors and groupings of an expression name.
fn labels_in(expression: &str) -> BTreeSet<String> {
    let selectors = expression.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let matchers = selectors.flat_map(|selector| selector.split(','));
    let names = matchers.filter_map(|matcher| matcher.split(['=', '!']).next());
    let grouped = expression.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
    let grouped = grouped.flat_map(|names| names.split(','));
    names
        .chain(grouped)
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

fn expressions(document: &Value, found: &mut Vec<String>) {
    match document {
        Value::Object(members) => members.iter().for_each(|(name, member)| match member {
            Value::String(text) if ["expr", "definition"].contains(&&**name) => {
                found.push(text.clone());
            }
            member => expressions(member, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

#[test]
fn rules_and_dashboard_name_what_a_server_shows_and_the_page_has_all_of_it() {
    let keys = KeyServer::start(Answer::json(&issuer().jwk_set()));
    let server = with_everything(&keys);
    let shown = server.admin().get("/metrics").text();
    let samples = shown.lines().filter(|line| !line.starts_with('#'));
    let names = samples.clone().map(|line| line.split(['{', ' ']).next().unwrap().to_owned());
    let names: BTreeSet<String> = names.collect();
    let mut labels: BTreeSet<String> = ["job", "instance"].map(str::to_owned).into_iter().collect();
    labels.extend(samples.flat_map(labels_in));

    let rules: Value = serde_saphyr::from_str(&file("docs/monitoring/alerts.yaml")).unwrap();
    let dashboard: Value = serde_json::from_str(&file("docs/monitoring/dashboard.json")).unwrap();
    let mut found = Vec::new();
    expressions(&rules, &mut found);
    expressions(&dashboard, &mut found);
    assert!(found.len() > 50, "{}", found.len());
    for expression in &found {
        let unknown: Vec<_> =
            metrics_in(expression).into_iter().filter(|name| !names.contains(name)).collect();
        assert_eq!(unknown, [""; 0], "{expression}: {shown}");
        let unknown: Vec<_> =
            labels_in(expression).into_iter().filter(|name| !labels.contains(name)).collect();
        assert_eq!(unknown, [""; 0], "{expression}");
    }

    let page = metrics_in(&file("docs/monitoring.md"));
    let family = |name: &String| {
        let base =
            ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        base.unwrap_or(name).to_owned()
    };
    let families: BTreeSet<String> =
        names.iter().filter(|name| name.starts_with("admit_")).map(family).collect();
    assert_eq!(page, families);
}

#[test]
fn the_dashboard_is_of_the_form_that_grafana_reads() {
    let schema: Value =
        serde_json::from_str(&file("tests/monitoring/dashboard.schema.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&file("docs/monitoring/dashboard.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors = validator.iter_errors(&dashboard);
    let errors: Vec<_> =
        errors.map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
    // No two panels have one id, and none lies on another.
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    let mut taken = BTreeSet::new();
    for panel in panels {
        let at = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        for (x, y) in (at("x")..at("x") + at("w"))
            .flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y)))
        {
            assert!(x < 24 && taken.insert((x, y)), "{} at {x}, {y}", panel["title"]);
        }
    }
}
