//! `admit apply`: gates of a server as files say.

mod difference;
mod file;
mod plan;

use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value};

use crate::args::ApplyArgs;
use crate::client::{Client, ClientError};
use crate::error::{CliError, Exit, say};
use crate::remote;
use crate::terminal::{self, Progress};
use crate::text::clean;
use file::Wanted;
use plan::Plan;

/// Has the server check all of what is to change, shows it, then changes gate after gate.
pub(crate) fn run(args: &ApplyArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let wanted = file::read(&args.file)?;
    // Before anything else: what the server makes of them may hide them.
    wanted.iter().flat_map(|gate| &gate.placeholders).for_each(say);
    let client = Client::new(&args.connect)?;
    // All of them, before the first is shown: what is shown is what will be done.
    let mut plans = checked(args, &wanted, &client)?;
    plans.iter().try_for_each(|plan| plan.print(out)).map_err(CliError::Output)?;
    plans.retain(Plan::changes_something);
    if args.dry_run {
        if !plans.is_empty() {
            writeln!(out, "dry run: nothing was changed").map_err(CliError::Output)?;
        }
        return Ok(Exit::Done);
    }
    change(&client, &plans, out)
}

/// The change of each gate, which the server would make.
fn checked<'a>(
    args: &ApplyArgs,
    wanted: &'a [Wanted],
    client: &Client,
) -> Result<Vec<Plan<'a>>, CliError> {
    let _checking = Progress::start("checking gates", Some(wanted.len()));
    let checked = |gate: &'a Wanted| {
        let mut plan = Plan::new(client, gate, &args.drop.names, args.force)?;
        if let Err(error) = plan.check(client) {
            say(format!("{}: not applied; nothing was changed", clean(plan.gate())));
            return Err(error.into());
        }
        terminal::step();
        Ok(plan)
    };
    wanted.iter().map(checked).collect()
}

/// Reads a file of settings to change: `null` removes one.
pub(crate) fn patch(path: &Path) -> Result<Map<String, Value>, CliError> {
    file::patch(path)
}

fn change(client: &Client, plans: &[Plan<'_>], out: &mut dyn Write) -> Result<Exit, CliError> {
    let _changing = Progress::start("changing gates", Some(plans.len()));
    for (index, plan) in plans.iter().enumerate() {
        if index > 0 {
            terminal::step();
        }
        match plan.apply(client) {
            Ok(report) => remote::report(&report, out).map_err(CliError::Output)?,
            Err(error) => {
                out.flush().map_err(CliError::Output)?;
                say(stopped(plans, index, &error));
                return Err(error.into());
            }
        }
    }
    Ok(Exit::Done)
}

/// What was changed and what was not, when the gate at `index` failed.
fn stopped(plans: &[Plan<'_>], index: usize, error: &ClientError) -> String {
    let names = |plans: &[Plan<'_>]| {
        let names: Vec<_> = plans.iter().map(|plan| clean(plan.gate())).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    };
    let (applied, rest) = plans.split_at_checked(index).unwrap_or((plans, &[]));
    if error.refusal().is_some() {
        return format!("applied: {}; not applied: {}", names(applied), names(rest));
    }
    // The answer did not come; the change may have been made.
    let (failed, rest) = rest.split_at_checked(1).unwrap_or((rest, &[]));
    let [applied, failed, rest] = [applied, failed, rest].map(names);
    format!("applied: {applied}; not known: {failed}; not applied: {rest}")
}
