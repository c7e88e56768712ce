//! The binary `admit`: its verbs, what they print, and its exit codes.

mod apply;
pub mod args;
mod client;
mod compile;
mod completions;
mod decide;
mod demo;
mod diff;
pub mod error;
mod explain;
mod files;
mod folder;
mod generate;
mod inspect;
pub mod issuer;
mod container;
mod line;
mod pack;
mod remote;
mod replay;
pub mod secret;
mod serve;
mod suite;
pub mod terminal;
mod test;
mod text;

use std::io::Write;

use args::{Cli, Verb};
use error::{CliError, Exit};
pub use files::check_arguments;

/// Runs a parsed command line, with results on `out`.
///
/// # Errors
///
/// [`CliError`], which knows its exit code.
pub fn run(cli: Cli, out: &mut dyn Write) -> Result<Exit, CliError> {
    match cli.verb {
        Verb::Demo(args) => demo::run(&args, out),
        Verb::Serve(args) => serve::run(args, out),
        Verb::Status(args) => remote::status(&args, out),
        Verb::Policy(args) => remote::policy(&args, out),
        Verb::Activities(args) => remote::activities(&args, out),
        Verb::Access(args) => remote::access(&args, out),
        Verb::Store(args) => remote::store(&args, out),
        Verb::Apply(args) => apply::run(&args, out),
        Verb::Generate(args) => generate::run(&args, out),
        Verb::Decide(args) => decide::run(&args, out),
        Verb::Test(args) => test::run(&args, out),
        Verb::Pack(args) => pack::run(&args, out),
        Verb::Diff(args) => diff::run(&args, out),
        Verb::Replay(args) => replay::run(&args, out),
        Verb::Explain(args) => explain::run(&args, out),
        Verb::Inspect(args) => inspect::run(&args, out),
        Verb::Issuer(args) => issuer::run(&args, out),
        Verb::Completions(args) => completions::run(&args, out),
    }
}
