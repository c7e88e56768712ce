//! The command line.

mod apply;
mod diff;
mod explain;
mod serve;
mod remote;
mod replay;
mod terminal;
mod test;

use std::path::PathBuf;

use admit::cloud::Cloud;
pub use apply::{ApplyArgs, GenerateArgs};
pub use diff::{DiffArgs, DiffFormat, ForbidArg};
pub use explain::ExplainArgs;
pub use remote::{
    AccessArgs, AccessVerb, ActivateArgs, ActivitiesArgs, BackupArgs, CandidateArgs, ConnectArgs,
    CreateAccessArgs, DropArgs, GateArgs, ListAccessArgs, PageArgs, PolicyArgs, PolicyVerb,
    PromoteArgs, ReleasesArgs, RemoteArgs, RevokeAccessArgs, RoleArg, RollbackArgs, StatusArgs,
    StoreArgs, StoreVerb,
};
pub use replay::{ForbidReplayed, ReplayArgs};
pub use serve::ServerArgs;
pub use terminal::{ColorArg, CompletionsArgs};
pub use test::{PackArgs, TestArgs, TestFormat};

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "\
Exit codes: 0 allow (or done), 1 not admitted (or refused by the server), 2 usage, 3 bad input file
or policy (or no server), 4 tests failed, 70 internal.
Wherever a file is read, `-` stands for standard input, for one of them.
ADMIT_LOG=info (or error, warn, debug, trace) writes a log to standard error.";

const DECIDE_NOTES: &str = "\
A token is never taken from the argument list. Only exit code 0 admits; 1 is any other decision,
2 a wrong command line, 3 a bad file, value, policy or line.

Example:
  admit decide --policy windows-mdm --settings settings.json token.jwt";

/// Decides whether a Microsoft Entra access token may enrol a device or sign a user in.
#[derive(Debug, Parser)]
#[command(
    name = "admit",
    version,
    after_help = EXIT_CODES,
    override_usage = "admit <COMMAND> [OPTIONS]"
)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
    /// Whether to colour outcomes and differences: auto (on a terminal, unless NO_COLOR is set),
    /// always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub color: ColorArg,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show the whole story in one run, on embedded policies and a local issuer
    Demo(DemoArgs),
    /// Serve decisions over HTTP; policies and settings are changed while it runs
    Serve(ServerArgs),
    /// Say how a running server is: gates, policies, keys, last refusals
    Status(StatusArgs),
    /// See and change the policy of a gate of a running server
    Policy(PolicyArgs),
    /// List what was done on a running server, and by whom
    Activities(ActivitiesArgs),
    /// Create, list and revoke access tokens of a running server
    Access(AccessArgs),
    /// Copy what a running server stores
    Store(StoreArgs),
    /// Make the gates of a running server as a file says
    Apply(ApplyArgs),
    /// Write the gates of a running server to a file for `admit apply`
    Generate(GenerateArgs),
    /// Verify and decide one token, or a JSON-lines stream of them, and explain
    Decide(DecideArgs),
    /// Test a policy: play case files in the sandbox, as a release would decide them
    Test(TestArgs),
    /// Write a policy's cases into its component
    Pack(PackArgs),
    /// Say which decisions change from one policy to another
    Diff(DiffArgs),
    /// Say what a policy would have decided on the decisions of a log
    Replay(ReplayArgs),
    /// Say what a policy says of a reason or a rule: title, remedy, presentation
    Explain(ExplainArgs),
    /// Say what a component is: description, interface, imports, digest, size
    Inspect(InspectArgs),
    /// A local stand-in for Entra: tokens, key set, discovery. For trying and testing
    Issuer(IssuerArgs),
    /// Print what a shell needs to complete command lines
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Client threads that send tokens during the story
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub clients: u8,
}

#[derive(Debug, Args)]
#[command(after_help = DECIDE_NOTES)]
pub struct DecideArgs {
    /// The policy: a component file, or an embedded one as NAME or NAME@VERSION; NAME@2 is its newest 2
    #[arg(long, value_name = "FILE|NAME@VERSION")]
    pub policy: String,
    /// The policy's settings, a JSON object in a file
    #[arg(long, value_name = "FILE")]
    pub settings: PathBuf,
    /// The key set: a file, or the https address of one or of a discovery document
    /// [default: the cloud's own]
    #[arg(long, value_name = "FILE|URL")]
    pub keys: Option<String>,
    /// The cloud whose tokens are taken: public, us-gov or china
    #[arg(long, default_value = "public")]
    pub cloud: Cloud,
    /// What the platform knows, a JSON object in a file
    #[arg(long, value_name = "FILE")]
    pub facts: Option<PathBuf>,
    /// The time of the decision [default: this machine's clock]
    #[arg(long, value_name = "RFC3339|UNIX", allow_negative_numbers = true)]
    pub now: Option<admit::cases::Moment>,
    /// The form of the input
    #[arg(long, default_value = "jwt")]
    pub format: FormatArg,
    /// The form of the result
    #[arg(long, default_value = "text")]
    pub output: OutputArg,
    /// Say what every rule of the policy found
    #[arg(long)]
    pub trace: bool,
    /// Read one request per line, write one decision per line (JSON):
    /// {"id", "token"|"claims", "facts", "now"}
    #[arg(long)]
    pub jsonl: bool,
    /// The file with the token; `-` or nothing for standard input
    #[arg(value_name = "TOKEN-FILE")]
    pub input: Option<PathBuf>,
}

/// The form of what is decided.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum FormatArg {
    /// The access token in compact form
    Jwt,
    /// The content of a BinarySecurityToken: base64 of the token
    BinarySecurityToken,
    /// A SOAP envelope with one BinarySecurityToken
    Soap,
    /// A claims set that somebody else verified, as JSON. Nothing is verified here
    Claims,
}

/// The form of the result.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum OutputArg {
    /// For people
    Text,
    /// JSON, as the schemas in docs/ describe it
    Json,
}

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The form of the result
    #[arg(long, default_value = "text")]
    pub output: OutputArg,
    /// A component file, or an embedded policy as NAME or NAME@VERSION; NAME@2 is its newest 2
    #[arg(value_name = "FILE|NAME@VERSION")]
    pub policy: String,
}

#[derive(Debug, Args)]
pub struct IssuerArgs {
    #[command(subcommand)]
    pub verb: IssuerVerb,
}

/// The verbs of `admit issuer`.
#[derive(Debug, Subcommand)]
pub enum IssuerVerb {
    /// Print the issuer's JWK Set
    Keys(IssuerKeyArgs),
    /// Print a signed access token for a made-up user
    Token(TokenArgs),
    /// Serve discovery document and JWK Set on this machine until ended
    Serve(ServeArgs),
}

/// The issuer's key.
#[derive(Debug, Args)]
pub struct IssuerKeyArgs {
    /// The issuer's private key; made when it does not exist. For trying and testing only
    #[arg(long, value_name = "FILE", default_value = "issuer.key")]
    pub key: PathBuf,
    /// The cloud it pretends to be: public, us-gov or china
    #[arg(long, default_value = "public")]
    pub cloud: Cloud,
}

#[derive(Debug, Args)]
pub struct TokenArgs {
    #[command(flatten)]
    pub issuer: IssuerKeyArgs,
    /// The token version
    #[arg(long = "ver", value_parser = ["1.0", "2.0"], default_value = "2.0")]
    pub version: String,
    /// The tenant id, `tid`
    #[arg(long, value_name = "GUID", default_value = "5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f")]
    pub tid: String,
    /// The audience, `aud`: a client id, or the URL of the MDM server in v1.0 tokens
    #[arg(long, value_name = "AUDIENCE")]
    pub aud: String,
    /// Claims that replace those of the made-up user, a JSON object in a file; `null` removes one
    #[arg(long, value_name = "FILE")]
    pub claims: Option<PathBuf>,
    /// The time of issue [default: this machine's clock]
    #[arg(long, value_name = "RFC3339|UNIX", allow_negative_numbers = true)]
    pub now: Option<admit::cases::Moment>,
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub issuer: IssuerKeyArgs,
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::*;

    #[test]
    fn the_command_line_is_sound_and_every_part_of_it_explained() {
        let command = Cli::command();
        command.clone().debug_assert();
        check(&command);
    }

    fn check(command: &Command) {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {argument}", command.get_name());
        }
        command.get_subcommands().for_each(check);
    }
}
