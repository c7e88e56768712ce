//! Outgoing connections: how they are made, and through which proxy.
//!
//! INVARIANT: every client of this process is made here: the one that fetches keys, and that of the
//! command line. So a dead address, a proxy or a name server that hangs is dealt with once.

mod route;
mod proxy;
mod no_proxy;
mod names;
mod race;
mod transport;
mod tunnel;
mod dial;

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::typestate::AgentScope;
use ureq::unversioned::transport::{Connector, RustlsConnector};

pub use self::dial::DialError;
pub use self::names::{Names, SystemNames};
pub use self::proxy::{Proxy, ProxyError};
pub use self::race::Unreachable;
pub use self::route::{Environment, Route, is_this_machine};

use self::dial::{Dialer, NoLookUp};

/// What every client has: no redirects, so that nothing is sent elsewhere, every status an answer, and
/// the certificates that this machine trusts.
pub fn config() -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .tls_config(tls())
        .user_agent(concat!("admit/", env!("CARGO_PKG_VERSION")))
}

/// A client whose connections take this route. At most `connect_within` passes until an address has
/// answered; the time-out of the request counts too.
pub fn agent(config: ConfigBuilder<AgentScope>, route: &Route, connect_within: Duration) -> Agent {
    agent_with(config, route, connect_within, Arc::new(SystemNames))
}

/// As [`agent`], with names looked up elsewhere.
pub fn agent_with(
    config: ConfigBuilder<AgentScope>,
    route: &Route,
    connect_within: Duration,
    names: Arc<dyn Names>,
) -> Agent {
    // The route was chosen already, and the dialer takes it.
    let config = config.proxy(None).build();
    let dialer = Dialer::new(route.proxy().cloned(), connect_within, names);
    Agent::with_parts(config, dialer.chain(RustlsConnector::default()), NoLookUp)
}

fn tls() -> TlsConfig {
    TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build()
}
