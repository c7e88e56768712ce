//! `admit status`: what an administrator looks at first.

use std::io::{Result as IoResult, Write};

use serde::Deserialize;

use super::answers::{Attempt, Evidence, Policy, Setting, TakenBack};
use super::candidate::Counts;
use super::report::not_counting;
use super::unchanged;
use crate::args::{OutputArg, StatusArgs};
use crate::client::{Call, Client, ClientError};
use crate::error::{CliError, Exit};
use crate::terminal::{self, Paint, paint};
use crate::text::{clean, entry, wrapped};

#[derive(Deserialize)]
struct Status {
    version: String,
    started_at: String,
    gitops: Option<String>,
    gates: Vec<Gate>,
    keys: Vec<Keys>,
    store: Option<Store>,
    decision_log: Option<Log>,
}

#[derive(Deserialize)]
struct Gate {
    gate: String,
    state: String,
    problem: Option<String>,
    cloud: String,
    policy: Option<Policy>,
    generation: Option<u64>,
    revision: u64,
    #[serde(default)]
    not_counting: Vec<Setting>,
    last_attempt: Option<Attempt>,
    candidate: Option<Candidate>,
    #[serde(default)]
    taken_back: Vec<TakenBack>,
    source: Option<Source>,
    refusals: Vec<Refused>,
}

#[derive(Deserialize)]
struct Candidate {
    policy: Policy,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Deserialize)]
struct Source {
    path: String,
    state: String,
    digest: Option<String>,
    error: Option<String>,
    waits_for: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    outcome: String,
    reason: String,
    count: u64,
    last_at: String,
    decision_id: String,
    #[serde(default)]
    observed: Vec<Evidence>,
    #[serde(default)]
    expected: Vec<Setting>,
}

#[derive(Deserialize)]
struct Keys {
    cloud: String,
    address: Option<String>,
    proxy: Option<String>,
    usable: u64,
    #[serde(default)]
    skipped: usize,
    #[serde(default)]
    skipped_keys: Vec<UnusedKey>,
    #[serde(default)]
    vanished: usize,
    #[serde(default)]
    vanished_keys: Vec<VanishedKey>,
    age_seconds: Option<u64>,
    last_error: Option<String>,
}

#[derive(Deserialize)]
struct Store {
    state: String,
    problem: Option<String>,
}

#[derive(Deserialize)]
struct UnusedKey {
    kid: Option<String>,
    reason: String,
}

#[derive(Deserialize)]
struct VanishedKey {
    kid: String,
    missing_seconds: u64,
}

#[derive(Deserialize)]
struct Log {
    written: u64,
    dropped: u64,
    failed: u64,
    waiting: u64,
    problem: Option<String>,
}

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
    if let Some(Store { state, problem: Some(problem) }) = &status.store {
        entry(out, "store", &format!("{}: {}", clean(state), wrapped(problem, 13)))?;
    }
    status.decision_log.iter().try_for_each(|log| self::log(log, out))?;
    status.gates.iter().try_for_each(|gate| self::gate(gate, out))
}

fn keys(keys: &Keys, out: &mut dyn Write) -> IoResult<()> {
    let age = keys.age_seconds.map(|age| format!(", {age} s old")).unwrap_or_default();
    let from = keys.address.as_deref().unwrap_or("a file");
    let (cloud, from) = (clean(&keys.cloud), clean(from));
    let proxy = keys.proxy.as_deref().map(|proxy| format!(" through the proxy {}", clean(proxy)));
    let proxy = proxy.unwrap_or_default();
    entry(out, "keys", &format!("{cloud}: {} usable{age}, from {from}{proxy}", keys.usable))?;
    for UnusedKey { kid, reason } in &keys.skipped_keys {
        let kid = kid
            .as_deref()
            .map_or_else(|| "without id".to_owned(), |kid| format!("`{}`", clean(kid)));
        entry(out, "", &format!("not used: key {kid}: {}", clean(reason)))?;
    }
    more(keys.skipped, keys.skipped_keys.len(), out)?;
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

fn log(log: &Log, out: &mut dyn Write) -> IoResult<()> {
    let Log { written, dropped, failed, waiting, problem } = log;
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

fn gate(gate: &Gate, out: &mut dyn Write) -> IoResult<()> {
    let colour = if gate.state == "serving" { Paint::Good } else { Paint::Bad };
    writeln!(out, "\n{}: {}", clean(&gate.gate), paint(colour, &clean(&gate.state)))?;
    if let Some(problem) = &gate.problem {
        entry(out, "problem", &wrapped(problem, 13))?;
    }
    match &gate.policy {
        Some(policy) => entry(out, "policy", &policy.text())?,
        None => entry(out, "policy", "none")?,
    }
    let generation = gate.generation.map(|number| format!("generation {number}, "));
    let generation = generation.unwrap_or_default();
    let (revision, cloud) = (gate.revision, clean(&gate.cloud));
    entry(out, "release", &format!("{generation}revision {revision}, cloud {cloud}"))?;
    not_counting(&gate.not_counting, out)?;
    if let Some(attempt) = &gate.last_attempt {
        entry(out, "attempt", &attempt.text())?;
        if let Some(error) = &attempt.error {
            entry(out, "", &clean(error))?;
        }
    }
    if let Some(Candidate { policy, counts }) = &gate.candidate {
        entry(out, "candidate", &format!("{}: {}", policy.text(), counts.text()))?;
    }
    for taken in &gate.taken_back {
        let text = format!("{}, {}", taken.policy.text(), taken.text());
        entry(out, "taken back", &wrapped(&text, 13))?;
    }
    if let Some(source) = &gate.source {
        self::source(source, out)?;
    }
    gate.refusals.iter().try_for_each(|refused| self::refused(refused, out))
}

fn source(source: &Source, out: &mut dyn Write) -> IoResult<()> {
    let digest = source.digest.as_deref().map(|digest| format!(" {}", clean(digest)));
    let digest = digest.unwrap_or_default();
    entry(out, "source", &format!("{}: {}{digest}", clean(&source.path), clean(&source.state)))?;
    if let Some(error) = &source.error {
        entry(out, "", &clean(error))?;
    }
    match &source.waits_for {
        Some(waits_for) => entry(out, "", &wrapped(&format!("waits for {waits_for}"), 13)),
        None => Ok(()),
    }
}

fn refused(refused: &Refused, out: &mut dyn Write) -> IoResult<()> {
    let Refused { outcome, reason, count, last_at, decision_id, .. } = refused;
    let (outcome, reason) = (terminal::outcome(&clean(outcome)), clean(reason));
    let last = format!("last {}, decision {}", clean(last_at), clean(decision_id));
    entry(out, "refused", &format!("{count} x {outcome} {reason}; {last}"))?;
    for observed in &refused.observed {
        entry(out, "came", &observed.text())?;
    }
    let expected = refused.expected.iter();
    expected
        .map(|setting| setting.text("not configured"))
        .try_for_each(|text| entry(out, "configured", &text))
}
