//! The body of a request: read in time, and followed by another request only if nothing is left.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, HttpBody};
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use tower_http::timeout::{DeadlineBody, TimeoutError};

/// Whether reading a body failed because it took longer than
/// [`Limits::body`](super::Limits::body).
pub fn is_body_timeout(error: &(dyn Error + 'static)) -> bool {
    error.is::<TimeoutError>() || error.source().is_some_and(is_body_timeout)
}

/// Bytes of an unread body that are skipped, if they have come, so that the connection can go on.
///
/// An overloaded server answers without a look at the body, and should not lose its connections.
const SKIPPED: u64 = 64 * 1024;

/// Whether what is left of a body stands in the way of another request.
#[derive(Clone)]
pub(super) struct Rest(Arc<AtomicBool>);

impl Rest {
    fn new(is_long: bool) -> Self {
        Self(Arc::new(AtomicBool::new(is_long)))
    }

    pub(super) fn is_in_the_way(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, is_in_the_way: bool) {
        self.0.store(is_in_the_way, Ordering::Relaxed);
    }
}

/// The body, which ends in an error after this time, and what tells what is left of it.
pub(super) fn within(body: Incoming, time: Duration) -> (Body, Rest) {
    if body.is_end_stream() {
        return (Body::empty(), Rest::new(false));
    }
    let rest = Rest::new(body.size_hint().upper().is_none_or(|length| length > SKIPPED));
    let body = Box::pin(DeadlineBody::new(time, body));
    (Body::new(Watched { body, rest: rest.clone() }), rest)
}

struct Watched {
    body: Pin<Box<DeadlineBody<Incoming>>>,
    rest: Rest,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let frame = ready!(this.body.as_mut().poll_frame(context));
        match &frame {
            Some(Err(_)) => this.rest.set(true),
            Some(Ok(_)) if !this.body.is_end_stream() => {}
            Some(Ok(_)) | None => this.rest.set(false),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
