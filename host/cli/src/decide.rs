//! `admit decide`.

mod stream;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use admit::claims::Verification;
use admit::decision::{Decision, Outcome};
use admit::gate::{ActivateError, Activation, Gate, Input, Request};
use admit::keys::{KeySet, Keys};
use admit::release::{BuildError, ConfigureError};
use admit::runtime::Runtime;
use admit::token::{Format, MAX_ENVELOPE_BYTES};

use crate::args::{DecideArgs, FormatArg, OutputArg};
use crate::error::{CliError, Exit, say};
use crate::terminal::Progress;
use crate::{compile, files, text};

const NOT_VERIFIED: &str =
    "WARNING: no signature was verified; the claims are taken as they were given";

/// Decides what the arguments name.
pub(crate) fn run(args: &DecideArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let facts = args.facts.as_deref().map(files::facts).transpose()?.unwrap_or_default();
    let gate = gate(args)?;
    if args.jsonl {
        return stream::run(args, &gate, &facts, out);
    }
    if args.format == FormatArg::Claims {
        say(NOT_VERIFIED);
    }
    let token = token(args)?;
    let request = Request {
        id: None,
        input: input(args.format, &token),
        facts: &facts,
        now: args.now.map_or_else(admit::gate::now, |moment| moment.0),
        trace: args.trace,
    };
    let deciding = Progress::start("deciding", None);
    let decision = gate.decide(&request);
    drop(deciding);
    let decision = decision
        .map_err(|error| files::content("facts", &shown_path(args.facts.as_deref()), error))?;
    print(args.output, &decision, out).map_err(CliError::Output)?;
    Ok(exit(&decision))
}

/// Only `allow` admits.
fn exit(decision: &Decision) -> Exit {
    if decision.outcome() == Outcome::Allow { Exit::Done } else { Exit::NotAdmitted }
}

/// A gate with the policy, the settings and the keys of the arguments.
fn gate(args: &DecideArgs) -> Result<Gate, CliError> {
    let component = files::policy(&args.policy)?;
    let settings = files::settings(&args.settings)?;
    let keys = Arc::new(keys(args)?);
    let runtime = runtime()?;
    let gate = Gate::new(gate_name(&args.policy), runtime, keys, Verification::new(args.cloud));
    let _compiling = compile::compiling(&args.policy);
    gate.activate(Activation { component: &component, settings, cases: &[] })
        .map_err(|error| not_activated(args, error))?;
    Ok(gate)
}

/// Names the file that is to blame.
fn not_activated(args: &DecideArgs, error: ActivateError) -> CliError {
    match error {
        ActivateError::Build(BuildError::Configure(error @ ConfigureError::Settings(_))) => {
            files::content("settings", &args.settings.display(), error)
        }
        // `admit decide` has no activation, so its step would only confuse.
        ActivateError::Build(BuildError::Inspect(error)) => {
            files::content("policy", &args.policy, error)
        }
        error => files::content("policy", &args.policy, error),
    }
}

/// The engine every verb needs.
pub(crate) fn runtime() -> Result<Runtime, CliError> {
    Runtime::new().map_err(|error| CliError::Internal {
        what: "failed to start the policy runtime",
        source: Box::new(error),
    })
}

/// The gate is named after the policy: the embedded one's name, or the file's without its ending.
fn gate_name(policy: &str) -> &str {
    match admit_policies::find(policy) {
        Some(embedded) => embedded.name,
        None if files::is_stdin(Path::new(policy)) => "gate",
        None => Path::new(policy).file_stem().and_then(|stem| stem.to_str()).unwrap_or("gate"),
    }
}

fn keys(args: &DecideArgs) -> Result<Keys, CliError> {
    match (&args.keys, args.format) {
        (Some(reference), _) => files::keys(reference),
        // Vouched claims need no keys; a set without any verifies nothing.
        (None, FormatArg::Claims) if !args.jsonl => Ok(Keys::fixed(KeySet::default())),
        (None, _) => files::remote_keys(args.cloud.key_set_address()),
    }
}

fn shown_path(path: Option<&Path>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}

/// The token from the file or from standard input.
fn token(args: &DecideArgs) -> Result<Vec<u8>, CliError> {
    const LIMIT: u64 = MAX_ENVELOPE_BYTES as u64;
    let path = input_file(args);
    if files::is_stdin(path) && std::io::stdin().is_terminal() {
        say("reading from the terminal; end with Ctrl-D");
    }
    let (what, expected) = match args.format {
        FormatArg::Jwt => ("token", "an access token"),
        FormatArg::BinarySecurityToken => ("token", "a BinarySecurityToken"),
        FormatArg::Soap => ("token", "a SOAP envelope"),
        FormatArg::Claims => ("claims", "a JSON object"),
    };
    files::text(what, expected, path, LIMIT)
}

/// The file with the input, which is standard input unless one is named.
fn input_file(args: &DecideArgs) -> &Path {
    args.input.as_deref().unwrap_or(Path::new("-"))
}

fn input(format: FormatArg, bytes: &[u8]) -> Input<'_> {
    match format {
        FormatArg::Jwt => Input::Token(Format::Jwt, bytes),
        FormatArg::BinarySecurityToken => Input::Token(Format::BinarySecurityToken, bytes),
        FormatArg::Soap => Input::Token(Format::Soap, bytes),
        FormatArg::Claims => Input::Claims(bytes),
    }
}

fn print(output: OutputArg, decision: &Decision, out: &mut dyn Write) -> std::io::Result<()> {
    match output {
        OutputArg::Text => text::decision(decision, out),
        OutputArg::Json => writeln!(out, "{}", admit::json::to_line(decision)?),
    }
}
