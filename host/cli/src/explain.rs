//! `admit explain`: what a policy says of a reason or a rule.

mod find;
mod print;

use std::io::Write;

use admit::cases::suggest::similar;
use admit::contract::types::Description;
use admit::reason::HOST_REASONS;
use admit::release::Inspected;
use admit::text::Shown;

use crate::args::{ExplainArgs, OutputArg};
use crate::compile;
use crate::error::{CliError, Exit};
use crate::text;
use find::find;

/// Explains what the arguments name.
pub(crate) fn run(args: &ExplainArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let policies = policies(args.policy.as_deref())?;
    let explanation = find(&args.name, &policies);
    if explanation.found.is_empty() {
        return Err(CliError::Usage(unknown(&args.name, &policies)));
    }
    let printed = match args.output {
        OutputArg::Json => text::json_lines(out, &explanation),
        OutputArg::Text => print::people(&explanation, out),
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

/// What was asked for, of whom, and the names most like it.
fn unknown(name: &str, policies: &[Inspected]) -> String {
    let policy = |it: &Inspected| format!("`{}` {}", it.policy().name, it.policy().version);
    let asked: Vec<_> = policies.iter().map(policy).collect();
    let names = policies.iter().flat_map(|policy| names(policy.description()));
    let names = names.chain(HOST_REASONS.iter().map(|reason| reason.code));
    let similar: Vec<_> = similar(name, names).iter().map(|name| format!("`{name}`")).collect();
    let example = match similar.as_slice() {
        [] => String::new(),
        similar => format!("for example {}, or ", similar.join(", ")),
    };
    format!(
        "no reason and no rule `{}` in {}; expected {example}one that `admit inspect` lists",
        Shown::name(name),
        asked.join(" or ")
    )
}

fn names(description: &Description) -> impl Iterator<Item = &str> {
    let reasons = description.reasons.iter().map(|reason| &*reason.code);
    reasons.chain(description.rules.iter().map(|rule| &*rule.name))
}

fn newest() -> Vec<&'static str> {
    let mut names: Vec<_> = admit_policies::all().iter().map(|policy| policy.name).collect();
    names.dedup();
    names
}
