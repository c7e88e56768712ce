//! A gate with its policy, ready to decide.

use std::sync::Arc;

use admit::claims::Verification;
use admit::decision::Decision;
use admit::facts::Facts;
use admit::gate::{Activation, Gate, Input, Request};
use admit::keys::Keys;
use admit::runtime::Runtime;
use admit::settings::Settings;
use admit::token::Format;
use serde_json::Value;

/// A gate in a runtime of its own, with this policy active.
///
/// # Panics
///
/// When the policy does not take the settings.
pub fn gate(keys: Keys, component: &[u8], settings: Value) -> Gate {
    let runtime = Runtime::new().expect("a runtime with the default limits");
    let gate = Gate::new("test", runtime, Arc::new(keys), Verification::default());
    let settings = Settings::parse(settings.to_string().as_bytes()).expect("settings");
    gate.activate(Activation { component, settings, cases: &[] }).expect("the policy is good");
    gate
}

/// Decides a token in compact form, without facts.
///
/// # Panics
///
/// Never: without facts, none has a wrong type.
pub fn decide(gate: &Gate, token: &str, now: u64) -> Decision {
    let facts = Facts::default();
    let input = Input::Token(Format::Jwt, token.as_bytes());
    gate.decide(&Request { id: None, input, facts: &facts, now, trace: false })
        .expect("no fact is of a wrong kind")
}
