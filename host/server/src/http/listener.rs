//! Connections: accepted up to a cap, bounded in time at every step, and drained at the end.
//!
//! At the cap, a client that has not proved who it is and keeps the server waiting makes room for the
//! next one, the longest waiting first. So strangers block each other, and never a client whose access
//! token was seen on its connection.
//!
//! What bounds a client that dawdles where there is room:
//!
//! | it does not | time | then |
//! |---|---|---|
//! | send a whole head | [`Limits::header`] | the connection is closed |
//! | send another request | [`Limits::idle`] | the connection is closed |
//! | send the whole body | [`Limits::body`] | the body ends in an error, see [`is_body_timeout`] |
//! | read its answer | [`Limits::body`], anew with each write | the connection is closed |

mod body;
mod bound;
mod connection;
mod place;
mod connections;
mod stream;
mod unix;

use std::io;
use std::pin::pin;
use std::time::Duration;

use admit::repeats::Repeats;
use axum::Router;
use tokio::time::{Instant, timeout_at};

pub use body::is_body_timeout;
use bound::Accepted;
pub use bound::{Bound, ListenError};
use connection::Phase;
use connections::Connections;
pub use place::Place;

use crate::metrics::ConnectionMetrics;

/// How long a draining server goes on answering on connections that are idle, at most.
///
/// A client that keeps its connection may have sent a request that is not read yet; closing the
/// connection under it would lose the answer. Within this time the request is answered, with
/// `Connection: close`.
const IDLE_GRACE: Duration = Duration::from_millis(250);

/// How long nothing is accepted after the machine refused a connection.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(500);

/// What one listener grants its clients.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time, at least 1. For a further one, another is closed; if none may be, a few
    /// more get one answer each, and the rest wait.
    pub connections: usize,
    /// From the first byte of a request to the end of its head; from the start of the connection for
    /// the first request.
    pub header: Duration,
    /// From the end of an answer to the first byte of the next request. A balancer that uses a
    /// connection again must give it up sooner, or it may send a request as the connection is closed.
    pub idle: Duration,
    /// From the end of the head to the end of the body, however steadily it comes.
    pub body: Duration,
    /// From the wish to stop until what still runs is cut off.
    pub drain: Duration,
}

/// How a listener ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Drained {
    /// Connections that were cut off with a request still running.
    pub cut: usize,
}

/// Answers what comes on the listener until `shutdown`, then drains. `metrics` count the connections.
/// Each request has the [`Place`] of its connection among its extensions.
///
/// Draining: nothing more is accepted except what was connected already; running requests are
/// finished; answers say `Connection: close`; after [`Limits::drain`] the rest is cut off.
pub async fn serve(
    bound: Bound,
    router: Router,
    limits: Limits,
    metrics: &ConnectionMetrics,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let mut connections = Connections::new(router, limits, metrics.clone());
    let mut shutdown = pin!(shutdown);
    let (mut waiting, refused) = (None, Repeats::default());
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            () = connections.may_have_room() => {}
            socket = accept(&bound, &refused), if waiting.is_none() => waiting = Some(socket),
        }
        waiting = waiting.and_then(|socket| connections.admit(socket));
    }
    if let Some(socket) = waiting {
        connections.start(socket, false);
    }
    drain(bound, connections, limits.drain).await
}

/// Connections that the machine refused.
type Refused = Repeats<io::ErrorKind, ()>;

async fn accept(bound: &Bound, refused: &Refused) -> Accepted {
    loop {
        match bound.accept().await {
            Ok(socket) => return socket,
            Err(error) => back_off(&error, refused).await,
        }
    }
}

async fn drain(bound: Bound, mut connections: Connections, time: Duration) -> Drained {
    let start = Instant::now();
    connections.enter(Phase::Draining);
    let mut queue = bound.close();
    while connections.has_room()
        && let Some(socket) = queue.next()
    {
        connections.start(socket, false);
    }
    drop(queue);
    let _ = timeout_at(start + IDLE_GRACE.min(time / 2), connections.all_ended()).await;
    connections.enter(Phase::Closing);
    let _ = timeout_at(start + time, connections.all_ended()).await;
    Drained { cut: connections.cut_off().await }
}

/// Waits unless only the one connection was at fault; out of file descriptors, say, the next
/// attempt would fail at once. Whoever opens many connections must not fill the log.
async fn back_off(error: &io::Error, refused: &Refused) {
    if is_of_one_connection(error) {
        return;
    }
    match refused.count(error.kind(), std::time::Instant::now(), || ()) {
        Some(count) => tracing::error!(%error, count, "failed to accept a connection"),
        None => tracing::debug!(%error, "failed to accept a connection"),
    }
    tokio::time::sleep(ACCEPT_BACK_OFF).await;
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

#[cfg(test)]
mod tests;
