//! One connection, from its first request to its end.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{CONNECTION, EXPECT};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tower::ServiceExt;

use super::Limits;
use super::body::within;
use super::place::Place;
use super::stream::Stream;

/// Request line and header lines together; the token of a decision travels in the body.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Header lines of one request.
const MAX_HEADERS: usize = 100;

/// What one connection buffers in each direction.
const MAX_BUFFER_BYTES: usize = 64 * 1024;

/// The signals that connections listen for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    /// Go on.
    Serving,
    /// The next answer is the last one.
    Draining,
    /// As before, and do not wait for another request.
    Closing,
}

/// Answers the requests of one connection.
pub(super) async fn run<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    stream: Stream<S>,
    router: Router,
    limits: Limits,
    place: Arc<Place>,
    mut phase: watch::Receiver<Phase>,
) {
    let phase_of_answers = phase.clone();
    let service = service_fn(|request| {
        answer(router.clone(), request, limits.body, Arc::clone(&place), phase_of_answers.clone())
    });
    let mut connection = pin!(http1().serve_connection(TokioIo::new(stream), service));
    let mut late = pin!(late(&limits, &place));
    let closing = async { phase.wait_for(|phase| *phase == Phase::Closing).await.map(drop) };
    let ended = tokio::select! {
        // First what is there to be read, so that a request that has arrived is answered.
        biased;
        ended = connection.as_mut() => ended,
        () = late.as_mut() => return,
        _ = closing => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                biased;
                ended = connection => ended,
                () = late => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Returns when the client has had its time to send the head of a request.
async fn late(limits: &Limits, place: &Place) {
    while let ControlFlow::Continue(wait) = place.close_if_late(limits) {
        tokio::time::sleep(wait).await;
    }
}

fn http1() -> http1::Builder {
    let mut http1 = http1::Builder::new();
    http1
        // The library measures one time for waiting and for the head. Here each has its own.
        .header_read_timeout(None)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(MAX_BUFFER_BYTES)
        // A client that has sent everything may say so and still wants its answer.
        .half_close(true);
    http1
}

/// The router's answer; the connection's last one when draining, or when a rest of the body is left.
async fn answer(
    router: Router,
    request: Request<Incoming>,
    time: Duration,
    place: Arc<Place>,
    phase: watch::Receiver<Phase>,
) -> Result<Response, Infallible> {
    if !place.begins() {
        // The connection is about to be closed: nothing is begun on it.
        std::future::pending::<()>().await;
    }
    let (mut head, body) = request.into_parts();
    let (body, rest) = within(body, time, head.headers.contains_key(EXPECT), &place);
    head.extensions.insert(Arc::clone(&place));
    let mut answer = router.oneshot(Request::from_parts(head, body)).await?;
    let is_last = rest.is_in_the_way().await || *phase.borrow() != Phase::Serving;
    place.answers();
    if is_last || place.is_guest() {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(answer)
}
