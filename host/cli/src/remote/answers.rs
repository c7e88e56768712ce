//! What several answers have in common. Members that are not shown are not read.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::client::{Call, Client, ClientError};
use crate::text::{bounded, clean};

/// A policy.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Policy {
    /// The name it gives itself.
    pub(crate) name: String,
    /// The version it gives itself.
    pub(crate) version: String,
    /// The digest of its component, `sha256:` and 64 hexadecimal digits.
    pub(crate) digest: String,
}

impl Policy {
    /// In a few words: name, version and the start of the digest.
    pub(crate) fn text(&self) -> String {
        let digest: String = self.digest.chars().take("sha256:".len() + 12).collect();
        clean(&format!("{} {} ({digest})", self.name, self.version))
    }

    /// `NAME@VERSION`.
    pub(crate) fn reference(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

/// Who did something.
#[derive(Debug, Deserialize)]
pub(crate) struct Actor {
    name: String,
    role: String,
    id: Option<String>,
}

impl Actor {
    /// In a few words.
    pub(crate) fn text(&self) -> String {
        if self.role.is_empty() {
            return clean(&self.name);
        }
        clean(&format!("{} ({})", self.name, self.role))
    }

    /// The id of the access token; `-` when there is none.
    pub(crate) fn access(&self) -> String {
        self.id.as_deref().map_or_else(|| "-".to_owned(), clean)
    }
}

/// The policy of a gate, with the settings that are kept for it.
#[derive(Debug, Deserialize)]
pub(crate) struct GateSettings {
    /// The active policy.
    pub(crate) policy: Policy,
    /// The settings that it knows.
    pub(crate) settings: Map<String, Value>,
    /// Those that are kept and do not count.
    pub(crate) unknown: Map<String, Value>,
    /// The revision, as it is sent back in `If-Match`.
    #[serde(skip)]
    pub(crate) etag: Option<String>,
}

impl GateSettings {
    /// Asks for what a gate has; absent when it has no policy.
    pub(crate) fn of(client: &Client, gate: &str) -> Result<Option<Self>, ClientError> {
        let answer = match client.call(Call::of_gate("GET", gate, "settings")) {
            Ok(answer) => answer,
            Err(error) if error.refusal().is_some_and(|refusal| refusal.code == "no_policy") => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let settings: Self = answer.read()?;
        Ok(Some(Self { etag: answer.etag, ..settings }))
    }
}

/// Whether a gate decides, and why not.
#[derive(Debug, Deserialize)]
pub(crate) struct GateState {
    gate: String,
    /// `serving`, or why it does not.
    state: String,
    problem: Option<String>,
}

impl GateState {
    /// Asks for the state of a gate; absent when there is no such gate.
    pub(crate) fn of(client: &Client, gate: &str) -> Result<Option<Self>, ClientError> {
        #[derive(Deserialize)]
        struct Status {
            gates: Vec<GateState>,
        }
        let status: Status = client.call(Call::new("GET", &["v1", "status"]))?.read()?;
        Ok(status.gates.into_iter().find(|state| state.gate == gate))
    }

    pub(crate) fn decides_nothing(&self) -> bool {
        self.state != "serving"
    }

    /// The state with its reason, for people.
    pub(crate) fn text(&self) -> String {
        let problem = self.problem.as_ref().map(|problem| format!(": {}", clean(problem)));
        format!("{}{}", clean(&self.state), problem.unwrap_or_default())
    }
}

/// What came of a change.
#[derive(Debug, Deserialize)]
pub(crate) struct Report {
    /// The gate.
    pub(crate) gate: String,
    /// `activated`, `unchanged`, `checked` or `candidate`.
    pub(crate) result: String,
    /// The policy.
    pub(crate) policy: Policy,
    /// The gate's generation.
    pub(crate) generation: u64,
    /// What was done, in this order.
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
    /// The cases that the release has passed; absent from a server that does not say.
    pub(crate) rehearsed: Option<Rehearsed>,
    /// The names of the settings that have other values than before.
    #[serde(default)]
    pub(crate) changed_settings: Vec<String>,
    /// The settings that counted and no longer do, or would not.
    #[serde(default)]
    pub(crate) dropped: Vec<Setting>,
    /// The settings that were kept and count again, or would.
    #[serde(default)]
    pub(crate) restored: Vec<Setting>,
    /// Settings that are kept and do not count.
    #[serde(default)]
    pub(crate) unknown: Map<String, Value>,
}

/// How many cases a release has passed.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Rehearsed {
    pub(crate) component: u64,
    pub(crate) operator: u64,
}

/// A setting with its value, cut when it is long.
#[derive(Debug, Deserialize)]
pub(crate) struct Setting {
    pub(crate) setting: String,
    value: Option<Value>,
    entries: Option<usize>,
    #[serde(default)]
    cut: bool,
}

impl Setting {
    /// `NAME = VALUE`.
    pub(crate) fn text(&self, missing: &str) -> String {
        let value = bounded(self.value.as_ref(), self.entries, self.cut, missing);
        format!("{} = {value}", clean(&self.setting))
    }
}

/// A claim or fact that a refusal points at.
#[derive(Debug, Deserialize)]
pub(crate) struct Evidence {
    claim: Option<String>,
    fact: Option<String>,
    value: Option<Value>,
    entries: Option<usize>,
    #[serde(default)]
    cut: bool,
    withheld: Option<String>,
}

impl Evidence {
    /// `claim NAME = VALUE`, or why there is no value.
    pub(crate) fn text(&self) -> String {
        let (kind, name) = match (&self.claim, &self.fact) {
            (Some(name), _) => ("claim", clean(name)),
            (_, name) => ("fact", clean(name.as_deref().unwrap_or_default())),
        };
        let missing = match self.withheld.as_deref() {
            None => "missing",
            Some("names_a_person") => {
                "not shown: it names a person (`decision_log.claims` may not name it)"
            }
            Some(_) => {
                "not shown: it may name a person (it is shown if `decision_log.claims` names it)"
            }
        };
        let came = bounded(self.value.as_ref(), self.entries, self.cut, missing);
        format!("{kind} {name} = {came}")
    }

    /// The claim, if it is one.
    pub(crate) fn claim(&self) -> Option<&str> {
        self.claim.as_deref()
    }
}

/// A step of an activation.
#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    pub(crate) step: String,
    pub(crate) took_us: Option<u64>,
}

/// An attempt to give a gate another release.
#[derive(Debug, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) id: Option<u64>,
    pub(crate) at: String,
    pub(crate) actor: Actor,
    pub(crate) action: String,
    pub(crate) policy: Option<Policy>,
    pub(crate) generation: Option<u64>,
    pub(crate) result: String,
    pub(crate) step: Option<String>,
    pub(crate) error: Option<String>,
    #[serde(default)]
    pub(crate) active: bool,
    #[serde(default)]
    pub(crate) not_counting: Vec<Setting>,
    pub(crate) taken_back: Option<TakenBack>,
}

/// Why a release is known to fail.
#[derive(Debug, Deserialize)]
pub(crate) struct TakenBack {
    pub(crate) policy: Policy,
    at: String,
    faults: u64,
    reason: String,
    error: String,
}

impl TakenBack {
    /// When, and after what.
    pub(crate) fn text(&self) -> String {
        let Self { at, faults, reason, error, .. } = self;
        let (at, reason, error) = (clean(at), clean(reason), clean(error));
        let plural = if *faults == 1 { "" } else { "s" };
        let separator = if error.is_empty() { "" } else { ": " };
        format!("{at} after {faults} fault{plural}, {reason}{separator}{error}")
    }
}

impl Attempt {
    /// When, who, and what came of it.
    pub(crate) fn text(&self) -> String {
        let Self { at, actor, action, result, .. } = self;
        let (at, action, result) = (clean(at), clean(action), clean(result));
        let mut text = format!("{at}  {}  {action}  {result}", actor.text());
        if let Some(step) = &self.step {
            text.push_str(&format!(" at {}", clean(step)));
        }
        text
    }
}
