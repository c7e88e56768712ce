//! What Prometheus scrapes: counters, gauges and histograms in base units.
//!
//! INVARIANT: no label holds anything received. Gates and routes are those configured, reasons those
//! described, statuses and steps those of the code; everything else is `other`.

mod format;
mod gate;
mod reasons;
mod releases;
mod http;
mod readings;
mod histogram;
mod scrapes;
#[cfg(test)]
mod exposition;

use std::sync::Arc;

use admit::cloud::Cloud;
use admit::keys::Keys;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

pub use format::Format;
pub use gate::GateMetrics;
pub(crate) use http::EndpointMetrics;
pub use http::ListenerMetrics;
pub use readings::{GateNow, LogLines, ServerNow};

use admit_api::endpoint::ListenerKind;

use crate::shadow::Report;

#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    gates: gate::Families,
    http: http::Families,
    connections: Family<ListenerLabels, Gauge>,
    given_up: Family<ListenerLabels, Counter>,
    decisions_in_flight: Level,
    readings: Arc<readings::Readings>,
    prometheus: scrapes::Scrapes,
    open_metrics: scrapes::Scrapes,
}

/// What is counted of the connections of a listener. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct ConnectionMetrics {
    pub open: Level,
    given_up: Counter,
}

impl ConnectionMetrics {
    /// Counts one that was closed to make room for another.
    pub(crate) fn give_up(&self) {
        self.given_up.inc();
    }
}

/// How many of something there are now. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Level(Gauge);

impl Level {
    pub fn count(&self) -> i64 {
        self.0.get()
    }

    /// Counts one more, until the value returned is dropped.
    #[must_use = "what is dropped at once is not counted"]
    pub fn hold(&self) -> Held {
        self.0.inc();
        Held(self.0.clone())
    }
}

/// One that is counted as long as this lives.
#[derive(Debug)]
pub struct Held(Gauge);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct ListenerLabels {
    listener: &'static str,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

impl Metrics {
    /// Makes the metrics of a process that started at `started_at`, in seconds since 1970.
    pub fn new(started_at: u64) -> Self {
        let mut all = Registry::default();
        all.register_with_unit(
            "process_start_time",
            "When the process started, since 1970",
            Unit::Seconds,
            ConstGauge::new(started_at),
        );
        let registry = all.sub_registry_with_prefix("admit");
        let version = BuildLabels { version: env!("CARGO_PKG_VERSION") };
        registry.register("build", "The version of Admit", Info::new(version));
        let (connections, decisions_in_flight) = register_levels(registry);
        let given_up = Family::default();
        let help = "Connections closed to make room for others";
        registry.register("connections_given_up", help, given_up.clone());
        let readings = Arc::<readings::Readings>::default();
        registry.register_collector(Box::new(Arc::clone(&readings)));
        Self {
            gates: gate::Families::register(registry),
            http: http::Families::register(registry),
            connections,
            given_up,
            decisions_in_flight,
            readings,
            prometheus: scrapes::Scrapes::default(),
            open_metrics: scrapes::Scrapes::default(),
            registry: all,
        }
    }

    /// The metrics of a configured gate; to be kept, since finding its series takes a lock.
    pub fn gate(&self, name: &str) -> GateMetrics {
        self.gates.gate(name)
    }

    /// The requests of a listener whose router has these route templates.
    pub fn listener<'a>(
        &self,
        listener: ListenerKind,
        routes: impl IntoIterator<Item = &'a str>,
    ) -> ListenerMetrics {
        self.http.listener(listener, routes)
    }

    pub fn connections(&self, listener: ListenerKind) -> ConnectionMetrics {
        let labels = ListenerLabels { listener: http::listener_name(listener) };
        ConnectionMetrics {
            open: Level(self.connections.get_or_create_owned(&labels)),
            given_up: self.given_up.get_or_create_owned(&labels),
        }
    }

    pub fn decisions_in_flight(&self) -> Level {
        self.decisions_in_flight.clone()
    }

    /// Shows the keys of a cloud from now on, instead of those shown before.
    pub fn watch_keys(&self, cloud: Cloud, keys: Arc<Keys>) {
        self.readings.0.lock().keys.insert(cloud.name(), keys);
    }

    /// Shows the counts of a gate's candidate from now on; `read` returns none when the gate has no
    /// candidate. It is called at each scrape and must not scrape itself.
    pub fn watch_candidate(
        &self,
        gate: &str,
        read: impl Fn() -> Option<Report> + Send + Sync + 'static,
    ) {
        self.readings.0.lock().candidates.insert(gate.into(), Box::new(read));
    }

    /// Shows the counts of the decision log from now on. `read` is called at each scrape and must
    /// not scrape itself.
    pub fn watch_decision_log(&self, read: impl Fn() -> LogLines + Send + Sync + 'static) {
        self.readings.0.lock().decision_log = Some(Box::new(read));
    }

    /// Shows the state of the server and of its gates from now on; `read` returns none when there is no
    /// server any more. It is called at each scrape and must not scrape itself.
    pub fn watch_server(&self, read: impl Fn() -> Option<ServerNow> + Send + Sync + 'static) {
        self.readings.0.lock().server = Some(Box::new(read));
    }

    /// As [`Metrics::render`], once for all scrapes that wait for it.
    pub async fn scrape(&self, format: Format) -> axum::body::Bytes {
        let scrapes = match format {
            Format::Prometheus => &self.prometheus,
            Format::OpenMetrics => &self.open_metrics,
        };
        scrapes.text(|| self.render(format)).await
    }

    /// All of it as text.
    pub fn render(&self, format: Format) -> String {
        let mut text = String::new();
        // After an error the end is missing, without which a scraper refuses the text.
        if text::encode(&mut text, &self.registry).is_err() {
            tracing::error!("the metrics could not be written as text");
        }
        format.render(text)
    }
}

fn register_levels(registry: &mut Registry) -> (Family<ListenerLabels, Gauge>, Level) {
    let connections = Family::default();
    registry.register("connections", "Open connections", connections.clone());
    let in_flight = Level::default();
    registry.register("decisions_in_flight", "Decisions under way", in_flight.0.clone());
    (connections, in_flight)
}

#[cfg(test)]
mod tests;
