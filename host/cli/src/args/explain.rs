//! `admit explain`.

use clap::Args;

use super::OutputArg;

const NOTES: &str = "\
`admit inspect POLICY` lists the rules and reasons of a policy.

Examples:
  admit explain audience_not_authorized
  admit explain token.expired --policy intune-mam";

#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub struct ExplainArgs {
    /// The reason of a refusal, or the name of a rule
    #[arg(value_name = "REASON|RULE")]
    pub name: String,
    /// The policy to ask: a component file, or an embedded one as NAME or NAME@VERSION; NAME@2 is its newest 2
    /// [default: the newest version of every embedded policy]
    #[arg(long, value_name = "FILE|NAME@VERSION")]
    pub policy: Option<String>,
    /// The form of the result
    #[arg(long, default_value = "text")]
    pub output: OutputArg,
}
