//! Answers that the contract does not allow: a policy points, it cannot invent.

use admit::decision::Outcome;
use serde_json::json;

use super::{Attack, Host};

fn refused(mode: &str) -> Attack {
    Attack::mode(mode, "policy.answer")
}

pub(super) fn attacks() -> Vec<Attack> {
    let mut attacks: Vec<_> = [
        "allow_empty",
        "allow_no_object_id",
        "allow_object_id_from_upn",
        "allow_swapped",
        "allow_unknown_field",
        "allow_field_twice",
        "allow_many",
        "allow_claim_not_described",
        "allow_claim_not_text",
        "allow_made_up",
        "deny_unknown_reason",
        "deny_empty_reason",
        "deny_host_reason",
        "deny_host_failure",
        "deny_unknown_claim",
        "deny_unknown_setting",
        "deny_unknown_fact",
        "deny_claim_twice",
        "ask_nothing",
        "ask_unknown",
        "ask_twice",
        "ask_empty_principal",
    ]
    .map(|mode| refused(mode).with_claims(present()))
    .into();
    attacks.extend(labels());
    attacks.extend(traces());
    attacks.push(Attack { facts: json!({"account.exists": false}), ..refused("ask") });
    attacks.extend(["deny", "ask"].map(|outcome| Attack::mode(outcome, outcome)));
    attacks
}

/// Claims that the attacks point at, so that they do not fail for want of them.
fn present() -> serde_json::Value {
    json!({"upn": "someone@contoso.example", "email": "someone@contoso.example", "groups": ["a"]})
}

/// A user name the token has, but that is not fit to be shown.
fn labels() -> Vec<Attack> {
    let labels = [
        ("absent", json!(null)),
        ("empty", json!("")),
        ("a line break", json!("some\r\none")),
        ("NUL", json!("some\u{0}one")),
        ("ESC", json!("\u{1b}[2Jsomeone")),
        ("C1 control", json!("some\u{9b}one")),
        ("1,025 characters", json!("x".repeat(1_025))),
        ("1,025 wide characters", json!("ä".repeat(1_025))),
    ];
    let attack = |(name, upn): (&str, _)| Attack {
        name: format!("user name: {name}"),
        ..refused("allow_upn").with_claims(json!({"upn": upn}))
    };
    let mut attacks: Vec<_> = labels.map(attack).into();
    let good = Attack::mode("allow_upn", "allow").with_claims(present());
    attacks.push(good);
    attacks
}

fn traces() -> [Attack; 8] {
    [
        Attack::mode("trace", "allow").with_trace(),
        Attack::mode("trace_unasked", "allow"),
        Attack::mode("trace_huge", "policy.limit.transfer").with_trace(),
        refused("trace_invented").with_trace(),
        refused("trace_turned").with_trace(),
        refused("trace_long").with_trace(),
        refused("trace_short").with_trace(),
        refused("trace_contradicts").with_trace(),
    ]
}

#[test]
fn an_answer_that_breaks_the_contract_is_a_failure() {
    Host::shared().withstands(&attacks());
}

#[test]
fn a_failure_is_the_policys_fault_and_says_what_it_answered() {
    let host = Host::shared();
    for (mode, expected) in [
        ("allow_empty", "the principal has no `tenant_id`"),
        ("allow_object_id_from_upn", "`object_id` comes from claim `upn`; expected `oid`"),
        ("allow_made_up", r"claim `root\r\n\u{1b}[31m`, which holds no usable text"),
        ("deny_unknown_reason", "reason `no_such_reason` is not one the policy describes"),
        ("deny_unknown_setting", "points at setting `server_url`, which the policy does not"),
        ("ask_nothing", "the policy asks, but for nothing"),
    ] {
        let decision = host.decide(&refused(mode).with_claims(present()));
        let detail = decision.detail().unwrap();
        assert!(detail.contains(expected), "{mode}: {detail}");
        assert_eq!(decision.blame(), Some(admit::decision::Blame::Policy), "{mode}");
        assert_eq!(decision.presentation().unwrap().http_status, 503, "{mode}");
    }
}

#[test]
fn a_trace_nobody_asked_for_is_not_shown() {
    let decision = Host::shared().decide(&Attack::mode("trace_unasked", "allow"));
    assert_eq!(decision.outcome(), Outcome::Allow);
    assert_eq!(decision.trace, []);
}
