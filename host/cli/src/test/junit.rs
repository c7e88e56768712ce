//! JUnit XML, as CI systems read it.

use std::io::{Error, Result, Write};

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::report::{Report, details};
use crate::error::say;
use crate::suite::Outcome;
use crate::text::clean;

/// Prints one suite per case file. What was covered goes to standard error: JUnit has no place for it.
pub(super) fn print(report: &Report<'_>, out: &mut dyn Write) -> Result<()> {
    let policy = report.policy;
    let mut document = quick_junit::Report::new(format!("{} {}", policy.name, policy.version));
    document.set_time(report.took);
    for file in report.outcomes.chunk_by(|left, right| left.file == right.file) {
        let name = file.first().map_or("", |outcome| outcome.file);
        let mut suite = TestSuite::new(clean(name));
        suite.add_test_cases(file.iter().map(|outcome| case(outcome, report)));
        document.add_test_suite(suite);
    }
    if let Some(coverage) = &report.coverage {
        say(format_args!("coverage {:.1} %", coverage.percent));
        coverage.missing.iter().for_each(say);
    }
    let text = document.to_string().map_err(Error::other)?;
    out.write_all(text.as_bytes())
}

fn case(outcome: &Outcome<'_>, report: &Report<'_>) -> TestCase {
    let status = match &outcome.failure {
        None => TestCaseStatus::success(),
        Some(failure) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(clean(failure));
            let at = format!("{}:{}", clean(outcome.file), outcome.case.line);
            let details = details(outcome, report.description);
            status.set_description(format!("{at}\n{}", details.join("\n")));
            status
        }
    };
    let mut case = TestCase::new(clean(&outcome.case.name), status);
    case.set_classname(clean(outcome.file));
    case
}
