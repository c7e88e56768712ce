//! The process's log: lines of text or JSON on standard error.
//!
//! INVARIANT: below warnings only Admit's own lines are written. What the HTTP server and the
//! database say at lower levels can hold what was received.

mod line;
#[cfg(test)]
pub(crate) mod captured;

use std::io;

use tracing::level_filters::LevelFilter;
use tracing::subscriber::SetGlobalDefaultError;
use tracing::{Dispatch, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::{LookupSpan, Registry};

use self::line::Lines;
use crate::config::{LogConfig, LogFormat};

/// Start of the targets of Admit's own crates.
const OWN: &str = "admit";

#[derive(Debug, thiserror::Error)]
#[error("the log was started twice")]
pub struct LogError(#[from] SetGlobalDefaultError);

/// Writes what is logged from now on, anywhere in the process, to standard error. A line of JSON is
/// one object: `timestamp`, `level`, `target`, `message`, the fields, and those of the request under
/// `span`.
///
/// A line that cannot be written is lost; nothing else happens.
///
/// # Errors
///
/// [`LogError`] when the process has a log already.
pub fn start(config: LogConfig) -> Result<(), LogError> {
    let LogConfig { level, format } = config;
    Ok(tracing::dispatcher::set_global_default(log(level.into(), format, io::stderr))?)
}

/// The log with another place to write to.
pub(crate) fn log<W>(level: LevelFilter, format: LogFormat, to: W) -> Dispatch
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let registry = Registry::default().with(own_lines(level));
    match format {
        LogFormat::Text => Dispatch::new(registry.with(text_lines(to))),
        LogFormat::Json => Dispatch::new(registry.with(json_lines(to))),
    }
}

fn own_lines(level: LevelFilter) -> Targets {
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target(OWN, level)
}

fn text_lines<S, W>(to: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(Lines::new(to))
        // A line that cannot be written to standard error cannot be reported there either.
        .log_internal_errors(false)
}

fn json_lines<S, W>(to: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(Lines::new(to))
        .log_internal_errors(false)
}

#[cfg(test)]
mod tests {
    use super::captured::Captured;
    use super::*;

    fn written(level: LevelFilter, format: LogFormat, say: impl FnOnce()) -> Vec<String> {
        let captured = Captured::default();
        tracing::dispatcher::with_default(&log(level, format, captured.clone()), say);
        captured.lines()
    }

    fn say_in_other_crates() {
        for_each_level("hyper::proto::h1");
        for_each_level("sqlx::query");
        for_each_level("tokio::task");
        for_each_level("axum::rejection");
    }

    fn for_each_level(target: &'static str) {
        macro_rules! say {
            ($($target:literal),*) => {
                match target {
                    $($target => {
                        tracing::trace!(target: $target, "said trace");
                        tracing::debug!(target: $target, "said debug");
                        tracing::info!(target: $target, "said info");
                        tracing::warn!(target: $target, "said warn");
                        tracing::error!(target: $target, "said error");
                    })*
                    _ => panic!("no target {target}"),
                }
            };
        }
        say!(
            "hyper::proto::h1",
            "sqlx::query",
            "tokio::task",
            "axum::rejection",
            "admit::gate",
            "admit_server::http"
        );
    }

    fn count(lines: &[String], text: &str) -> usize {
        lines.iter().filter(|line| line.contains(text)).count()
    }

    #[test]
    fn other_crates_say_nothing_below_warnings() {
        for format in [LogFormat::Text, LogFormat::Json] {
            for level in [LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::INFO] {
                let lines = written(level, format, say_in_other_crates);
                assert_eq!((count(&lines, "said warn"), count(&lines, "said error")), (4, 4));
                assert_eq!(lines.len(), 8);
            }
            assert_eq!(written(LevelFilter::ERROR, format, say_in_other_crates).len(), 4);
            assert_eq!(written(LevelFilter::OFF, format, say_in_other_crates).len(), 0);
        }
    }

    #[test]
    fn own_lines_are_written_from_the_level_on() {
        for target in ["admit::gate", "admit_server::http"] {
            for (level, lines) in [
                (LevelFilter::TRACE, 5),
                (LevelFilter::DEBUG, 4),
                (LevelFilter::INFO, 3),
                (LevelFilter::WARN, 2),
                (LevelFilter::ERROR, 1),
                (LevelFilter::OFF, 0),
            ] {
                let said = written(level, LogFormat::Text, || for_each_level(target));
                assert_eq!(said.len(), lines, "{target} {level}");
            }
        }
    }

    #[test]
    fn json_lines_hold_fields_and_the_span() {
        let lines = written(LevelFilter::INFO, LogFormat::Json, || {
            let _span = tracing::error_span!("request", request_id = "r-1").entered();
            tracing::info!(target: "admit", gate = "windows-mdm", "token refused");
        });
        let [line] = &*lines else { panic!("{lines:?}") };
        let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["target"], "admit");
        assert_eq!(line["message"], "token refused");
        assert_eq!(line["gate"], "windows-mdm");
        assert_eq!(line["span"]["request_id"], "r-1");
        assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
    }

    #[test]
    fn an_event_is_one_line_whatever_it_holds() {
        const HOSTILE: &str = "a\r\nb\u{1b}[2J\u{202e}c\u{2028}d";
        for format in [LogFormat::Text, LogFormat::Json] {
            let lines = written(LevelFilter::INFO, format, || {
                let _span = tracing::error_span!("request", path = HOSTILE).entered();
                tracing::info!(target: "admit", value = %HOSTILE, "{HOSTILE}");
            });
            let [line] = &*lines else { panic!("{format:?}: {lines:?}") };
            assert!(line.is_ascii() && !line.contains(|c: char| c.is_control()), "{line}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_written_is_lost_without_harm() {
        struct Gone;
        impl io::Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        for format in [LogFormat::Text, LogFormat::Json] {
            let log = log(LevelFilter::TRACE, format, || Gone);
            tracing::dispatcher::with_default(&log, || for_each_level("admit::gate"));
        }
    }
}
