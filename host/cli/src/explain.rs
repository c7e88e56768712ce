//! `admit explain`: what a policy says of a reason or a rule.

mod find;
mod suggest;
mod print;

use std::io::Write;

use admit::release::Inspected;

use crate::args::{ExplainArgs, OutputArg};
use crate::compile;
use crate::error::{CliError, Exit};
use find::find;

/// Explains what the arguments name.
pub(crate) fn run(args: &ExplainArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let policies = policies(args.policy.as_deref())?;
    let found = find(&args.name, &policies);
    if found.is_empty() {
        return Err(CliError::Usage(suggest::unknown(&args.name, &policies)));
    }
    let printed = match args.output {
        OutputArg::Json => print::json(&args.name, &found, out),
        OutputArg::Text => print::people(&found, out),
    };
    printed.map_err(CliError::Output)?;
    Ok(Exit::Done)
}

/// The policy asked for, else the newest version of every embedded one.
fn policies(reference: Option<&str>) -> Result<Vec<Inspected>, CliError> {
    let references = match reference {
        Some(reference) => vec![reference],
        None => newest(),
    };
    let runtime = crate::decide::runtime()?;
    references.into_iter().map(|reference| compile::policy(&runtime, reference)).collect()
}

fn newest() -> Vec<&'static str> {
    let mut names: Vec<_> = admit_policies::all().iter().map(|policy| policy.name).collect();
    names.dedup();
    names
}
