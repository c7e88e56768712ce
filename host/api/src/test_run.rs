//! What `admit test --format json` prints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::comparison::Part;
use crate::decision::{PolicyRef, Step};
use crate::names::names;

/// What the cases of a policy came to: what `admit test --format json` prints. Absent members are left
/// out, never `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Test result")]
pub struct TestRun {
    /// The policy that was tested.
    pub policy: PolicyRef,
    /// The run in numbers.
    pub summary: Summary,
    /// The cases in the order of the files.
    pub cases: Vec<Case>,
    /// What the cases reached. Absent unless asked for with --coverage or --min-coverage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
}

/// The run in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Cases that were played.
    pub cases: usize,
    /// Cases that came out as they say.
    pub passed: usize,
    /// Cases that came out otherwise.
    pub failed: usize,
    /// The time of the run in milliseconds, sealing included.
    pub duration_ms: u64,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Case {
    /// The case file.
    pub file: String,
    /// Its line there, from 1.
    pub line: u64,
    /// Its name, unique in its file.
    pub name: String,
    /// Whether it came out as it says.
    pub result: CaseResult,
    /// What came out, in words.
    pub got: String,
    /// What the decision cost without trace, in Wasmtime's fuel units; 0 when the policy came to
    /// none.
    pub fuel: u64,
    /// The median time of a decision in nanoseconds, with --bench; absent when the policy came to
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ns: Option<u64>,
    /// What went wrong. Absent when it passed.
    #[serde(flatten)]
    pub failed: Option<Failed>,
}

names! {
    /// Whether a case came out as it says.
    pub enum CaseResult {
        /// It did.
        Passed = "passed",
        /// It came out otherwise.
        Failed = "failed",
    }
}

/// What there is to say of a case that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Failed {
    /// Why it failed in one sentence, without values of an identity: what was expected and got,
    /// what it cost too much, or what it names that the policy does not have. Absent when it passed.
    pub failure: String,
    /// What was expected, in words. Absent when it passed.
    pub expected: String,
    /// The claims, settings and facts that the decision points at, or else those the case names, or
    /// else all that the policy can see. Absent when it passed.
    pub concerned: Vec<Part>,
    /// What each rule said, in the order of the policy; empty when the policy came to no decision. Absent
    /// when it passed.
    pub trace: Vec<Step>,
}

/// What the cases reached: of each rule that it passes a case and that it stops one (`failed` or
/// `asked`), and each reason of the policy's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// `reached` of `total`; 100 for a policy with nothing to reach.
    #[schemars(extend("minimum" = 0, "maximum" = 100))]
    pub percent: f64,
    /// What was reached.
    pub reached: usize,
    /// What there is to reach.
    pub total: usize,
    /// How many cases led to each outcome of each rule.
    pub rules: Vec<RuleCoverage>,
    /// The policy's own reasons.
    pub reasons: Vec<ReasonCoverage>,
    /// What no case reached, a sentence each.
    pub missing: Vec<String>,
}

/// How many cases led to each outcome of a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleCoverage {
    /// The name of the rule.
    pub rule: String,
    /// Cases it had nothing against.
    pub passed: usize,
    /// Cases it refused.
    pub failed: usize,
    /// Cases it wanted facts for.
    pub asked: usize,
    /// Cases it did not apply to, or that did not reach it.
    pub skipped: usize,
}

/// Whether the cases reach a reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReasonCoverage {
    /// The code of the reason.
    pub reason: String,
    /// Whether a case was refused for it.
    pub reached: bool,
}
