//! What went wrong, and the exit code that says so.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use admit::failure::error_chain;
use admit::keys::AddressError;
use admit::text::visible_lines;

use crate::client::ClientError;
use crate::terminal;

/// How a run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    Done,
    /// Not admitted, or refused by the server.
    NotAdmitted,
    /// Tests failed: cases, coverage, or a change that was forbidden.
    TestsFailed,
    /// The command line is wrong.
    Usage,
    /// A file, address or policy is unusable.
    BadInput,
    /// A defect of this program or of the machine.
    Internal,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::NotAdmitted => 1,
            Exit::Usage => 2,
            Exit::BadInput => 3,
            Exit::TestsFailed => 4,
            Exit::Internal => 70,
        })
    }
}

/// Why a run ended without doing what was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error("failed to read `{}`", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("failed to write `{}`", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("`{}` is too large; expected at most {limit} bytes", path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("{what} `{from}`")]
    Content {
        /// What it should be: `settings`, `key set`, ...
        what: &'static str,
        /// The file, address or name.
        from: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("key set address")]
    KeyAddress(#[source] AddressError),
    #[error("policy `{name}` is neither a file nor one of the embedded {known}")]
    UnknownPolicy { name: String, known: String },
    #[error(
        "an argument looks like a token; a token is never taken from the argument list, where other users of this machine can see it: name a file, or pipe the token in"
    )]
    TokenArgument,
    #[error(
        "the environment variable `ADMIT_LOG` is no log level; expected `off`, `error`, `warn`, `info`, `debug` or `trace`"
    )]
    LogLevel,
    #[error("{0}")]
    Usage(String),
    #[error("{bad} of {lines} lines were not decided")]
    BadLines {
        /// Lines without a decision.
        bad: u64,
        lines: u64,
    },
    #[error("what came from the server is not the whole copy: {bytes} bytes came{}", expected.map(|bytes| format!("; expected {bytes}")).unwrap_or_default())]
    Backup { bytes: u64, expected: Option<u64> },
    #[error(transparent)]
    Server(admit_server::serve::ServeError),
    #[error(transparent)]
    Remote(#[from] ClientError),
    #[error("failed to write the result")]
    Output(#[source] std::io::Error),
    #[error("failed to serve on `127.0.0.1:{port}`")]
    Serve {
        port: u16,
        #[source]
        source: std::io::Error,
    },
    #[error("{what}")]
    Internal {
        what: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl CliError {
    pub fn exit(&self) -> Exit {
        match self {
            Self::TokenArgument | Self::LogLevel | Self::Usage(_) => Exit::Usage,
            Self::Remote(error) => error.exit(),
            Self::Output(_) | Self::Serve { .. } | Self::Internal { .. } => Exit::Internal,
            _ => Exit::BadInput,
        }
    }

    /// The error and its causes, one line.
    pub fn text(&self) -> String {
        error_chain(self)
    }

    /// Whether the reader of the output simply stopped reading.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

/// Writes a line, or several, to standard error; characters that do not show are escaped.
pub fn say(text: impl Display) {
    terminal::erase();
    // There is nowhere to say it when standard error is closed too.
    let _ = writeln!(std::io::stderr(), "admit: {}", visible_lines(&text.to_string()));
}

/// Writes what the parser of the command line says; in an error, characters that do not show are escaped.
pub fn say_usage(error: &clap::Error, arguments: impl Iterator<Item = OsString>) -> Exit {
    if !error.use_stderr() {
        error.exit();
    }
    let mut text = error.render().to_string();
    // The parser's own line ends stay; those of an argument must not look like them.
    for argument in arguments.filter_map(|argument| argument.into_string().ok()) {
        let parts = argument.split_once('=').map_or([argument.as_str(), ""], Into::into);
        for part in parts.into_iter().filter(|part| part.contains('\n')) {
            text = text.replace(part, &part.replace('\n', "\\n"));
        }
    }
    let _ = write!(std::io::stderr(), "{}", visible_lines(&text));
    Exit::Usage
}
