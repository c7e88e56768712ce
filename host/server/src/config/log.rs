//! What the server says on standard error.

use tracing::level_filters::LevelFilter;

use super::read::Section;
use super::values;

/// The server's own log, on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogConfig {
    /// The least important lines that are written; `info` by default.
    pub level: LogLevel,
    /// How a line is written; as text by default.
    pub format: LogFormat,
}

/// How important a line is, the most important first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Work for a person.
    Error,
    /// A degraded server or policy.
    Warn,
    /// Decisions, changes and the faults of clients.
    #[default]
    Info,
    /// What the server does.
    Debug,
    /// Everything that Admit does; of libraries only warnings and errors.
    Trace,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
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

impl LogConfig {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        const LEVELS: &[(&str, LogLevel)] = &[
            ("error", LogLevel::Error),
            ("warn", LogLevel::Warn),
            ("info", LogLevel::Info),
            ("debug", LogLevel::Debug),
            ("trace", LogLevel::Trace),
        ];
        const FORMATS: &[(&str, LogFormat)] =
            &[("text", LogFormat::Text), ("json", LogFormat::Json)];
        let usual = Self::default();
        Self {
            level: section.value_or("level", usual.level, values::choice(LEVELS)),
            format: section.value_or("format", usual.format, values::choice(FORMATS)),
        }
    }
}
