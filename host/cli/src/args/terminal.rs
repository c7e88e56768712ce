//! What is for terminals: colours, and `admit completions`.

use clap::{Args, ValueEnum};
use clap_complete::Shell;

/// When results are coloured.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum ColorArg {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Also in a pipe
    Always,
    /// Not at all
    Never,
}

const NOTES: &str = "\
Examples:
  admit completions bash > ~/.local/share/bash-completion/completions/admit
  admit completions zsh > \"${fpath[1]}/_admit\"
  admit completions fish > ~/.config/fish/completions/admit.fish
  admit completions powershell >> $PROFILE";

#[derive(Debug, Args)]
#[command(after_help = NOTES)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}
