//! Another policy or other settings for a gate, and what came of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::decision::{Expected, PolicyRef};
use crate::names::names;
use crate::settings::{SettingValues, SettingsPatch};
use crate::text;

/// A policy for a gate: a bundled one by name, or a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum NewPolicy {
    /// A bundled policy.
    Bundled {
        /// `NAME@VERSION`, for example `windows-mdm@2.0.0`; `NAME@2` or `NAME@2.0` for the newest of that
        /// line, or `NAME` for the newest of all.
        policy: String,
        /// Settings to change with it.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        #[schemars(with = "SettingsPatch")]
        settings: Map<String, Value>,
    },
    /// A component.
    Component {
        /// The component, base64 (RFC 4648 section 4).
        #[schemars(extend("contentEncoding" = "base64"))]
        component: String,
        /// Settings to change with it.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        #[schemars(with = "SettingsPatch")]
        settings: Map<String, Value>,
    },
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Activation {
    /// The name of the gate.
    #[schemars(with = "text::GateName")]
    pub gate: String,
    /// What came of it.
    pub result: ActivationResult,
    /// Name, version and digest of the policy.
    pub policy: PolicyRef,
    /// The digest of policy and settings together.
    #[schemars(with = "text::Digest")]
    pub release: String,
    /// The number of the gate's activation with this change, whatever was changed since; 0 while it
    /// never had a release.
    pub generation: u64,
    /// The revision of policy and settings with this change, whatever was changed since; the `ETag`
    /// in quotes.
    pub revision: u64,
    /// What was done, in this order.
    pub steps: Vec<Step>,
    /// How many cases the release has passed.
    pub rehearsed: Rehearsed,
    /// The names of the settings that have other values than the gate had before. Absent when there
    /// are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub changed_settings: Vec<String>,
    /// The settings that are configured and no longer count, or would not. Absent when there are
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub dropped: Vec<Expected>,
    /// The settings that were kept and count again, or would. Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub restored: Vec<Expected>,
    /// Settings that are kept and do not count: the policy does not know them, or a roll-back left
    /// them out. They count again with the next policy that is activated and knows them. Long
    /// values are cut. Absent when there are none.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "SettingValues")]
    pub unknown: Map<String, Value>,
}

names! {
    /// What came of a change.
    pub enum ActivationResult {
        /// It decides now.
        Activated = "activated",
        /// It was active already.
        Unchanged = "unchanged",
        /// A dry run, everything would have worked.
        Checked = "checked",
        /// It decides in the shadow.
        Candidate = "candidate",
    }
}

/// How many cases the release has passed. With none of either, nothing but a probe was decided with
/// it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rehearsed {
    /// Those that its component carries.
    pub component: usize,
    /// Those of the gate's `cases`, now; none on a way back.
    pub operator: usize,
}

/// A step of an activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// The name of the step.
    pub step: StepName,
    /// Whether it succeeded.
    pub ok: bool,
    /// How long it took, in microseconds. Absent when it was not timed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_us: Option<u64>,
    /// Why it failed, one line. Absent when it succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

names! {
    /// A step of an activation, by name.
    pub enum StepName {
        /// Is it a policy of this contract.
        Inspect = "inspect",
        /// Does it take its settings.
        Configure = "configure",
        /// Can it be prepared for fast use.
        Seal = "seal",
        /// Do the cases come out as they should.
        Rehearse = "rehearse",
        /// Was it written down.
        Persist = "persist",
        /// It decides.
        Store = "store",
    }
}

impl Rehearsed {
    /// Whether there was none, so that nothing but a probe was decided with the release.
    pub fn is_nothing(self) -> bool {
        self.component + self.operator == 0
    }
}
