//! The binary `admit`: its verbs, what they print, and its exit codes.

pub mod args;
mod decide;
mod demo;
pub mod error;
mod files;
mod inspect;
pub mod issuer;
pub mod secret;
mod text;
mod time;

use std::io::Write;

use args::{Cli, Verb};
use error::{CliError, Exit};

/// Runs a parsed command line, with results on `out`.
///
/// # Errors
///
/// [`CliError`], which knows its exit code.
pub fn run(cli: Cli, out: &mut dyn Write) -> Result<Exit, CliError> {
    match cli.verb {
        Verb::Demo(args) => demo::run(&args, out),
        Verb::Decide(args) => decide::run(&args, out),
        Verb::Inspect(args) => inspect::run(&args, out),
        Verb::Issuer(args) => issuer::run(&args, out),
    }
}
