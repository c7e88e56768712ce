//! The result for people. What a log holds is escaped.

use std::io::{Result, Write};

use super::Report;
use super::request::Skip;
use super::tally::{Example, Group, KINDS, Place};
use crate::diff::compare::Kind;
use crate::diff::print::{decision, forbidden, meaning, name};
use crate::text::{clean, entry, policy, prose, wrapped};

/// Prints what was replayed, the sums, and each change with examples.
pub(super) fn report(report: &Report<'_>, out: &mut dyn Write) -> Result<()> {
    let tally = &report.tally;
    entry(out, "policy", &policy(report.policy.policy()))?;
    let (replayed, skipped) = (tally.replayed(), tally.skipped());
    entry(out, "replayed", &format!("{replayed} of {}", replayed + skipped))?;
    for (skip, skipped) in tally.by_count() {
        let from = place(report, skipped.first);
        let text = format!("{} {} (from {from})", skipped.count, why(skip));
        entry(out, "left out", &wrapped(&text, 13))?;
    }
    left_out(report, out)?;
    entry(out, "equal", &tally.agreed().to_string())?;
    for group in tally.of(None) {
        entry(out, "", &format!("{} {}", group.count, decision(&group.old)))?;
    }
    let changed = KINDS.map(|kind| (tally.changed(kind), kind));
    entry(out, "changed", &changed.iter().map(|(count, _)| count).sum::<u64>().to_string())?;
    for (count, kind) in changed {
        entry(out, "", &format!("{count} {}", meaning(kind)))?;
    }
    for (kind, group) in tally.changes() {
        self::group(report, kind, group, out)?;
    }
    report.forbidden.iter().try_for_each(|kind| forbidden(*kind, out))
}

fn left_out(report: &Report<'_>, out: &mut dyn Write) -> Result<()> {
    let names = report.settings_left_out.join(", ");
    if !names.is_empty() {
        prose(out, "settings", &format!("that the policy does not have: {names}"))?;
    }
    let join = |names: &std::collections::BTreeSet<String>| {
        names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    };
    let withheld = join(&report.stand_ins.withheld);
    if !withheld.is_empty() {
        prose(out, "stand-ins", &format!("values of the same kind for {withheld}"))?;
    }
    let unknown = join(&report.stand_ins.unknown);
    if !unknown.is_empty() {
        prose(out, "unknown", &format!("taken as missing, since the log has no {unknown}"))?;
    }
    Ok(())
}

/// Where a line is.
fn place(report: &Report<'_>, place: Place) -> String {
    let of = report.log(place).map(|log| format!(" of {log}")).unwrap_or_default();
    format!("line {}{of}", place.1)
}

/// What the lines are that were left out.
pub(super) fn why(skip: &Skip) -> String {
    let text = match skip {
        Skip::Unreadable(foreign) => return foreign.to_string(),
        Skip::OtherPolicy => "of another policy",
        Skip::NoClaims => "without claims: no token verified, or nothing could be decided",
        Skip::Cut => "with a value that is too long for a log",
        Skip::NoRelease => "without their release in the log: --settings gives them settings",
        Skip::Settings(problem) => {
            return format!("with settings that the policy refuses: {problem}");
        }
        Skip::Refused => "without claims that the host checks",
    };
    text.to_owned()
}

fn group(report: &Report<'_>, kind: Kind, group: &Group, out: &mut dyn Write) -> Result<()> {
    let (old, new) = (decision(&group.old), decision(&group.new));
    let kind = name(kind);
    writeln!(out, "\n{kind} {}: {old} -> {new}", group.count)?;
    for example in &group.examples {
        entry(out, "example", &self::example(report, example))?;
    }
    match &group.new.detail {
        Some(detail) => prose(out, "new found", detail),
        None => Ok(()),
    }
}

fn example(report: &Report<'_>, example: &Example) -> String {
    let id = example.id.as_deref().map(|id| format!(", {}", clean(id))).unwrap_or_default();
    let place = place(report, example.place);
    format!("{place}, {}{id}", example.decision_id)
}
