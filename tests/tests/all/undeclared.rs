//! A policy that reads what its tables do not declare fails; it never reads it as absent.

use std::sync::Arc;

use admit::claims::Verification;
use admit::decision::Blame;
use admit::decision::{Decision, Outcome};
use admit::gate::{ActivateError, Activation, Gate};
use admit::runtime::Runtime;
use admit_tests::fixture::{NOW, claims, issuer, keys_with, with};
use admit_tests::gates::decide;
use admit_tests::guests::undeclared;
use serde_json::{Value, json};

fn activate(settings: Value) -> Result<Gate, ActivateError> {
    let keys = Arc::new(keys_with(json!({})));
    let gate = Gate::new("test", Runtime::new().unwrap(), keys, Verification::default());
    let Value::Object(settings) = settings else { panic!("{settings}") };
    let component = undeclared();
    gate.activate(Activation { component: &component, settings: settings.into(), cases: &[] })?;
    Ok(gate)
}

/// What the policy with these settings says about a token with these claims.
fn decided(settings: Value, changes: Value) -> Decision {
    let token = issuer().sign(&with(claims(), changes));
    decide(&activate(settings).unwrap(), &token, NOW)
}

/// The error and its causes.
fn refused(settings: Value) -> String {
    admit::failure::error_chain(&activate(settings).unwrap_err())
}

const USER: &str = "dana@example.com";

#[test]
fn a_decision_that_reads_an_undeclared_name_fails_and_names_it() {
    for (reads, list, name) in [("claim", "claim", "cnf"), ("fact", "fact", "account.exists")] {
        for trace in [json!({}), json!({"cnf": {"kid": "k"}})] {
            let settings = json!({(reads): name});
            let decision = decided(settings, with(json!({"upn": USER}), trace));
            assert_eq!(decision.outcome(), Outcome::Failed, "{reads}: {decision:?}");
            assert_eq!(decision.reason(), Some("policy.answer"));
            assert_eq!(decision.blame(), Some(Blame::Policy));
            let expected = format!(
                "the policy's answer breaks the contract: the policy reads or points at {list} \
                 `{name}`, which the policy does not declare"
            );
            assert_eq!(decision.detail(), Some(&*expected));
        }
    }
}

#[test]
fn declared_names_are_read_as_ever() {
    assert_eq!(decided(json!({}), json!({"upn": USER})).outcome(), Outcome::Allow);
    let denied = decided(json!({"claim": "upn"}), json!({"upn": USER}));
    assert_eq!(denied.reason(), Some("refused"));
}

#[test]
fn a_read_on_the_way_of_every_token_is_found_by_the_probe() {
    let error = refused(json!({"claim": "cnf", "at_once": true}));
    assert!(error.contains("the probe decision failed") && error.contains("`cnf`"), "{error}");
}

#[test]
fn a_setting_that_is_read_but_not_declared_is_refused_in_words() {
    let error = refused(json!({"forgetful": true}));
    assert!(
        error.contains(
            "forgotten: read by the policy, but its table `settings` does not declare it"
        ),
        "{error}"
    );
}

#[test]
fn the_default_that_counts_is_that_of_the_table() {
    // The constant that `configure` reads with says `true`, the table `false`.
    let decision = decided(json!({"claim": "cnf"}), json!({"upn": null}));
    assert_eq!(decision.outcome(), Outcome::Allow, "{decision:?}");
}
