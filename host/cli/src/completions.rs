//! `admit completions`: what a shell needs to complete a command line.

use std::io::Write;

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::error::{CliError, Exit};

/// Writes the script for the shell.
pub(crate) fn run(args: &CompletionsArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    // The generator takes a writer that cannot fail.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "admit", &mut script);
    out.write_all(&script).map_err(CliError::Output)?;
    Ok(Exit::Done)
}
