//! `admit replay`: what another policy would have decided.

mod log;
mod foreign;
mod releases;
mod waiting;
mod trials;
mod request;
mod tally;
mod nothing;
mod report;
mod print;

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use admit::cases::{Came, Moment};
use admit::release::Inspected;
use admit_api::log::{Decision, Line, Release};
use admit_api::replay::Replayed;
use serde_json::{Map, Value};

use crate::args::{DiffFormat, ReplayArgs};
use crate::compile;
use crate::error::{CliError, Exit, say};
use crate::files;
use crate::terminal::{self, Progress};
use crate::text::json_lines;
use foreign::{Foreign, Foreigners};
use log::Lines;
use releases::{LoggedRelease, Releases, Where};
use request::{Replay, Skip};
use tally::{Place, Tally};
use waiting::Waiting;

/// Replays the logs that the arguments name.
pub(crate) fn run(args: &ReplayArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let runtime = crate::decide::runtime()?;
    let policy = compile::policy(&runtime, &args.policy)?;
    let settings = args.settings.as_deref();
    let settings = settings.map(|path| files::object("settings", path)).transpose()?;
    let (report, tally) = replay(args, &policy, settings.as_ref())?;
    let printed = match args.format {
        DiffFormat::Text => print::report(&report, out),
        DiffFormat::Json => json_lines(out, &report),
    };
    printed.map_err(CliError::Output)?;
    if report.replayed == 0 {
        say(nothing::why(&tally));
        return Ok(Exit::BadInput);
    }
    Ok(if report.forbidden.is_empty() { Exit::Done } else { Exit::TestsFailed })
}

fn replay(
    args: &ReplayArgs,
    policy: &Inspected,
    settings: Option<&Map<String, Value>>,
) -> Result<(Replayed, Tally), CliError> {
    // Who names a gate wants all of its decisions, whatever the policy was called.
    let replay = Replay::new(policy, settings, args.gate.is_some());
    let mut reading = Reading {
        args,
        settings,
        replay,
        releases: Releases::default(),
        waiting: Waiting::default(),
        tally: Tally::default(),
    };
    check_once(&args.logs)?;
    let progress = Progress::start("replaying lines", None);
    for (log, path) in args.logs.iter().enumerate() {
        reading.log(log, &mut Lines::open(path)?)?;
    }
    reading.end();
    drop(progress);
    let (stand_ins, settings_left_out) = reading.replay.finish();
    let tally = reading.tally;
    Ok((report::report(args, policy, &tally, stand_ins, settings_left_out), tally))
}

/// The logs as they are read, once and in order.
struct Reading<'a> {
    args: &'a ReplayArgs,
    settings: Option<&'a Map<String, Value>>,
    replay: Replay<'a>,
    releases: Releases,
    waiting: Waiting,
    tally: Tally,
}

impl Reading<'_> {
    fn log(&mut self, log: usize, lines: &mut Lines) -> Result<(), CliError> {
        let mut foreigners = Foreigners::default();
        while let Some((number, text)) = lines.next()? {
            let place = (log, number);
            terminal::step();
            let Some(text) = text else {
                self.tally.skip(place, Skip::Unreadable(Foreign::Other));
                continue;
            };
            match serde_json::from_slice(text) {
                Ok(Line::Release(release)) => self.release(log, *release),
                Ok(Line::Decision(decision)) => self.decision(place, &decision, text),
                Err(_) => self.tally.skip(place, Skip::Unreadable(foreigners.of(text))),
            }
        }
        // What this log does not have, one before it may have.
        for (place, text) in self.waiting.take_all() {
            self.late(place, &text, Where::Anywhere);
        }
        Ok(())
    }

    /// Decides what still waits without its release.
    fn end(&mut self) {
        for (place, text) in self.waiting.take_all() {
            if let Ok(Line::Decision(decision)) = serde_json::from_slice(&text) {
                self.without_release(place, &decision);
            }
        }
    }

    fn release(&mut self, log: usize, release: Release) {
        self.tally.releases += 1;
        let Some(key) = self.releases.add(log, release) else { return };
        for (place, text) in self.waiting.take(&key) {
            // One before this log waits for the first one after it.
            self.late(place, &text, Where::InLog(log));
        }
    }

    fn decision(&mut self, place: Place, decision: &Decision, text: &[u8]) {
        let Ok(Moment(at)) = decision.at.parse() else {
            return self.tally.skip(place, Skip::Unreadable(Foreign::Other));
        };
        self.tally.note(decision, at);
        let is_of_gate = self.args.gate.as_ref().is_none_or(|gate| **gate == *decision.gate);
        if !is_of_gate || !is_in_time(self.args, at) {
            self.tally.not_wanted += 1;
            self.tally.of_other_gates += u64::from(!is_of_gate);
            return;
        }
        let case = match self.replay.case(decision) {
            Ok(case) => case,
            Err(skip) => return self.tally.skip(place, skip),
        };
        match self.releases.of(decision, Where::InLog(place.0)) {
            Some(release) => {
                let came = self.replay.decide(decision, &case, release);
                self.came(place, decision, came);
            }
            // Both may be logged at the same time, and in either order.
            None => self.wait(place, decision, text),
        }
    }

    /// Keeps a decision until its release is read; if there are too many of them, decides it now.
    fn wait(&mut self, place: Place, decision: &Decision, text: &[u8]) {
        let waits = releases::key(decision).is_some_and(|key| self.waiting.keep(key, place, text));
        if !waits {
            self.without_release(place, decision);
        }
    }

    /// Decides what has waited for its release, if it is there now.
    fn late(&mut self, place: Place, text: &[u8], place_of_release: Where) {
        let Ok(Line::Decision(decision)) = serde_json::from_slice(text) else { return };
        match self.releases.of(&decision, place_of_release) {
            Some(release) => {
                let came = self.replay.case(&decision);
                let came = came.and_then(|case| self.replay.decide(&decision, &case, release));
                self.came(place, &decision, came);
            }
            None => self.wait(place, &decision, text),
        }
    }

    /// Decides with the release of another log, or with given settings.
    fn without_release(&mut self, place: Place, decision: &Decision) {
        let given: Option<LoggedRelease> =
            self.settings.map(|settings| releases::given(settings, decision));
        let release = self.releases.of(decision, Where::Anywhere).or(given.as_ref());
        let came = release.ok_or(Skip::NoRelease).and_then(|release| {
            let case = self.replay.case(decision)?;
            self.replay.decide(decision, &case, release)
        });
        self.came(place, decision, came);
    }

    fn came(&mut self, place: Place, decision: &Decision, came: Result<Came, Skip>) {
        match came {
            Ok(came) => self.tally.count(place, decision, came),
            Err(skip) => self.tally.skip(place, skip),
        }
    }
}

/// Refuses a log that is named twice: its decisions would count twice.
fn check_once(logs: &[PathBuf]) -> Result<(), CliError> {
    let mut known: HashMap<PathBuf, &Path> = HashMap::new();
    for log in logs {
        // What cannot be found says so when it is opened.
        let Ok(file) = log.canonicalize() else { continue };
        if let Some(first) = known.insert(file, log) {
            let (first, log) = (first.display(), log.display());
            return Err(CliError::Usage(format!(
                "`{first}` and `{log}` are one log; name it once"
            )));
        }
    }
    Ok(())
}

/// Whether what was decided at this time, in seconds since 1970, was asked for.
fn is_in_time(args: &ReplayArgs, at: u64) -> bool {
    args.since.is_none_or(|since| at >= since.0) && args.until.is_none_or(|until| at < until.0)
}
