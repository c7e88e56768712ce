//! A decision, as every way of calling Admit returns it.

pub mod sample;

use std::sync::Arc;

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bounded::Bounded;
use crate::names::names;
use crate::settings::SettingValue;
use crate::{shared, text};

/// One decision about one token: what `admit decide --output json` prints, and each line of
/// `admit decide --jsonl`. Only the outcome `allow` admits. Absent members are left out, never `null`.
/// Text for administrators (`title`, `detail`, `remedy`, `observed`, `expected`) may hold values of the
/// token and the settings; `presentation` never does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = conditions)]
pub struct Decision {
    /// The caller's own id of the request. Absent when the request had none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// New for every decision; the log line of the decision carries it too.
    #[schemars(with = "text::DecisionId")]
    pub decision_id: Uuid,
    /// What was decided, and what goes with it.
    #[serde(flatten)]
    pub ruling: Ruling,
    /// The name of the gate that decided.
    #[serde(with = "shared")]
    #[schemars(with = "String")]
    pub gate: Arc<str>,
    /// The policy that decided. Absent while the gate has no release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// The number of the gate's activation, which only rises. Absent while the gate has no release.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub generation: Option<u64>,
    /// The claim `ver`. Absent until the claims of the token are known to be good.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::TokenVersion>")]
    pub token_version: Option<String>,
    /// What was not checked. Absent when everything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// How long the decision took, in microseconds.
    pub duration_us: u64,
    /// One step per rule of the policy, in the order in which they are applied. Absent unless asked for,
    /// and when the policy never saw the token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub trace: Vec<Step>,
}

/// What was decided. Only [`Ruling::Allow`] admits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Ruling {
    /// Admitted.
    Allow {
        /// Who the token names.
        identity: Identity,
    },
    /// The token is good, but facts about the account are wanted first. Nobody is admitted yet.
    Ask {
        /// Who the token names.
        identity: Identity,
        /// The names of the facts that are wanted.
        #[schemars(with = "Vec<text::Name>", length(min = 1))]
        asks: Vec<String>,
    },
    /// The policy refused.
    Deny(Denial),
    /// The token did not verify; the policy never saw it.
    Invalid(Fault),
    /// No decision could be made.
    Failed(Fault),
}

/// A refusal by the policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Denial {
    /// One of the policy's own codes. Stable.
    #[schemars(with = "text::Name")]
    pub reason: String,
    /// Whose fault it is that the token was not admitted.
    pub blame: Blame,
    /// What came: the claims and facts that speak against the token. Absent when the policy names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub observed: Vec<Observed>,
    /// What was expected: the settings concerned, as they count. Absent when the policy names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub expected: Vec<Expected>,
    /// What happened, one sentence for an administrator.
    #[schemars(with = "text::Text")]
    pub title: String,
    /// What to change and where, for an administrator.
    #[schemars(with = "text::Text")]
    pub remedy: String,
    /// What the platform answers to its caller.
    pub presentation: Presentation,
}

/// Why the host refused a token, or why there is no decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// One of the host's codes: they start with `token.`, `keys.`, `policy.`, `gate.` or `host.`. Stable.
    #[schemars(with = "text::Name")]
    pub reason: String,
    /// Whose fault it is that the token was not admitted.
    pub blame: Blame,
    /// What happened, one sentence for an administrator.
    #[schemars(with = "text::Text")]
    pub title: String,
    /// What the host found, with what came and what was expected, for an administrator.
    pub detail: String,
    /// What to change and where, for an administrator.
    #[schemars(with = "text::Text")]
    pub remedy: String,
    /// What the platform answers to its caller.
    pub presentation: Presentation,
}

names! {
    /// The name of what was decided.
    pub enum Outcome {
        /// Admitted.
        Allow = "allow",
        /// The token is good; the policy wants facts about the account before it decides.
        Ask = "ask",
        /// The policy refused.
        Deny = "deny",
        /// The token did not verify; the policy never saw it.
        Invalid = "invalid",
        /// No decision could be made.
        Failed = "failed",
    }
}

names! {
    /// Whose fault it is that the token was not admitted.
    pub enum Blame {
        /// Who sent the token.
        Caller = "caller",
        /// The policy.
        Policy = "policy",
        /// The host or what it depends on.
        Host = "host",
    }
}

impl Ruling {
    /// Its name.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Allow { .. } => Outcome::Allow,
            Self::Ask { .. } => Outcome::Ask,
            Self::Deny(_) => Outcome::Deny,
            Self::Invalid(_) => Outcome::Invalid,
            Self::Failed(_) => Outcome::Failed,
        }
    }

    /// The policy's code on `deny`, the host's on `invalid` and `failed`; absent on `allow` and `ask`.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Allow { .. } | Self::Ask { .. } => None,
            Self::Deny(denial) => Some(&denial.reason),
            Self::Invalid(fault) | Self::Failed(fault) => Some(&fault.reason),
        }
    }
}

/// What some rulings have; absent for the others.
impl Decision {
    /// What was decided.
    pub fn outcome(&self) -> Outcome {
        self.ruling.outcome()
    }

    /// As [`Ruling::reason`].
    pub fn reason(&self) -> Option<&str> {
        self.ruling.reason()
    }

    /// Whose fault it is that the token was not admitted.
    pub fn blame(&self) -> Option<Blame> {
        match &self.ruling {
            Ruling::Deny(denial) => Some(denial.blame),
            _ => self.fault().map(|fault| fault.blame),
        }
    }

    /// Who the token names, on `allow` and `ask`.
    pub fn identity(&self) -> Option<&Identity> {
        match &self.ruling {
            Ruling::Allow { identity } | Ruling::Ask { identity, .. } => Some(identity),
            _ => None,
        }
    }

    /// The facts wanted, on `ask`.
    pub fn asks(&self) -> &[String] {
        match &self.ruling {
            Ruling::Ask { asks, .. } => asks,
            _ => &[],
        }
    }

    /// The policy's refusal, on `deny`.
    pub fn denial(&self) -> Option<&Denial> {
        match &self.ruling {
            Ruling::Deny(denial) => Some(denial),
            _ => None,
        }
    }

    /// What the host found, on `invalid` and `failed`.
    pub fn fault(&self) -> Option<&Fault> {
        match &self.ruling {
            Ruling::Invalid(fault) | Ruling::Failed(fault) => Some(fault),
            _ => None,
        }
    }

    /// What came, as far as it speaks against the token; on `deny`.
    pub fn observed(&self) -> &[Observed] {
        self.denial().map(|denial| &*denial.observed).unwrap_or_default()
    }

    /// What was expected; on `deny`.
    pub fn expected(&self) -> &[Expected] {
        self.denial().map(|denial| &*denial.expected).unwrap_or_default()
    }

    /// What happened, one sentence for an administrator; on a refusal or failure.
    pub fn title(&self) -> Option<&str> {
        match &self.ruling {
            Ruling::Deny(denial) => Some(&denial.title),
            _ => self.fault().map(|fault| &*fault.title),
        }
    }

    /// What the host found, for an administrator; on `invalid` and `failed`.
    pub fn detail(&self) -> Option<&str> {
        self.fault().map(|fault| &*fault.detail)
    }

    /// What to change and where; on a refusal or failure.
    pub fn remedy(&self) -> Option<&str> {
        match &self.ruling {
            Ruling::Deny(denial) => Some(&denial.remedy),
            _ => self.fault().map(|fault| &*fault.remedy),
        }
    }

    /// What the platform shows to its caller; on a refusal or failure.
    pub fn presentation(&self) -> Option<&Presentation> {
        match &self.ruling {
            Ruling::Deny(denial) => Some(&denial.presentation),
            _ => self.fault().map(|fault| &fault.presentation),
        }
    }
}

/// Who the token names. `tenant_id` with `object_id` is the identity; everything else is a label for
/// people: mutable, possibly absent, never a key.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("dependentRequired" = {"user_name": ["user_name_claim"], "user_name_claim": ["user_name"]}))]
pub struct Identity {
    /// The claim `tid`, a GUID as the token spells it.
    #[schemars(with = "text::Guid")]
    pub tenant_id: String,
    /// The claim `oid`, as the token spells it. The embedded policies admit only a GUID.
    #[schemars(with = "text::Label")]
    pub object_id: String,
    /// The user name, a label. Absent when the token has none that the policy takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Label>")]
    pub user_name: Option<String>,
    /// The claim that gave `user_name`, for example `upn`. Absent together with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name_claim: Option<String>,
    /// The name of the user, a label.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Label>")]
    pub display_name: Option<String>,
    /// An e-mail address, not verified, a label.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Label>")]
    pub email: Option<String>,
    /// The Entra device id, a label.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Label>")]
    pub device_id: Option<String>,
}

/// A claim of the token or a fact of the platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("oneOf" = [{"required": ["claim"]}, {"required": ["fact"]}]))]
pub struct Observed {
    /// The name of a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub claim: Option<String>,
    /// The name of a fact.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Name>")]
    pub fact: Option<String>,
    /// What it held, any JSON value; a long text is cut and ends with `…`, of a long list there are the
    /// first entries. Absent when the claim or fact was missing, or when `cut` says that it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// How many entries the list has. Absent when all are in `value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub entries: Option<usize>,
    /// `value` is not all that it held. Absent when it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl Observed {
    /// A claim and what it held; without a value it was missing.
    pub fn claim(name: &str, value: Option<Bounded>) -> Self {
        let Bounded { value, entries, cut } = value.unwrap_or_default();
        Self { claim: Some(name.to_owned()), fact: None, value, entries, cut }
    }

    /// A fact and what it held; without a value it was missing.
    pub fn fact(name: &str, value: Option<Bounded>) -> Self {
        let Bounded { value, entries, cut } = value.unwrap_or_default();
        Self { claim: None, fact: Some(name.to_owned()), value, entries, cut }
    }
}

/// A setting of the policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    /// The name of the setting.
    #[schemars(with = "text::Name")]
    pub setting: String,
    /// What is configured, else the default; a long text is cut and ends with `…`, of a long list there
    /// are the first entries. Absent when there is neither, or when `cut` says that it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<SettingValue>")]
    pub value: Option<Value>,
    /// How many entries the list has. Absent when all are in `value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub entries: Option<usize>,
    /// `value` is not all that is configured. Absent when it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl Expected {
    /// A setting and its value; without a value it is not configured.
    pub fn new(setting: &str, value: Option<Bounded>) -> Self {
        let Bounded { value, entries, cut } = value.unwrap_or_default();
        Self { setting: setting.to_owned(), value, entries, cut }
    }
}

/// What the platform answers to its caller. Carries no value of the token or the settings.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Presentation {
    /// The platform's own name of the error.
    #[schemars(with = "text::Text")]
    pub error_id: String,
    /// The HTTP status of the platform's answer.
    #[schemars(range(min = 400, max = 599))]
    pub http_status: u16,
    /// One or two sentences for the user. Absent when the user is to be shown nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(min = 1, max = 2000))]
    pub user_message: String,
    /// Whether trying again with a fresh token can help.
    pub retry: Retry,
    /// Another way in, for example `web_sso`. Absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Text>")]
    pub fallback: Option<String>,
    /// The SOAP fault for an MDM client (MS-MDE2 2.2.10). Absent where the platform speaks no MDM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mdm_fault: Option<MdmFault>,
}

names! {
    /// Whether trying again with a fresh token can help.
    pub enum Retry {
        /// It cannot.
        No = "no",
        /// Once.
        Once = "once",
    }
}

/// A fault of the enrolment protocol (MS-MDE2 2.2.10).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MdmFault {
    /// For example `s:Authorization`.
    #[schemars(with = "text::Text")]
    pub subcode: String,
    /// The code the device shows, for example `0x80180003`.
    #[schemars(regex(pattern = "^0x[0-9a-f]{8}$"))]
    pub code: String,
}

/// A policy by name, version and content.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Policy")]
pub struct PolicyRef {
    /// For example `windows-mdm`.
    #[serde(with = "shared")]
    #[schemars(with = "text::Name")]
    pub name: Arc<str>,
    /// A semantic version, for example `2.0.0`.
    #[serde(with = "shared")]
    #[schemars(with = "text::Version")]
    pub version: Arc<str>,
    /// The SHA-256 of the component.
    #[serde(with = "shared")]
    #[schemars(with = "text::Digest")]
    pub digest: Arc<str>,
}

impl PolicyRef {
    /// `NAME@VERSION`.
    pub fn reference(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

names! {
    /// What was not checked about a token.
    pub enum Signature {
        /// A claims set was given instead of a token: no signature was checked.
        NotVerified = "not_verified",
    }
}

names! {
    /// What a rule can say.
    pub enum RuleOutcome {
        /// Nothing against the token.
        Passed = "passed",
        /// The rule refused it.
        Failed = "failed",
        /// The rule wants facts first.
        Asked = "asked",
        /// The rule did not apply or was not reached.
        Skipped = "skipped",
    }
}

/// What one rule said.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TraceStep")]
pub struct Step {
    /// The name of the rule, from the policy's description.
    #[schemars(with = "text::Name")]
    pub rule: String,
    /// What it said.
    pub outcome: RuleOutcome,
}

/// What of the members that all decisions may have goes with which outcome.
fn conditions(schema: &mut Schema) {
    let of = |outcomes: &[&str], then: Value| {
        let outcome = json!({"outcome": {"enum": outcomes}});
        json!({"if": {"properties": outcome, "required": ["outcome"]}, "then": then})
    };
    let absent = json!({"not": {}});
    let made_by = json!({"policy": {}, "generation": {}});
    let conditions = json!([
        of(
            &["allow", "ask", "deny", "invalid"],
            json!({
                "required": ["policy", "generation"], "properties": made_by,
            })
        ),
        of(
            &["allow", "ask", "deny"],
            json!({
                "required": ["token_version"], "properties": {"token_version": {}},
            })
        ),
        of(&["deny"], json!({"properties": {"blame": {"const": "caller"}}})),
        of(
            &["invalid"],
            json!({"properties": {
                "blame": {"const": "caller"}, "reason": {"pattern": "^token\\."},
                "token_version": absent, "trace": absent,
            }})
        ),
        of(
            &["failed"],
            json!({"properties": {
                "blame": {"enum": ["policy", "host"]},
                "reason": {"pattern": "^(keys|policy|gate|host)\\."}, "trace": absent,
            }})
        ),
    ]);
    schema.insert("allOf".to_owned(), conditions);
}
