//! From a configuration to the parts of a server.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use admit::claims::Verification;
use admit::cloud::Cloud;
use admit::keys::Keys;
use admit::limits::Limits;
use admit::runtime::Runtime;
use arc_swap::ArcSwap;
use indexmap::IndexMap;
use tokio::sync::watch;

use super::ServeError;
use super::keys;
use crate::access::Access;
use crate::app::{App, permits};
use crate::authority::Permissions;
use crate::config::{Config, GateConfig, PolicyReference, SourceConfig};
use crate::decision_log::DecisionLog;
use crate::faults::FaultOptions;
use crate::gates::{Counters, FirstComponent, Gate, GateOptions};
use crate::live::Live;
use crate::metrics::{LogLines, Metrics};
use crate::shadow::ShadowOptions;
use crate::source::{SourceOptions, Watch};
use crate::store::Store;
use crate::watching::{SourceView, Watching};

pub(super) struct Assembled {
    pub(super) app: Arc<App>,
    pub(super) starts: Vec<Start>,
    pub(super) watches: Vec<Watched>,
}

/// A gate, and the policy that it has before anything was activated.
pub(super) struct Start {
    pub(super) gate: Arc<Gate>,
    pub(super) first: Option<FirstComponent>,
}

/// What a gate shares with others.
pub(super) struct GateParts<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) keys: Arc<Keys>,
    pub(super) store: &'a Store,
    pub(super) counters: Counters,
}

impl Start {
    /// The gate of a configuration, which has not begun yet.
    pub(super) fn new(
        config: &Config,
        name: &str,
        gate: &GateConfig,
        parts: GateParts<'_>,
    ) -> Self {
        let GateParts { runtime, keys, store, counters } = parts;
        let options = options(config, name, gate);
        let served = Gate::new(options, runtime.clone(), keys, store.clone(), counters);
        Self { gate: Arc::new(served), first: first_component(gate) }
    }
}

/// A gate whose policy comes from a file or directory.
pub(super) struct Watched {
    gate: Arc<Gate>,
    source: SourceConfig,
    state: SourceView,
}

impl Watched {
    pub(super) async fn start(self, app: &App, stopping: watch::Receiver<bool>) {
        let interval = self.source.interval;
        let watch = Watch::new(source_options(self.source));
        let store = app.store.clone();
        let watching = Watching::resume(self.gate, store, watch, self.state).await;
        tokio::spawn(watching.run(interval, app.asked.subscribe(), stopping));
    }
}

pub(super) fn source_options(source: SourceConfig) -> SourceOptions {
    let SourceConfig { path, follow_links_outside, .. } = source;
    SourceOptions { path, follow_links_outside, max_bytes: Limits::default().component_bytes }
}

pub(super) async fn assemble(config: &Config, now: u64) -> Result<Assembled, ServeError> {
    let store = Store::open(&config.data_dir, config.store).await?;
    let access = Access::open(store.clone()).await?;
    name_what_is_not_served(&store, config).await;
    let runtime = Runtime::new()
        .map_err(|source| ServeError::Machine { what: "the sandbox", source: source.into() })?;
    let metrics = Metrics::new(now);
    let log = config.decision_log.clone().map(DecisionLog::start).transpose()?;
    let log = log.map(Arc::new);
    let keys = keys::keys(config)?;
    keys::log(&keys);
    let (mut gates, mut starts) = (IndexMap::new(), Vec::new());
    let (mut sources, mut watches) = (IndexMap::new(), Vec::new());
    for (name, gate) in &config.gates {
        let counters = Counters { metrics: metrics.gate(name), log: log.clone() };
        let keys = keys.get(&gate.cloud).cloned().expect("made for the cloud of each gate");
        let parts = GateParts { runtime: &runtime, keys, store: &store, counters };
        let start = Start::new(config, name, gate, parts);
        let served = Arc::clone(&start.gate);
        starts.push(start);
        if let Some(source) = &gate.source {
            let state = SourceView::new(&source.path);
            sources.insert(name.clone(), state.clone());
            watches.push(Watched { gate: Arc::clone(&served), source: source.clone(), state });
        }
        gates.insert(name.clone(), served);
    }
    watch(&metrics, &gates, &keys, log.as_ref());
    let instances = usize::try_from(runtime.instances()).unwrap_or(usize::MAX);
    let (in_flight, waiting) = permits(config.limits.decisions, instances);
    let live = Arc::new(ArcSwap::from_pointee(Live::new(config)));
    let app = Arc::new(App {
        permissions: Permissions::new(access.clone(), live),
        gates,
        sources,
        keys,
        access,
        store,
        metrics,
        strangers: Arc::default(),
        log,
        limits: config.limits,
        in_flight,
        waiting,
        asked: watch::Sender::new(()),
        started_at: now,
        draining: AtomicBool::new(false),
        service_is_local: config.service.listen.is_local(),
    });
    let seen = Arc::downgrade(&app);
    app.metrics.watch_server(move || seen.upgrade().map(|app| app.now()));
    Ok(Assembled { app, starts, watches })
}

/// Warns of gates that the store has and the configuration does not.
async fn name_what_is_not_served(store: &Store, config: &Config) {
    let names = store.gate_names().await.unwrap_or_else(|error| {
        let error = admit::failure::error_chain(&error);
        tracing::warn!(error, "which gates the store has could not be read");
        Vec::new()
    });
    for gate in names.iter().filter(|gate| !config.gates.contains_key(*gate)) {
        tracing::warn!(gate, "the store has this gate, the configuration does not: not served");
    }
}

/// Lets the metrics read, at each scrape, what is counted elsewhere.
fn watch(
    metrics: &Metrics,
    gates: &IndexMap<String, Arc<Gate>>,
    keys: &IndexMap<Cloud, Arc<Keys>>,
    log: Option<&Arc<DecisionLog>>,
) {
    for (cloud, keys) in keys {
        metrics.watch_keys(*cloud, Arc::clone(keys));
    }
    for (name, gate) in gates {
        let gate = Arc::clone(gate);
        metrics.watch_candidate(name, move || gate.view().candidate_report());
    }
    if let Some(log) = log.cloned() {
        metrics.watch_decision_log(move || LogLines {
            written: log.written(),
            dropped: log.dropped(),
            failed: log.failed(),
            waiting: log.waiting(),
        });
    }
}

fn options(config: &Config, name: &str, gate: &GateConfig) -> GateOptions {
    let verification = Verification::new(gate.cloud).with_max_lifetime(gate.max_lifetime);
    let claims = config.decision_log.clone().unwrap_or_default().claims;
    GateOptions {
        name: name.to_owned(),
        verification: verification.with_leeway(gate.leeway).expect("checked by the configuration"),
        settings: gate.settings.clone(),
        cases: gate.cases.clone(),
        faults: FaultOptions {
            faults: config.fault_revert.faults,
            within: config.fault_revert.within,
        },
        shadow: ShadowOptions {
            queue_entries: 1_024,
            queue_bytes: 4 * 1024 * 1024,
            examples: 10,
            claims,
        },
    }
}

/// What a gate has before anything was activated.
fn first_component(gate: &GateConfig) -> Option<FirstComponent> {
    match gate.policy.clone()? {
        PolicyReference::Embedded(name) => {
            let policy = admit_policies::find(&name)?;
            Some(FirstComponent::Bundled(policy.component))
        }
        PolicyReference::File(path) => Some(FirstComponent::File(path)),
    }
}
