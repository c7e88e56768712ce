//! What the cases of a run reached of a policy.

use admit::contract::types::Description;
use admit::decision::RuleOutcome;
use admit::reason;

use crate::suite::Outcome;

/// Per rule and per reason, what was reached.
pub(super) struct Coverage {
    /// The rules, in their order.
    pub(super) rules: Vec<RuleCoverage>,
    /// The policy's own reasons, and whether a case was refused for each.
    pub(super) reasons: Vec<(String, bool)>,
}

/// How often each outcome of a rule was reached.
pub(super) struct RuleCoverage {
    /// The rule.
    pub(super) name: String,
    /// Cases it had nothing against.
    pub(super) passed: usize,
    /// Cases it refused.
    pub(super) failed: usize,
    /// Cases it wanted facts for.
    pub(super) asked: usize,
    /// Cases it did not apply to, or that did not reach it.
    pub(super) skipped: usize,
}

impl RuleCoverage {
    /// Whether the rule stopped a case: refused it, or asked for facts. Which of the two a rule can
    /// do, its description does not say.
    pub(super) fn stopped(&self) -> bool {
        self.failed + self.asked > 0
    }
}

impl Coverage {
    /// Counts what the traces and the refusals of a run show.
    pub(super) fn of(description: &Description, outcomes: &[Outcome<'_>]) -> Self {
        let steps = || outcomes.iter().flat_map(|outcome| &outcome.played.trace);
        let rule = |rule: &admit::contract::types::Rule| {
            let count = |outcome| {
                steps().filter(|step| step.rule == rule.name && step.outcome == outcome).count()
            };
            RuleCoverage {
                name: rule.name.clone(),
                passed: count(RuleOutcome::Passed),
                failed: count(RuleOutcome::Failed),
                asked: count(RuleOutcome::Asked),
                skipped: count(RuleOutcome::Skipped),
            }
        };
        let own = description.reasons.iter().filter(|item| reason::of_host(&item.code).is_none());
        let reached = |code: &str| {
            let came = outcomes.iter().map(|outcome| &outcome.played.came);
            came.into_iter()
                .any(|came| came.outcome == "deny" && came.reason.as_deref() == Some(code))
        };
        Self {
            rules: description.rules.iter().map(rule).collect(),
            reasons: own.map(|item| (item.code.clone(), reached(&item.code))).collect(),
        }
    }

    /// Everything there is to reach: for each rule that it passes and that it stops, and each
    /// reason.
    pub(super) fn total(&self) -> usize {
        2 * self.rules.len() + self.reasons.len()
    }

    /// How much of it was reached.
    pub(super) fn reached(&self) -> usize {
        let rules = self.rules.iter();
        let of_rules = rules.map(|rule| usize::from(rule.passed > 0) + usize::from(rule.stopped()));
        of_rules.sum::<usize>() + self.reasons.iter().filter(|(_, reached)| *reached).count()
    }

    /// The same as a percentage; 100 for a policy with nothing to reach.
    pub(super) fn percent(&self) -> f64 {
        if self.total() == 0 {
            return 100.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "at most a few hundred")]
        let percent = 100.0 * self.reached() as f64 / self.total() as f64;
        percent
    }

    /// What no case reached, one sentence each.
    pub(super) fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for rule in &self.rules {
            if rule.passed == 0 {
                missing.push(format!("no case passes rule `{}`", rule.name));
            }
            if !rule.stopped() {
                missing.push(format!("no case is stopped by rule `{}`", rule.name));
            }
        }
        let reasons = self.reasons.iter().filter(|(_, reached)| !reached);
        missing.extend(reasons.map(|(code, _)| format!("no case is refused for `{code}`")));
        missing
    }
}
