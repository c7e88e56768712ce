//! File, environment and flags, and which of them counts.

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::config::{
    DecisionLogTarget, KeysConfig, Listen, LogFormat, LogLevel, PolicyReference, ServiceAccess,
    WhenFull,
};

use admit::cloud::Cloud;
use serde_json::json;

const FILE: &str = r#"
service: {listen: "[::1]:7000", access: none}
admin: {listen: 127.0.0.1:7001, hosts: [Admit.example.com, 10.0.0.7, "[2001:db8::1]"]}
data_dir: data
log: {level: warn, format: json}
gitops: {repository: "git@git.example.com:mdm"}
keys:
  us-gov: {file: keys.json}
  public:
    address: http://127.0.0.1:9000/keys
    cool_down_seconds: 1
    refresh_after_seconds: 2
    max_age_seconds: 3
    timeout_seconds: 4
gates:
  blue:
    policy: windows-mdm@1.0.0
    settings: {url: x, on: true, list: ["1.0"], number: 7}
    cloud: us-gov
    leeway_seconds: 0
    max_lifetime_seconds: 3600
    cases: cases.yaml
    source: {path: /policies, interval_seconds: 9, follow_links_outside: true}
  green: {policy: ./green.wasm}
limits: {body_bytes: 2048, header_seconds: 1, body_seconds: 2, connections: 3, decisions: 4,
  batch: 5, unready_seconds: 6, drain_seconds: 0}
decision_log: {to: log/decisions.jsonl, allows: 1, when_full: block, buffer: 6, claims: [tid]}
fault_revert: {faults: 7, within_seconds: 8}
"#;

#[test]
fn every_key_of_a_file_counts() {
    let given = Given::file(FILE);
    let config = given.config();
    let inside = |name: &str| given.folder.path().join(name);
    let seconds = Duration::from_secs;
    assert_eq!(config.service.listen, Listen::Tcp("[::1]:7000".parse().unwrap()));
    assert_eq!(config.service.access, ServiceAccess::None);
    assert_eq!(config.admin.hosts, ["admit.example.com", "10.0.0.7", "2001:db8::1"]);
    assert_eq!(config.data_dir, inside("data"));
    assert_eq!((config.log.level, config.log.format), (LogLevel::Warn, LogFormat::Json));
    assert_eq!(config.gitops.unwrap().repository, "git@git.example.com:mdm");
    assert_eq!(config.keys[&Cloud::UsGov], KeysConfig::File(inside("keys.json")));
    let KeysConfig::Remote { address, options } = &config.keys[&Cloud::Public] else {
        panic!("a file")
    };
    assert_eq!(address, "http://127.0.0.1:9000/keys");
    let times = [options.cool_down, options.refresh_after, options.max_age, options.timeout];
    assert_eq!(times, [1, 2, 3, 4].map(seconds));

    let blue = &config.gates["blue"];
    assert_eq!(blue.policy, Some(PolicyReference::Embedded("windows-mdm@1.0.0".to_owned())));
    let settings = json!({"url": "x", "on": true, "list": ["1.0"], "number": 7});
    assert_eq!(json!(blue.settings), settings);
    assert_eq!(blue.cloud, Cloud::UsGov);
    assert_eq!((blue.leeway, blue.max_lifetime), (seconds(0), seconds(3600)));
    assert_eq!(blue.cases, Some(inside("cases.yaml")));
    let source = blue.source.as_ref().unwrap();
    assert_eq!(source.path, PathBuf::from("/policies"));
    assert_eq!((source.interval, source.follow_links_outside), (seconds(9), true));
    assert_eq!(config.gates["green"].policy, Some(PolicyReference::File(inside("./green.wasm"))));
    assert_eq!(config.gates.keys().collect::<Vec<_>>(), ["blue", "green"]);

    let limits = config.limits;
    assert_eq!((limits.body_bytes, limits.header, limits.body), (2048, seconds(1), seconds(2)));
    assert_eq!((limits.connections, limits.decisions, limits.batch), (3, 4, 5));
    assert_eq!((limits.unready, limits.drain), (seconds(6), seconds(0)));
    let log = config.decision_log.unwrap();
    assert_eq!(log.to, DecisionLogTarget::File(inside("log/decisions.jsonl")));
    assert_eq!((log.allows, log.when_full, log.buffer), (1.0, WhenFull::Block, 6));
    assert_eq!(log.claims, ["tid"]);
    assert_eq!((config.fault_revert.faults, config.fault_revert.within), (7, seconds(8)));
}

#[test]
fn flags_count_before_variables_and_variables_before_the_file() {
    let file = "log: {level: warn, format: json}\nlimits: {batch: 5, decisions: 6}\n";
    let given = Given::file(file)
        .variable("ADMIT_LOG__LEVEL", "debug")
        .variable("ADMIT_LIMITS__BATCH", "7")
        .flags(Flags { log_level: Some("trace".to_owned()), ..Flags::default() });
    let config = given.config();
    assert_eq!(config.log.level, LogLevel::Trace);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!((config.limits.batch, config.limits.decisions), (7, 6));
}

#[test]
fn every_flag_sets_its_key() {
    let flag = |text: &str| Some(text.to_owned());
    let flags = Flags {
        data_dir: flag("data"),
        service: flag("unix:service.sock"),
        admin: flag("[::1]:0"),
        log_level: flag("error"),
        log_format: flag("json"),
    };
    let config = Given::file("data_dir: other").flags(flags).config();
    assert_eq!(config.data_dir, PathBuf::from("data"), "relative to the current folder");
    assert_eq!(config.service.listen, Listen::Unix("service.sock".into()));
    assert_eq!(config.admin.listen.to_string(), "[::1]:0");
    assert_eq!((config.log.level, config.log.format), (LogLevel::Error, LogFormat::Json));
}

#[test]
fn a_variable_makes_a_section_that_the_file_does_not_have() {
    let given = Given::file("")
        .variable("ADMIT_DECISION_LOG__ALLOWS", "0.5")
        .variable("ADMIT_DECISION_LOG__TO", "decisions.jsonl")
        .variable("ADMIT_GITOPS__REPOSITORY", "https://git.example.com/mdm");
    let config = given.config();
    let log = config.decision_log.unwrap();
    assert_eq!((log.allows, log.to), (0.5, DecisionLogTarget::File("decisions.jsonl".into())));
    assert_eq!(config.gitops.unwrap().repository, "https://git.example.com/mdm");
}

#[test]
fn aliases_and_merged_keys_are_followed() {
    let file =
        "gates:\n  a: &a {cloud: china, leeway_seconds: 1}\n  b: {<<: *a, leeway_seconds: 2}\n";
    let config = Given::file(file).config();
    let gate = &config.gates["b"];
    assert_eq!((gate.cloud, gate.leeway), (Cloud::China, Duration::from_secs(2)));
}

#[test]
fn variables_of_others_do_not_count() {
    let links = [
        "ADMIT_SERVICE_HOST",
        "ADMIT_SERVICE_PORT",
        "ADMIT_SERVICE_PORT_HTTP",
        "ADMIT_PORT",
        "ADMIT_PORT_7420_TCP",
        "ADMIT_PORT_7420_TCP_ADDR",
        "ADMIT_ADMIN_SERVICE_HOST",
    ];
    let with_links = || links.iter().fold(Given::file(""), |given, name| given.variable(name, "x"));
    let elsewhere = with_links()
        .variable("KUBERNETES_SERVICE_HOST", "10.0.0.1")
        .variable("ADMIT_LOG", "debug")
        .variable("ADMIT_SERVER", "x")
        .variable("ADMIT_ACCESS_TOKEN", "x")
        .variable("ADMIT_WASM_TOOLCHAIN", "x")
        .variable("LIMITS__BATCH", "x")
        .variable("admit_limits__batch", "x");
    assert_eq!(elsewhere.config(), Config::default());
    assert_eq!(with_links().problems().len(), links.len(), "outside Kubernetes they are mistakes");
}
