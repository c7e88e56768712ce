//! What a refusal points at, as far as it may be shown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decision::Observed;
use crate::names::names;

/// A claim of the token or a fact of the platform that a refusal points at, shown unless it names a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What came; without a value it was missing, or is withheld.
    #[serde(flatten)]
    pub observed: Observed,
    /// Why its value is not shown. Absent when it is, or when it was missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
}

names! {
    /// Why a value is not shown.
    pub enum Withheld {
        /// The claim does, by its registration: `decision_log.claims` cannot name it.
        NamesAPerson = "names_a_person",
        /// The name or the value looks like it, or cannot be looked through: shown if
        /// `decision_log.claims` names it.
        MayNameAPerson = "may_name_a_person",
    }
}
