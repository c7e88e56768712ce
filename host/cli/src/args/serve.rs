//! `admit serve`.

use std::path::PathBuf;

use clap::Args;

const NOTES: &str = "\
Without a configuration it serves the bundled gates on this machine only, keeps what it knows in
./admit-data, and prints an access token once. Flags count before environment variables
(ADMIT_SERVICE__LISTEN=...), these before the file, the file before the defaults.
SIGTERM drains, SIGHUP reads the configuration again.

Example:
  admit serve --config admit.yaml";

#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub struct ServerArgs {
    /// The configuration, YAML or JSON
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Do what a start would do where nothing is stored, change nothing, and end
    #[arg(long)]
    pub check_config: bool,
    /// Where settings, releases, activities and access tokens are kept
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// Where decisions are served: IP:PORT or unix:PATH
    #[arg(long, value_name = "ADDRESS")]
    pub service: Option<String>,
    /// Where everything else is served: IP:PORT
    #[arg(long, value_name = "ADDRESS")]
    pub admin: Option<String>,
    /// error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// text or json
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
}
