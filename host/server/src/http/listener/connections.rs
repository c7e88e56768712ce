//! The connections of one listener.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

use super::Limits;
use super::bound::Accepted;
use super::connection::{Phase, run};
use super::stream::Stream;
use crate::metrics::Level;

/// How long the tasks of connections that are cut off may take to end.
const CUT: Duration = Duration::from_millis(100);

/// A place for one connection.
pub(super) type Slot = OwnedSemaphorePermit;

/// The connections of one listener, each a task of its own.
pub(super) struct Connections {
    router: Router,
    limits: Limits,
    slots: Arc<Semaphore>,
    phase: watch::Sender<Phase>,
    /// Held by each connection that has something to answer, or may get it; true once they are cut off.
    open: Arc<AtomicBool>,
    level: Level,
    tasks: JoinSet<()>,
}

impl Connections {
    pub(super) fn new(router: Router, limits: Limits, level: Level) -> Self {
        Self {
            // Made ready once instead of with each request.
            router: router.with_state(()),
            limits,
            slots: Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS))),
            phase: watch::Sender::new(Phase::Serving),
            open: Arc::default(),
            level,
            tasks: JoinSet::new(),
        }
    }

    /// Waits for a place.
    pub(super) fn slot(&self) -> impl Future<Output = Slot> + use<> {
        let slots = Arc::clone(&self.slots);
        async move { slots.acquire_owned().await.expect("nobody closes the semaphore") }
    }

    /// A place if there is one.
    pub(super) fn free_slot(&self) -> Option<Slot> {
        Arc::clone(&self.slots).try_acquire_owned().ok()
    }

    /// Serves the client until one of both closes the connection.
    pub(super) fn start(&mut self, socket: Accepted, slot: Slot) {
        match socket {
            Accepted::Tcp(socket) => self.spawn(socket, slot),
            Accepted::Unix(socket) => self.spawn(socket, slot),
        }
    }

    fn spawn<S>(&mut self, socket: S, slot: Slot)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = Stream::new(socket, self.limits.body, Arc::clone(&self.open));
        let connection = run(stream, self.router.clone(), self.limits, self.phase.subscribe());
        let held = self.level.hold();
        self.tasks.spawn(async move {
            connection.await;
            drop((slot, held));
        });
    }

    /// Tells every connection.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// Waits until a connection has ended; for ever if there is none.
    pub(super) async fn one_ended(&mut self) {
        match self.tasks.join_next().await {
            Some(ended) => report(ended),
            None => std::future::pending().await,
        }
    }

    /// Waits until none is left.
    pub(super) async fn all_ended(&mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            report(ended);
        }
    }

    /// Ends what is left and returns how many still had something to answer.
    pub(super) async fn cut_off(mut self) -> usize {
        let cut = Arc::strong_count(&self.open) - 1;
        self.open.store(true, Ordering::Release);
        self.tasks.abort_all();
        // A task that hangs, say on a log that is not written, cannot be ended.
        let _ = timeout(CUT, self.all_ended()).await;
        cut
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.open.store(true, Ordering::Release);
    }
}

/// A panic ends its own connection only. Its message is not repeated: it may hold what was sent.
fn report(ended: Result<(), JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        tracing::error!("the task of a connection panicked");
    }
}
