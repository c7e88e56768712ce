//! `admit diff`: which decisions change from one policy to another.

mod input;
mod cases;
mod log;
mod generate;
pub(crate) mod ask;
pub(crate) mod compare;
mod example;
mod report;
pub(crate) mod print;

use std::io::Write;

use admit::claims::Verification;
use admit::release::Inspected;
use admit_api::comparison::Kind;

use crate::args::{DiffArgs, DiffFormat, ForbidArg};
use crate::compile;
use crate::error::{CliError, Exit, say};
use crate::files;
use crate::terminal::Progress;
use crate::text::{self, json_lines};
use ask::Answers;
use compare::{Comparison, compare};
use input::Input;

const NOTHING_DECIDED: &str = "nothing was compared: neither policy decides any of the inputs";

struct Compared<'a> {
    old: &'a Inspected,
    new: &'a Inspected,
    inputs: &'a [Input],
    /// The seed of the generated inputs; absent when there are none.
    seed: Option<u64>,
    comparison: Comparison,
}

/// Compares the policies that the arguments name.
pub(crate) fn run(args: &DiffArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let runtime = crate::decide::runtime()?;
    let old = compile::policy(&runtime, &args.old)?;
    let new = compile::policy(&runtime, &args.new)?;
    let policies = [&old, &new];
    let verification = Verification::new(args.cloud);
    let mut inputs = inputs(args, policies)?;
    // Each policy decides each.
    let all = 2 * (inputs.len() + args.generate as usize);
    let progress = Progress::start("comparing decisions", Some(all));
    let answers = Answers::of(policies, &inputs, &verification);
    let generated = generate::inputs(args, &inputs, &answers.admitted(), policies);
    let answers = answers.followed_by(Answers::of(policies, &generated, &verification));
    inputs.extend(generated);
    let comparison = compare(policies, &inputs, answers, &verification);
    drop(progress);
    let forbidden = forbidden(args, &comparison);
    let seed = Some(args.seed).filter(|_| args.generate > 0);
    let compared = Compared { old: &old, new: &new, inputs: &inputs, seed, comparison };
    let diff = report::report(&compared, forbidden);
    let printed = match args.format {
        DiffFormat::Text => print::report(&diff, out),
        DiffFormat::Json => json_lines(out, &diff),
    };
    printed.map_err(CliError::Output)?;
    if diff.inputs.decided == 0 {
        match &compared.comparison.first_undecided {
            Some(came) => say(format_args!(
                "{NOTHING_DECIDED}; of the first, the host says: {}",
                text::clean(&format!("{came:#}"))
            )),
            None => say(NOTHING_DECIDED),
        }
        return Ok(Exit::BadInput);
    }
    Ok(if diff.forbidden.is_empty() { Exit::Done } else { Exit::TestsFailed })
}

/// The inputs from cases and from the log, in this order.
fn inputs(args: &DiffArgs, policies: [&Inspected; 2]) -> Result<Vec<Input>, CliError> {
    let settings = args.settings.as_deref();
    let settings = settings.map(|path| files::object("settings", path)).transpose()?;
    let mut inputs = match &args.log {
        Some(_) if args.paths.is_empty() => Vec::new(),
        _ => cases::inputs(&args.paths, policies, settings.as_ref())?,
    };
    if let Some(path) = &args.log {
        inputs.extend(log::inputs(path, args, &settings.unwrap_or_default())?);
    }
    if inputs.is_empty() {
        return Err(CliError::Usage(
            "nothing to decide: neither the policies nor what was named hold a case or request; \
             name case files, or a --log with --settings"
                .to_owned(),
        ));
    }
    Ok(inputs)
}

fn forbidden(args: &DiffArgs, comparison: &Comparison) -> Vec<Kind> {
    let forbids = |kind: &Kind| {
        args.forbid.iter().any(|forbid| match forbid {
            ForbidArg::Narrowing => *kind == Kind::Narrowing,
            ForbidArg::Widening => *kind == Kind::Widening,
            ForbidArg::Identity => *kind == Kind::Identity,
        })
    };
    let found = |kind: &Kind| comparison.count(*kind) > 0;
    Kind::ALL.iter().copied().filter(forbids).filter(found).collect()
}
