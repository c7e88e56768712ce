//! The result as JSON: `docs/test.schema.json`.

use std::io::{Result, Write};
use std::time::Duration;

use admit::contract::types::Description;
use admit_api::test_run::{Case, CaseResult, Failed, Summary, TestRun};

use super::report::{Report, concerned};
use crate::suite::Outcome;
use crate::text::json_lines;

pub(super) fn print(report: &Report<'_>, out: &mut dyn Write) -> Result<()> {
    let cases = report.outcomes.iter().enumerate().map(|(index, outcome)| {
        let times = report.times.as_ref();
        let time = times.and_then(|times| times.get(index).copied().flatten());
        case(outcome, time, report.description)
    });
    let run = TestRun {
        policy: report.policy.clone(),
        summary: Summary {
            cases: report.outcomes.len(),
            passed: report.passed(),
            failed: report.failed(),
            duration_ms: u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
        },
        cases: cases.collect(),
        coverage: report.coverage.clone(),
    };
    json_lines(out, &run)
}

fn case(outcome: &Outcome<'_>, time: Option<Duration>, description: &Description) -> Case {
    let failed = outcome.failure.as_ref().map(|failure| Failed {
        failure: failure.clone(),
        expected: format!("{:#}", outcome.case.expect),
        concerned: concerned(outcome, description),
        trace: outcome.played.trace.clone(),
    });
    Case {
        file: outcome.file.to_owned(),
        line: outcome.case.line,
        name: outcome.case.name.clone(),
        result: if failed.is_some() { CaseResult::Failed } else { CaseResult::Passed },
        got: format!("{:#}", outcome.played.came),
        fuel: outcome.played.fuel,
        duration_ns: time.and_then(|time| u64::try_from(time.as_nanos()).ok()),
        failed,
    }
}
