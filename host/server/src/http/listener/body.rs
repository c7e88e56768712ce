//! The body of a request: read in time, and followed by another request only if nothing is left.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, HttpBody};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use tokio::time::timeout;
use tower_http::timeout::{DeadlineBody, TimeoutError};

use super::place::Place;

use admit::lock::Lock;

/// Whether reading a body failed because it took longer than
/// [`Limits::body`](super::Limits::body).
pub fn is_body_timeout(error: &(dyn Error + 'static)) -> bool {
    error.is::<TimeoutError>() || error.source().is_some_and(is_body_timeout)
}

/// Bytes of an unread body that are skipped, so that the connection can go on.
///
/// An overloaded server answers without a look at the body, and should not lose its connections.
const SKIPPED: u64 = 64 * 1024;

/// How long an answer waits for the end of a body that nobody read. A client that sends head and body
/// apart is refused before its body is there.
const SKIPPING: Duration = Duration::from_millis(100);

type Timed = Pin<Box<DeadlineBody<Incoming>>>;

/// What is left of a body once there is an answer.
#[derive(Clone, Default)]
pub(super) struct Rest(Arc<Lock<Left>>);

#[derive(Default)]
enum Left {
    #[default]
    Nothing,
    /// It was not read to its end.
    Unread(Timed),
    /// It cannot be read to its end.
    Lost,
}

impl Rest {
    /// Skips what is left if it is short and comes at once; says whether the rest stands in the way
    /// of another request.
    pub(super) async fn is_in_the_way(&self) -> bool {
        let left = std::mem::take(&mut *self.0.lock());
        match left {
            Left::Nothing => false,
            Left::Unread(body) if is_short(&body) => {
                !timeout(SKIPPING, skip(body)).await.unwrap_or(false)
            }
            Left::Unread(_) | Left::Lost => true,
        }
    }
}

fn is_short(body: &Timed) -> bool {
    body.size_hint().upper().is_some_and(|length| length <= SKIPPED)
}

/// Reads to the end; says whether it came.
async fn skip(mut body: Timed) -> bool {
    while let Some(frame) = body.frame().await {
        if frame.is_err() {
            return false;
        }
    }
    true
}

/// The body, which ends in an error after this time, and what tells what is left of it.
///
/// `asks_first`: the client sends the body only when it is told to; what it was not told to send is
/// not waited for. While the body is waited for, so says `place`.
pub(super) fn within(
    body: Incoming,
    time: Duration,
    asks_first: bool,
    place: &Arc<Place>,
) -> (Body, Rest) {
    let rest = Rest::default();
    if body.is_end_stream() {
        return (Body::empty(), rest);
    }
    let body = Some(Box::pin(DeadlineBody::new(time, body)));
    let (rest_of_body, place) = (rest.clone(), Arc::clone(place));
    let was_asked_for = !asks_first;
    let watched =
        Watched { body, rest: rest_of_body, place, was_asked_for, waits: false, failed: false };
    (Body::new(watched), rest)
}

struct Watched {
    /// Absent once it was read to its end.
    body: Option<Timed>,
    rest: Rest,
    place: Arc<Place>,
    was_asked_for: bool,
    /// Whether the client owes the next part.
    waits: bool,
    failed: bool,
}

impl Drop for Watched {
    fn drop(&mut self) {
        let unread = self.body.take().filter(|body| !body.is_end_stream());
        *self.rest.0.lock() = match unread {
            _ if self.failed => Left::Lost,
            None => Left::Nothing,
            Some(body) if self.was_asked_for => Left::Unread(body),
            Some(_) => Left::Lost,
        };
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        this.was_asked_for = true;
        let frame = body.as_mut().poll_frame(context);
        if frame.is_pending() != this.waits {
            this.waits = frame.is_pending();
            this.place.set_waits(this.waits);
        }
        let frame = ready!(frame);
        this.failed |= matches!(frame, Some(Err(_)));
        if frame.is_none() {
            this.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(|body| body.size_hint()).unwrap_or_default()
    }
}
