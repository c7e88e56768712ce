//! What all endpoints share.

mod state;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use admit::cloud::Cloud;
use admit::keys::Keys;
use arc_swap::ArcSwap;
use indexmap::IndexMap;
pub use state::{Failing, KeysState};
use tokio::sync::Semaphore;

use crate::access::Access;
use crate::config::{Config, LimitsConfig, ServiceAccess};
use crate::decision_log::DecisionLog;
use crate::gates::ServedGate;
use crate::metrics::Metrics;
use crate::store::Store;
use crate::watching::SourceState;

/// Most decisions that wait for keys at a time, so that keys that do not come cost few threads.
const MAX_WAITING: usize = 16;

/// A running server, as its endpoints see it.
pub struct App {
    /// The gates, in the order of the configuration.
    pub gates: IndexMap<String, Arc<ServedGate>>,
    /// What is known of each gate's watched source.
    pub sources: IndexMap<String, SourceState>,
    /// The keys of each cloud, shared by all its gates.
    pub keys: IndexMap<Cloud, Arc<Keys>>,
    /// Who may do what.
    pub access: Access,
    /// What outlives a restart.
    pub store: Store,
    /// Numbers.
    pub metrics: Metrics,
    /// The decision log; absent when there is none.
    pub log: Option<Arc<DecisionLog>>,
    /// What a request may use.
    pub limits: LimitsConfig,
    /// A permit per decision under way.
    pub in_flight: Arc<Semaphore>,
    /// A permit per decision that waits for keys. Such a decision gives back the one of
    /// [`App::in_flight`].
    pub waiting: Arc<Semaphore>,
    /// Changes when what sources hold and gates refused is to be tried again.
    pub sources_asked: tokio::sync::watch::Sender<()>,
    /// Seconds since 1970.
    pub started_at: u64,
    draining: AtomicBool,
    service_is_local: bool,
    live: ArcSwap<Live>,
}

/// What a reload of the configuration changes while the server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// The repository that policies and settings come from; absent when they are changed here.
    pub repository: Option<String>,
    /// Who may ask for decisions.
    pub service_access: ServiceAccess,
    hosts: Vec<String>,
    address: IpAddr,
}

impl Live {
    /// Takes from a configuration what may change.
    pub fn new(config: &Config) -> Self {
        Self {
            repository: config.gitops.as_ref().map(|gitops| gitops.repository.clone()),
            service_access: config.service.access,
            hosts: config.admin.hosts.clone(),
            address: config.admin.listen.ip(),
        }
    }

    /// Whether a Host header, in lower case, with or without port, is one of this server.
    pub fn allows_host(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let address: Option<IpAddr> = name.parse().ok();
        name == "localhost"
            || self.hosts.iter().any(|host| host == name || is_same(host, address))
            || address.is_some_and(|address| self.is_own(address))
    }

    /// Whether it is the address that is bound. What listens on this machine or everywhere is
    /// reached at every loopback address.
    fn is_own(&self, address: IpAddr) -> bool {
        let (address, own) = (address.to_canonical(), self.address.to_canonical());
        let is_reached_here = own.is_loopback() || own.is_unspecified();
        address == own || is_reached_here && address.is_loopback()
    }
}

/// A reload would let everybody who reaches the listener ask for decisions.
#[derive(Debug, thiserror::Error)]
#[error(
    "`service.access` is `none`, but the listener that is bound is not a loopback address or a Unix \
     socket; restart the server if `service.listen` changed"
)]
pub struct OpenToAll;

/// Whether both are one address, however it is written.
fn is_same(host: &str, address: Option<IpAddr>) -> bool {
    address.is_some_and(|address| host.parse() == Ok(address))
}

/// What an [`App`] is made of besides what it counts itself.
pub struct Parts {
    /// As in [`App`].
    pub gates: IndexMap<String, Arc<ServedGate>>,
    /// As in [`App`].
    pub sources: IndexMap<String, SourceState>,
    /// As in [`App`].
    pub keys: IndexMap<Cloud, Arc<Keys>>,
    /// As in [`App`].
    pub access: Access,
    /// As in [`App`].
    pub store: Store,
    /// As in [`App`].
    pub metrics: Metrics,
    /// As in [`App`].
    pub log: Option<Arc<DecisionLog>>,
    /// As in [`App`].
    pub started_at: u64,
}

impl App {
    /// Puts a server together.
    pub fn new(config: &Config, parts: Parts) -> Self {
        let Parts { gates, sources, keys, access, store, metrics, log, started_at } = parts;
        Self {
            gates,
            sources,
            keys,
            access,
            store,
            metrics,
            log,
            limits: config.limits,
            in_flight: Arc::new(Semaphore::new(config.limits.decisions)),
            waiting: Arc::new(Semaphore::new(config.limits.decisions.min(MAX_WAITING))),
            sources_asked: tokio::sync::watch::Sender::new(()),
            started_at,
            draining: AtomicBool::new(false),
            service_is_local: config.service.listen.is_local(),
            live: ArcSwap::from_pointee(Live::new(config)),
        }
    }

    /// What a reload may have changed.
    pub fn live(&self) -> arc_swap::Guard<Arc<Live>> {
        self.live.load()
    }

    /// Takes what may change from a configuration. The listeners stay as they are, and so does what
    /// goes by their addresses.
    ///
    /// # Errors
    ///
    /// [`OpenToAll`]; then everything stays as it was.
    pub fn reload(&self, config: &Config) -> Result<(), OpenToAll> {
        let live = Live { address: self.live().address, ..Live::new(config) };
        if live.service_access == ServiceAccess::None && !self.service_is_local {
            return Err(OpenToAll);
        }
        self.live.store(Arc::new(live));
        Ok(())
    }

    /// Says that the server is about to end, so that nobody sends it more.
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
    use super::*;

    #[test]
    fn only_names_of_this_server_are_hosts_of_it() {
        let live = Live {
            repository: None,
            service_access: ServiceAccess::Required,
            hosts: vec!["admit.example".to_owned(), "2001:db8::1".to_owned()],
            address: "::1".parse().unwrap(),
        };
        for host in [
            "localhost",
            "localhost:7421",
            "[::1]",
            "[::1]:80",
            "admit.example:443",
            "[2001:db8:0::1]:7",
            "127.0.0.1",
            "127.0.0.2:7421",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(live.allows_host(host), "{host}");
        }
        for host in [
            "",
            ":7421",
            "evil.example",
            "localhost.evil.example",
            "192.0.2.1",
            "::2",
            "localhost:x",
        ] {
            assert!(!live.allows_host(host), "{host}");
        }
    }

    #[test]
    fn loopback_addresses_are_those_of_a_listener_that_they_reach() {
        for (bound, reached) in [
            ("0.0.0.0", true),
            ("::", true),
            ("127.0.0.2", true),
            ("::ffff:127.0.0.1", true),
            ("192.0.2.1", false),
            ("2001:db8::1", false),
        ] {
            let live = Live {
                repository: None,
                service_access: ServiceAccess::Required,
                hosts: Vec::new(),
                address: bound.parse().unwrap(),
            };
            for host in ["127.0.0.1:7421", "[::1]:7421"] {
                assert_eq!(live.allows_host(host), reached, "{host} at {bound}");
            }
            assert!(!live.allows_host("198.51.100.1"), "{bound}");
        }
    }
}
