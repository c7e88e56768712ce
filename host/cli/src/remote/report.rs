//! What came of a change, for people.

use std::io::{Result, Write};

use admit_api::activation::{Activation, ActivationResult, Step};
use admit_api::decision::Expected;

use super::answers;
use crate::text::{self, clean, entry, wrapped};

/// Prints what came of a change.
pub(crate) fn report(report: &Activation, out: &mut dyn Write) -> Result<()> {
    let (gate, policy) = (clean(&report.gate), text::policy(&report.policy));
    match report.result {
        ActivationResult::Activated => {
            writeln!(out, "{gate}: activated {policy}, generation {}", report.generation)?;
        }
        ActivationResult::Unchanged => writeln!(out, "{gate}: has this release already, {policy}")?,
        ActivationResult::Checked => {
            writeln!(out, "{gate}: checked, {policy}; nothing was changed")?;
        }
        ActivationResult::Candidate => writeln!(out, "{gate}: {policy} decides as a candidate")?,
    }
    let steps: Vec<_> = report.steps.iter().map(step).collect();
    entry(out, "steps", &steps.join(", "))?;
    if report.rehearsed.is_nothing() {
        let text =
            "none was rehearsed: the component carries none, and the operator has none for it";
        entry(out, "cases", &wrapped(text, 13))?;
    }
    if !report.changed_settings.is_empty() {
        let names: Vec<_> = report.changed_settings.iter().map(|name| clean(name)).collect();
        entry(out, "settings", &wrapped(&format!("changed: {}", names.join(", ")), 13))?;
    }
    dropped(&report.dropped, out)?;
    restored(&report.restored, out)?;
    kept(report.unknown.keys(), out)
}

/// Says which settings counted and no longer do.
pub(super) fn dropped(settings: &[Expected], out: &mut dyn Write) -> Result<()> {
    settings.iter().try_for_each(|setting| entry(out, "dropped", &answers::setting(setting, "")))
}

/// Says which settings were kept and count again.
pub(super) fn restored(settings: &[Expected], out: &mut dyn Write) -> Result<()> {
    let text =
        |setting: &Expected| format!("{}, which counts again", answers::setting(setting, ""));
    settings.iter().try_for_each(|setting| entry(out, "restored", &text(setting)))
}

pub(super) fn not_counting(settings: &[Expected], out: &mut dyn Write) -> Result<()> {
    let text =
        |setting: &Expected| format!("{}, which does not count", answers::setting(setting, ""));
    settings.iter().try_for_each(|setting| entry(out, "configured", &text(setting)))
}

/// Says which settings are kept and do not count.
pub(crate) fn kept<'a>(names: impl Iterator<Item = &'a String>, out: &mut dyn Write) -> Result<()> {
    let names: Vec<_> = names.map(String::as_str).collect();
    if names.is_empty() {
        return Ok(());
    }
    let text = format!("settings that do not count: {}", names.join(", "));
    entry(out, "kept", &wrapped(&text, 13))
}

fn step(step: &Step) -> String {
    let name = step.step.to_string();
    match step.took_us {
        None => name,
        Some(us) if us < 1_000 => format!("{name} {us} us"),
        Some(us) => format!("{name} {} ms", us / 1_000),
    }
}
