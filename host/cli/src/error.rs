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
    /// Admitted, or done.
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
    /// A file could not be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("failed to write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is larger than such a file may be.
    #[error("`{}` is too large; expected at most {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most it may have.
        limit: u64,
    },
    /// A file's content is not what it should be.
    #[error("{what} `{from}`")]
    Content {
        /// What it should be: `settings`, `key set`, ...
        what: &'static str,
        /// The file, address or name.
        from: String,
        /// Why it is not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An address that keys are not fetched from.
    #[error("key set address")]
    KeyAddress(#[source] AddressError),
    /// No file and no embedded policy of this name.
    #[error("policy `{name}` is neither a file nor one of the embedded {known}")]
    UnknownPolicy {
        /// What was asked for.
        name: String,
        /// The embedded policies.
        known: String,
    },
    /// A token on the command line.
    #[error(
        "an argument looks like a token; a token is never taken from the argument list, where other users of this machine can see it: name a file, or pipe the token in"
    )]
    TokenArgument,
    /// `ADMIT_LOG` is no level.
    #[error(
        "the environment variable `ADMIT_LOG` is no log level; expected `off`, `error`, `warn`, `info`, `debug` or `trace`"
    )]
    LogLevel,
    /// Options that do not go together, or one that is missing.
    #[error("{0}")]
    Usage(String),
    /// A line of a stream that is no request.
    #[error("{bad} of {lines} lines were not decided")]
    BadLines {
        /// Lines without a decision.
        bad: u64,
        /// All lines.
        lines: u64,
    },
    /// A copy of a store that is none, or not the whole of it.
    #[error("what came from the server is not the whole copy: {bytes} bytes came{}", expected.map(|bytes| format!("; expected {bytes}")).unwrap_or_default())]
    Backup {
        /// What came.
        bytes: u64,
        /// What the server announced.
        expected: Option<u64>,
    },
    /// The server does not start.
    #[error(transparent)]
    Server(admit_server::serve::ServeError),
    /// A running server did not do what was asked.
    #[error(transparent)]
    Remote(#[from] ClientError),
    /// Standard output is gone.
    #[error("failed to write the result")]
    Output(#[source] std::io::Error),
    /// The port cannot be had.
    #[error("failed to serve on `127.0.0.1:{port}`")]
    Serve {
        /// The port.
        port: u16,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The machine lacks what every run needs, for example a thread or a socket.
    #[error("{what}")]
    Internal {
        /// What could not be done.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl CliError {
    /// The exit code.
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

/// Says a line on standard error, or several, in which every character shows.
pub fn say(text: impl Display) {
    terminal::erase();
    // There is nowhere to say it when standard error is closed too.
    let _ = writeln!(std::io::stderr(), "admit: {}", visible_lines(&text.to_string()));
}

/// Says what the parser of the command line says; of an error, with every character shown.
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
