//! `admit apply` and `admit generate`.

use std::path::PathBuf;

use clap::Args;

use super::{ConnectArgs, DropArgs};

const APPLY_NOTES: &str = "\
A file of gates, YAML or JSON:

  gates:
    windows-mdm:
      # Or `component: ./policy.wasm`. Without either the policy stays.
      policy: windows-mdm@2.0.0
      # All of them: what is not named counts by default again.
      settings:
        server_url: https://mdm.example.com
        windows_entra_tenant_ids: [5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f]
      # Settings that may stop counting, since the policy does not know them.
      drop: [allow_guests]

Keys of the whole file that start with `x-` mean nothing: a place for what gates share by anchors.
Values that look like placeholders that nothing filled in (`$NAME`, `${NAME}`, `%NAME%`, `{{ name }}`) are
named on standard error, before anything is applied.
Without `settings` they stay. `digest: sha256:...` beside `policy` says that the gate must have that
very component already. Settings that a policy does not know are left as they are; if one counts now,
`drop` or --drop has to name it. The server checks every gate before the first one is changed.
A policy with settings that kept failing, so that the server took them back, is refused without --force.
Exit codes: 0 done, or nothing to do, 1 the server refused, 2 usage, 3 no server, no access, bad
file, or another error of the server, 70 internal.";

/// `admit apply`.
#[derive(Debug, Args)]
#[command(after_help = APPLY_NOTES)]
pub struct ApplyArgs {
    /// The server.
    #[command(flatten)]
    pub connect: ConnectArgs,
    /// A file of gates, or a folder: all its *.yaml, *.yml and *.json
    #[arg(short, long, value_name = "FILE|DIR")]
    pub file: PathBuf,
    /// Settings that may stop counting, in all gates of the file.
    #[command(flatten)]
    pub drop: DropArgs,
    /// Show the difference, have the server check it, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Bring back also what the server took back because it kept failing
    #[arg(long)]
    pub force: bool,
}

const GENERATE_NOTES: &str = "\
`admit apply` of what it writes changes nothing; equal gates give equal bytes. A gate without a
policy, and settings that a policy does not know, are left out and named on standard error.
Exit codes: 0 done, 2 usage, 3 no server, no access, or an error of the server, 70 internal.";

/// `admit generate`.
#[derive(Debug, Args)]
#[command(after_help = GENERATE_NOTES)]
pub struct GenerateArgs {
    /// The server.
    #[command(flatten)]
    pub connect: ConnectArgs,
    /// The gates to write [default: all]
    #[arg(value_name = "GATE")]
    pub gates: Vec<String>,
    /// Where to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
