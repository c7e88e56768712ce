//! What several answers have in common, for people.

use admit_api::activity::Actor;
use admit_api::decision::{Expected, PolicyRef};
use admit_api::error::Code;
use admit_api::evidence::{Evidence, Withheld};
use admit_api::release::{Attempt, TakenBack};
use admit_api::settings::Settings;
use admit_api::status::{GateState, GateStatus, Status};
use serde_json::{Map, Value};

use crate::client::{Call, Client, ClientError};
use crate::text::{bounded, clean};

/// Who did something, in a few words.
pub(super) fn actor(actor: &Actor) -> String {
    if actor.role.is_empty() {
        return clean(&actor.name);
    }
    clean(&format!("{} ({})", actor.name, actor.role))
}

pub(crate) struct GateSettings {
    pub(crate) policy: PolicyRef,
    pub(crate) settings: Map<String, Value>,
    /// Those that are kept and do not count.
    pub(crate) unknown: Map<String, Value>,
    /// The revision, as it is sent back in `If-Match`.
    pub(crate) etag: Option<String>,
}

impl GateSettings {
    /// Asks for what a gate has; absent when it has no policy.
    pub(crate) fn of(client: &Client, gate: &str) -> Result<Option<Self>, ClientError> {
        let answer = match client.call(Call::of_gate("GET", gate, "settings")) {
            Ok(answer) => answer,
            Err(error) if error.code() == Some(Code::NoPolicy) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Settings { policy, settings, unknown, .. } = answer.read()?;
        Ok(Some(Self { policy, settings, unknown, etag: answer.etag }))
    }
}

/// Asks for the state of a gate that decides nothing; absent when there is no such gate, or it decides.
pub(crate) fn idle(client: &Client, gate: &str) -> Result<Option<GateStatus>, ClientError> {
    let status: Status = client.call(Call::new("GET", &["v1", "status"]))?.read()?;
    let mut gates = status.gates.into_iter();
    Ok(gates.find(|one| one.gate == gate).filter(|one| one.state != GateState::Serving))
}

pub(crate) fn state(gate: &GateStatus) -> String {
    let problem = gate.problem.as_ref().map(|problem| format!(": {}", clean(problem)));
    format!("{}{}", gate.state, problem.unwrap_or_default())
}

/// `NAME = VALUE`.
pub(crate) fn setting(setting: &Expected, missing: &str) -> String {
    let value = bounded(setting.value.as_ref(), setting.entries, setting.cut, missing);
    format!("{} = {value}", clean(&setting.setting))
}

/// `claim NAME = VALUE`, or why there is no value.
pub(super) fn evidence(Evidence { observed, withheld }: &Evidence) -> String {
    let (kind, name) = match (&observed.claim, &observed.fact) {
        (Some(name), _) => ("claim", clean(name)),
        (_, name) => ("fact", clean(name.as_deref().unwrap_or_default())),
    };
    let missing = match withheld {
        None => "missing",
        Some(Withheld::NamesAPerson) => {
            "not shown: it names a person (`decision_log.claims` may not name it)"
        }
        Some(Withheld::MayNameAPerson) => {
            "not shown: it may name a person (it is shown if `decision_log.claims` names it)"
        }
    };
    let value = bounded(observed.value.as_ref(), observed.entries, observed.cut, missing);
    format!("{kind} {name} = {value}")
}

/// When a release was taken back, and after what.
pub(super) fn taken_back(taken: &TakenBack) -> String {
    let TakenBack { at, faults, reason, error, .. } = taken;
    let (at, reason, error) = (clean(at), clean(reason), clean(error));
    let plural = if *faults == 1 { "" } else { "s" };
    let separator = if error.is_empty() { "" } else { ": " };
    format!("{at} after {faults} fault{plural}, {reason}{separator}{error}")
}

pub(super) fn attempt(attempt: &Attempt) -> String {
    let Attempt { at, actor, action, result, .. } = attempt;
    let (at, action) = (clean(at), clean(action));
    let mut text = format!("{at}  {}  {action}  {result}", self::actor(actor));
    if let Some(step) = &attempt.step {
        text.push_str(&format!(" at {}", clean(step)));
    }
    text
}
