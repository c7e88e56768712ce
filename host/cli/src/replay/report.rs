//! The result as a document: `docs/replay.schema.json`.

use admit::release::Inspected;
use admit_api::comparison::Kind;
use admit_api::replay::{Agreement, Example, Group, Kinds, LeftOut, Replayed};

use super::request::StandIns;
use super::tally::{self, KINDS, Place, Tally};
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
    let [narrowing, widening, other] = KINDS.map(|kind| tally.changed(kind));
    let left_out = tally.skipped.iter().map(|(skip, skipped)| LeftOut {
        why: skip.why(),
        count: skipped.count,
        log: log(args, skipped.first),
        first_line: skipped.first.1,
        detail: skip.detail(),
    });
    let agreements = tally.of(None).into_iter();
    let agreements =
        agreements.map(|group| Agreement { count: group.count, decision: group.old.clone() });
    let groups = tally.changes().into_iter().map(|(kind, it)| group(args, kind, it));
    Replayed {
        policy: policy.policy().clone(),
        replayed: tally.replayed(),
        left_out: left_out.collect(),
        settings_left_out,
        stand_ins: stand_ins.withheld.into_iter().collect(),
        unknown_claims: stand_ins.unknown.into_iter().collect(),
        equal: tally.agreed(),
        changed: narrowing + widening + other,
        kinds: Kinds { narrowing, widening, other },
        forbidden: forbidden(args, tally),
        agreements: agreements.collect(),
        groups: groups.collect(),
    }
}

/// The log that a line is in, where there are several.
fn log(args: &ReplayArgs, (log, _): Place) -> Option<String> {
    let path = args.logs.get(log).filter(|_| args.logs.len() > 1)?;
    Some(files::called(path).display().to_string())
}

fn group(args: &ReplayArgs, kind: Kind, group: &tally::Group) -> Group {
    let example = |(place, example): &(Place, Example)| {
        let log = log(args, *place);
        Example { log, ..example.clone() }
    };
    Group {
        kind,
        count: group.count,
        old: group.old.clone(),
        new: group.new.clone(),
        detail: group.detail.clone(),
        examples: group.examples.iter().map(example).collect(),
    }
}

/// The forbidden kinds of change that were found.
fn forbidden(args: &ReplayArgs, tally: &Tally) -> Vec<Kind> {
    let forbids = |kind: &Kind| {
        args.forbid.iter().any(|forbid| match forbid {
            ForbidReplayed::Narrowing => *kind == Kind::Narrowing,
            ForbidReplayed::Widening => *kind == Kind::Widening,
        })
    };
    let found = |kind: &Kind| tally.changed(*kind) > 0;
    KINDS.into_iter().filter(forbids).filter(found).collect()
}
