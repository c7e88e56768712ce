//! Test Anything Protocol, version 14.

use std::io::{Result, Write};

use super::report::{Report, details};
use crate::text::clean;

/// Prints one line per case, and what came of the failed ones.
pub(super) fn print(report: &Report<'_>, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "TAP version 14\n1..{}", report.outcomes.len())?;
    for (number, outcome) in (1..).zip(&report.outcomes) {
        let name = clean(&outcome.case.name).replace('#', "\\#");
        let Some(failure) = &outcome.failure else {
            writeln!(out, "ok {number} - {name}")?;
            continue;
        };
        writeln!(out, "not ok {number} - {name}")?;
        let (place, line) = (clean(outcome.file), outcome.case.line);
        writeln!(out, "  ---\n  message: {}", quoted(&clean(failure)))?;
        writeln!(out, "  at: {}\n  details:", quoted(&format!("{place}:{line}")))?;
        for detail in details(outcome, report.description) {
            writeln!(out, "    - {}", quoted(&detail))?;
        }
        writeln!(out, "  ...")?;
    }
    if let Some(coverage) = &report.coverage {
        writeln!(out, "# coverage {:.1} %", coverage.percent)?;
        for missing in &coverage.missing {
            writeln!(out, "# {missing}")?;
        }
    }
    Ok(())
}

/// Text in YAML that no reader takes for anything else: a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
