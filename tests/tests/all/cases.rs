//! The policies' cases as real tokens: signed, verified, decided in the sandbox, and equal to what
//! the same rules say natively.

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, OnceLock};

use admit::bounded::Bounded;
use admit::cases::{Case, CaseFile, Expectation, ISSUER};
use admit::claims::Verification;
use admit::decision::{Decision, Observed};
use admit::facts::Facts;
use admit::gate::{Activation, Gate, Input, Request};
use admit::runtime::Runtime;
use admit::token::Format;
use admit_guest::Policy;
use admit_guest::contract::{self, Outcome, Value as Field, Verdict};
use admit_guest::testing;
use admit_policies::Embedded;
use admit_tests::fixture::{issuer, keys_with};
use serde_json::{Map, Value, json};

#[test]
fn windows_mdm_1() {
    agree::<windows_mdm_1::WindowsMdm>(&admit_policies::WINDOWS_MDM_1, "windows-mdm-1.yaml", 150);
}

#[test]
fn windows_mdm_2() {
    agree::<windows_mdm_2::WindowsMdm>(&admit_policies::WINDOWS_MDM_2, "windows-mdm-2.yaml", 370);
}

#[test]
fn intune_mam() {
    agree::<intune_mam::IntuneMam>(&admit_policies::INTUNE_MAM, "intune-mam.yaml", 140);
}

/// Decides every case of a file both ways. `least` is how many the file has at the least.
fn agree<P: Policy>(policy: &Embedded, file: &str, least: usize) {
    let path = format!("{}/cases/{file}", env!("CARGO_MANIFEST_DIR"));
    let cases = CaseFile::parse(&fs::read_to_string(path).unwrap()).unwrap().cases().unwrap();
    assert!(cases.len() >= least, "only {} cases", cases.len());
    let mut gates = Gates::new(policy);
    let mut wrong = Vec::new();
    for case in &cases {
        let claims = claims(case);
        let came = gates.decide(case, &claims);
        let expected = match &case.expect {
            Expectation::Invalid { code } => json!({"outcome": "invalid", "reason": code}),
            _ => native::<P>(case, &claims),
        };
        if came.outcome().as_str() != case.expect.outcome() {
            wrong.push(format!("{}: {} {:?}", case.name, came.outcome().as_str(), came.detail()));
        }
        let (came, expected) = (comparable(&came).to_string(), expected.to_string());
        if came != expected {
            wrong.push(format!("{}:\n  sandbox {came}\n  native  {expected}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// The claims of a case with the issuer filled in, spelled out here a second time.
pub(crate) fn claims(case: &Case) -> Value {
    let mut claims = Value::Object(case.claims.clone());
    if claims["iss"] == ISSUER {
        let tid = claims["tid"].as_str().unwrap_or_default();
        let issuer = match claims["ver"].as_str() {
            Some("1.0") => format!("https://sts.windows.net/{tid}/"),
            _ => format!("https://login.microsoftonline.com/{tid}/v2.0"),
        };
        claims["iss"] = json!(issuer);
    }
    claims
}

/// One gate for each set of settings that the cases use.
struct Gates<'a> {
    policy: &'a Embedded,
    gates: HashMap<String, Gate>,
}

impl<'a> Gates<'a> {
    fn new(policy: &'a Embedded) -> Self {
        Self { policy, gates: HashMap::new() }
    }

    fn decide(&mut self, case: &Case, claims: &Value) -> Decision {
        let policy = self.policy;
        let settings = case.settings.clone().unwrap();
        let gate = self
            .gates
            .entry(Value::Object(settings.clone()).to_string())
            .or_insert_with(|| gate(policy, settings));
        let token = issuer().sign(claims);
        let facts = Facts::from_json(case.facts.clone()).unwrap();
        let input = Input::Token(Format::Jwt, token.as_bytes());
        gate.decide(&Request { id: None, input, facts: &facts, now: case.now, trace: true })
            .unwrap()
    }
}

fn gate(policy: &Embedded, settings: Map<String, Value>) -> Gate {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| Runtime::new().unwrap()).clone();
    let keys = Arc::new(keys_with(json!({})));
    let gate = Gate::new("cases", runtime, keys, Verification::default());
    let settings = settings.into();
    gate.activate(Activation { component: policy.component, settings, cases: &[] }).unwrap();
    gate
}

/// What both sides must say, in one order: outcome, reason, identity, what is asked, what came,
/// which settings speak against it, trace.
fn comparable(decision: &Decision) -> Value {
    let Value::Object(mut members) = serde_json::to_value(decision).unwrap() else {
        panic!("a decision is an object");
    };
    if decision.outcome().as_str() == "invalid" {
        return json!({"outcome": "invalid", "reason": decision.reason()});
    }
    let settings: Vec<_> = decision.expected().iter().map(|item| item.setting.clone()).collect();
    json!({
        "outcome": members.remove("outcome"),
        "reason": members.remove("reason"),
        "identity": members.remove("identity"),
        "asks": decision.asks(),
        "observed": decision.observed(),
        "settings": settings,
        "trace": decision.trace,
    })
}

/// The same, from the rules as plain Rust.
fn native<P: Policy>(case: &Case, claims: &Value) -> Value {
    let policy = P::configured(&testing::settings(case)).unwrap();
    let request = testing::request::<P>(case);
    let decision = policy.decide(&request);
    let (outcome, identity, asks, denial) = match decision.verdict {
        Verdict::Allow(principal) => ("allow", identity(&principal, claims), vec![], None),
        Verdict::Ask(ask) => ("ask", identity(&ask.principal, claims), ask.facts, None),
        Verdict::Deny(denial) => ("deny", Value::Null, vec![], Some(denial)),
    };
    let observed = denial.as_ref().map_or_else(Vec::new, |denial| observed(denial, &request));
    json!({
        "outcome": outcome,
        "reason": denial.as_ref().map(|denial| &denial.reason),
        "identity": identity,
        "asks": asks,
        "observed": observed,
        "settings": denial.map(|denial| denial.settings).unwrap_or_default(),
        "trace": decision.trace.iter().map(step).collect::<Vec<_>>(),
    })
}

fn identity(principal: &contract::Principal, claims: &Value) -> Value {
    let mut identity = Map::new();
    for attribute in &principal.attributes {
        identity.insert(attribute.name.clone(), claims[&attribute.claim].clone());
        if attribute.name == "user_name" {
            identity.insert("user_name_claim".into(), json!(attribute.claim));
        }
    }
    Value::Object(identity)
}

/// What came, cut as the host cuts it.
fn observed(denial: &contract::Denial, request: &contract::Request) -> Vec<Observed> {
    let mut left = 4_096;
    let mut bounded = |name: &String, fields: &[contract::Field]| {
        let field = fields.iter().find(|field| field.name == *name);
        field.map(|field| Bounded::within(&value(&field.value), &mut left))
    };
    let claims = denial.claims.iter();
    let claims = claims.map(|name| Observed::claim(name, bounded(name, &request.claims)));
    let mut observed: Vec<_> = claims.collect();
    let facts = denial.facts.iter();
    observed.extend(facts.map(|name| Observed::fact(name, bounded(name, &request.facts))));
    observed
}

fn value(value: &Field) -> Value {
    match value {
        Field::Text(text) => json!(text),
        Field::Texts(texts) => json!(texts),
        Field::Integer(integer) => json!(integer),
        Field::Boolean(boolean) => json!(boolean),
        Field::Json(text) => serde_json::from_str(text).unwrap(),
    }
}

fn step(step: &contract::Step) -> Value {
    let outcome = match step.outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Asked => "asked",
        Outcome::Skipped => "skipped",
    };
    json!({"rule": step.rule, "outcome": outcome})
}
