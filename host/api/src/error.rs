//! Why there is no other answer.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::activation::{Step, StepName};
use crate::names::names;

/// Why there is no other answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Error {
    /// For people. May change.
    pub message: String,
    /// For programs. Stable.
    #[serde(deserialize_with = "known_code")]
    pub code: Code,
    /// What is wrong with which field. Absent when it is about none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub errors: Vec<FieldError>,
    /// The step at which an activation failed. Absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_step")]
    pub step: Option<StepName>,
    /// The steps up to the one that failed. Absent when no activation failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub steps: Vec<Step>,
}

names! {
    /// Why, for programs. Stable.
    pub enum Code {
        /// The request is not what the endpoint takes.
        Malformed = "malformed",
        /// No access token, or not one of this server.
        Unauthenticated = "unauthenticated",
        /// The role of the access token may not do this.
        Forbidden = "forbidden",
        /// Only the role `gitops` may write.
        GitopsMode = "gitops_mode",
        /// The Host or Origin header is not one of this server.
        HostNotAllowed = "host_not_allowed",
        /// There is no such thing.
        NotFound = "not_found",
        /// There is no such gate.
        UnknownGate = "unknown_gate",
        /// The gate has no candidate.
        NoCandidate = "no_candidate",
        /// The path takes other methods.
        MethodNotAllowed = "method_not_allowed",
        /// The body did not come to its end in time.
        Timeout = "timeout",
        /// The gate has no policy.
        NoPolicy = "no_policy",
        /// The gate was given another release meanwhile.
        Overtaken = "overtaken",
        /// There is nothing to go back to.
        NothingKept = "nothing_kept",
        /// The release is known to fail, and was not forced.
        TakenBack = "taken_back",
        /// Another access token has the name.
        NameTaken = "name_taken",
        /// The release decides already.
        AlreadyActive = "already_active",
        /// The component is no longer kept.
        NotKept = "not_kept",
        /// The gate had no release of this generation.
        UnknownGeneration = "unknown_generation",
        /// Settings that are configured would not count.
        SettingsDropped = "settings_dropped",
        /// It is the last access token of the role `admin`.
        LastAdmin = "last_admin",
        /// The candidate decided no request yet.
        NothingCompared = "nothing_compared",
        /// The candidate decided too many requests otherwise.
        TooManyDifferences = "too_many_differences",
        /// Policy or settings changed since they were read.
        ChangedMeanwhile = "changed_meanwhile",
        /// The body is too large.
        TooLarge = "too_large",
        /// The Content-Type is none that the endpoint takes.
        MediaType = "media_type",
        /// The policy refused values of settings.
        InvalidSettings = "invalid_settings",
        /// Settings are larger than they may be.
        SettingsTooLarge = "settings_too_large",
        /// The activation failed at this step.
        Inspect = "inspect",
        /// The activation failed at this step.
        Configure = "configure",
        /// The activation failed at this step.
        Seal = "seal",
        /// The activation failed at this step.
        Rehearse = "rehearse",
        /// The release could not be written down.
        Persist = "persist",
        /// The store could not be written or read.
        Store = "store",
        /// The store does not answer: what was asked for may be done later.
        OutcomeUnknown = "outcome_unknown",
        /// The server failed.
        Internal = "internal",
        /// Too many decisions are under way.
        Busy = "busy",
        /// The gate is being read from the store.
        Starting = "starting",
    }
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldError {
    /// The field: a member of the body, a setting, a parameter or a header.
    pub name: String,
    /// What came and what was expected.
    pub reason: String,
}

impl From<StepName> for Code {
    fn from(step: StepName) -> Self {
        match step {
            StepName::Inspect => Self::Inspect,
            StepName::Configure => Self::Configure,
            StepName::Seal => Self::Seal,
            StepName::Rehearse => Self::Rehearse,
            StepName::Persist => Self::Persist,
            StepName::Store => Self::Store,
        }
    }
}

/// A newer server may have codes that a reader does not know; the message says what they mean.
fn known_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
    let code = String::deserialize(deserializer)?;
    Ok(Code::named(&code).unwrap_or(Code::Internal))
}

fn known_step<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<StepName>, D::Error> {
    let step = Option::<String>::deserialize(deserializer)?;
    Ok(step.and_then(|step| StepName::named(&step)))
}
