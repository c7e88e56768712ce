//! `admit policy releases`.

use std::io::{Result as IoResult, Write};

use admit_api::release::Releases;

use super::report::not_counting;
use super::{answered, answers};
use crate::args::ReleasesArgs;
use crate::client::Call;
use crate::error::{CliError, Exit};
use crate::terminal::{Paint, paint};
use crate::text::{self, clean, entry, wrapped};

/// Lists the releases of a gate.
pub(super) fn run(args: &ReleasesArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let call = Call::of_gate("GET", &args.gate.gate, "releases")
        .query("limit", args.page.limit)
        .query("before", args.page.before);
    answered(&args.gate.remote, call, out, people)
}

fn people(page: &Releases, out: &mut dyn Write) -> IoResult<()> {
    for attempt in &page.releases {
        let active = if attempt.active { paint(Paint::Good, "  ACTIVE") } else { String::new() };
        writeln!(out, "{}  {}{active}", attempt.id, answers::attempt(attempt))?;
        if let Some(policy) = &attempt.policy {
            let generation = attempt.generation.map(|number| format!(", generation {number}"));
            let generation = generation.unwrap_or_default();
            entry(out, "policy", &format!("{}{generation}", text::policy(policy)))?;
        }
        if let Some(taken) = &attempt.taken_back {
            entry(out, "taken back", &wrapped(&answers::taken_back(taken), 13))?;
        }
        not_counting(&attempt.not_counting, out)?;
        if let Some(error) = &attempt.error {
            entry(out, "error", &clean(error))?;
        }
    }
    match page.next {
        Some(next) => writeln!(out, "more with --before {next}"),
        None => Ok(()),
    }
}
