//! What a rule says.

use crate::contract::{self, Outcome};
use crate::describe::owned;

/// What a rule finds about a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nothing against it.
    Pass,
    /// The rule does not apply.
    Skip,
    /// The token is refused; no further rule is looked at.
    Deny(Denial),
    /// The token is good so far, these facts are wanted; no further rule is looked at.
    Ask(Vec<&'static str>),
}

impl Finding {
    /// Passes if the condition holds, denies otherwise.
    #[must_use]
    pub const fn require(holds: bool, otherwise: Denial) -> Self {
        if holds { Self::Pass } else { Self::Deny(otherwise) }
    }

    /// The finding as a step of a trace.
    pub(crate) const fn outcome(&self) -> Outcome {
        match self {
            Self::Pass => Outcome::Passed,
            Self::Skip => Outcome::Skipped,
            Self::Deny(_) => Outcome::Failed,
            Self::Ask(_) => Outcome::Asked,
        }
    }
}

/// A refusal: its reason, and what speaks against the token.
///
/// Made by [`Reason::denial`](crate::Reason::denial), so that its code is one of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denial {
    reason: &'static str,
    claims: &'static [&'static str],
    settings: &'static [&'static str],
    facts: &'static [&'static str],
}

impl Denial {
    pub(crate) const fn new(reason: &'static str) -> Self {
        Self { reason, claims: &[], settings: &[], facts: &[] }
    }

    /// Points at claims, those of the description; a missing one is named too.
    #[must_use]
    pub const fn claims(self, claims: &'static [&'static str]) -> Self {
        Self { claims, ..self }
    }

    /// Points at settings, those of the description.
    #[must_use]
    pub const fn settings(self, settings: &'static [&'static str]) -> Self {
        Self { settings, ..self }
    }

    /// Points at facts, those of the description.
    #[must_use]
    pub const fn facts(self, facts: &'static [&'static str]) -> Self {
        Self { facts, ..self }
    }

    pub(crate) fn answer(&self) -> contract::Denial {
        contract::Denial {
            reason: self.reason.into(),
            claims: owned(self.claims),
            settings: owned(self.settings),
            facts: owned(self.facts),
        }
    }
}
