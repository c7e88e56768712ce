//! `admit status`: what an administrator looks at first.

use std::io::{Result as IoResult, Write};

use admit_api::status::{
    CandidateStatus, GateState, GateStatus, KeysStatus, LogStatus, Refusals, SourceStatus, Status,
    StoreStatus, UnusedKey, VanishedKey,
};

use super::answers;
use super::candidate::counts;
use super::report::not_counting;
use super::unchanged;
use crate::args::{OutputArg, StatusArgs};
use crate::client::{Call, Client, ClientError};
use crate::error::{CliError, Exit};
use crate::terminal::{self, Paint, paint};
use crate::text::{self, clean, entry, wrapped};

/// Shows the state of a server.
pub(super) fn run(args: &StatusArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let client = Client::new(&args.remote.connect)?;
    let answer = client.call(Call::new("GET", &["v1", "status"]))?;
    let mut status: Status = answer.read()?;
    if let Some(gate) = &args.gate {
        only(&mut status, gate)?;
    }
    let printed = match args.remote.output {
        OutputArg::Json => unchanged(&answer, out),
        OutputArg::Text => people(&status, client.address(), out),
    };
    printed.map_err(CliError::Output)?;
    Ok(Exit::Done)
}

fn only(status: &mut Status, gate: &str) -> Result<(), ClientError> {
    let known: Vec<_> = status.gates.iter().map(|one| format!("`{}`", clean(&one.gate))).collect();
    status.gates.retain(|one| one.gate == gate);
    match status.gates.is_empty() {
        true => Err(ClientError::NoGate { gate: clean(gate), known: known.join(", ") }),
        false => Ok(()),
    }
}

fn people(status: &Status, address: &str, out: &mut dyn Write) -> IoResult<()> {
    writeln!(out, "Admit {} at {address}", clean(&status.version))?;
    entry(out, "since", &clean(&status.started_at))?;
    if let Some(repository) = &status.gitops {
        let repository = clean(repository);
        entry(out, "gitops", &format!("{repository}; only the role gitops may write"))?;
    }
    status.keys.iter().try_for_each(|keys| self::keys(keys, out))?;
    if let StoreStatus { state, problem: Some(problem) } = &status.store {
        entry(out, "store", &format!("{state}: {}", wrapped(problem, 13)))?;
    }
    status.decision_log.iter().try_for_each(|log| self::log(log, out))?;
    status.gates.iter().try_for_each(|gate| self::gate(gate, out))
}

fn keys(keys: &KeysStatus, out: &mut dyn Write) -> IoResult<()> {
    let age = keys.age_seconds.map(|age| format!(", {age} s old")).unwrap_or_default();
    let from = keys.address.as_deref().unwrap_or("a file");
    let (cloud, from) = (clean(&keys.cloud), clean(from));
    let proxy = keys.proxy.as_deref().map(|proxy| format!(" through the proxy {}", clean(proxy)));
    let proxy = proxy.unwrap_or_default();
    entry(out, "keys", &format!("{cloud}: {} usable{age}, from {from}{proxy}", keys.usable))?;
    for UnusedKey { kid, reason, count } in &keys.skipped_keys {
        let kid = kid
            .as_deref()
            .map_or_else(|| "without id".to_owned(), |kid| format!("`{}`", clean(kid)));
        let times = count.map(|count| format!(" ({count} times)")).unwrap_or_default();
        entry(out, "", &format!("not used: key {kid}{times}: {}", clean(reason)))?;
    }
    let shown = keys.skipped_keys.iter().map(|key| key.count.unwrap_or(1)).sum();
    more(keys.skipped, shown, out)?;
    for VanishedKey { kid, missing_seconds: seconds } in &keys.vanished_keys {
        let kid = clean(kid);
        entry(out, "", &format!("still used: key `{kid}`, gone from the set for {seconds} s"))?;
    }
    more(keys.vanished, keys.vanished_keys.len(), out)?;
    match &keys.last_error {
        Some(error) => entry(out, "", &format!("the last fetch failed: {}", clean(error))),
        None => Ok(()),
    }
}

fn log(log: &LogStatus, out: &mut dyn Write) -> IoResult<()> {
    let LogStatus { written, dropped, failed, waiting, problem } = log;
    let counts = format!("{written} decisions written, {dropped} dropped, {failed} failed");
    match waiting {
        0 => entry(out, "log", &counts)?,
        _ => entry(out, "log", &format!("{counts}, {waiting} waiting for it"))?,
    }
    match problem {
        Some(problem) => entry(out, "", &wrapped(problem, 13)),
        None => Ok(()),
    }
}

fn more(all: usize, shown: usize, out: &mut dyn Write) -> IoResult<()> {
    match all.saturating_sub(shown) {
        0 => Ok(()),
        more => entry(out, "", &format!("and {more} more")),
    }
}

fn gate(gate: &GateStatus, out: &mut dyn Write) -> IoResult<()> {
    let colour = if gate.state == GateState::Serving { Paint::Good } else { Paint::Bad };
    writeln!(out, "\n{}: {}", clean(&gate.gate), paint(colour, gate.state.as_str()))?;
    if let Some(problem) = &gate.problem {
        entry(out, "problem", &wrapped(problem, 13))?;
    }
    match &gate.policy {
        Some(policy) => entry(out, "policy", &text::policy(policy))?,
        None => entry(out, "policy", "none")?,
    }
    let generation = gate.generation.map(|number| format!("generation {number}, "));
    let generation = generation.unwrap_or_default();
    let (revision, cloud) = (gate.revision, clean(&gate.cloud));
    entry(out, "release", &format!("{generation}revision {revision}, cloud {cloud}"))?;
    not_counting(&gate.not_counting, out)?;
    if let Some(attempt) = &gate.last_attempt {
        entry(out, "attempt", &answers::attempt(attempt))?;
        if let Some(error) = &attempt.error {
            entry(out, "", &clean(error))?;
        }
    }
    if let Some(candidate) = &gate.candidate {
        let CandidateStatus { policy, decided, agreed, differed, skipped } = candidate;
        let counts = counts([*decided, *agreed, *differed, *skipped]);
        entry(out, "candidate", &format!("{}: {counts}", text::policy(policy)))?;
    }
    for taken in &gate.taken_back {
        let text = format!("{}, {}", text::policy(&taken.policy), answers::taken_back(taken));
        entry(out, "taken back", &wrapped(&text, 13))?;
    }
    if let Some(source) = &gate.source {
        self::source(source, out)?;
    }
    gate.refusals.iter().try_for_each(|refused| self::refused(refused, out))
}

fn source(source: &SourceStatus, out: &mut dyn Write) -> IoResult<()> {
    let digest = source.digest.as_deref().map(|digest| format!(" {}", clean(digest)));
    let digest = digest.unwrap_or_default();
    entry(out, "source", &format!("{}: {}{digest}", clean(&source.path), source.state))?;
    if let Some(error) = &source.error {
        entry(out, "", &clean(error))?;
    }
    match &source.waits_for {
        Some(waits_for) => entry(out, "", &wrapped(&format!("waits for {waits_for}"), 13)),
        None => Ok(()),
    }
}

fn refused(refused: &Refusals, out: &mut dyn Write) -> IoResult<()> {
    let Refusals { outcome, reason, count, last_at, decision_id, .. } = refused;
    let (outcome, reason) = (terminal::outcome(outcome.as_str()), clean(reason));
    let last = format!("last {}, decision {decision_id}", clean(last_at));
    entry(out, "refused", &format!("{count} x {outcome} {reason}; {last}"))?;
    if let Some(detail) = &refused.detail {
        entry(out, "found", &wrapped(detail, 13))?;
    }
    for observed in &refused.observed {
        entry(out, "came", &answers::evidence(observed))?;
    }
    let expected = refused.expected.iter();
    expected
        .map(|setting| answers::setting(setting, "not configured"))
        .try_for_each(|text| entry(out, "configured", &text))
}
