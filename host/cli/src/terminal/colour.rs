//! Colours, where the terminal can show them and neither `NO_COLOR` nor `--color never` forbids them.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};

use crate::args::ColorArg;

/// Whether results are coloured. They are not until somebody chooses.
static IS_COLOURED: AtomicBool = AtomicBool::new(false);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Paint {
    /// Admitted, passed, serving, coming.
    Good,
    /// Refused, failed, going.
    Bad,
    /// To be looked at.
    Notice,
}

/// Chooses for the rest of the run: as asked, else by standard output and the environment.
pub fn choose(asked: ColorArg) {
    let environment = |name: &str| std::env::var_os(name);
    let is_coloured = match asked {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => {
            let (no_color, term) = (environment("NO_COLOR"), environment("TERM"));
            std::io::stdout().is_terminal() && wants(no_color.as_deref(), term.as_deref())
        }
    };
    IS_COLOURED.store(is_coloured, Ordering::Relaxed);
}

/// Whether the environment of a terminal has nothing against colours. Source: no-color.org.
fn wants(no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    no_color.is_none_or(OsStr::is_empty) && term.is_some_and(|term| term != "dumb")
}

pub(crate) fn paint(paint: Paint, text: &str) -> String {
    if !IS_COLOURED.load(Ordering::Relaxed) || text.is_empty() {
        return text.to_owned();
    }
    let style = style(paint);
    format!("{style}{text}{style:#}")
}

/// The name of an outcome, in its colour. In either letter case.
pub(crate) fn outcome(name: &str) -> String {
    let kind = match &*name.to_ascii_lowercase() {
        "allow" => Paint::Good,
        "ask" => Paint::Notice,
        _ => Paint::Bad,
    };
    paint(kind, name)
}

fn style(paint: Paint) -> Style {
    let color = match paint {
        Paint::Good => AnsiColor::Green,
        Paint::Bad => AnsiColor::Red,
        Paint::Notice => AnsiColor::Yellow,
    };
    Style::new().bold().fg_color(Some(color.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_can_forbid_colours() {
        for (no_color, term, expected) in [
            (None, Some("xterm"), true),
            (Some(""), Some("xterm"), true),
            (Some("1"), Some("xterm"), false),
            (Some("0"), Some("xterm"), false),
            (None, Some("dumb"), false),
            (None, None, false),
        ] {
            assert_eq!(wants(no_color.map(OsStr::new), term.map(OsStr::new)), expected);
        }
    }

    #[test]
    fn nothing_is_coloured_until_somebody_chooses() {
        assert_eq!(outcome("DENY"), "DENY");
    }
}
