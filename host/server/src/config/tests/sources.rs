//! File, environment and flags, and which of them counts.

use std::path::PathBuf;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use super::*;
use crate::config::{
    DecisionLogTarget, KeysConfig, Listen, LogFormat, LogLevel, PolicyReference, ServiceAccess,
    WhenFull, say_links,
};
use crate::logging::captured::Captured;
use crate::logging::log;

use admit::cloud::Cloud;
use serde_json::json;

const FILE: &str = r#"
service: {listen: "[::1]:7000", access: none}
admin: {listen: 127.0.0.1:7001, hosts: [Admit.example.com, 10.0.0.7, "[2001:db8::1]", "2001:DB8:0::2"]}
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
    keep_vanished_seconds: 0
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
limits: {body_bytes: 2048, header_seconds: 1, idle_seconds: 620, body_seconds: 2, connections: 3,
  decisions: 4, batch: 5, unready_seconds: 6, drain_seconds: 0}
decision_log: {to: log/decisions.jsonl, allows: 1, when_full: block, buffer: 6, claims: [tid]}
fault_revert: {faults: 7, within_seconds: 8}
store: {activities: 100, activity_days: 2, attempts: 10, releases: 3, revoked_access_days: 4}
"#;

#[test]
fn every_key_of_a_file_counts() {
    let given = Given::file(FILE);
    let config = given.config();
    let inside = |name: &str| given.folder.path().join(name);
    let seconds = Duration::from_secs;
    assert_eq!(config.service.listen, Listen::Tcp("[::1]:7000".parse().unwrap()));
    assert_eq!(config.service.access, ServiceAccess::None);
    assert_eq!(config.admin.hosts, ["admit.example.com", "10.0.0.7", "2001:db8::1", "2001:db8::2"]);
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
    assert_eq!(options.keep_vanished, Duration::ZERO);

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
    assert_eq!(limits.idle, seconds(620));
    assert_eq!((limits.connections, limits.decisions, limits.batch), (3, 4, 5));
    assert_eq!((limits.unready, limits.drain), (seconds(6), seconds(0)));
    let log = config.decision_log.unwrap();
    assert_eq!(log.to, DecisionLogTarget::File(inside("log/decisions.jsonl")));
    assert_eq!((log.allows, log.when_full, log.buffer), (1.0, WhenFull::Block, 6));
    assert_eq!(log.claims, ["tid"]);
    assert_eq!((config.fault_revert.faults, config.fault_revert.within), (7, seconds(8)));
    let (store, days) = (config.store, |days: u64| seconds(days * 86_400));
    assert_eq!((store.activities, store.attempts, store.releases), (100, 10, 3));
    assert_eq!((store.activity_age, store.revoked_access_age), (days(2), days(4)));
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

/// What Kubernetes and Docker set for services called `admit`, `admit-admin` and `admit-service`.
const LINKS: [(&str, &str); 25] = [
    ("ADMIT_SERVICE_HOST", "10.96.0.7"),
    ("ADMIT_SERVICE_PORT", "7420"),
    ("ADMIT_SERVICE_PORT_HTTP", "7420"),
    ("ADMIT_PORT", "tcp://10.96.0.7:7420"),
    ("ADMIT_PORT_7420_TCP", "tcp://10.96.0.7:7420"),
    ("ADMIT_PORT_7420_TCP_PROTO", "tcp"),
    ("ADMIT_PORT_7420_TCP_PORT", "7420"),
    ("ADMIT_PORT_7420_TCP_ADDR", "10.96.0.7"),
    ("ADMIT_PORT_53_UDP", "udp://10.96.0.7:53"),
    ("ADMIT_PORT_9_SCTP_PROTO", "sctp"),
    ("ADMIT_ADMIN_SERVICE_HOST", "fd00::7"),
    ("ADMIT_ADMIN_SERVICE_PORT_METRICS_TCP", "7421"),
    ("ADMIT_ADMIN_PORT", "tcp://[fd00::7]:7421"),
    ("ADMIT_SERVICE_SERVICE_HOST", "10.96.0.8"),
    ("ADMIT_SERVICE_SERVICE_PORT", "80"),
    ("ADMIT_SERVICE_PORT_80_TCP", "tcp://10.96.0.8:80"),
    ("ADMIT_SERVICE_PORT_80_TCP_ADDR", "10.96.0.8"),
    ("ADMIT__BLUE_PORT", "tcp://10.96.0.9:1"),
    ("ADMIT_NAME", "/web/admit"),
    ("ADMIT_ENV_SECRET", "anything"),
    ("ADMIT_ENV_ADMIT_LOGG", ""),
    ("ADMIT_PORT_80_TCP_START", "tcp://172.17.0.5:80"),
    ("ADMIT_PORT_80_TCP_PORT_START", "80"),
    ("ADMIT_PORT_80_TCP_END", "tcp://172.17.0.5:89"),
    ("ADMIT_PORT_80_TCP_PORT_END", "89"),
];

#[test]
fn links_of_kubernetes_and_docker_are_left_alone() {
    let all =
        LINKS.iter().fold(Given::file(""), |given, (name, value)| given.variable(name, value));
    assert_eq!(all.config(), Config::default());
    // Each by itself, but for those that only the name of the container makes known.
    for (name, value) in LINKS.iter().filter(|(name, _)| !name.contains("_ENV_")) {
        assert_eq!(Given::file("").variable(name, value).config(), Config::default(), "{name}");
    }
    // A link of the service `admit-service`, whose name is also that of a port of `admit`.
    let link = Given::file("").variable("ADMIT_SERVICE_PORT", "tcp://10.96.0.8:80");
    assert_eq!(link.config(), Config::default());
    let set = Given::file("")
        .variable("ADMIT_SERVICE__LISTEN", "127.0.0.1:7")
        .variable(LINKS[0].0, LINKS[0].1);
    assert_eq!(set.config().service.listen.to_string(), "127.0.0.1:7");
}

#[test]
fn links_are_said_at_debug_and_one_that_may_be_meant_is_warned_of() {
    let said = |links: &[(&str, &str)]| {
        let own = [("ADMIT_LOG", "debug"), ("ADMIT_LIMITS__BATCH", "7"), ("PATH", "/bin")];
        let all =
            own.iter().chain(links).map(|(name, value)| (name.to_string(), value.to_string()));
        let environment: Vec<_> = all.collect();
        let captured = Captured::default();
        let log = log(LevelFilter::DEBUG, LogFormat::Text, captured.clone());
        tracing::dispatcher::with_default(&log, || say_links(&environment));
        captured.lines()
    };
    let lines = said(&LINKS);
    assert_eq!(lines.len(), LINKS.len());
    for (line, (name, _)) in lines.iter().zip(LINKS) {
        assert!(line.contains("DEBUG") && line.contains(name), "{line}");
    }
    assert_eq!(said(&[]), [""; 0]);
    // Kubernetes sets seven at least, and none of them to this machine.
    let [alone] = &said(&[("ADMIT_SERVICE_PORT", "7420")])[..] else { panic!() };
    assert!(alone.contains("WARN") && alone.contains("ADMIT_SERVICE__LISTEN"), "{alone}");
    let lines = said(&[("ADMIT_SERVICE_HOST", "0.0.0.0"), ("ADMIT_SERVICE_PORT", "7420")]);
    assert!(lines[0].contains("WARN") && lines[1].contains("DEBUG"), "{lines:?}");
}

#[test]
fn variables_that_other_parts_read_do_not_count() {
    let elsewhere = Given::file("")
        .variable("ADMIT_LOG", "debug")
        .variable("ADMIT_SERVER", "x")
        .variable("ADMIT_ACCESS_TOKEN", "x")
        .variable("ADMIT_WASM_TOOLCHAIN", "x")
        .variable("ADMITTED", "x")
        .variable("ADMITTED_SERVICE_HOST", "x")
        .variable("LIMITS__BATCH", "x")
        .variable("admit_limits__batch", "x");
    assert_eq!(elsewhere.config(), Config::default());
}

#[test]
fn what_several_gates_share_stands_once_under_a_key_that_means_nothing() {
    let text = "\
x-tenants: &tenants
  windows_entra_tenant_ids: [5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f]
  server_url: https://other.example.com
gates:
  windows-mdm:
    settings:
      <<: *tenants
      server_url: https://mdm.example.com
";
    let config = Given::file(text).config();
    let settings = serde_json::Value::Object(config.gates["windows-mdm"].settings.clone());
    let expected = json!({
        "windows_entra_tenant_ids": ["5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f"],
        "server_url": "https://mdm.example.com",
    });
    assert_eq!(settings, expected);
}
