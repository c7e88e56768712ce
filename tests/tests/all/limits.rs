//! The catalogue of hostile components: what they do, what the host answers, and that it lives.
//!
//! Every attack is followed by a good decision of a good policy in the same runtime and by a good
//! decision of the attacker itself.

mod activation;
mod answers;
mod artefacts;
mod compiling;
mod documented;
mod isolation;
pub(crate) mod memory;
mod patched;
mod resources;
mod shape;
mod space;

use std::error::Error;
use std::sync::{Arc, OnceLock};

use admit::claims::Verification;
use admit::decision::{Decision, Outcome};
use admit::facts::Facts;
use admit::gate::{ActivateError, Activation, Gate, Input, Request};
use admit::limits::Limits;
use admit::release::BuildError;
use admit::runtime::Runtime;
use admit::settings::Settings;
use admit_policies::WINDOWS_MDM_2;
use admit_tests::fixture::{CLIENT, NOW, SERVER, TID, claims, keys_with, with};
use admit_tests::guests::CoreModule;
use serde_json::{Value, json};

/// Starts the text of an error by which the compiler or the snapshot broke.
const PANIC: &str = "panic";

/// A hostile policy beside a good one in one runtime.
struct Host {
    good: Gate,
    hostile: Gate,
}

/// One request to the hostile policy.
#[derive(Clone)]
struct Attack {
    name: String,
    /// Changes to the claims of a good token.
    claims: Value,
    facts: Value,
    now: u64,
    trace: bool,
    /// `allow`, `ask`, `deny` or the code of the failure.
    expected: &'static str,
}

impl Attack {
    /// A token whose claim `mode` tells the policy what to do.
    fn mode(mode: &str, expected: &'static str) -> Self {
        Self {
            name: mode.to_owned(),
            claims: json!({"mode": mode}),
            facts: json!({}),
            now: NOW,
            trace: false,
            expected,
        }
    }

    fn with_claims(mut self, claims: Value) -> Self {
        self.claims = with(self.claims, claims);
        self
    }

    fn with_trace(self) -> Self {
        Self { trace: true, ..self }
    }
}

impl Host {
    /// The misbehaving policy as it was built; shared, as in production.
    fn shared() -> &'static Self {
        static HOST: OnceLock<Host> = OnceLock::new();
        HOST.get_or_init(|| Self::with(&CoreModule::misbehave().component(), Limits::default()))
    }

    fn with(component: &[u8], limits: Limits) -> Self {
        let runtime = Runtime::with_limits(limits).unwrap();
        let host = Self { good: gate("good", &runtime), hostile: gate("hostile", &runtime) };
        host.good.activate(windows_mdm()).unwrap();
        activate(&host.hostile, component, json!({})).unwrap_or_else(|error| panic!("{error}"));
        host
    }

    fn decide(&self, attack: &Attack) -> Decision {
        let claims = with(claims(), attack.claims.clone());
        let facts = Facts::parse(attack.facts.to_string().as_bytes()).unwrap();
        decide(&self.hostile, &claims, &facts, attack.now, attack.trace)
    }

    /// Runs every attack; all that came out wrong is reported together.
    fn withstands(&self, attacks: &[Attack]) {
        let mut wrong = Vec::new();
        for attack in attacks {
            let decision = self.decide(attack);
            if let Some(fault) = fault(attack, &decision) {
                wrong.push(format!("{}: {fault}", attack.name));
            }
            self.is_well(&attack.name);
        }
        assert_eq!(wrong, Vec::<String>::new());
    }

    /// The very next decisions are right: of the good policy, and of the hostile one when it is good.
    fn is_well(&self, after: &str) {
        for (gate, claims) in [(&self.good, claims()), (&self.hostile, claims())] {
            let decision = decide(gate, &claims, &Facts::default(), NOW, false);
            let detail = decision.detail().unwrap_or_default();
            assert_eq!(
                decision.outcome(),
                Outcome::Allow,
                "{} after {after}: {detail}",
                gate.name()
            );
        }
    }
}

/// What is wrong with the decision about an attack.
fn fault(attack: &Attack, decision: &Decision) -> Option<String> {
    let detail = decision.detail().unwrap_or_default();
    let came = match decision.outcome() {
        Outcome::Failed => decision.reason().unwrap_or_default(),
        outcome => outcome.as_str(),
    };
    let admits = matches!(decision.outcome(), Outcome::Allow | Outcome::Ask);
    if came != attack.expected {
        Some(format!("expected {}, got {came} ({detail})", attack.expected))
    } else if admits != decision.identity().is_some() {
        Some(format!("{came} with identity {:?}", decision.identity()))
    } else if detail.chars().any(char::is_control) || detail.len() > 600 {
        Some(format!("a detail that is not fit for a log: {detail:?}"))
    } else {
        None
    }
}

fn gate(name: &str, runtime: &Runtime) -> Gate {
    Gate::new(name, runtime.clone(), Arc::new(keys_with(json!({}))), Verification::default())
}

fn windows_mdm() -> Activation<'static> {
    let settings = json!({
        "server_url": SERVER,
        "windows_entra_tenant_ids": [TID],
        "windows_entra_client_ids": [CLIENT],
    });
    let settings = Settings::parse(settings.to_string().as_bytes()).unwrap();
    Activation { component: WINDOWS_MDM_2.component, settings, cases: &[] }
}

fn decide(gate: &Gate, claims: &Value, facts: &Facts, now: u64, trace: bool) -> Decision {
    let claims = claims.to_string();
    let input = Input::Claims(claims.as_bytes());
    gate.decide(&Request { id: None, input, facts, now, trace }).unwrap()
}

/// Activates a component; an error comes as its code and the whole chain of its messages.
fn activate(gate: &Gate, component: &[u8], settings: Value) -> Result<(), String> {
    let settings = Settings::parse(settings.to_string().as_bytes()).unwrap();
    match gate.activate(Activation { component, settings, cases: &[] }) {
        Ok(_) => Ok(()),
        Err(error @ ActivateError::Build(BuildError::Broke { .. })) => {
            Err(format!("{PANIC}: {error}"))
        }
        Err(error) => Err(format!("{}: {}", error.code(), chain(&error))),
    }
}

fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
