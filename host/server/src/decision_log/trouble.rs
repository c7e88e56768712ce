//! What keeps the log from being written, and since when.

use std::time::{Duration, Instant};

use admit::lock::Lock;

/// The problem of a sink that neither takes bytes nor fails.
pub(super) const TAKES_NOTHING: &str = "it takes nothing, as when its reader does not read";

/// How it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It takes nothing now.
    Slow,
    /// It refuses.
    Broken,
}

/// Written by the thread of the log, read by readiness, status and metrics.
#[derive(Debug, Default)]
pub(super) struct Trouble(Lock<State>);

#[derive(Debug, Default)]
struct State {
    found: Option<Found>,
    /// When the thread went to write, if it has not come back.
    writing: Option<Instant>,
}

#[derive(Debug)]
struct Found {
    kind: Kind,
    text: String,
    since: Instant,
}

impl Trouble {
    /// Notes that the thread goes to write, from which it may not come back for long.
    pub(super) fn begin(&self) {
        self.0.lock().writing = Some(Instant::now());
    }

    /// Notes that the thread came back with nothing to say.
    pub(super) fn came_back(&self) {
        self.0.lock().writing = None;
    }

    /// Notes that nothing could be written; says since when that is so.
    pub(super) fn note(&self, kind: Kind, text: impl FnOnce() -> String) -> Instant {
        let mut state = self.0.lock();
        state.writing = None;
        let since = state.found.as_ref().map_or_else(Instant::now, |found| found.since);
        if state.found.as_ref().is_none_or(|found| found.kind != kind) {
            state.found = Some(Found { kind, text: text(), since });
        }
        since
    }

    /// Notes that something was written.
    pub(super) fn end(&self) {
        *self.0.lock() = State::default();
    }

    /// What is wrong, if it has been so for long enough.
    pub(super) fn text(&self, at_least: Duration) -> Option<String> {
        let state = self.0.lock();
        let (text, since) = match (&state.found, state.writing) {
            (Some(found), _) => (&*found.text, found.since),
            (None, writing) => (TAKES_NOTHING, writing?),
        };
        let seconds = since.elapsed().as_secs();
        (since.elapsed() >= at_least).then(|| format!("{text} (nothing written for {seconds} s)"))
    }

    pub(super) fn is_broken(&self) -> bool {
        self.0.lock().found.as_ref().is_some_and(|found| found.kind == Kind::Broken)
    }
}
