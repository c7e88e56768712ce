//! What the cases of a run reached of a policy.

use admit::contract::types::{Description, Rule};
use admit::decision::RuleOutcome;
use admit::reason;
use admit_api::test_run::{Coverage, ReasonCoverage, RuleCoverage};

use crate::suite::Outcome;

/// Counts what the traces and the refusals of a run show. There is to reach, for each rule, that it
/// passes and that it stops a case, and each of the policy's own reasons.
pub(super) fn coverage(description: &Description, outcomes: &[Outcome<'_>]) -> Coverage {
    let rules: Vec<_> = description.rules.iter().map(|rule| of_rule(rule, outcomes)).collect();
    let own = description.reasons.iter().filter(|item| reason::of_host(&item.code).is_none());
    let reasons: Vec<_> = own.map(|item| of_reason(&item.code, outcomes)).collect();
    let of_rules =
        rules.iter().map(|rule| usize::from(rule.passed > 0) + usize::from(stopped(rule)));
    let of_reasons = reasons.iter().filter(|reason| reason.reached).count();
    let reached = of_rules.sum::<usize>() + of_reasons;
    let total = 2 * rules.len() + reasons.len();
    let (percent, missing) = (percent(reached, total), missing(&rules, &reasons));
    Coverage { percent, reached, total, rules, reasons, missing }
}

fn of_rule(rule: &Rule, outcomes: &[Outcome<'_>]) -> RuleCoverage {
    let steps = || outcomes.iter().flat_map(|outcome| &outcome.played.trace);
    let count =
        |outcome| steps().filter(|step| step.rule == rule.name && step.outcome == outcome).count();
    RuleCoverage {
        rule: rule.name.clone(),
        passed: count(RuleOutcome::Passed),
        failed: count(RuleOutcome::Failed),
        asked: count(RuleOutcome::Asked),
        skipped: count(RuleOutcome::Skipped),
    }
}

fn of_reason(code: &str, outcomes: &[Outcome<'_>]) -> ReasonCoverage {
    let mut came = outcomes.iter().map(|outcome| &outcome.played.came);
    let reached = came.any(|came| came.outcome == "deny" && came.reason.as_deref() == Some(code));
    ReasonCoverage { reason: code.to_owned(), reached }
}

/// Whether the rule stopped a case: refused it, or asked for facts. Which of the two a rule can do, its
/// description does not say.
fn stopped(rule: &RuleCoverage) -> bool {
    rule.failed + rule.asked > 0
}

/// 100 for a policy with nothing to reach.
fn percent(reached: usize, total: usize) -> f64 {
    if total == 0 {
        return 100.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "at most a few hundred")]
    let percent = 100.0 * reached as f64 / total as f64;
    percent
}

/// What no case reached, one sentence each.
fn missing(rules: &[RuleCoverage], reasons: &[ReasonCoverage]) -> Vec<String> {
    let mut missing = Vec::new();
    for rule in rules {
        if rule.passed == 0 {
            missing.push(format!("no case passes rule `{}`", rule.rule));
        }
        if !stopped(rule) {
            missing.push(format!("no case is stopped by rule `{}`", rule.rule));
        }
    }
    let reasons = reasons.iter().filter(|reason| !reason.reached);
    missing.extend(reasons.map(|reason| format!("no case is refused for `{}`", reason.reason)));
    missing
}
