//! The lines of requests whose sender did not prove who it is.
//!
//! Whoever reaches the listener can send as many as it likes, to paths that are not there, without access
//! token, by another name. They must not fill the log: they are told as [`Repeats`] says, by endpoint and
//! status. Each has its line at `debug`, and the metrics count them all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use admit::repeats::Repeats;

use super::line::Line;

/// Whether the sender of a request proved who it is. In the extensions of each request to the admin
/// listener.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proved(Arc<AtomicBool>);

impl Proved {
    /// Notes that the request has an access token that counts.
    pub(crate) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_noted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What was logged lately of requests from strangers, and what was only counted since.
#[derive(Debug, Default)]
pub struct Strangers(Repeats<Kind, Line>);

/// The endpoint, and the status; absent without an answer.
type Kind = (String, Option<u16>);

impl Strangers {
    /// Writes the lines that are due.
    pub fn say_counted(&self) {
        say(self.0.due(Instant::now()));
    }

    /// As [`Strangers::say_counted`], for a process that ends: all that were counted.
    pub fn say_all_counted(&self) {
        say(self.0.all());
    }

    pub(super) fn answered(&self, endpoint: &str, line: &Line) {
        let kind = (endpoint.to_owned(), line.status);
        match self.0.count(kind, Instant::now(), || line.clone()) {
            Some(count) => line.info(Some(count)),
            None => line.debug(),
        }
    }
}

fn say(lines: Vec<(Line, u64)>) {
    lines.into_iter().for_each(|(line, count)| line.info(Some(count)));
}
