//! What came of a change, for people.

use std::io::{Result, Write};

use super::answers::{Rehearsed, Report, Setting, Step};
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
    if let Some(Rehearsed { component: 0, operator: 0 }) = report.rehearsed {
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
pub(super) fn dropped(settings: &[Setting], out: &mut dyn Write) -> Result<()> {
    settings.iter().try_for_each(|setting| entry(out, "dropped", &setting.text("")))
}

/// Says which settings were kept and count again.
pub(super) fn restored(settings: &[Setting], out: &mut dyn Write) -> Result<()> {
    let text = |setting: &Setting| format!("{}, which counts again", setting.text(""));
    settings.iter().try_for_each(|setting| entry(out, "restored", &text(setting)))
}

/// Says which configured settings do not count.
pub(super) fn not_counting(settings: &[Setting], out: &mut dyn Write) -> Result<()> {
    let text = |setting: &Setting| format!("{}, which does not count", setting.text(""));
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
    let name = clean(&step.step);
    match step.took_us {
        None => name,
        Some(us) if us < 1_000 => format!("{name} {us} us"),
        Some(us) => format!("{name} {} ms", us / 1_000),
    }
}
