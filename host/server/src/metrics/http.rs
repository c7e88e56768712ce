//! Requests by listener, endpoint and status, all three bounded.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};

use super::histogram::DurationHistogram;
use admit_api::endpoint::ListenerKind;

/// Upper bounds in microseconds: a decision takes tens of them, an activation seconds.
const BOUNDS_US: &[u64] = &[
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000,
];

/// The statuses that are answered; another one is counted as `other`.
const STATUSES: [u16; 22] = [
    200, 201, 204, 304, 400, 401, 403, 404, 405, 406, 408, 409, 411, 412, 413, 415, 422, 429, 431,
    500, 501, 503,
];

/// The endpoint of requests that no route takes.
const OTHER: &str = "other";

pub(super) fn listener_name(listener: ListenerKind) -> &'static str {
    match listener {
        ListenerKind::Service => "service",
        ListenerKind::Admin => "admin",
    }
}

/// The requests of one listener. Clones count together.
#[derive(Clone, Debug)]
pub struct ListenerMetrics(Arc<Endpoints>);

#[derive(Debug)]
struct Endpoints {
    listener: ListenerKind,
    known: HashMap<Arc<str>, Arc<EndpointMetrics>>,
    other: Arc<EndpointMetrics>,
}

impl ListenerMetrics {
    pub fn listener(&self) -> ListenerKind {
        self.0.listener
    }

    /// The requests of the endpoint with this route template; those of `other` when there is none.
    pub(crate) fn endpoint(&self, route: Option<&str>) -> &Arc<EndpointMetrics> {
        route.and_then(|route| self.0.known.get(route)).unwrap_or(&self.0.other)
    }
}

#[derive(Debug)]
pub(crate) struct EndpointMetrics {
    listener: ListenerKind,
    endpoint: Arc<str>,
    requests: Family<RequestLabels, Counter>,
    /// In the order of [`STATUSES`], each resolved when it is first answered.
    by_status: [OnceLock<Counter>; STATUSES.len()],
    by_other_status: OnceLock<Counter>,
    without_answer: OnceLock<Counter>,
    duration: DurationHistogram,
}

impl EndpointMetrics {
    /// The route template, or `other`.
    pub(crate) fn name(&self) -> &str {
        &self.endpoint
    }

    /// Counts one request; without a status, its connection ended before the answer.
    pub(crate) fn count(&self, status: Option<StatusCode>, took: Duration) {
        self.counter(status).inc();
        self.duration.observe(took);
    }

    fn counter(&self, status: Option<StatusCode>) -> &Counter {
        let Some(status) = status else {
            return self.without_answer.get_or_init(|| self.resolve("none"));
        };
        let known = STATUSES.iter().position(|known| *known == status.as_u16());
        match known.and_then(|index| self.by_status.get(index)) {
            Some(counter) => counter.get_or_init(|| self.resolve(status.as_str())),
            None => self.by_other_status.get_or_init(|| self.resolve(OTHER)),
        }
    }

    fn resolve(&self, status: &str) -> Counter {
        self.requests.get_or_create_owned(&RequestLabels {
            listener: listener_name(self.listener),
            endpoint: Arc::clone(&self.endpoint),
            status: status.to_owned(),
        })
    }
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct RequestLabels {
    listener: &'static str,
    endpoint: Arc<str>,
    status: String,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct EndpointLabels {
    listener: &'static str,
    endpoint: Arc<str>,
}

#[derive(Debug)]
pub(super) struct Families {
    requests: Family<RequestLabels, Counter>,
    duration: Family<EndpointLabels, DurationHistogram, fn() -> DurationHistogram>,
}

impl Families {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let families = Self {
            requests: Family::default(),
            duration: Family::new_with_constructor(|| DurationHistogram::new(BOUNDS_US)),
        };
        registry.register("http_requests", "Requests answered", families.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from the request's head to the answer's",
            Unit::Seconds,
            families.duration.clone(),
        );
        families
    }

    pub(super) fn listener<'a>(
        &self,
        listener: ListenerKind,
        routes: impl IntoIterator<Item = &'a str>,
    ) -> ListenerMetrics {
        let known = routes.into_iter().map(|route| {
            let endpoint = self.endpoint(listener, route);
            (Arc::clone(&endpoint.endpoint), Arc::new(endpoint))
        });
        ListenerMetrics(Arc::new(Endpoints {
            listener,
            known: known.collect(),
            other: Arc::new(self.endpoint(listener, OTHER)),
        }))
    }

    fn endpoint(&self, listener: ListenerKind, name: &str) -> EndpointMetrics {
        let endpoint: Arc<str> = name.into();
        let labels =
            EndpointLabels { listener: listener_name(listener), endpoint: Arc::clone(&endpoint) };
        EndpointMetrics {
            listener,
            endpoint,
            requests: self.requests.clone(),
            by_status: std::array::from_fn(|_| OnceLock::new()),
            by_other_status: OnceLock::new(),
            without_answer: OnceLock::new(),
            duration: self.duration.get_or_create_owned(&labels),
        }
    }
}
