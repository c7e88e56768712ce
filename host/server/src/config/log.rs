//! What the server says on standard error.

use admit::cases::shape;
use admit::cases::strict::choice;
use tracing::level_filters::LevelFilter;

shape! {
    /// The server's own log, on standard error.
    pub struct LogConfig (Copy, Eq): Default {
        /// The least important lines that are written.
        pub level: LogLevel = "level", choice(LEVELS).or(LogLevel::Info);
        /// How a line is written: for people, or as a JSON object.
        pub format: LogFormat = "format", choice(FORMATS).or(LogFormat::Text);
    }
}

const LEVELS: &[(&str, LogLevel)] = &[
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];

const FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

/// How important a line is, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Work for a person.
    Error,
    /// A degraded server or policy.
    Warn,
    /// Decisions, changes and the faults of clients.
    Info,
    /// What the server does.
    Debug,
    /// Everything that Admit does; of libraries only warnings and errors.
    Trace,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line: `timestamp`, `level`, `target`, `message`, the fields, and the
    /// fields of the request under `span`.
    Json,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}
