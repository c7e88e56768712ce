//! What changes from one policy to another: over the same inputs, or over what a log says was decided.

mod groups;

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::decision::Outcome;
use crate::names::names;
use crate::text;

pub use groups::{Group, Groups};

names! {
    /// The direction of a change. `allow` admits more than `ask`, and `ask` more than the others.
    pub enum Kind {
        /// Less is admitted.
        Narrowing = "narrowing",
        /// More is admitted.
        Widening = "widening",
        /// Less is admitted, but only by a setting that the old policy does not have: with the settings
        /// that both have, nothing is lost.
        NewSetting = "new_setting",
        /// As much is admitted, but as somebody else, or under another name.
        Identity = "identity",
        /// As much is admitted, with another reason or question.
        Other = "other",
    }
}

/// What was decided, without who it is about.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
pub struct Decided {
    /// As in a decision.
    pub outcome: Outcome,
    /// The policy's code on `deny`, the host's on `invalid`, and on `failed` the host's or `settings`, when
    /// the policy does not take the settings. Absent on `allow` and `ask`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<text::Name>")]
    pub reason: Option<String>,
    /// The facts that are wanted. On `ask` only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<text::Name>", length(min = 1))]
    pub asks: Vec<String>,
}

impl Decided {
    /// How much is admitted.
    fn rank(&self) -> u8 {
        match self.outcome {
            Outcome::Allow => 2,
            Outcome::Ask => 1,
            Outcome::Deny | Outcome::Invalid | Outcome::Failed => 0,
        }
    }

    /// Whether as much is admitted as with `other`, or more.
    pub fn admits_as_much_as(&self, other: &Self) -> bool {
        self.rank() >= other.rank()
    }
}

impl Kind {
    /// The direction from one decision to another; absent when they are the same. What is pointed at does
    /// not count: it changes with the wording of a refusal.
    pub fn of(old: &Decided, new: &Decided, is_same_identity: bool) -> Option<Self> {
        match new.rank().cmp(&old.rank()) {
            Ordering::Less => Some(Self::Narrowing),
            Ordering::Greater => Some(Self::Widening),
            Ordering::Equal if !is_same_identity => Some(Self::Identity),
            Ordering::Equal => (old != new).then_some(Self::Other),
        }
    }
}

names! {
    /// One of the two policies.
    pub enum Side {
        /// The policy OLD.
        Old = "old",
        /// The policy NEW.
        New = "new",
    }
}

/// A claim, fact or setting: one of the three.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("oneOf" = [{"required": ["claim"]}, {"required": ["fact"]}, {"required": ["setting"]}]))]
pub struct Part {
    /// The name of a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// The name of a fact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    /// The name of a setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub setting: Option<String>,
    /// What it holds; for a setting of a comparison's `concerned` the default when it is not configured.
    /// Absent when it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// In `varied`, what it holds in the input it was made from. Absent when it was missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<Value>,
    /// In a comparison's `concerned`, the policy that does not have the setting. Absent when both have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_to: Option<Side>,
}

impl Part {
    /// A claim and what it holds.
    pub fn claim(name: &str, value: Option<Value>) -> Self {
        Self { claim: Some(name.to_owned()), value, ..Self::default() }
    }

    /// A fact and what it holds.
    pub fn fact(name: &str, value: Option<Value>) -> Self {
        Self { fact: Some(name.to_owned()), value, ..Self::default() }
    }

    /// A setting and what it holds.
    pub fn setting(name: &str, value: Option<Value>) -> Self {
        Self { setting: Some(name.to_owned()), value, ..Self::default() }
    }

    /// What it is, and its name.
    pub fn named(&self) -> (&'static str, &str) {
        match self {
            Self { claim: Some(name), .. } => ("claim", name),
            Self { fact: Some(name), .. } => ("fact", name),
            Self { setting, .. } => ("setting", setting.as_deref().unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(outcome: Outcome, reason: &str) -> Decided {
        let reason = Some(reason.to_owned()).filter(|reason| !reason.is_empty());
        Decided { outcome, reason, asks: Vec::new() }
    }

    #[test]
    fn a_change_widens_narrows_or_neither() {
        let refusals = [
            decided(Outcome::Deny, "a"),
            decided(Outcome::Invalid, "b"),
            decided(Outcome::Failed, "c"),
        ];
        let (allow, ask) = (decided(Outcome::Allow, ""), decided(Outcome::Ask, ""));
        let kind = |old, new| Kind::of(old, new, true);
        for refusal in &refusals {
            for more in [&allow, &ask] {
                assert_eq!(kind(refusal, more), Some(Kind::Widening));
                assert_eq!(kind(more, refusal), Some(Kind::Narrowing));
            }
            for other in &refusals {
                let expected = (other != refusal).then_some(Kind::Other);
                assert_eq!(kind(refusal, other), expected);
            }
        }
        assert_eq!(kind(&ask, &allow), Some(Kind::Widening));
        assert_eq!(kind(&allow, &ask), Some(Kind::Narrowing));
    }

    #[test]
    fn outcome_reason_question_and_identity_count() {
        let (deny, ask) = (decided(Outcome::Deny, "a"), decided(Outcome::Ask, ""));
        assert_eq!(Kind::of(&deny, &deny, true), None);
        assert_eq!(Kind::of(&ask, &ask, false), Some(Kind::Identity));
        let other_question = Decided { asks: vec!["account.bot".to_owned()], ..ask.clone() };
        for (one, other) in [
            (&deny, &decided(Outcome::Deny, "b")),
            (&deny, &decided(Outcome::Invalid, "a")),
            (&ask, &other_question),
        ] {
            assert_eq!(Kind::of(one, other, true), Some(Kind::Other));
        }
    }
}
