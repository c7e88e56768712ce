//! What counts when nothing is said.

use super::*;
use crate::config::{DecisionLogConfig, KeysConfig, PolicyReference};

use admit::cloud::Cloud;

#[test]
fn without_anything_there_are_both_embedded_gates_on_loopback() {
    let config = load(Sources::default()).unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.service.listen.to_string(), "127.0.0.1:7420");
    assert_eq!(config.admin.listen.to_string(), "127.0.0.1:7421");
    let policies: Vec<_> =
        config.gates.iter().map(|(name, gate)| (name.as_str(), gate.policy.clone())).collect();
    let embedded = |name: &str| Some(PolicyReference::Embedded(name.to_owned()));
    assert_eq!(
        policies,
        [("windows-mdm", embedded("windows-mdm")), ("intune-mam", embedded("intune-mam"))]
    );
    let KeysConfig::Remote { address, .. } = config.keys_of(Cloud::China) else { panic!("a file") };
    assert_eq!(address, Cloud::China.key_set_address());
}

#[test]
fn what_says_nothing_changes_nothing() {
    for text in [
        "",
        "# nothing\n",
        "---\n",
        "{}",
        "null",
        "\u{feff}# after a byte order mark\n",
        "service:\nadmin:\nlog:\nkeys:\nlimits:\nfault_revert:\nstore:\n",
        "keys: {public: }",
    ] {
        let config = Given::file(text).config();
        assert_eq!(Config { keys: Default::default(), ..config }, Config::default(), "{text:?}");
    }
}

#[test]
fn a_gate_has_the_embedded_policy_of_its_name() {
    let config = Given::file("gates: {windows-mdm: , other: {settings: }}").config();
    let default = Config::default();
    assert_eq!(config.gates["windows-mdm"], default.gates["windows-mdm"]);
    assert_eq!(config.gates["other"].policy, None);
    assert_eq!(config.gates.len(), 2);
}

#[test]
fn a_decision_log_without_keys_has_the_defaults() {
    let config = Given::file("decision_log: {}").config();
    assert_eq!(config.decision_log, Some(DecisionLogConfig::default()));
}
