//! The result for people. What a log holds is escaped.

use std::io::{Result, Write};

use admit_api::replay::{Example, Group, Replayed, Why};

use super::tally::KINDS;
use crate::diff::print::{decision, forbidden, meaning, name};
use crate::text::{clean, entry, policy, prose, wrapped};

/// Prints what was replayed, the sums, and each change with examples.
pub(super) fn report(report: &Replayed, out: &mut dyn Write) -> Result<()> {
    entry(out, "policy", &policy(&report.policy))?;
    let skipped = report.left_out.iter().map(|left_out| left_out.count).sum::<u64>();
    entry(out, "replayed", &format!("{} of {}", report.replayed, report.replayed + skipped))?;
    left_out(report, out)?;
    entry(out, "equal", &report.equal.to_string())?;
    for agreement in &report.agreements {
        entry(out, "", &format!("{} {}", agreement.count, decision(&agreement.decision)))?;
    }
    entry(out, "changed", &report.changed.to_string())?;
    let counts = [report.kinds.narrowing, report.kinds.widening, report.kinds.other];
    for (kind, count) in KINDS.into_iter().zip(counts) {
        entry(out, "", &format!("{count} {}", meaning(kind)))?;
    }
    report.groups.iter().try_for_each(|group| self::group(group, out))?;
    report.forbidden.iter().try_for_each(|kind| forbidden(*kind, out))
}

fn left_out(report: &Replayed, out: &mut dyn Write) -> Result<()> {
    let mut lines: Vec<_> = report.left_out.iter().collect();
    lines.sort_by_key(|left_out| std::cmp::Reverse(left_out.count));
    for left_out in lines {
        let from = place(left_out.first_line, left_out.log.as_deref());
        let why = why(left_out.why, left_out.detail.as_deref());
        entry(out, "left out", &wrapped(&format!("{} {why} (from {from})", left_out.count), 13))?;
    }
    let of = |names: &[String], label: &str, text: &str, out: &mut dyn Write| match names {
        [] => Ok(()),
        names => prose(out, label, &format!("{text} {}", names.join(", "))),
    };
    of(&report.settings_left_out, "settings", "that the policy does not have:", out)?;
    of(&report.stand_ins, "stand-ins", "values of the same kind for", out)?;
    of(&report.unknown_claims, "unknown", "taken as missing, since the log has no", out)
}

fn place(line: u64, log: Option<&str>) -> String {
    let of = log.map(|log| format!(" of {log}")).unwrap_or_default();
    format!("line {line}{of}")
}

/// What the lines are that were left out.
pub(super) fn why(why: Why, detail: Option<&str>) -> String {
    let text = match why {
        Why::Unreadable => detail.unwrap_or("not of a decision log"),
        Why::OtherPolicy => "of another policy",
        Why::NoClaims => "without claims: no token verified, or nothing could be decided",
        Why::Cut => "with a value that is too long for a log",
        Why::NoRelease => "without their release in the log: --settings gives them settings",
        Why::Settings => {
            let problem = detail.unwrap_or_default();
            return format!("with settings that the policy refuses: {problem}");
        }
        Why::Refused => "without claims that the host checks",
    };
    text.to_owned()
}

fn group(group: &Group, out: &mut dyn Write) -> Result<()> {
    let (kind, old, new) = (name(group.kind), decision(&group.old), decision(&group.new));
    writeln!(out, "\n{kind} {}: {old} -> {new}", group.count)?;
    for example in &group.examples {
        entry(out, "example", &self::example(example))?;
    }
    match &group.detail {
        Some(detail) => prose(out, "new found", detail),
        None => Ok(()),
    }
}

fn example(example: &Example) -> String {
    let id = example.id.as_deref().map(|id| format!(", {}", clean(id))).unwrap_or_default();
    let place = place(example.line, example.log.as_deref());
    format!("{place}, {}{id}", example.decision_id)
}
