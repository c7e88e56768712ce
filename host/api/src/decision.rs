//! A decision, as every way of calling Admit returns it.

pub mod sample;

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use crate::bounded::Bounded;

/// One decision about one token. Absent members are left out of its JSON form, whose schema is
/// `docs/decision.schema.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// The caller's own id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// UUIDv7, new for every decision.
    #[serde(serialize_with = "display")]
    pub decision_id: Uuid,
    /// What was decided, and what goes with it.
    #[serde(flatten)]
    pub ruling: Ruling,
    /// The gate that decided.
    #[serde(serialize_with = "display")]
    pub gate: Arc<str>,
    /// The policy that decided; absent when the gate has no release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// The gate's generation; absent when the gate has no release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// `ver` of the token, once its claims are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_version: Option<String>,
    /// Whether the signature was checked; absent when it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// One step per rule, when asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<Step>,
}

/// What was decided. Only [`Ruling::Allow`] admits.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Ruling {
    /// Admitted.
    Allow {
        /// Who is admitted.
        identity: Identity,
    },
    /// The token is good; the policy wants facts about the account before it decides.
    Ask {
        /// Whose account it is.
        identity: Identity,
        /// The facts wanted, at least one.
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
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Denial {
    /// The policy's code.
    pub reason: String,
    /// Whose fault it is.
    pub blame: Blame,
    /// What came: the claims and facts that speak against the token.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub observed: Vec<Observed>,
    /// What was expected: the settings concerned and their values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<Expected>,
    /// What happened, one sentence for an administrator.
    pub title: String,
    /// What to change and where.
    pub remedy: String,
    /// What the platform shows to its caller.
    pub presentation: Presentation,
}

/// Why the host refused a token, or why there is no decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    /// The host's code.
    pub reason: String,
    /// Whose fault it is.
    pub blame: Blame,
    /// What happened, one sentence for an administrator.
    pub title: String,
    /// What the host found; for an administrator.
    pub detail: String,
    /// What to change and where.
    pub remedy: String,
    /// What the platform shows to its caller.
    pub presentation: Presentation,
}

/// The name of what was decided.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Admitted.
    Allow,
    /// The token is good; the policy wants facts about the account before it decides.
    Ask,
    /// The policy refused.
    Deny,
    /// The token did not verify; the policy never saw it.
    Invalid,
    /// No decision could be made.
    Failed,
}

impl Outcome {
    /// The outcome's name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
            Self::Invalid => "invalid",
            Self::Failed => "failed",
        }
    }
}

/// Whose fault it is that nobody was admitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// Who sent the token.
    Caller,
    /// The policy.
    Policy,
    /// The host or what it depends on.
    Host,
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

    /// Whose fault it is that nobody was admitted.
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

/// Who a token names. `tenant_id` with `object_id` is the identity; everything else is a label for
/// people: mutable, possibly absent, never a key.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Identity {
    /// From `tid`.
    pub tenant_id: String,
    /// From `oid`.
    pub object_id: String,
    /// The user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// The claim that gave the user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name_claim: Option<String>,
    /// The display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// An e-mail address nobody verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The Entra device id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
}

/// Something that came: a claim or a fact. Without a value it was missing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Observed {
    /// The claim's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// The fact's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    /// What it held, cut as [`Bounded`] cuts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The entries of a list of which not all are in `value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<usize>,
    /// Whether `value` is not all that it held.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
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

/// Something that was expected: a setting. Without a value it is not configured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expected {
    /// The setting's name.
    pub setting: String,
    /// What is configured, or the default, cut as [`Bounded`] cuts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The entries of a list of which not all are in `value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<usize>,
    /// Whether `value` is not all that is configured.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

impl Expected {
    /// A setting and its value; without a value it is not configured.
    pub fn new(setting: &str, value: Option<Bounded>) -> Self {
        let Bounded { value, entries, cut } = value.unwrap_or_default();
        Self { setting: setting.to_owned(), value, entries, cut }
    }
}

/// What a platform answers to its caller. Carries no values of token or settings.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Presentation {
    /// The platform's own name of the error.
    pub error_id: String,
    /// 400 to 599.
    pub http_status: u16,
    /// For the user; left out when the user is to be shown nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user_message: String,
    /// Whether trying again with a fresh token can help.
    pub retry: Retry,
    /// Another way in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// The SOAP fault for an MDM client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mdm_fault: Option<MdmFault>,
}

/// Whether trying again with a fresh token can help.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Retry {
    /// It cannot.
    No,
    /// Once.
    Once,
}

/// A fault of the enrolment protocol (MS-MDE2 2.2.10).
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct MdmFault {
    /// For example `s:Authorization`.
    pub subcode: String,
    /// The code the device shows, for example `0x80180003`.
    pub code: String,
}

/// The policy a decision was made by.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PolicyRef {
    /// For example `windows-mdm`.
    #[serde(serialize_with = "display")]
    pub name: Arc<str>,
    /// For example `2.0.0`.
    #[serde(serialize_with = "display")]
    pub version: Arc<str>,
    /// Of the component, `sha256:` and 64 hexadecimal digits.
    #[serde(serialize_with = "display")]
    pub digest: Arc<str>,
}

/// What was not checked about a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// A claims set was given instead of a token, so that nobody checked a signature here.
    NotVerified,
}

/// What one rule said.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleOutcome {
    /// Nothing against the token.
    Passed,
    /// The rule refused it.
    Failed,
    /// The rule wants facts first.
    Asked,
    /// The rule did not apply or was not reached.
    Skipped,
}

impl RuleOutcome {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Asked => "asked",
            Self::Skipped => "skipped",
        }
    }
}

impl std::fmt::Display for RuleOutcome {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A rule, and what it said.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Step {
    /// The rule.
    pub rule: String,
    /// What it said.
    pub outcome: RuleOutcome,
}

fn display<S: Serializer>(
    value: &impl std::fmt::Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
