//! `admit`: see `admit --help` and the README.

use std::io::Write;
use std::process::ExitCode;

use admit_cli::args::{Cli, Verb};
use admit_cli::error::{CliError, Exit, say, say_usage};
use admit_cli::{secret, terminal};
use clap::Parser;
use tracing_subscriber::filter::LevelFilter;

fn main() -> ExitCode {
    let exit = run().unwrap_or_else(|error| {
        if !error.is_closed_pipe() {
            say(error.text());
        }
        error.exit()
    });
    exit.into()
}

fn run() -> Result<Exit, CliError> {
    // First: the parser's own errors repeat what they do not like.
    if std::env::args_os().any(|argument| secret::is_like_token(&argument)) {
        return Err(CliError::TokenArgument);
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return Ok(say_usage(&error, std::env::args_os().skip(1))),
    };
    admit_cli::check_arguments(std::env::args_os().skip(1))?;
    if matches!(cli.verb, Verb::Serve(_)) {
        // It has a log of its own, as configured, and writes to standard output from several threads.
        return admit_cli::run(cli, &mut std::io::stdout());
    }
    start_log()?;
    terminal::choose(cli.color);
    let mut out = terminal::Erasing(std::io::stdout().lock());
    let exit = admit_cli::run(cli, &mut out)?;
    out.flush().map_err(CliError::Output)?;
    Ok(exit)
}

/// Errors of the host go to standard error; `ADMIT_LOG` chooses another level.
fn start_log() -> Result<(), CliError> {
    let level = match std::env::var("ADMIT_LOG") {
        Ok(level) if !level.is_empty() => level.parse().map_err(|_| CliError::LogLevel)?,
        _ => LevelFilter::ERROR,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(terminal::log)
        .with_ansi(false)
        // A line that cannot be written to standard error cannot be reported there either.
        .log_internal_errors(false)
        .init();
    Ok(())
}
