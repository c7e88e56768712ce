//! A policy as plain Rust. It is passed every claim in the order of the token, where the host would
//! pass those it described in the order of the description.

use std::marker::PhantomData;
use std::rc::Rc;

use admit_guest::Policy;
use admit_guest::contract::{self, Field, Outcome, Request, Step};
use serde_json::Value;

use crate::{Answer, Decide, Input, Object, Subject, Verdict};

/// The rules of a policy, without a sandbox.
#[derive(Debug, Default)]
pub struct Native<P>(PhantomData<P>);

impl<P> Native<P> {
    /// The policy `P`.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<P: Policy> Subject for Native<P> {
    fn configured(&self, settings: &Object) -> Option<Rc<dyn Decide>> {
        let policy = P::configured(&fields(settings)).ok()?;
        Some(Rc::new(Configured(policy)))
    }
}

struct Configured<P>(P);

impl<P: Policy> Decide for Configured<P> {
    fn decide(&self, input: &Input) -> Option<Answer> {
        let (claims, facts) = (fields(&input.claims), fields(&input.facts));
        let decision = self.0.decide(&Request { claims, facts, now: 0, trace: true });
        let trace = decision.trace.into_iter().map(|step| (outcome(&step), step));
        let trace = trace.map(|(outcome, step)| (step.rule, outcome)).collect();
        Some(Answer { verdict: verdict(decision.verdict, &input.claims), trace })
    }
}

fn fields(members: &Object) -> Vec<Field> {
    let field = |(name, json): (&String, &Value)| Field { name: name.clone(), value: value(json) };
    members.iter().map(field).collect()
}

/// A JSON value as the contract says that the host passes it.
#[must_use]
pub fn value(json: &Value) -> contract::Value {
    let other = || contract::Value::Json(json.to_string());
    match json {
        Value::String(text) => contract::Value::Text(text.clone()),
        Value::Bool(boolean) => contract::Value::Boolean(*boolean),
        Value::Number(number) => number.as_i64().map_or_else(other, contract::Value::Integer),
        Value::Array(items) => {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<_>>().map_or_else(other, contract::Value::Texts)
        }
        Value::Null | Value::Object(_) => other(),
    }
}

fn verdict(verdict: contract::Verdict, claims: &Object) -> Verdict {
    match verdict {
        contract::Verdict::Allow(principal) => Verdict::Allow(identity(&principal, claims)),
        contract::Verdict::Ask(ask) => Verdict::Ask(identity(&ask.principal, claims), ask.facts),
        contract::Verdict::Deny(contract::Denial { reason, claims, settings, facts }) => {
            Verdict::Deny { reason, claims, settings, facts }
        }
    }
}

/// The identity as the host resolves it.
fn identity(principal: &contract::Principal, claims: &Object) -> Object {
    let mut identity = Object::new();
    for attribute in &principal.attributes {
        let value = claims.get(&attribute.claim).cloned().unwrap_or_default();
        identity.insert(attribute.name.clone(), value);
        if attribute.name == "user_name" {
            identity.insert("user_name_claim".to_owned(), attribute.claim.clone().into());
        }
    }
    identity
}

const fn outcome(step: &Step) -> &'static str {
    match step.outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Asked => "asked",
        Outcome::Skipped => "skipped",
    }
}
