//! Around every request: its id, its span, its log line, its metrics.
//!
//! INVARIANT: of a request, a log line holds only its id, the ids of its trace, its method, its
//! route template, and a short path that no route takes. No query, no header, no body.

mod request_id;
mod parent;
mod line;
mod strangers;

use std::sync::Arc;
use std::time::Instant;

use admit::text::Shown;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, Span};

use self::line::Line;
use self::parent::TraceParent;
pub use self::request_id::RequestId;
pub(crate) use self::strangers::Proved;
pub use self::strangers::Strangers;
use crate::metrics::{EndpointMetrics, ListenerMetrics};
use admit_api::endpoint::ListenerKind;

/// Where the requests of a listener are written down.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Their numbers.
    pub metrics: ListenerMetrics,
    /// Their lines, as far as strangers sent them.
    pub strangers: Arc<Strangers>,
}

/// Wraps every request of a router, those that no route takes included:
/// `router.layer(axum::middleware::from_fn_with_state(observed, observe))`.
///
/// Handlers find the [`RequestId`] in the extensions. What they log carries the request's span, on
/// other threads only if they take the current span there.
pub async fn observe(
    State(observed): State<Observed>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::of(request.headers());
    let mut exchange = Exchange::start(observed, &request, &id);
    let header = id.header();
    request.extensions_mut().insert(id);
    if let Some(proved) = exchange.proved.clone() {
        request.extensions_mut().insert(proved);
    }
    let span = exchange.span.clone();
    let mut response = next.run(request).instrument(span).await;
    response.headers_mut().extend(header.map(|value| (request_id::HEADER, value)));
    exchange.status = Some(response.status());
    response
}

/// A request on the way to its answer. Its end is counted and logged when this is dropped, even if the connection
/// ended before the answer.
struct Exchange {
    started: Instant,
    /// Absent where no line is more than a debug line: of decisions, and of probes and scrapes, which come
    /// every few seconds.
    proved: Option<Proved>,
    endpoint: Arc<EndpointMetrics>,
    strangers: Arc<Strangers>,
    span: Span,
    status: Option<StatusCode>,
}

impl Exchange {
    fn start(observed: Observed, request: &Request, id: &RequestId) -> Self {
        let Observed { metrics, strangers } = observed;
        let route = request.extensions().get::<MatchedPath>();
        let endpoint = metrics.endpoint(route.map(MatchedPath::as_str));
        let is_quiet = metrics.listener() == ListenerKind::Service
            || route.is_some_and(|route| is_routine(route.as_str()));
        Self {
            started: Instant::now(),
            proved: (!is_quiet).then(Proved::default),
            span: span(request, id, endpoint.name(), route.is_some()),
            endpoint: Arc::clone(endpoint),
            strangers,
            status: None,
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        self.endpoint.count(self.status, took);
        let duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let status = self.status.map(|status| status.as_u16());
        let line = Line { span: self.span.clone(), status, duration_us };
        match &self.proved {
            None => line.debug(),
            Some(proved) if proved.is_noted() => line.info(None),
            Some(_) => self.strangers.answered(self.endpoint.name(), &line),
        }
    }
}

fn is_routine(route: &str) -> bool {
    route == "/metrics" || route.starts_with("/health/")
}

/// The span of everything that a request makes the process say, at any level.
fn span(request: &Request, id: &RequestId, route: &str, matched: bool) -> Span {
    let parent = TraceParent::of(request.headers());
    let unmatched = || (!matched).then(|| Shown::name(request.uri().path()));
    // All fields at once: adding one to a span later costs more than the span.
    tracing::error_span!(
        "request",
        request_id = id.as_str(),
        trace_id = parent.map(|parent| parent.trace_id),
        parent_id = parent.map(|parent| parent.parent_id),
        method = method(request.method()),
        route,
        path = unmatched().as_ref().map(Shown::as_str),
    )
}

/// The method if it is a usual one: others are free text.
fn method(method: &Method) -> &str {
    const USUAL: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    if USUAL.contains(method) { method.as_str() } else { "other" }
}

#[cfg(test)]
mod tests;
