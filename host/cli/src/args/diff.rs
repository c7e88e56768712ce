//! `admit diff`.

use std::path::PathBuf;

use admit::cases::Moment;
use admit::cloud::Cloud;
use clap::{Args, ValueEnum};

const NOTES: &str = "\
Both policies decide every input, each in the sandbox as a release would; what a case expects is not
looked at. A setting that a policy does not describe is left out when it is asked. Exit codes: 0
compared, whatever came out, 2 usage, 3 bad file, line or policy, 4 a change that --forbid names.

Examples:
  admit diff windows-mdm@1.0.0 windows-mdm@2.0.0 --generate 2000 --forbid narrowing
  admit diff windows-mdm mine.wasm --log requests.jsonl --settings settings.json";

#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub struct DiffArgs {
    /// The policy in use: a component file, or an embedded one as NAME or NAME@VERSION; NAME@2 is its newest 2
    #[arg(value_name = "OLD")]
    pub old: String,
    /// The policy to take its place, named likewise
    #[arg(value_name = "NEW")]
    pub new: String,
    /// Case files for either policy in whatever version, or folders of them [default without
    /// --log: the cases that the two components carry]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Requests to decide, a file of JSON lines as `admit decide --jsonl` takes them, with claims:
    /// {"id", "claims", "facts", "now"}
    #[arg(long, value_name = "FILE", requires = "settings")]
    pub log: Option<PathBuf>,
    /// Settings for the requests of --log and for case files that carry none, a JSON object in a
    /// file
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// The time of requests that carry none; without it, each line of --log must
    #[arg(long, value_name = "RFC3339|UNIX")]
    pub now: Option<Moment>,
    /// The cloud whose tokens are taken: public, us-gov or china
    #[arg(long, default_value = "public")]
    pub cloud: Cloud,
    /// Decide this many further inputs, made by varying the others
    #[arg(long, value_name = "N", default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=50_000))]
    pub generate: u32,
    /// What the variation starts from; equal seeds give equal inputs
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Fail when a change is of this kind; can be given several times
    #[arg(long, value_name = "KIND")]
    pub forbid: Vec<ForbidArg>,
    /// The form of the result
    #[arg(long, default_value = "text")]
    pub format: DiffFormat,
}

/// A kind of change that can be forbidden.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ForbidArg {
    /// Less is admitted
    Narrowing,
    /// More is admitted
    Widening,
    /// As much is admitted, but as somebody else, or under another name
    Identity,
}

/// The form of a comparison.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum DiffFormat {
    /// For people
    Text,
    /// JSON, as docs/diff.schema.json describes it
    Json,
}
