//! Work that waits, on threads where it blocks nothing else.

use tracing::Instrument;

/// Runs `work` on a thread that may wait, with the span of the caller, so that what it logs names
/// the request. Absent when it panicked; the panic is reported where it happens.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work)).await.ok()
}

/// As [`run`], for a task that shall end as `work` does: it panics if that panicked.
pub(crate) async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let span = tracing::Span::current();
    match tokio::task::spawn_blocking(move || span.in_scope(work)).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The process ends, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Does `work` to its end, even if its caller goes away. Absent when it panicked; the panic is
/// reported where it happens.
pub(crate) async fn to_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    tokio::spawn(work.in_current_span()).await.ok()
}
