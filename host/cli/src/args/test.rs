//! `admit test` and `admit pack`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const TEST_NOTES: &str = "\
Every case is decided by the component in Wasmtime, in a fresh instance sealed with the settings of
the case, under the limits of production (with more than 32 different settings: configured anew for
the rarest, which gives the same answers). Exit codes: 0 all passed, 2 usage, 3 bad case file or
policy, 4 a case failed, too little coverage, or nothing to run with --fail-on-empty.

Examples:
  admit test --policy windows-mdm
  admit test cases/ --policy my-policy.wasm --coverage";

#[derive(Debug, Args)]
#[command(after_help = TEST_NOTES)]
pub struct TestArgs {
    /// Case files, or folders of them [default: the cases that the component carries]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The policy: a component file, or an embedded one as NAME or NAME@VERSION; NAME@2 is its newest 2
    #[arg(long, value_name = "FILE|NAME@VERSION")]
    pub policy: String,
    /// Settings for case files that carry none, a JSON object in a file
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Only cases whose name contains this; `*` stands for anything
    #[arg(long, value_name = "PATTERN")]
    pub run: Option<String>,
    /// Say which reasons and rule outcomes no case reached
    #[arg(long)]
    pub coverage: bool,
    /// Fail when less than this percentage is covered; implies --coverage
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub min_coverage: Option<u8>,
    /// The form of the result
    #[arg(long, default_value = "text")]
    pub format: TestFormat,
    /// Fail when there is no case to run
    #[arg(long)]
    pub fail_on_empty: bool,
    /// Print the time and fuel of every case
    #[arg(long)]
    pub bench: bool,
    /// Run again whenever a case file or the component changes, until ended
    #[arg(long)]
    pub watch: bool,
}

/// The form of a test result.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum TestFormat {
    /// For people
    Text,
    /// JSON, as docs/test.schema.json describes it
    Json,
    /// JUnit XML
    Junit,
    /// Test Anything Protocol, version 14
    Tap,
}

const PACK_NOTES: &str = "\
The cases travel with the policy: `admit inspect` lists them, `admit test` without paths runs them,
and a release is activated only after they came out as they say. Cases that fail are not packed.

Example:
  admit pack my-policy.wasm cases/ --out my-policy-packed.wasm";

#[derive(Debug, Args)]
#[command(after_help = PACK_NOTES)]
pub struct PackArgs {
    /// The component, a file
    #[arg(value_name = "COMPONENT")]
    pub component: PathBuf,
    /// Case files, or folders of them; they replace those that the component carries
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Where to write the packed component; may be the component itself
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}
