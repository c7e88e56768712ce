//! The verbs that ask and change a running server.

use std::path::PathBuf;

use admit::cases::Moment;
use admit_api::access::Role;
use clap::{Args, Subcommand, ValueEnum};

use super::OutputArg;

/// Exit codes of every verb that speaks to a server.
pub(super) const REMOTE_EXIT_CODES: &str = "\
Exit codes: 0 done, 1 the server refused, 2 usage, 3 no server, no access, bad file, or another
error of the server, 70 internal.";

/// Which server, and who asks.
#[derive(Debug, Args)]
pub struct ConnectArgs {
    /// The admin listener of the server; plain http only on this machine
    /// [default: the environment variable ADMIT_SERVER, else http://127.0.0.1:7421]
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// A file with the access token, `-` for standard input
    /// [default: the environment variable ADMIT_ACCESS_TOKEN]
    #[arg(long, value_name = "FILE")]
    pub access_token_file: Option<PathBuf>,
}

/// Which server, and the form of the result.
#[derive(Debug, Args)]
pub struct RemoteArgs {
    #[command(flatten)]
    pub connect: ConnectArgs,
    /// The form of the result; json is the server's answer, unchanged
    #[arg(long, default_value = "text")]
    pub output: OutputArg,
}

#[derive(Debug, Args)]
#[command(after_help = REMOTE_EXIT_CODES)]
pub struct StatusArgs {
    #[command(flatten)]
    pub remote: RemoteArgs,
    /// Only this gate, in text
    #[arg(value_name = "GATE")]
    pub gate: Option<String>,
}

const POLICY_NOTES: &str = "\
Examples:
  admit policy activate windows-mdm windows-mdm@2.0.0 --candidate
  admit policy candidate windows-mdm
  admit policy promote windows-mdm --max-differences 0
  admit policy rollback windows-mdm --to 3";

#[derive(Debug, Args)]
#[command(after_help = POLICY_NOTES)]
pub struct PolicyArgs {
    #[command(subcommand)]
    pub verb: PolicyVerb,
}

/// The verbs of `admit policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// Give a gate another policy, with all the checks of an activation
    Activate(ActivateArgs),
    /// Say what a gate's candidate decided otherwise, or end it
    Candidate(CandidateArgs),
    /// Make a gate's candidate its release
    Promote(PromoteArgs),
    /// Go back to the newest release before that is not known to fail, or to that of a generation
    Rollback(RollbackArgs),
    /// List the releases a gate had, and the attempts that were refused
    Releases(ReleasesArgs),
    /// Say what a gate's policy says of itself: settings, facts, rules, refusals
    Describe(GateArgs),
}

/// A gate of a server.
#[derive(Debug, Args)]
#[command(after_help = REMOTE_EXIT_CODES)]
pub struct GateArgs {
    #[command(flatten)]
    pub remote: RemoteArgs,
    /// The gate
    #[arg(value_name = "GATE")]
    pub gate: String,
}

#[derive(Debug, Args)]
#[command(after_help = REMOTE_EXIT_CODES)]
pub struct ActivateArgs {
    #[command(flatten)]
    pub gate: GateArgs,
    /// The policy: a component file, or one that comes with the server as NAME or NAME@VERSION; NAME@2 is its newest 2
    #[arg(value_name = "FILE|NAME@VERSION")]
    pub policy: String,
    /// Settings to change with it, YAML or JSON: `null` removes one, what is absent stays
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    #[command(flatten)]
    pub drop: DropArgs,
    /// Check everything and change nothing
    #[arg(long, conflicts_with = "candidate")]
    pub dry_run: bool,
    /// Let it decide in the shadow of the gate's release
    #[arg(long)]
    pub candidate: bool,
    /// Also a release that the server took back because it kept failing
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = REMOTE_EXIT_CODES)]
pub struct RollbackArgs {
    #[command(flatten)]
    pub gate: GateArgs,
    /// Go to the release of this generation, as `admit policy releases` shows it
    /// [default: the newest before that is not known to fail]
    #[arg(long, value_name = "GENERATION")]
    pub to: Option<u64>,
    #[command(flatten)]
    pub drop: DropArgs,
    /// Also to a release that the server took back because it kept failing
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = REMOTE_EXIT_CODES)]
pub struct CandidateArgs {
    #[command(flatten)]
    pub gate: GateArgs,
    /// End the candidate
    #[arg(long)]
    pub end: bool,
}

#[derive(Debug, Args)]
#[command(after_help = REMOTE_EXIT_CODES)]
pub struct PromoteArgs {
    #[command(flatten)]
    pub gate: GateArgs,
    /// Refuse if the candidate decided more requests otherwise
    #[arg(long, value_name = "N")]
    pub max_differences: Option<u64>,
    #[command(flatten)]
    pub drop: DropArgs,
    /// Also a release that the server took back because it kept failing
    #[arg(long)]
    pub force: bool,
}

/// Settings that may stop counting.
#[derive(Debug, Args)]
pub struct DropArgs {
    /// A configured setting that may stop counting, since the policy does not know it; it is kept,
    /// and counts again with one that does. Can be given several times
    #[arg(long = "drop", value_name = "SETTING")]
    pub names: Vec<String>,
}

/// A part of a list, newest first.
#[derive(Debug, Args)]
pub struct PageArgs {
    /// The most entries to list [default: 50]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub limit: Option<u32>,
    /// Only entries before the one with this number
    #[arg(long, value_name = "ID")]
    pub before: Option<u64>,
}

#[derive(Debug, Args)]
#[command(after_help = REMOTE_EXIT_CODES)]
pub struct ReleasesArgs {
    #[command(flatten)]
    pub gate: GateArgs,
    #[command(flatten)]
    pub page: PageArgs,
}

#[derive(Debug, Args)]
#[command(after_help = REMOTE_EXIT_CODES)]
pub struct ActivitiesArgs {
    #[command(flatten)]
    pub remote: RemoteArgs,
    /// Only of this gate
    #[arg(long, value_name = "NAME")]
    pub gate: Option<String>,
    /// Only of this type, for example added_microsoft_entra_client_id
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// Only by the holder of the access token of this name or id
    #[arg(long, value_name = "NAME|ID")]
    pub actor: Option<String>,
    /// Only what happened then or later
    #[arg(long, value_name = "RFC3339|UNIX")]
    pub since: Option<Moment>,
    /// Only what happened then or before
    #[arg(long, value_name = "RFC3339|UNIX")]
    pub until: Option<Moment>,
    #[command(flatten)]
    pub page: PageArgs,
}

#[derive(Debug, Args)]
pub struct StoreArgs {
    #[command(subcommand)]
    pub verb: StoreVerb,
}

/// The verbs of `admit store`.
#[derive(Debug, Subcommand)]
pub enum StoreVerb {
    /// Copy the store of a running server to a new file, from which a server can start
    Backup(BackupArgs),
}

const BACKUP_NOTES: &str = "\
To restore: stop the server, put the file into an empty directory as `admit.db`, and start with
`admit serve --data-dir DIRECTORY`.
Needs an access token of the role `admin`.";

#[derive(Debug, Args)]
#[command(after_help = format!("{BACKUP_NOTES}\n\n{REMOTE_EXIT_CODES}"))]
pub struct BackupArgs {
    #[command(flatten)]
    pub connect: ConnectArgs,
    /// The file to write; it must not exist
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub struct AccessArgs {
    #[command(subcommand)]
    pub verb: AccessVerb,
}

/// The verbs of `admit access`.
#[derive(Debug, Subcommand)]
pub enum AccessVerb {
    /// Create an access token; it is printed this once
    Create(CreateAccessArgs),
    /// List access tokens, without their secrets
    List(ListAccessArgs),
    /// Revoke an access token
    Revoke(RevokeAccessArgs),
}

#[derive(Debug, Args)]
#[command(after_help = REMOTE_EXIT_CODES)]
pub struct CreateAccessArgs {
    #[command(flatten)]
    pub remote: RemoteArgs,
    /// Who will hold it; activities tell this name
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// What its holder may do
    #[arg(long)]
    pub role: RoleArg,
}

/// A role.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum RoleArg {
    /// Everything
    Admin,
    /// Change policies and settings, from a repository
    Gitops,
    /// See everything but access tokens
    Maintainer,
    /// See everything but access tokens
    Observer,
    /// Have tokens decided
    Platform,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Admin => Self::Admin,
            RoleArg::Gitops => Self::Gitops,
            RoleArg::Maintainer => Self::Maintainer,
            RoleArg::Observer => Self::Observer,
            RoleArg::Platform => Self::Platform,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = REMOTE_EXIT_CODES)]
pub struct ListAccessArgs {
    #[command(flatten)]
    pub remote: RemoteArgs,
}

#[derive(Debug, Args)]
#[command(after_help = REMOTE_EXIT_CODES)]
pub struct RevokeAccessArgs {
    #[command(flatten)]
    pub remote: RemoteArgs,
    /// The id, as `admit access list` shows it
    #[arg(value_name = "ID")]
    pub id: String,
}
