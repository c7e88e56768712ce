//! `admit policy activate`.

use std::io::Write;

use super::{NewPolicy, answered, report};
use crate::apply;
use crate::args::ActivateArgs;
use crate::error::{CliError, Exit};

/// Gives a gate another policy.
pub(super) fn run(args: &ActivateArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let policy = NewPolicy::of(&args.policy)?;
    let settings = args.settings.as_deref().map(apply::patch).transpose()?.unwrap_or_default();
    let call = policy
        .call(&args.gate.gate, settings.clone())
        .each("drop", &args.drop.names)
        .flag("dry_run", args.dry_run)
        .flag("candidate", args.candidate)
        .flag("force", args.force);
    answered(&args.gate.remote, call, out, report).map_err(|error| match error {
        CliError::Remote(error) => {
            let how = "give each a value with `--settings FILE`";
            CliError::Remote(error.where_missing(&args.gate.gate, &settings, how))
        }
        error => error,
    })
}
