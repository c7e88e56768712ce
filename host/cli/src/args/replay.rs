//! `admit replay`.

use std::path::PathBuf;

use admit::cases::Moment;
use clap::{Args, ValueEnum};

use super::DiffFormat;

const NOTES: &str = "\
Every logged decision is made again by the policy in the sandbox, at the time it was made and with
the settings that counted then, as far as the policy has them; what comes out is compared with what
was logged. With --settings, decisions are also replayed whose release the logs do not have. Of a
claim that is not in the log but was in the token, a value of the same kind takes the place: names
of people never are in a log. Tokens that did not verify are not replayed, and admissions are in the
log only as far as they were sampled. Each log is read once, from its beginning to its end. Exit
codes: 0 compared, whatever came out, 2 usage, 3 bad file or policy, or nothing to replay, 4 a change
that --forbid names.

Examples:
  admit replay decisions.jsonl --policy windows-mdm@2.0.0 --forbid narrowing
  zcat decisions.jsonl.1.gz | admit replay - decisions.jsonl --policy mine.wasm";

#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub struct ReplayArgs {
    /// The decision log, a file of JSON lines as docs/decision-log.schema.json describes them, `-`
    /// for standard input; of a log that was rotated, its parts, the oldest first
    #[arg(value_name = "LOG", required = true)]
    pub logs: Vec<PathBuf>,
    /// The policy to decide: a component file, or an embedded one as NAME or NAME@VERSION; NAME@2 is its newest 2
    #[arg(long, value_name = "FILE|NAME@VERSION")]
    pub policy: String,
    /// Settings for all decisions, a JSON object in a file [default: those of the log]
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Only decisions of this gate [default: of all gates whose policy has the same name]
    #[arg(long, value_name = "NAME")]
    pub gate: Option<String>,
    /// Only decisions made then or later
    #[arg(long, value_name = "RFC3339|UNIX")]
    pub since: Option<Moment>,
    /// Only decisions made before then
    #[arg(long, value_name = "RFC3339|UNIX")]
    pub until: Option<Moment>,
    /// Fail when a change is of this kind; can be given several times
    #[arg(long, value_name = "KIND")]
    pub forbid: Vec<ForbidReplayed>,
    /// The form of the result
    #[arg(long, default_value = "text")]
    pub format: DiffFormat,
}

/// A kind of change that can be forbidden. Who was admitted is not in a log.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ForbidReplayed {
    /// Less is admitted
    Narrowing,
    /// More is admitted
    Widening,
}
