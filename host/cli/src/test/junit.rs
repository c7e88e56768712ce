//! JUnit XML, as CI systems read it.

use std::io::{Error, Result, Write};

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::report::Report;
use crate::suite::Outcome;

/// Prints one suite per case file.
pub(super) fn print(report: &Report<'_>, out: &mut dyn Write) -> Result<()> {
    let policy = report.policy;
    let mut document = quick_junit::Report::new(format!("{} {}", policy.name, policy.version));
    document.set_time(report.took);
    for file in report.outcomes.chunk_by(|left, right| left.file == right.file) {
        let name = file.first().map_or("", |outcome| outcome.file);
        let mut suite = TestSuite::new(name);
        suite.add_test_cases(file.iter().map(case));
        document.add_test_suite(suite);
    }
    let text = document.to_string().map_err(Error::other)?;
    out.write_all(text.as_bytes())
}

fn case(outcome: &Outcome<'_>) -> TestCase {
    let status = match &outcome.failure {
        None => TestCaseStatus::success(),
        Some(failure) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(failure.as_str());
            status.set_description(format!("{}:{}", outcome.file, outcome.case.line));
            status
        }
    };
    let mut case = TestCase::new(outcome.case.name.as_str(), status);
    case.set_classname(outcome.file);
    case
}
