//! The verbs that ask and change a running server: what they call, and the answers for people.

mod access;
mod activate;
mod activities;
mod backup;
pub(crate) mod answers;
mod candidate;
mod new_policy;
mod releases;
mod report;
mod status;

use std::io::{Result as IoResult, Write};

use serde::de::DeserializeOwned;

use crate::args::{AccessArgs, ActivitiesArgs, GateArgs, OutputArg, PolicyArgs, PolicyVerb};
use crate::args::{RemoteArgs, StatusArgs, StoreArgs, StoreVerb};
use crate::client::{Answer, Call, Client};
use crate::error::{CliError, Exit};
use crate::inspect;
pub(crate) use new_policy::NewPolicy;
pub(crate) use report::{kept, report};

/// `admit status`.
pub(crate) fn status(args: &StatusArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    status::run(args, out)
}

/// `admit activities`.
pub(crate) fn activities(args: &ActivitiesArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    activities::run(args, out)
}

/// `admit access`.
pub(crate) fn access(args: &AccessArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    access::run(args, out)
}

/// `admit store`.
pub(crate) fn store(args: &StoreArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    match &args.verb {
        StoreVerb::Backup(args) => backup::run(args, out),
    }
}

/// `admit policy`.
pub(crate) fn policy(args: &PolicyArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    match &args.verb {
        PolicyVerb::Activate(args) => activate::run(args, out),
        PolicyVerb::Candidate(args) => candidate::run(args, out),
        PolicyVerb::Promote(args) => {
            let call = Call::of_gate("POST", &args.gate.gate, "promote")
                .query("max_differences", args.max_differences)
                .each("drop", &args.drop.names)
                .flag("force", args.force);
            answered(&args.gate.remote, call, out, report)
        }
        PolicyVerb::Rollback(args) => {
            let call = Call::of_gate("POST", &args.gate.gate, "rollback")
                .query("to", args.to)
                .each("drop", &args.drop.names)
                .flag("force", args.force);
            answered(&args.gate.remote, call, out, report)
        }
        PolicyVerb::Releases(args) => releases::run(args, out),
        PolicyVerb::Describe(args) => describe(args, out),
    }
}

fn describe(args: &GateArgs, out: &mut dyn Write) -> Result<Exit, CliError> {
    let call = Call::of_gate("GET", &args.gate, "description");
    answered(&args.remote, call, out, inspect::description)
}

/// Makes a call, and prints the answer: as it came, or by `people`.
fn answered<T: DeserializeOwned>(
    args: &RemoteArgs,
    call: Call,
    out: &mut dyn Write,
    people: impl FnOnce(&T, &mut dyn Write) -> IoResult<()>,
) -> Result<Exit, CliError> {
    let answer = Client::new(&args.connect)?.call(call)?;
    // Read in either form: what is not of Admit is not printed.
    let read: T = answer.read()?;
    let printed = match args.output {
        OutputArg::Json => unchanged(&answer, out),
        OutputArg::Text => people(&read, out),
    };
    printed.map_err(CliError::Output)?;
    Ok(Exit::Done)
}

/// Makes a call that is answered without a body, and says in text that it was done.
fn done(args: &RemoteArgs, call: Call, out: &mut dyn Write, said: &str) -> Result<Exit, CliError> {
    Client::new(&args.connect)?.call(call)?;
    if args.output == OutputArg::Text {
        writeln!(out, "{said}").map_err(CliError::Output)?;
    }
    Ok(Exit::Done)
}

fn unchanged(answer: &Answer, out: &mut dyn Write) -> IoResult<()> {
    writeln!(out, "{}", answer.text)
}
