//! The result as a document: `docs/replay.schema.json`.

use admit::release::Inspected;
use admit_api::comparison::Kind;
use admit_api::replay::{Agreement, Example, Group, Kinds, LeftOut, Replayed};

use super::request::StandIns;
use super::tally::{KINDS, Kept, Place, Tally};
use crate::args::{ForbidReplayed, ReplayArgs};
use crate::files;

/// The whole document.
pub(super) fn report(
    args: &ReplayArgs,
    policy: &Inspected,
    tally: &Tally,
    stand_ins: StandIns,
    settings_left_out: Vec<String>,
) -> Replayed {
    let [narrowing, widening, other] = KINDS.map(|kind| tally.of(Some(kind)));
    let mut skipped = tally.skipped.by_count();
    skipped.sort_by_key(|(skip, _)| *skip);
    let left_out = skipped.into_iter().map(|(skip, skipped)| {
        let first = skipped.examples.first().copied().unwrap_or_default();
        let (why, detail) = (skip.why(), skip.detail());
        LeftOut { why, count: skipped.count, log: log(args, first), first_line: first.1, detail }
    });
    let (mut agreements, mut groups) = (Vec::new(), Vec::new());
    for ((kind, [old, new]), group) in tally.groups() {
        let count = group.count;
        match kind {
            None => agreements.push(Agreement { count, decision: old.clone() }),
            Some(kind) => groups.push(Group {
                kind: *kind,
                count,
                old: old.clone(),
                new: new.clone(),
                detail: group.examples.first().and_then(|(_, _, detail)| detail.clone()),
                examples: group.examples.iter().map(|kept| example(args, kept)).collect(),
            }),
        }
    }
    Replayed {
        policy: policy.policy().clone(),
        replayed: tally.replayed(),
        left_out: left_out.collect(),
        settings_left_out,
        stand_ins: stand_ins.withheld.into_iter().collect(),
        unknown_claims: stand_ins.unknown.into_iter().collect(),
        equal: tally.of(None),
        changed: narrowing + widening + other,
        kinds: Kinds { narrowing, widening, other },
        forbidden: forbidden(args, tally),
        agreements,
        groups,
    }
}

/// The log that a line is in, where there are several.
fn log(args: &ReplayArgs, (log, _): Place) -> Option<String> {
    let path = args.logs.get(log).filter(|_| args.logs.len() > 1)?;
    Some(files::called(path).display().to_string())
}

fn example(args: &ReplayArgs, (place, example, _): &Kept) -> Example {
    Example { log: log(args, *place), ..example.clone() }
}

/// The forbidden kinds of change that were found.
fn forbidden(args: &ReplayArgs, tally: &Tally) -> Vec<Kind> {
    let forbids = |kind: &Kind| {
        args.forbid.iter().any(|forbid| match forbid {
            ForbidReplayed::Narrowing => *kind == Kind::Narrowing,
            ForbidReplayed::Widening => *kind == Kind::Widening,
        })
    };
    let found = |kind: &Kind| tally.of(Some(*kind)) > 0;
    KINDS.into_iter().filter(forbids).filter(found).collect()
}
