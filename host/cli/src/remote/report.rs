//! What came of a change, for people.

use std::io::{Result, Write};

use super::answers::{Report, Step};
use crate::text::{clean, entry, wrapped};

/// Prints what came of a change.
pub(crate) fn report(report: &Report, out: &mut dyn Write) -> Result<()> {
    let (gate, policy) = (clean(&report.gate), report.policy.text());
    match &*report.result {
        "activated" => {
            writeln!(out, "{gate}: activated {policy}, generation {}", report.generation)?;
        }
        "unchanged" => writeln!(out, "{gate}: has this release already, {policy}")?,
        "checked" => writeln!(out, "{gate}: checked, {policy}; nothing was changed")?,
        "candidate" => writeln!(out, "{gate}: {policy} decides as a candidate")?,
        other => writeln!(out, "{gate}: {}, {policy}", clean(other))?,
    }
    let steps: Vec<_> = report.steps.iter().map(step).collect();
    entry(out, "steps", &steps.join(", "))?;
    if !report.changed_settings.is_empty() {
        let names: Vec<_> = report.changed_settings.iter().map(|name| clean(name)).collect();
        entry(out, "settings", &wrapped(&format!("changed: {}", names.join(", ")), 13))?;
    }
    kept(report.unknown.keys(), out)
}

/// Says which settings are kept although the policy does not know them.
pub(crate) fn kept<'a>(names: impl Iterator<Item = &'a String>, out: &mut dyn Write) -> Result<()> {
    let names: Vec<_> = names.map(String::as_str).collect();
    if names.is_empty() {
        return Ok(());
    }
    let text = format!("settings that the policy does not know: {}", names.join(", "));
    entry(out, "kept", &wrapped(&text, 13))
}

fn step(step: &Step) -> String {
    let name = clean(&step.step);
    match step.took_us {
        None => name,
        Some(us) if us < 1_000 => format!("{name} {us} us"),
        Some(us) => format!("{name} {} ms", us / 1_000),
    }
}
