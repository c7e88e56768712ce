//! The result as JSON: `docs/test.schema.json`.

use std::io::{Result, Write};
use std::time::Duration;

use admit::contract::types::Description;
use serde_json::{Map, Value, json};

use super::coverage::Coverage;
use super::report::{Report, concerned};
use crate::suite::Outcome;
use crate::text::json_lines;

/// Prints one document.
pub(super) fn print(report: &Report<'_>, out: &mut dyn Write) -> Result<()> {
    let cases = report.outcomes.iter().enumerate().map(|(index, outcome)| {
        let times = report.times.as_ref();
        let time = times.and_then(|times| times.get(index).copied().flatten());
        case(outcome, time, report.description)
    });
    let mut document = json!({
        "policy": report.policy,
        "summary": {
            "cases": report.outcomes.len(),
            "passed": report.passed(),
            "failed": report.failed(),
            "duration_ms": u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
        },
        "cases": cases.collect::<Vec<_>>(),
    });
    if let (Some(coverage), Some(document)) = (&report.coverage, document.as_object_mut()) {
        document.insert("coverage".to_owned(), self::coverage(coverage));
    }
    json_lines(out, &document)
}

fn case(outcome: &Outcome<'_>, time: Option<Duration>, description: &Description) -> Value {
    let result = if outcome.failure.is_some() { "failed" } else { "passed" };
    let mut members = Map::from_iter([
        ("file".to_owned(), json!(outcome.file)),
        ("line".to_owned(), json!(outcome.case.line)),
        ("name".to_owned(), json!(outcome.case.name)),
        ("result".to_owned(), json!(result)),
        ("got".to_owned(), json!(format!("{:#}", outcome.played.came))),
        ("fuel".to_owned(), json!(outcome.played.fuel)),
    ]);
    if let Some(time) = time {
        members.insert("duration_ns".to_owned(), json!(u64::try_from(time.as_nanos()).ok()));
    }
    if let Some(failure) = &outcome.failure {
        members.insert("failure".to_owned(), json!(failure));
        members.insert("expected".to_owned(), json!(format!("{:#}", outcome.case.expect)));
        members.insert("concerned".to_owned(), concerned_values(outcome, description));
        members.insert("trace".to_owned(), json!(outcome.played.trace));
    }
    Value::Object(members)
}

fn concerned_values(outcome: &Outcome<'_>, description: &Description) -> Value {
    let value = |item: super::report::Concerned<'_>| {
        let mut members = Map::from_iter([(item.kind.to_owned(), json!(item.name))]);
        members.extend(item.value.map(|value| ("value".to_owned(), value.clone())));
        Value::Object(members)
    };
    concerned(outcome, description).into_iter().map(value).collect()
}

fn coverage(coverage: &Coverage) -> Value {
    let rule = |rule: &super::coverage::RuleCoverage| {
        json!({
            "rule": rule.name, "passed": rule.passed, "failed": rule.failed,
            "asked": rule.asked, "skipped": rule.skipped,
        })
    };
    let reason = |(code, reached): &(String, bool)| json!({"reason": code, "reached": reached});
    json!({
        "percent": coverage.percent(),
        "reached": coverage.reached(),
        "total": coverage.total(),
        "rules": coverage.rules.iter().map(rule).collect::<Vec<_>>(),
        "reasons": coverage.reasons.iter().map(reason).collect::<Vec<_>>(),
        "missing": coverage.missing(),
    })
}
