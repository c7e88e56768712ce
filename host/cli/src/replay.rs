//! `admit replay`: what another policy would have decided.

mod log;
mod releases;
mod trials;
mod request;
mod tally;
mod print;
mod json;

use std::io::Write;

use admit::release::Inspected;
use serde_json::{Map, Value};

use crate::args::{DiffFormat, ForbidReplayed, ReplayArgs};
use crate::diff::compare::Kind;
use crate::error::{CliError, Exit, say};
use crate::files::{self, content};
use crate::text::json_lines;
use log::{Decision, Line, Lines};
use releases::Releases;
use request::{Replay, Skip, StandIns};
use tally::Tally;

const NOTHING_REPLAYED: &str = "nothing was replayed: no line of the log holds a decision that this policy can make again (look \
     at --gate, --since and --until)";

/// What was replayed, and what came of it.
struct Report<'a> {
    policy: &'a Inspected,
    tally: Tally,
    stand_ins: StandIns,
    /// Settings of the log that the policy does not have.
    settings_left_out: Vec<String>,
    /// The forbidden kinds of change that were found.
    forbidden: Vec<Kind>,
}

/// Replays the log that the arguments name.
pub(crate) fn run(args: &ReplayArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let runtime = crate::decide::runtime()?;
    let bytes = files::policy(&args.policy)?;
    let policy = Inspected::new(&runtime, &bytes);
    let policy = policy.map_err(|error| content("policy", &args.policy, error))?;
    let settings = args.settings.as_deref();
    let settings = settings.map(|path| files::object("settings", path)).transpose()?;
    let report = replay(args, &policy, settings)?;
    let printed = match args.format {
        DiffFormat::Text => print::report(&report, out),
        DiffFormat::Json => json_lines(out, &json::report(&report)),
    };
    printed.map_err(CliError::Output)?;
    if report.tally.replayed() == 0 {
        say(NOTHING_REPLAYED);
        return Ok(Exit::BadInput);
    }
    Ok(if report.forbidden.is_empty() { Exit::Done } else { Exit::TestsFailed })
}

fn replay<'a>(
    args: &ReplayArgs,
    policy: &'a Inspected,
    settings: Option<Map<String, Value>>,
) -> Result<Report<'a>, CliError> {
    let releases = Releases::read(&args.log, settings)?;
    // Who names a gate wants all of its decisions, whatever the policy was called.
    let mut replay = Replay::new(policy, releases, args.gate.is_some());
    let mut tally = Tally::default();
    let mut lines = Lines::open(&args.log)?;
    while let Some((number, line)) = lines.next()? {
        let decision = match line {
            Some(Line::Decision(decision)) => decision,
            Some(Line::Release(_)) => continue,
            None => {
                tally.skip(number, Skip::Unreadable);
                continue;
            }
        };
        if !is_wanted(args, &decision) {
            continue;
        }
        match replay.decide(number, &decision) {
            Ok(came) => tally.count(number, &decision, came),
            Err(skip) => tally.skip(number, skip),
        }
    }
    let forbidden = forbidden(args, &tally);
    let (stand_ins, settings_left_out) = replay.finish();
    Ok(Report { policy, tally, stand_ins, settings_left_out, forbidden })
}

fn is_wanted(args: &ReplayArgs, decision: &Decision) -> bool {
    let at = decision.at.0;
    args.gate.as_ref().is_none_or(|gate| *gate == decision.gate)
        && args.since.is_none_or(|since| at >= since.0)
        && args.until.is_none_or(|until| at < until.0)
}

fn forbidden(args: &ReplayArgs, tally: &Tally) -> Vec<Kind> {
    let forbids = |kind: &Kind| {
        args.forbid.iter().any(|forbid| match forbid {
            ForbidReplayed::Narrowing => *kind == Kind::Narrowing,
            ForbidReplayed::Widening => *kind == Kind::Widening,
        })
    };
    let found = |kind: &Kind| tally.changed(*kind) > 0;
    tally::KINDS.into_iter().filter(forbids).filter(found).collect()
}
