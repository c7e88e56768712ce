//! `admit policy candidate`.

use std::io::{Result as IoResult, Write};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::answers::{Evidence, Policy, Setting};
use super::report::{dropped, restored};
use super::{answered, done};
use crate::args::CandidateArgs;
use crate::client::Call;
use crate::error::{CliError, Exit};
use crate::terminal::outcome;
use crate::text::{clean, entry, value};

#[derive(Deserialize)]
struct Candidate {
    gate: String,
    policy: Policy,
    since: String,
    #[serde(default)]
    stale: bool,
    #[serde(default)]
    dropped: Vec<Setting>,
    #[serde(default)]
    restored: Vec<Setting>,
    #[serde(flatten)]
    counts: Counts,
    differences: Vec<Difference>,
    examples: Vec<Example>,
}

/// How often a candidate came to what the gate decided.
#[derive(Deserialize)]
pub(super) struct Counts {
    decided: u64,
    agreed: u64,
    differed: u64,
    skipped: u64,
}

#[derive(Deserialize)]
struct Difference {
    kind: String,
    old: Option<Came>,
    new: Option<Came>,
    count: u64,
}

#[derive(Deserialize)]
struct Example {
    at: String,
    decision_id: String,
    old: Came,
    new: Came,
    claims: Map<String, Value>,
    #[serde(default)]
    observed: Vec<Evidence>,
}

#[derive(Deserialize)]
struct Came {
    outcome: String,
    reason: Option<String>,
}

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
    let (gate, policy) = (clean(&candidate.gate), candidate.policy.text());
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
    entry(out, "requests", &candidate.counts.text())?;
    for difference in &candidate.differences {
        let text = match (&difference.old, &difference.new) {
            (Some(old), Some(new)) => format!("{} -> {}", old.text(), new.text()),
            _ => "of other kinds".to_owned(),
        };
        let identity = if difference.kind == "identity" { ", as somebody else" } else { "" };
        entry(out, "differed", &format!("{} x {text}{identity}", difference.count))?;
    }
    for example in &candidate.examples {
        let Example { at, decision_id, old, new, claims, observed } = example;
        let (at, id) = (clean(at), clean(decision_id));
        entry(out, "example", &format!("{at} {id}: {} -> {}", old.text(), new.text()))?;
        for (name, claim) in claims {
            entry(out, "", &format!("{} = {}", clean(name), value(Some(claim), "")))?;
        }
        let is_there =
            |came: &&Evidence| came.claim().is_some_and(|claim| claims.contains_key(claim));
        for came in observed.iter().filter(|came| !is_there(came)) {
            entry(out, "came", &came.text())?;
        }
    }
    Ok(())
}

impl Counts {
    pub(super) fn text(&self) -> String {
        let Self { decided, agreed, differed, skipped } = self;
        format!("{decided} decided, {agreed} agreed, {differed} differed, {skipped} skipped")
    }
}

impl Came {
    fn text(&self) -> String {
        let reason = self.reason.as_deref().unwrap_or_default();
        format!("{} {}", outcome(&clean(&self.outcome)), clean(reason)).trim_end().to_owned()
    }
}
