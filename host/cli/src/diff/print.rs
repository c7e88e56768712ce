//! The comparison for people.

use std::io::{Result, Write};

use admit::cases::Came;

use super::ask::left_out;
use super::compare::Kind;
use super::example::{Example, Part, What, example};
use super::group::{Group, groups};
use super::input::Origin;
use super::{Counts, Report};
use crate::terminal::{Paint, outcome, paint};
use crate::text::{clean, entry, plural, policy, value, wrapped};

/// Prints what was compared, the sums, and each group with its example.
pub(super) fn report(report: &Report<'_>, out: &mut dyn Write) -> Result<()> {
    entry(out, "old", &policy(report.old.policy()))?;
    entry(out, "new", &policy(report.new.policy()))?;
    entry(out, "inputs", &inputs(report))?;
    for (policy, which) in [(report.old, "OLD"), (report.new, "NEW")] {
        let names = left_out(policy, report.inputs).join(", ");
        if !names.is_empty() {
            let text = format!("settings that {which} does not have: {names}");
            entry(out, "left out", &wrapped(&text, 13))?;
        }
    }
    let [old, new] = report.comparison.admitted;
    entry(out, "admitted", &format!("{old} by OLD, {new} by NEW"))?;
    let changes = &report.comparison.changes;
    entry(out, "equal", &(report.inputs.len() - changes.len()).to_string())?;
    entry(out, "changed", &changes.len().to_string())?;
    for kind in Kind::ALL {
        let count = report.comparison.count(kind);
        entry(out, "", &format!("{count} {}", meaning(kind)))?;
    }
    for group in groups(changes) {
        self::group(report, &group, out)?;
    }
    report.forbidden.iter().try_for_each(|kind| forbidden(*kind, out))
}

fn inputs(report: &Report<'_>) -> String {
    let Counts { cases, lines, generated } = report.counts();
    let mut parts = Vec::new();
    if cases > 0 {
        parts.push(format!("{cases} {}", plural("case", cases)));
    }
    if lines > 0 {
        parts.push(format!("{lines} {} of the log", plural("line", lines)));
    }
    if let Some(seed) = report.seed {
        let decided = report.comparison.decided_generated;
        parts.push(format!("{generated} generated with seed {seed} ({decided} of them decided)"));
    }
    parts.join(", ")
}

/// The kind of a change, as the heading of a group.
pub(crate) fn name(kind: Kind) -> String {
    let colour = if kind == Kind::Narrowing { Paint::Bad } else { Paint::Notice };
    paint(colour, &kind.as_str().replace('_', " ").to_uppercase())
}

/// A kind that was forbidden and found.
pub(crate) fn forbidden(kind: Kind, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "\n{} {}", paint(Paint::Bad, "FORBIDDEN"), kind.as_str())
}

/// The kind of a change and what it means.
pub(crate) fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Narrowing => "narrowing: less is admitted",
        Kind::Widening => "widening: more is admitted",
        Kind::NewSetting => "new setting: less is admitted, by a setting that OLD does not have",
        Kind::Identity => "identity: as much is admitted, but as somebody else or by another name",
        Kind::Other => "other: as much is admitted, with another reason or question",
    }
}

fn group(report: &Report<'_>, group: &Group<'_>, out: &mut dyn Write) -> Result<()> {
    let change = group.first;
    let (kind, old, new) = (name(change.kind), decision(&change.old), decision(&change.new));
    writeln!(out, "\n{kind} {}: {old} -> {new}", group.count)?;
    if let Some(example) = example(report, change) {
        parts(&example, out)?;
    }
    for (which, came) in [("old found", &change.old), ("new found", &change.new)] {
        if let Some(detail) = &came.detail {
            entry(out, which, &wrapped(detail, 13))?;
        }
    }
    Ok(())
}

fn parts(example: &Example<'_>, out: &mut dyn Write) -> Result<()> {
    entry(out, "example", &origin(example))?;
    for part in &example.varied {
        let was = value(part.was, missing(part.what));
        entry(out, part.what.as_str(), &format!("{} (was {was})", held(part)))?;
    }
    for part in &example.concerned {
        let unknown = part.unknown_to.map(|which| format!(" (not in {})", which.to_uppercase()));
        entry(out, part.what.as_str(), &(held(part) + &unknown.unwrap_or_default()))?;
    }
    for (field, [old, new]) in &example.identity {
        let text = format!("{} = {}", clean(field), value(*new, "absent"));
        entry(out, "identity", &format!("{text} (was {})", value(*old, "absent")))?;
    }
    Ok(())
}

/// A decision in a few words.
pub(crate) fn decision(came: &Came) -> String {
    let mut text = outcome(came.outcome);
    if let Some(reason) = &came.reason {
        text.push(' ');
        text.push_str(&clean(reason));
    }
    if !came.asks.is_empty() {
        text.push_str(&format!(" for {}", clean(&came.asks.join(", "))));
    }
    text
}

fn origin(example: &Example<'_>) -> String {
    let from = match example.from {
        Origin::Case { file, name } => format!("{}: {}", clean(file), clean(name)),
        Origin::Line { line, id: Some(id) } => format!("line {line} of the log, {}", clean(id)),
        Origin::Line { line, id: None } => format!("line {line} of the log"),
    };
    match example.generated {
        Some(number) => format!("generated {number}, from {from}"),
        None => from,
    }
}

fn held(part: &Part<'_>) -> String {
    format!("{} = {}", clean(part.name), value(part.value.as_ref(), missing(part.what)))
}

fn missing(what: What) -> &'static str {
    if what == What::Setting { "not configured" } else { "missing" }
}
