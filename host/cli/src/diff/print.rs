//! The comparison for people.

use std::io::{Result, Write};

use admit_api::comparison::{Decided, Kind, Part};
use admit_api::diff::{Diff, Example, Group, Inputs, Kinds};
use serde_json::Map;

use super::example::differing;
use crate::terminal::{Paint, outcome, paint};
use crate::text::{clean, entry, plural, policy, value, wrapped};

/// Prints what was compared, the sums, and each group with its example.
pub(super) fn report(diff: &Diff, out: &mut dyn Write) -> Result<()> {
    entry(out, "old", &policy(&diff.old))?;
    entry(out, "new", &policy(&diff.new))?;
    entry(out, "inputs", &inputs(&diff.inputs))?;
    for (names, which) in
        [(&diff.settings_left_out.old, "OLD"), (&diff.settings_left_out.new, "NEW")]
    {
        if !names.is_empty() {
            let text = format!("settings that {which} does not have: {}", names.join(", "));
            entry(out, "left out", &wrapped(&text, 13))?;
        }
    }
    let (old, new) = (diff.admitted.old, diff.admitted.new);
    entry(out, "admitted", &format!("{old} by OLD, {new} by NEW"))?;
    entry(out, "equal", &diff.equal.to_string())?;
    entry(out, "changed", &diff.changed.to_string())?;
    let Kinds { narrowing, widening, new_setting, identity, other } = diff.kinds;
    for (kind, count) in Kind::ALL.iter().zip([narrowing, widening, new_setting, identity, other]) {
        entry(out, "", &format!("{count} {}", meaning(*kind)))?;
    }
    diff.groups.iter().try_for_each(|group| self::group(group, out))?;
    diff.forbidden.iter().try_for_each(|kind| forbidden(*kind, out))
}

fn inputs(inputs: &Inputs) -> String {
    let mut parts = Vec::new();
    if inputs.cases > 0 {
        parts.push(format!("{} {}", inputs.cases, plural("case", inputs.cases)));
    }
    if inputs.log > 0 {
        parts.push(format!("{} {} of the log", inputs.log, plural("line", inputs.log)));
    }
    if let Some(generated) = &inputs.generated {
        let (count, seed, decided) = (generated.count, generated.seed, generated.decided);
        parts.push(format!("{count} generated with seed {seed} ({decided} of them decided)"));
    }
    parts.join(", ")
}

/// The kind of a change, as the heading of a group.
pub(crate) fn name(kind: Kind) -> String {
    let colour = if kind == Kind::Narrowing { Paint::Bad } else { Paint::Notice };
    paint(colour, &kind.as_str().replace('_', " ").to_uppercase())
}

pub(crate) fn forbidden(kind: Kind, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "\n{} {}", paint(Paint::Bad, "FORBIDDEN"), kind.as_str())
}

pub(crate) fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Narrowing => "narrowing: less is admitted",
        Kind::Widening => "widening: more is admitted",
        Kind::NewSetting => "new setting: less is admitted, by a setting that OLD does not have",
        Kind::Identity => "identity: as much is admitted, but as somebody else or by another name",
        Kind::Other => "other: as much is admitted, with another reason or question",
    }
}

fn group(group: &Group, out: &mut dyn Write) -> Result<()> {
    let (kind, old, new) = (name(group.kind), decision(&group.old), decision(&group.new));
    writeln!(out, "\n{kind} {}: {old} -> {new}", group.count)?;
    let example = &group.example;
    parts(example, out)?;
    for (which, details) in [("old found", &example.old), ("new found", &example.new)] {
        if let Some(detail) = &details.detail {
            entry(out, which, &wrapped(detail, 13))?;
        }
    }
    Ok(())
}

fn parts(example: &Example, out: &mut dyn Write) -> Result<()> {
    entry(out, "example", &origin(example))?;
    for part in example.varied.iter().flatten() {
        let was = value(part.was.as_ref(), missing(part));
        entry(out, part.named().0, &format!("{} (was {was})", held(part)))?;
    }
    for part in &example.concerned {
        let unknown =
            part.unknown_to.map(|which| format!(" (not in {})", which.as_str().to_uppercase()));
        entry(out, part.named().0, &(held(part) + &unknown.unwrap_or_default()))?;
    }
    identity(example, out)
}

/// The fields of the identity that differ, where both name one.
fn identity(example: &Example, out: &mut dyn Write) -> Result<()> {
    let (Some(old), Some(new)) = (&example.old.identity, &example.new.identity) else {
        return Ok(());
    };
    for field in differing(old, new) {
        let [old, new] = [old, new].map(|fields: &Map<_, _>| value(fields.get(field), "absent"));
        entry(out, "identity", &format!("{} = {new} (was {old})", clean(field)))?;
    }
    Ok(())
}

/// A decision in a few words.
pub(crate) fn decision(decided: &Decided) -> String {
    let mut text = outcome(decided.outcome.as_str());
    if let Some(reason) = &decided.reason {
        text.push(' ');
        text.push_str(&clean(reason));
    }
    if !decided.asks.is_empty() {
        text.push_str(&format!(" for {}", clean(&decided.asks.join(", "))));
    }
    text
}

fn origin(example: &Example) -> String {
    let from = match (&example.file, &example.case, example.line, &example.id) {
        (Some(file), Some(case), ..) => format!("{}: {}", clean(file), clean(case)),
        (_, _, Some(line), Some(id)) => format!("line {line} of the log, {}", clean(id)),
        (_, _, line, _) => format!("line {} of the log", line.unwrap_or_default()),
    };
    match example.generated {
        Some(number) => format!("generated {number}, from {from}"),
        None => from,
    }
}

fn held(part: &Part) -> String {
    format!("{} = {}", clean(part.named().1), value(part.value.as_ref(), missing(part)))
}

fn missing(part: &Part) -> &'static str {
    if part.setting.is_some() { "not configured" } else { "missing" }
}
