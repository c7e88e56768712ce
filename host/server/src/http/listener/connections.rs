//! The connections of one listener, and which of them makes room for another.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use admit::repeats::Repeats;
use axum::Router;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::timeout;

use super::Limits;
use super::bound::Accepted;
use super::connection::{Phase, run};
use super::place::{Place, Shared};
use super::stream::Stream;
use crate::metrics::ConnectionMetrics;

/// Connections beyond the limit, for when every other one is taken by clients that proved who they are
/// or are being answered: each gets one answer, so that a health probe gets through.
const GUESTS: usize = 8;

/// How long the tasks of connections that are cut off may take to end.
const CUT: Duration = Duration::from_millis(100);

/// The connections of one listener, each a task of its own.
pub(super) struct Connections {
    router: Router,
    limits: Limits,
    phase: watch::Sender<Phase>,
    shared: Arc<Shared>,
    /// Held by each connection that has something to answer, or may get it.
    open: Arc<()>,
    metrics: ConnectionMetrics,
    tasks: JoinSet<()>,
    places: HashMap<Id, (Arc<Place>, AbortHandle)>,
    /// Connections that waited longest when it was last looked, the longest last.
    oldest: Vec<(u64, Id)>,
    /// Whether one was given up that has not ended yet.
    is_leaving: bool,
    given_up: Repeats<(), ()>,
}

impl Connections {
    pub(super) fn new(router: Router, limits: Limits, metrics: ConnectionMetrics) -> Self {
        Self {
            // Made ready once instead of with each request.
            router: router.with_state(()),
            limits,
            phase: watch::Sender::new(Phase::Serving),
            shared: Arc::default(),
            open: Arc::new(()),
            metrics,
            tasks: JoinSet::new(),
            places: HashMap::new(),
            oldest: Vec::new(),
            is_leaving: false,
            given_up: Repeats::default(),
        }
    }

    /// Whether there is a place.
    pub(super) fn has_room(&self) -> bool {
        self.tasks.len() < self.limits.connections
    }

    /// Serves the client if there is a place for it; else has one made, and returns the client.
    pub(super) fn admit(&mut self, socket: Accepted) -> Option<Accepted> {
        self.shared.want(true);
        let is_guest = !self.has_room();
        if is_guest && (self.is_leaving || self.give_one_up()) {
            return Some(socket);
        }
        if self.tasks.len() >= self.limits.connections.saturating_add(GUESTS) {
            return Some(socket);
        }
        self.shared.want(false);
        self.start(socket, is_guest);
        None
    }

    /// Returns when there may be a place for a client that got none.
    pub(super) async fn may_have_room(&mut self) {
        let shared = Arc::clone(&self.shared);
        tokio::select! {
            () = self.one_ended() => {}
            () = shared.found() => {}
        }
    }

    /// Gives up the connection that has waited longest for a client that has not proved who it is;
    /// false if there is none.
    fn give_one_up(&mut self) -> bool {
        loop {
            if self.oldest.is_empty() {
                self.find_oldest();
            }
            let Some((since, id)) = self.oldest.pop() else { return false };
            let Some((place, task)) = self.places.get(&id) else { continue };
            if place.waits_since() == Some(since) && place.evict() {
                task.abort();
                self.is_leaving = true;
                self.metrics.give_up();
                self.say();
                return true;
            }
        }
    }

    /// Looks at all, for the next few that are to go.
    fn find_oldest(&mut self) {
        let waiting = |(id, (place, _)): (&Id, &(Arc<Place>, _))| Some((place.waits_since()?, *id));
        self.oldest.extend(self.places.iter().filter_map(waiting));
        self.oldest.sort_unstable_by_key(|(since, _)| std::cmp::Reverse(*since));
        let few = self.places.len() / 16 + 1;
        self.oldest.drain(..self.oldest.len().saturating_sub(few));
    }

    fn say(&self) {
        if let Some(count) = self.given_up.count((), Instant::now(), || ()) {
            tracing::warn!(
                connections = self.limits.connections,
                count,
                "all connections are taken: those that have waited longest without a good access \
                 token make room for others"
            );
        }
    }

    /// Serves the client until one of both closes the connection.
    pub(super) fn start(&mut self, socket: Accepted, is_guest: bool) {
        match socket {
            Accepted::Tcp(socket) => self.spawn(socket, is_guest),
            Accepted::Unix(socket) => self.spawn(socket, is_guest),
        }
    }

    fn spawn<S>(&mut self, socket: S, is_guest: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let place = Arc::new(Place::new(Arc::clone(&self.shared), is_guest));
        let open = Arc::clone(&self.open);
        let stream = Stream::new(socket, self.limits.body, Arc::clone(&place), open);
        let phase = self.phase.subscribe();
        let connection = run(stream, self.router.clone(), self.limits, Arc::clone(&place), phase);
        let held = self.metrics.open.hold();
        let task = self.tasks.spawn(async move {
            connection.await;
            drop(held);
        });
        self.places.insert(task.id(), (place, task));
    }

    /// Tells every connection.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.send_replace(phase);
    }

    /// Waits until a connection has ended; for ever if there is none.
    pub(super) async fn one_ended(&mut self) {
        match self.tasks.join_next_with_id().await {
            Some(ended) => self.forget(ended),
            None => std::future::pending().await,
        }
    }

    /// Waits until none is left.
    pub(super) async fn all_ended(&mut self) {
        while let Some(ended) = self.tasks.join_next_with_id().await {
            self.forget(ended);
        }
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        self.places.remove(&id);
        self.is_leaving = false;
        report(ended.map(drop));
    }

    /// Ends what is left and returns how many still had something to answer.
    pub(super) async fn cut_off(mut self) -> usize {
        let cut = Arc::strong_count(&self.open) - 1;
        self.shared.cut();
        self.tasks.abort_all();
        // A task that hangs, say on a log that is not written, cannot be ended.
        let _ = timeout(CUT, self.all_ended()).await;
        cut
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.shared.cut();
    }
}

/// A panic ends its own connection only. Its message is not repeated: it may hold what was sent.
fn report(ended: Result<(), JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        tracing::error!("the task of a connection panicked");
    }
}
