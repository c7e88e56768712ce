//! `admit policy candidate`.

use std::io::{Result as IoResult, Write};

use admit_api::candidate::{Candidate, Difference, DifferenceKind, Example, Found, ShortDecision};
use admit_api::evidence::Evidence;

use super::report::{dropped, restored};
use super::{answered, answers, done};
use crate::args::CandidateArgs;
use crate::client::Call;
use crate::error::{CliError, Exit};
use crate::terminal::outcome;
use crate::text::{self, clean, entry, value};

/// Shows what the candidate of a gate found, or ends it.
pub(super) fn run(args: &CandidateArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let gate = &args.gate.gate;
    if args.end {
        let call = Call::of_gate("DELETE", gate, "candidate");
        return done(&args.gate.remote, call, out, &format!("{}: ended", clean(gate)));
    }
    answered(&args.gate.remote, Call::of_gate("GET", gate, "candidate"), out, people)
}

fn people(candidate: &Candidate, out: &mut dyn Write) -> IoResult<()> {
    let (gate, policy) = (clean(&candidate.gate), text::policy(&candidate.policy));
    writeln!(out, "{gate}: {policy} decides as a candidate since {}", clean(&candidate.since))?;
    if candidate.stale {
        entry(
            out,
            "stale",
            "settings or policy changed since it was made; make it again to promote it",
        )?;
    }
    dropped(&candidate.dropped, out)?;
    restored(&candidate.restored, out)?;
    let Found { decided, agreed, differed, skipped, differences, examples, .. } = &candidate.found;
    entry(out, "requests", &counts([*decided, *agreed, *differed, *skipped]))?;
    differences.iter().try_for_each(|one| difference(one, out))?;
    examples.iter().try_for_each(|one| example(one, out))
}

fn difference(difference: &Difference, out: &mut dyn Write) -> IoResult<()> {
    let text = match (&difference.old, &difference.new) {
        (Some(old), Some(new)) => format!("{} -> {}", short(old), short(new)),
        _ => "of other kinds".to_owned(),
    };
    let is_identity = difference.kind == DifferenceKind::Identity;
    let identity = if is_identity { ", as somebody else" } else { "" };
    entry(out, "differed", &format!("{} x {text}{identity}", difference.count))
}

fn example(example: &Example, out: &mut dyn Write) -> IoResult<()> {
    let Example { at, decision_id, old, new, claims, observed, .. } = example;
    let changed = format!("{} -> {}", short(old), short(new));
    entry(out, "example", &format!("{} {decision_id}: {changed}", clean(at)))?;
    for (name, claim) in claims {
        entry(out, "", &format!("{} = {}", clean(name), value(Some(claim), "")))?;
    }
    let is_there = |evidence: &&Evidence| {
        let claim = evidence.observed.claim.as_ref();
        claim.is_some_and(|claim| claims.contains_key(claim))
    };
    let mut others = observed.iter().filter(|evidence| !is_there(evidence));
    others.try_for_each(|evidence| entry(out, "came", &answers::evidence(evidence)))
}

/// How often a candidate came to what the gate decided.
pub(super) fn counts([decided, agreed, differed, skipped]: [u64; 4]) -> String {
    format!("{decided} decided, {agreed} agreed, {differed} differed, {skipped} skipped")
}

fn short(decision: &ShortDecision) -> String {
    let reason = decision.reason.as_deref().unwrap_or_default();
    format!("{} {}", outcome(decision.outcome.as_str()), clean(reason)).trim_end().to_owned()
}
