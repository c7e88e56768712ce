//! What all endpoints share.

mod readiness;
mod state;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use admit::cloud::Cloud;
use admit::keys::Keys;
use indexmap::IndexMap;
pub use readiness::{Check, Readiness};
use tokio::sync::Semaphore;

use crate::access::Access;
use crate::authority::Permissions;
use crate::config::{Config, LimitsConfig, ServiceAccess};
use crate::decision_log::DecisionLog;
use crate::gates::Gate;
use crate::http::trace::Strangers;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::store::Store;
use crate::watching::SourceView;

/// Most decisions that wait for keys at a time, so that keys that do not come cost few threads.
const MAX_WAITING: usize = 16;

/// A running server, as its endpoints see it.
pub struct App {
    /// The gates, in the order of the configuration.
    pub gates: IndexMap<String, Arc<Gate>>,
    /// What is known of each gate's watched source.
    pub sources: IndexMap<String, SourceView>,
    /// The keys of each cloud, shared by all its gates.
    pub keys: IndexMap<Cloud, Arc<Keys>>,
    pub access: Access,
    /// What outlives a restart.
    pub store: Store,
    pub metrics: Metrics,
    /// The lines of requests from strangers.
    pub strangers: Arc<Strangers>,
    /// The decision log; absent when there is none.
    pub log: Option<Arc<DecisionLog>>,
    /// What a request may use.
    pub limits: LimitsConfig,
    /// A permit per decision under way.
    pub in_flight: Arc<Semaphore>,
    /// A permit per decision that waits for keys. Such a decision gives back the one of
    /// [`App::in_flight`].
    pub waiting: Arc<Semaphore>,
    /// Changes when refused components of sources, and gates that could not start, are to be tried again.
    pub asked: tokio::sync::watch::Sender<()>,
    /// Seconds since 1970.
    pub started_at: u64,
    /// Whether the server is about to end.
    pub(crate) draining: AtomicBool,
    /// Whether only this machine reaches the service listener.
    pub(crate) service_is_local: bool,
    /// What every request is checked by, each time it is.
    pub permissions: Permissions,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "`service.access` is `none`, but the listener that is bound is not a loopback address or a Unix \
     socket; restart the server if `service.listen` changed"
)]
pub struct OpenToAll;

/// How many decisions may be under way, and how many may wait for keys. Where there are few
/// instances, a quarter is left for candidates and activations.
fn at_a_time(decisions: usize, instances: usize) -> (usize, usize) {
    // 256 instances are enough for what may be configured.
    let few = instances < 256;
    let decisions = if few { decisions.min(instances / 2).max(1) } else { decisions };
    (decisions, MAX_WAITING.min(decisions).min(instances / 4).max(1))
}

/// The permits of [`App::in_flight`] and [`App::waiting`], for so many instances of policies at a time.
pub(crate) fn permits(decisions: usize, instances: usize) -> (Arc<Semaphore>, Arc<Semaphore>) {
    let (decisions, waiting) = at_a_time(decisions, instances);
    (Arc::new(Semaphore::new(decisions)), Arc::new(Semaphore::new(waiting)))
}

impl App {
    /// What a reload may have changed.
    pub fn live(&self) -> arc_swap::Guard<Arc<Live>> {
        self.permissions.live()
    }

    /// Takes what may change from a configuration. The listeners stay as they are, and so does what
    /// goes by their addresses.
    ///
    /// # Errors
    ///
    /// [`OpenToAll`]; then everything stays as it was.
    pub fn reload(&self, config: &Config) -> Result<(), OpenToAll> {
        let live = self.live().reloaded(config);
        if live.service_access == ServiceAccess::None && !self.service_is_local {
            return Err(OpenToAll);
        }
        self.permissions.reload(live);
        Ok(())
    }

    /// Marks the server as about to end: readiness says that no more should be sent.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether the server is about to end.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::at_a_time;

    #[test]
    fn few_instances_are_shared_between_decisions_and_the_rest() {
        assert_eq!(at_a_time(128, 256), (128, 16));
        assert_eq!(at_a_time(256, 256), (256, 16));
        assert_eq!(at_a_time(8, 256), (8, 8));
        assert_eq!(at_a_time(128, 12), (6, 3));
        assert_eq!(at_a_time(128, 1), (1, 1));
    }
}
