//! The result for people.

use std::io::{Result, Write};
use std::time::Duration;

use admit_api::test_run::Coverage;

use super::report::{Report, concerned};
use crate::suite::Outcome;
use crate::terminal::{Paint, paint};
use crate::text::{clean, entry, plural, value};

/// Prints the failed cases, then a line per file, what was covered, and the sum.
pub(super) fn print(report: &Report<'_>, out: &mut dyn Write) -> Result<()> {
    for outcome in report.outcomes.iter().filter(|outcome| outcome.failure.is_some()) {
        failed(outcome, report, out)?;
    }
    if let Some(times) = &report.times {
        bench(report, times, out)?;
    }
    if let Some(coverage) = &report.coverage {
        self::coverage(coverage, out)?;
    }
    sum(report, out)
}

fn failed(outcome: &Outcome<'_>, report: &Report<'_>, out: &mut dyn Write) -> Result<()> {
    let (case, played) = (outcome.case, &outcome.played);
    writeln!(out, "{} {}", paint(Paint::Bad, "FAILED"), clean(&case.name))?;
    entry(out, "at", &format!("{}:{}", clean(outcome.file), case.line))?;
    entry(out, "expected", &clean(&format!("{:#}", case.expect)))?;
    entry(out, "got", &clean(&format!("{:#}", played.came)))?;
    let difference = format!("expected {}, got {}", case.expect, played.came);
    let idle = case.not_asked_for(&report.description.claims);
    let failure = outcome.failure.as_deref().unwrap_or_default();
    let failure = match idle.as_deref().and_then(|idle| failure.strip_suffix(idle)) {
        Some(failure) => failure.trim_end_matches("; "),
        None => failure,
    };
    if failure != difference {
        // What the two lines above do not say: the cost, or what the policy does not have.
        let more = failure.split_once("; expected ").map_or(failure, |(more, _)| more);
        entry(out, "but", &clean(more))?;
    }
    for item in concerned(outcome, report.description) {
        let held = value(item.value.as_ref(), "missing");
        let (what, name) = item.named();
        entry(out, what, &format!("{} = {held}", clean(name)))?;
    }
    if let Some(idle) = idle {
        entry(out, "note", &clean(&idle))?;
    }
    for step in &played.trace {
        entry(out, "rule", &format!("{:<8} {}", step.outcome, clean(&step.rule)))?;
    }
    writeln!(out)
}

fn bench(report: &Report<'_>, times: &[Option<Duration>], out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{:>10} {:>9}  case", "median", "fuel")?;
    for (outcome, time) in report.outcomes.iter().zip(times) {
        let name = clean(&outcome.case.name);
        match time {
            Some(time) => {
                let micros = time.as_secs_f64() * 1e6;
                writeln!(out, "{micros:>7.1} us {:>9}  {name}", outcome.played.fuel)?;
            }
            None => writeln!(out, "{:>10} {:>9}  {name} (not decided by the policy)", "-", "-")?,
        }
    }
    writeln!(out)
}

fn coverage(coverage: &Coverage, out: &mut dyn Write) -> Result<()> {
    let width = coverage.rules.iter().map(|rule| rule.rule.len()).max().unwrap_or_default().max(4);
    writeln!(
        out,
        "{:<width$}  {:>7} {:>7} {:>7} {:>7}",
        "rule", "passed", "failed", "asked", "skipped"
    )?;
    for rule in &coverage.rules {
        let (passed, failed, asked, skipped) = (rule.passed, rule.failed, rule.asked, rule.skipped);
        let name = clean(&rule.rule);
        writeln!(out, "{name:<width$}  {passed:>7} {failed:>7} {asked:>7} {skipped:>7}")?;
    }
    for missing in &coverage.missing {
        writeln!(out, "not covered: {}", clean(missing))?;
    }
    let (reached, total) = (coverage.reached, coverage.total);
    let reasons = coverage.reasons.iter().filter(|reason| reason.reached).count();
    writeln!(
        out,
        "coverage {:.1} % ({reached} of {total}: each rule passes and stops a case, each reason; \
         {reasons} of {} reasons)\n",
        coverage.percent,
        coverage.reasons.len(),
    )
}

fn sum(report: &Report<'_>, out: &mut dyn Write) -> Result<()> {
    let policy = report.policy;
    let (name, version) = (clean(&policy.name), clean(&policy.version));
    let cases = report.outcomes.len();
    let verdict = match report.failed() {
        _ if cases == 0 => "no cases".to_owned(),
        0 => paint(Paint::Good, &format!("{cases} {} passed", plural("case", cases))),
        failed => paint(Paint::Bad, &format!("{failed} of {cases} cases FAILED")),
    };
    writeln!(out, "{name} {version}: {verdict} in {:.2} s", report.took.as_secs_f64())
}
