//! Answers the contract does not allow, beside a few it does.

use crate::bindings::contract::{
    Attribute, Decision, Denial, Outcome, Principal, Question, Request, SettingError, Step, Verdict,
};
use crate::memory;

const MIB: usize = 1024 * 1024;

/// The answer to a request of this mode.
pub(crate) fn decision(mode: &str, request: &Request, is_first: bool) -> Decision {
    let verdict = if is_first { verdict(mode) } else { deny("called_before") };
    let trace = if request.trace || mode == "trace_unasked" { trace(mode) } else { Vec::new() };
    Decision { verdict, trace }
}

/// What `configure` refuses in this mode.
pub(crate) fn refusals(mode: &str) -> Result<(), Vec<SettingError>> {
    match mode {
        "refuse" => Err(vec![error("mode", "bad mode")]),
        "refuse_unknown" => Err(vec![error("no_such_setting", "two\r\nlines\u{1b}[2J")]),
        "refuse_nothing" => Err(Vec::new()),
        "refuse_at_length" => Err(vec![error("mode", &"long ".repeat(1_000))]),
        "refuse_too_much" => Err(vec![error("mode", &"x".repeat(MIB))]),
        _ => Ok(()),
    }
}

fn error(setting: &str, message: &str) -> SettingError {
    SettingError {
        setting: setting.into(),
        value: Some("\u{202e}".into()),
        message: message.into(),
    }
}

fn verdict(mode: &str) -> Verdict {
    let tid = ("tenant_id", "tid");
    let oid = ("object_id", "oid");
    match mode {
        "allow_empty" => allow(&[]),
        "allow_no_object_id" => allow(&[tid]),
        "allow_object_id_from_upn" => allow(&[tid, ("object_id", "upn")]),
        "allow_swapped" => allow(&[("tenant_id", "oid"), ("object_id", "tid")]),
        "allow_unknown_field" => allow(&[tid, oid, ("administrator", "oid")]),
        "allow_field_twice" => allow(&[tid, oid, ("email", "upn"), ("email", "upn")]),
        "allow_many" => allow(&[tid; 100]),
        "allow_upn" => allow(&[tid, oid, ("user_name", "upn")]),
        "allow_claim_not_described" => allow(&[tid, oid, ("email", "email")]),
        "allow_claim_not_text" => allow(&[tid, oid, ("user_name", "groups")]),
        "allow_made_up" => allow(&[tid, oid, ("user_name", "root\r\n\u{1b}[31m")]),
        "deny" => deny("misbehaved"),
        "deny_unknown_reason" => deny("no_such_reason"),
        "deny_empty_reason" => deny(""),
        "deny_host_reason" => deny("token.expired"),
        "deny_host_failure" => deny("policy.limit.fuel"),
        "deny_unknown_claim" => pointing("claims", &["email"]),
        "deny_unknown_setting" => pointing("settings", &["server_url"]),
        "deny_unknown_fact" => pointing("facts", &["account.admin"]),
        "deny_claim_twice" => pointing("claims", &["upn", "upn"]),
        "ask" => ask(&["account.exists"]),
        "ask_nothing" => ask(&[]),
        "ask_unknown" => ask(&["account.admin"]),
        "ask_twice" => ask(&["account.exists", "account.exists"]),
        "ask_empty_principal" => {
            let facts = vec!["account.exists".into()];
            Verdict::Ask(Question { principal: principal(&[]), facts })
        }
        "text_2_mib" => deny(&"x".repeat(2 * MIB)),
        "texts_aliased" => claims(memory::aliased(4_000, 100_000)),
        "texts_many" => claims(vec![String::new(); 100_000]),
        _ => allow(&[tid, oid]),
    }
}

fn allow(attributes: &[(&str, &str)]) -> Verdict {
    Verdict::Allow(principal(attributes))
}

fn principal(attributes: &[(&str, &str)]) -> Principal {
    let attribute =
        |&(name, claim): &(&str, &str)| Attribute { name: name.into(), claim: claim.into() };
    Principal { attributes: attributes.iter().map(attribute).collect() }
}

fn ask(facts: &[&str]) -> Verdict {
    let principal = principal(&[("tenant_id", "tid"), ("object_id", "oid")]);
    Verdict::Ask(Question { principal, facts: facts.iter().map(|&fact| fact.into()).collect() })
}

fn deny(reason: &str) -> Verdict {
    Verdict::Deny(denial(reason))
}

fn denial(reason: &str) -> Denial {
    Denial { reason: reason.into(), claims: Vec::new(), settings: Vec::new(), facts: Vec::new() }
}

fn claims(claims: Vec<String>) -> Verdict {
    Verdict::Deny(Denial { claims, ..denial("misbehaved") })
}

fn pointing(list: &str, names: &[&str]) -> Verdict {
    let mut denial = denial("misbehaved");
    let names = names.iter().map(|&name| name.into()).collect();
    match list {
        "claims" => denial.claims = names,
        "settings" => denial.settings = names,
        _ => denial.facts = names,
    }
    Verdict::Deny(denial)
}

fn trace(mode: &str) -> Vec<Step> {
    let passed = |rule: &str| Step { rule: rule.into(), outcome: Outcome::Passed };
    let good = || vec![passed("first_rule"), passed("second_rule")];
    match mode {
        "trace_huge" => vec![passed(&"r".repeat(1_000)); 1_000],
        "trace_invented" => vec![passed("first_rule"), passed("third_rule")],
        "trace_turned" => vec![passed("second_rule"), passed("first_rule")],
        "trace_long" => [good(), good()].concat(),
        "trace_short" => vec![passed("first_rule")],
        "trace_contradicts" => {
            vec![
                passed("first_rule"),
                Step { rule: "second_rule".into(), outcome: Outcome::Failed },
            ]
        }
        _ => good(),
    }
}
