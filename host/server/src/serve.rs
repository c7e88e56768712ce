//! The server: put together, started, reloaded, drained.

mod assemble;
mod keys;
mod check;
mod scratch;
mod reload;
mod signals;
mod announce;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use admit::failure::error_chain;
use admit::keys::AddressError;
use admit::text::visible_line;
use admit_api::endpoint::ListenerKind;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::access::{CreateError, Created, Role};
use crate::app::App;
use crate::authority::{Authority, Granted};
use crate::config::{Config, Places, Sources};
use crate::decision_log::DecisionLogError;
use crate::http::listener::{self, Bound, Drained, ListenError};
use crate::http::router;
use crate::store::{Store, StoreError};
use assemble::{Assembled, Start, assemble};
pub use check::{Checked, check};
use reload::Reloading;
use signals::{Signal, Signals};

/// How often counts of repeated lines are logged.
const COUNT_ROUND: Duration = Duration::from_secs(5);

/// How often keys that are missing are asked for again; the key set's own cool-down counts too.
const KEY_ROUND: Duration = Duration::from_secs(5);

/// Time until gates that could not be started are started again, at first and at the longest.
const FIRST_GATE_ROUND: Duration = Duration::from_secs(30);
const LONGEST_GATE_ROUND: Duration = Duration::from_mins(15);

/// How often a store that failed is tried again.
const STORE_ROUND: Duration = Duration::from_secs(1);

/// How often the store forgets what is too old, beginning with the start.
const TIDY_ROUND: Duration = Duration::from_mins(10);

/// The part of the time to end that is kept for the decision log and the store, and the most of it.
const LAST_PART: (u32, Duration) = (4, Duration::from_secs(2));

/// What each last step has when the time is over: enough where nothing hangs.
const AT_LEAST: Duration = Duration::from_millis(250);

/// How long a listener that is ended at once may take for that.
const CUT: Duration = Duration::from_millis(250);

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{source}")]
    Listen {
        key: &'static str,
        #[source]
        source: ListenError,
    },
    #[error(transparent)]
    DecisionLog(#[from] DecisionLogError),
    #[error("failed to make the first access token")]
    Access(#[from] CreateError),
    #[error("key set `{path}`")]
    KeySet {
        /// The cloud whose keys it should have.
        cloud: &'static str,
        path: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("keys of the cloud `{cloud}`")]
    KeyAddress {
        cloud: &'static str,
        #[source]
        source: AddressError,
    },
    #[error("the clock of this machine is before 1970; set it, then start again")]
    Clock,
    #[error("{what}")]
    Machine {
        what: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("failed to write to standard output")]
    Output(#[source] std::io::Error),
}

impl ServeError {
    /// The key of the configuration that is to blame, such as `service.listen`; absent where none is.
    pub fn key(&self) -> Option<String> {
        match self {
            Self::Store(_) => Some("data_dir".to_owned()),
            Self::Listen { key, .. } => Some((*key).to_owned()),
            Self::DecisionLog(_) => Some("decision_log.to".to_owned()),
            Self::KeySet { cloud, .. } => Some(format!("keys.{cloud}.file")),
            // The environment is to blame, and named.
            Self::KeyAddress { source: AddressError::Proxy(_), .. } => None,
            Self::KeyAddress { cloud, .. } => Some(format!("keys.{cloud}.address")),
            Self::Access(_) | Self::Clock | Self::Machine { .. } | Self::Output(_) => None,
        }
    }

    /// What is wrong, in one line, with the place in the configuration of what is to blame.
    pub fn in_place(&self, places: &Places) -> String {
        let error = visible_line(&error_chain(self));
        match self.key() {
            Some(key) => places.problem(&key, error).to_string(),
            None => error,
        }
    }

    fn machine(
        what: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Machine { what, source: source.into() }
    }

    pub(crate) fn listen(kind: ListenerKind) -> impl FnOnce(ListenError) -> Self {
        let key = match kind {
            ListenerKind::Service => "service.listen",
            ListenerKind::Admin => "admin.listen",
        };
        move |source| Self::Listen { key, source }
    }
}

/// Serves until a signal ends it, then drains. Prints the addresses on `out`, and the first access
/// token.
///
/// `sources` is what `config` was read from, for a reload. Ends the process if it does not come to its
/// end within `limits.unready_seconds` and `limits.drain_seconds`.
///
/// # Errors
///
/// [`ServeError`], before anything is served.
pub fn serve(config: &Config, sources: &Sources, out: &mut dyn Write) -> Result<(), ServeError> {
    if !admit::clock::is_set() {
        return Err(ServeError::Clock);
    }
    let machine = |what| move |source: std::io::Error| ServeError::machine(what, source);
    let mut signals =
        Signals::new(config.limits.unready + config.limits.drain).map_err(machine("signals"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(machine("threads"))?;
    let served = runtime.block_on(run(config, sources, out, &mut signals));
    let left = served.as_ref().map_or(AT_LEAST, |deadline| time_left(*deadline));
    // A fetch of keys that hangs must not keep the process.
    runtime.shutdown_timeout(left.min(Duration::from_secs(1)));
    served.map(drop)
}

/// The time until `deadline`, or a little.
fn time_left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(AT_LEAST)
}

/// Serves, and returns when the server has drained or its time to end is over.
async fn run(
    config: &Config,
    sources: &Sources,
    out: &mut dyn Write,
    signals: &mut Signals,
) -> Result<Instant, ServeError> {
    let now = admit::gate::now();
    for remark in config.remarks() {
        tracing::warn!("{remark}");
    }
    let assembled = assemble(config, now).await?;
    let app = Arc::clone(&assembled.app);
    let service = Bound::bind(&config.service.listen).await;
    let service = service.map_err(ServeError::listen(ListenerKind::Service))?;
    let admin = Bound::tcp(config.admin.listen).await;
    let admin = admin.map_err(ServeError::listen(ListenerKind::Admin))?;
    // Last, so that a start that fails leaves no token that was never shown.
    let first = first_token(&app, now).await?;
    let token = first.as_ref().map(|first| &*first.token);
    let keys = keys::lines(&app.keys);
    if let Err(error) = announce::addresses(out, config, &service, &admin, &keys, token) {
        if let Some(first) = first {
            // No reader has seen it: the next start makes another.
            app.store.revoke_access(&first.id, &Granted::server(), now).await?;
        }
        return Err(ServeError::Output(error));
    }
    let (stop, stopping) = watch::channel(false);
    let service = listen(&app, config, ListenerKind::Service, service, stopping.clone());
    let admin = listen(&app, config, ListenerKind::Admin, admin, stopping.clone());
    let keys = tokio::spawn(keep_keys(Arc::clone(&app), stopping.clone()));
    let store = tokio::spawn(keep_store(app.store.clone(), stopping.clone()));
    let counting = tokio::spawn(log_counted(Arc::clone(&app)));
    let Assembled { starts, watches, .. } = assembled;
    let mut gates = None;
    let started = tokio::select! {
        () = start_gates(&starts, now) => true,
        () = until_end(signals) => false,
    };
    if started {
        if let Err(error) = announce::gates(out, &app) {
            // The program that started the server may have closed the pipe.
            tracing::warn!(%error, "failed to say what the gates have");
        }
        tokio::spawn(link_ways_back(Arc::clone(&app)));
        let asked = app.asked.subscribe();
        gates = Some(tokio::spawn(keep_gates(starts, asked, stopping.clone())));
        for source in watches {
            source.start(&app, stopping.clone()).await;
        }
        let reloading = Reloading::new(&app, config, sources);
        serve_until_asked(signals, reloading).await;
    }
    app.drain();
    tracing::info!("draining");
    let in_a_hurry = tokio::select! {
        () = tokio::time::sleep(config.limits.unready) => false,
        () = until_end(signals) => true,
    };
    let deadline = Instant::now() + config.limits.drain;
    // No task listens when everything has ended already.
    let _ = stop.send(true);
    let drained = drain(service, admin, signals, in_a_hurry).await;
    keys.abort();
    store.abort();
    gates.inspect(tokio::task::JoinHandle::abort);
    let deadline = match drained {
        Some(_) => deadline,
        None => deadline.min(Instant::now() + AT_LEAST),
    };
    if let Some(cut) = drained {
        tracing::info!(cut, "drained");
    }
    counting.abort();
    app.gates.values().for_each(|gate| gate.log_all_counted());
    app.strangers.say_all_counted();
    // What comes after it has a share of its own, so that all of it is in time.
    close_log(&app, deadline - last_part(config.limits.drain) / 2, signals).await;
    if timeout(time_left(deadline), close_store(&app)).await.is_err() {
        tracing::error!("the store was not closed in time; what was acknowledged is in it");
    }
    Ok(deadline)
}

/// The first access token, unless one exists that can create others.
async fn first_token(app: &App, now: u64) -> Result<Option<Created>, ServeError> {
    if app.access.has_admin() {
        return Ok(None);
    }
    let mut number = 1;
    loop {
        // A token of another role may have the name.
        let name = if number == 1 { "first".to_owned() } else { format!("first {number}") };
        match app.access.create(&name, Role::Admin, &Authority::server(), now).await {
            Err(CreateError::Taken { .. }) => number += 1,
            created => return Ok(Some(created?)),
        }
    }
}

async fn start_gates(starts: &[Start], now: u64) {
    for Start { gate, first } in starts {
        gate.start(first.clone(), now).await;
    }
}

/// Starts gates again that could not be started: when it is asked for, and now and then.
async fn keep_gates(
    starts: Vec<Start>,
    mut asked: watch::Receiver<()>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut wait = FIRST_GATE_ROUND;
    loop {
        let is_asked = tokio::select! {
            _ = stopping.changed() => return,
            changed = asked.changed() => match changed {
                Ok(()) => true,
                Err(_) => return,
            },
            () = tokio::time::sleep(wait) => {
                wait = LONGEST_GATE_ROUND.min(wait * 2);
                false
            }
        };
        for Start { gate, first } in &starts {
            gate.start_again(first.clone(), is_asked, admit::gate::now()).await;
        }
    }
}

/// Builds what roll-backs go to, one gate after the other, beside everything else.
async fn link_ways_back(app: Arc<App>) {
    for gate in app.gates.values() {
        gate.linked_way_back().await;
    }
}

async fn until_end(signals: &mut Signals) {
    while signals.next().await != Signal::End {}
}

async fn serve_until_asked(signals: &mut Signals, mut reloading: Reloading<'_>) {
    loop {
        match signals.next().await {
            Signal::End => return,
            Signal::Reload => reloading.reload(),
        }
    }
}

/// The part of the time to end that requests have. The decision log has the rest: decisions that hang
/// on it are cut off first, so that no client sees an answer whose line is lost.
fn time_of_requests(drain: Duration) -> Duration {
    drain.saturating_sub(last_part(drain))
}

fn last_part(drain: Duration) -> Duration {
    let (part, most) = LAST_PART;
    (drain / part).min(most)
}

type Serving = tokio::task::JoinHandle<Drained>;

fn listen(
    app: &Arc<App>,
    config: &Config,
    kind: ListenerKind,
    bound: Bound,
    mut stopping: watch::Receiver<bool>,
) -> Serving {
    let limits = listener::Limits {
        connections: config.limits.connections,
        header: config.limits.header,
        idle: config.limits.idle,
        body: config.limits.body,
        drain: time_of_requests(config.limits.drain),
    };
    let (router, metrics) = (router(app, kind), app.metrics.connections(kind));
    tokio::spawn(async move {
        let stopped = async move {
            // An error means that the sender is gone, and the server with it.
            let _ = stopping.wait_for(|stop| *stop).await;
        };
        listener::serve(bound, router, limits, &metrics, stopped).await
    })
}

/// Waits for both listeners; a second request to end cuts that short. Returns how many connections were
/// cut off by then; absent when no connection waited for them.
async fn drain(
    service: Serving,
    admin: Serving,
    signals: &mut Signals,
    in_a_hurry: bool,
) -> Option<usize> {
    let abort = [service.abort_handle(), admin.abort_handle()];
    let both = async {
        let (service, admin) = (service.await, admin.await);
        [service, admin].into_iter().flatten().map(|drained| drained.cut).sum()
    };
    tokio::pin!(both);
    let asked_again = async {
        if !in_a_hurry {
            until_end(signals).await;
        }
    };
    tokio::select! {
        biased;
        cut = &mut both => Some(cut),
        () = asked_again => {
            tracing::warn!("asked to end again: not waiting any longer");
            abort.iter().for_each(tokio::task::AbortHandle::abort);
            let _ = timeout(CUT, both).await;
            None
        }
    }
}

async fn close_store(app: &App) {
    // What is being tried is not what ends this server.
    if let Err(error) = app.store.end_trying().await {
        let error = error_chain(&error);
        tracing::error!(error, "what is being tried could not be written down");
    }
    app.store.close().await;
}

/// Waits until the decision log is written to its end, the time is over, or the process is asked again.
async fn close_log(app: &App, deadline: Instant, signals: &mut Signals) {
    let Some(log) = &app.log else { return };
    let closing = Arc::clone(log);
    let within = time_left(deadline);
    let closed = crate::blocking::run(move || closing.close(within));
    tokio::pin!(closed);
    let lost = tokio::select! {
        biased;
        lost = &mut closed => lost,
        () = until_end(signals) => {
            log.give_up();
            closed.await
        }
    };
    match lost {
        Some(0) => {}
        Some(lost) => tracing::error!(
            lost,
            "the decision log was not written to its end: {lost} decisions are lost; {}",
            log.problem().unwrap_or_else(|| "the time to end is over".to_owned())
        ),
        None => tracing::error!("the decision log was not written to its end"),
    }
}

/// Finds out, after a failure, whether the store can be written again; and now and then forgets what
/// is too old.
async fn keep_store(store: Store, mut stopping: watch::Receiver<bool>) {
    let mut probes = tokio::time::interval(STORE_ROUND);
    let mut tidying = tokio::time::interval(TIDY_ROUND);
    for rounds in [&mut probes, &mut tidying] {
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    }
    loop {
        tokio::select! {
            _ = stopping.changed() => return,
            _ = probes.tick() => {
                if store.is_failing() {
                    // A failure is shown by the state, and logged when it began.
                    let _ = store.probe(admit::gate::now()).await;
                }
            }
            _ = tidying.tick() => {
                if let Err(error) = store.tidy(admit::gate::now()).await {
                    let error = error_chain(&error);
                    tracing::warn!(error, "the store was not tidied");
                }
            }
        }
    }
}

/// Logs now and then how many tokens and requests of strangers were refused.
async fn log_counted(app: Arc<App>) {
    let mut rounds = tokio::time::interval(COUNT_ROUND);
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        app.gates.values().for_each(|gate| gate.log_counted());
        app.strangers.say_counted();
    }
}

/// Fetches keys before a token needs them, and again while there are none. Each cloud for itself: one
/// whose address is dead keeps no other waiting.
async fn keep_keys(app: Arc<App>, stopping: watch::Receiver<bool>) {
    let mut clouds = tokio::task::JoinSet::new();
    for keys in app.keys.values() {
        if let admit::keys::Keys::Remote(remote) = &**keys {
            clouds.spawn(keep_fetched(remote.clone(), stopping.clone()));
        }
    }
    clouds.join_all().await;
}

async fn keep_fetched(keys: admit::keys::RemoteKeys, mut stopping: watch::Receiver<bool>) {
    let mut rounds = tokio::time::interval(KEY_ROUND);
    loop {
        tokio::select! {
            _ = stopping.changed() => return,
            _ = rounds.tick() => {}
        }
        let keys = keys.clone();
        // A failure is logged where it happens, and shown by the state.
        let _ = crate::blocking::run(move || keys.prefetch()).await;
    }
}
