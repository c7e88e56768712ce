//! `admit test`: a policy's cases, played in the sandbox.

mod bench;
mod coverage;
mod json;
mod junit;
mod report;
mod tap;
mod text;
mod watch;

use std::io::Write;
use std::time::Instant;

use admit::release::Inspected;
use admit::runtime::Runtime;

use crate::args::{TestArgs, TestFormat};
use crate::compile;
use crate::error::{CliError, Exit};
use crate::files;
use crate::suite::{self, Suite};
use crate::terminal::Progress;
use coverage::coverage;
use report::Report;

/// Plays the cases that the arguments name, once or on every change.
pub(crate) fn run(args: &TestArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let runtime = crate::decide::runtime()?;
    if args.watch {
        return watch::run(args, &runtime, out);
    }
    once(args, &runtime, out)
}

/// Plays the cases once and prints what came out.
fn once(args: &TestArgs, runtime: &Runtime, out: &mut dyn Write) -> Result<Exit, CliError> {
    let policy = compile::policy(runtime, &args.policy)?;
    let suites = suites(args, &policy)?;
    let started = Instant::now();
    let outcomes = suite::play(&policy, &suites);
    let took = started.elapsed();
    let wanted = args.coverage || args.min_coverage.is_some();
    let coverage = wanted.then(|| coverage(policy.description(), &outcomes));
    let measuring = Progress::start("measuring cases", Some(outcomes.len()));
    let times = args.bench.then(|| bench::times(&policy, &suites));
    drop(measuring);
    let (description, policy) = (policy.description(), policy.policy());
    let report = Report { policy, description, outcomes, took, coverage, times };
    let printed = match args.format {
        TestFormat::Text => text::print(&report, out),
        TestFormat::Json => json::print(&report, out),
        TestFormat::Junit => junit::print(&report, out),
        TestFormat::Tap => tap::print(&report, out),
    };
    printed.map_err(CliError::Output)?;
    Ok(exit(args, &report))
}

/// The cases to play: those at the paths, else those that the component carries.
fn suites(args: &TestArgs, policy: &Inspected) -> Result<Vec<Suite>, CliError> {
    let live = args.settings.as_deref().map(|path| files::object("settings", path)).transpose()?;
    let mut suites = match args.paths.as_slice() {
        [] => suite::packed(policy),
        paths => suite::for_policy(policy, |wanted| suite::collect(paths, wanted, live.as_ref()))?,
    };
    if let Some(pattern) = &args.run {
        for suite in &mut suites {
            suite.cases.retain(|case| contains(&case.name, pattern));
        }
    }
    Ok(suites)
}

/// Whether the name contains the parts of the pattern between its `*`, in their order.
fn contains(name: &str, pattern: &str) -> bool {
    let mut rest = name;
    pattern.split('*').all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

fn exit(args: &TestArgs, report: &Report<'_>) -> Exit {
    let uncovered = match (&report.coverage, args.min_coverage) {
        (Some(coverage), Some(least)) => coverage.percent < f64::from(least),
        _ => false,
    };
    let empty = args.fail_on_empty && report.outcomes.is_empty();
    if report.failed() > 0 || uncovered || empty { Exit::TestsFailed } else { Exit::Done }
}
