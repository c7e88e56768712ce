//! The line of a request.

use tracing::Span;

/// Whoever sent it.
const TARGET: &str = "admit_server::http::trace";

/// The line of a request.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) span: Span,
    /// Absent when the connection ended before the answer.
    pub(super) status: Option<u16>,
    pub(super) duration_us: u64,
}

impl Line {
    /// Writes it; `count` is how many requests it stands for, where it may be more than this one.
    pub(super) fn info(&self, count: Option<u64>) {
        let Self { span, status, duration_us } = self;
        let _entered = span.enter();
        tracing::info!(target: TARGET, status, duration_us, count, "{}", self.message());
    }

    pub(super) fn debug(&self) {
        let Self { span, status, duration_us } = self;
        let _entered = span.enter();
        tracing::debug!(target: TARGET, status, duration_us, "{}", self.message());
    }

    fn message(&self) -> &'static str {
        if self.status.is_some() { "answered" } else { "connection ended unanswered" }
    }
}
