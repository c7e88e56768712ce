//! The state of a server and of its gates.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decision::{Expected, Outcome, PolicyRef};
use crate::evidence::Evidence;
use crate::names::names;
use crate::release::{Attempt, TakenBack};
use crate::text;

/// The state of the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// The version of the server.
    pub version: String,
    /// When it started.
    #[schemars(with = "text::Time")]
    pub started_at: String,
    /// The repository that policies and settings come from. Absent when they are changed here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitops: Option<String>,
    /// In the order of the configuration.
    pub gates: Vec<GateStatus>,
    /// The keys of every cloud that a gate takes tokens of.
    pub keys: Vec<KeysStatus>,
    /// Whether anything can be stored. While it cannot, every change is refused.
    pub store: StoreStatus,
    /// What the decision log did. Absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_log: Option<LogStatus>,
}

/// Whether anything can be stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoreStatus {
    /// Whether it can.
    pub state: StoreState,
    /// Why it fails. Absent when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

names! {
    /// Whether anything can be stored.
    pub enum StoreState {
        /// Everything can be stored.
        Writable = "writable",
        /// Nothing can be stored, or what is stored cannot be read.
        Failing = "failing",
    }
}

/// What the decision log did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogStatus {
    /// Entries that were written.
    pub written: u64,
    /// Entries for which there was no room.
    pub dropped: u64,
    /// Entries that could not be written.
    pub failed: u64,
    /// Decisions whose answer waits for room in the log.
    pub waiting: usize,
    /// Why nothing has been written for more than a second although something waits to be. Absent
    /// when all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// The state of a gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateStatus {
    /// The name of the gate.
    #[schemars(with = "text::GateName")]
    pub gate: String,
    /// Whether it decides.
    pub state: GateState,
    /// Why it does not decide. Absent when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The Entra cloud whose tokens it takes.
    pub cloud: String,
    /// Its policy. Absent when it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// The digest of policy and settings together. Absent while it has no release.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Digest>")]
    pub release: Option<String>,
    /// The number of its activation, which only rises. Absent while it has no release.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub generation: Option<u64>,
    /// Counts changes of policy and settings.
    pub revision: u64,
    /// The settings that are configured and do not count: the policy does not know them, or a roll-back
    /// left them out. Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub not_counting: Vec<Expected>,
    /// The last attempt to give it another release. Absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_attempt: Option<Attempt>,
    /// The counts of its candidate. Absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate: Option<CandidateStatus>,
    /// Its releases that are known to fail, the five newest. Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 5))]
    pub taken_back: Vec<TakenBack>,
    /// What is known of its watched file. Absent when none is watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceStatus>,
    /// What it refused since the start, by reason, the latest first.
    #[schemars(length(max = 160))]
    pub refusals: Vec<Refusals>,
}

names! {
    /// Whether a gate decides.
    pub enum GateState {
        /// It is being started.
        Starting = "starting",
        /// It decides.
        Serving = "serving",
        /// Its settings were never complete.
        Unconfigured = "unconfigured",
        /// It should decide and cannot, or kept failing without a release to go back to.
        Failed = "failed",
    }
}

/// The counts of a candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CandidateStatus {
    /// Name, version and digest of its policy.
    pub policy: PolicyRef,
    /// Requests that it decided: those agreed and those differed.
    pub decided: u64,
    /// Of these, those that came out the same.
    pub agreed: u64,
    /// Of these, those that came out otherwise.
    pub differed: u64,
    /// Requests that it was not asked about, since too much was waiting.
    pub skipped: u64,
}

/// What is known of a watched file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceStatus {
    /// What is watched.
    pub path: String,
    /// What came of it.
    pub state: SourceState,
    /// The digest of what was found last. Absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Digest>")]
    pub digest: Option<String>,
    /// Why it was refused, or could not be read. Absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What has to change for what was refused to be taken, and when it is tried again. Absent when
    /// nothing was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// When it is tried again at the latest. Absent when it is not, until it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Time>")]
    pub retry_at: Option<String>,
}

names! {
    /// What came of a watched file.
    pub enum SourceState {
        /// Nothing found yet.
        Waiting = "waiting",
        /// It may still be written.
        Settling = "settling",
        /// It was activated.
        Applied = "applied",
        /// It was not activated.
        Refused = "refused",
        /// It could not be read.
        Unreadable = "unreadable",
    }
}

/// How often a reason refused, and what came the last time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Refusals {
    /// How these decisions came out.
    #[schemars(extend("type" = "string", "enum" = ["deny", "invalid", "failed"]))]
    pub outcome: Outcome,
    /// The code of the reason.
    #[schemars(with = "text::Name")]
    pub reason: String,
    /// How often since the start.
    #[schemars(range(min = 1))]
    pub count: u64,
    /// The last time.
    #[schemars(with = "text::Time")]
    pub last_at: String,
    /// The last of these decisions.
    #[schemars(with = "text::DecisionId")]
    pub decision_id: Uuid,
    /// What the host found then, on `invalid` and `failed`; `…` stands for what the text quotes of a token,
    /// but for values that may be shown. Absent on `deny`, and when nothing may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What came then; values that may name a person are withheld. Absent when the policy named
    /// nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub observed: Vec<Evidence>,
    /// What was configured then. Absent when the policy named nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub expected: Vec<Expected>,
}

/// The keys of a cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeysStatus {
    /// The name of the cloud: `public`, `us-gov` or `china`.
    pub cloud: String,
    /// Where they are fetched from. Absent when they are from a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The proxy through which they are fetched, without user name and password. Absent without
    /// one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// How many of the newest set are in use.
    pub usable: usize,
    /// How many of the newest set are not used. Absent when all are.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    pub skipped: usize,
    /// The first 20 of them that differ. Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 20))]
    pub skipped_keys: Vec<UnusedKey>,
    /// How many are in use although the newest set lacks them. Absent when none is.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(min = 1))]
    pub vanished: usize,
    /// The first 20 of them. Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 20))]
    pub vanished_keys: Vec<VanishedKey>,
    /// The age of the set in seconds. Absent before the first, and for a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_seconds: Option<u64>,
    /// What the last fetch failed with. Absent when it succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// How many fetches were started.
    pub fetches: u64,
}

/// A key of a set that is not used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnusedKey {
    /// Its id, cut to 64 characters. Absent when it has none that a token could name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// Why it is not used.
    pub reason: String,
    /// How many keys of the set this is said of. Absent when of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2))]
    pub count: Option<usize>,
}

/// A key that is in use although the newest set lacks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VanishedKey {
    /// Its id, cut to 64 characters.
    pub kid: String,
    /// How long it has been missing, in seconds.
    pub missing_seconds: u64,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}
