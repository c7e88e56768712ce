//! A connection to a server: its name looked up, its addresses tried, a tunnel opened where a proxy is on
//! the way. All of it has one deadline.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, LazyBuffers, NextTimeout, RustlsConnector, Transport,
};

use super::names::{self, Names};
use super::proxy::Proxy;
use super::race::{self, Unreachable};
use super::transport::TcpTransport;
use super::tunnel::Tunnel;

/// Why there is no connection, or nothing came over it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The system cannot look up the name.
    #[error("the name `{host}` cannot be looked up: {source}")]
    Name {
        /// The name.
        host: String,
        /// What the system says.
        source: io::Error,
    },
    /// No name server answered in time.
    #[error("looking up the name `{host}` took too long")]
    NameLate {
        /// The name.
        host: String,
    },
    /// The name exists and has no address.
    #[error("the name `{host}` has no address")]
    NoAddress {
        /// The name.
        host: String,
    },
    /// No address answered.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// There is no way to the proxy.
    #[error("the proxy {proxy}: {source}")]
    Proxy {
        /// Its address.
        proxy: String,
        /// Why not.
        source: Box<DialError>,
    },
    /// The proxy opens no tunnel.
    #[error("the proxy {proxy} {answer}")]
    ProxyAnswer {
        /// Its address.
        proxy: String,
        /// What it answered, as the rest of the sentence.
        answer: String,
    },
    /// The address was connected to, and then said nothing.
    #[error("connected to {peer}, but no answer came before the timeout")]
    Silent {
        /// The address.
        peer: SocketAddr,
    },
}

impl DialError {
    /// The error of this kind that a client gave back, or the other that it was.
    ///
    /// # Errors
    ///
    /// The client's error, when it is of another kind.
    pub fn of(error: Error) -> Result<Self, Error> {
        match error {
            Error::Other(other) => other.downcast().map(|error| *error).map_err(Error::Other),
            other => Err(other),
        }
    }
}

/// Opens the connections of a client.
#[derive(Debug)]
pub(super) struct Dialer {
    proxy: Option<Proxy>,
    within: Duration,
    names: Arc<dyn Names>,
    tls_to_proxy: RustlsConnector,
}

impl Dialer {
    pub(super) fn new(proxy: Option<Proxy>, within: Duration, names: Arc<dyn Names>) -> Self {
        Self { proxy, within, names, tls_to_proxy: RustlsConnector::default() }
    }

    fn connect_to(
        &self,
        host: &str,
        port: u16,
        left: Duration,
        config: &Config,
    ) -> Result<TcpTransport, DialError> {
        let deadline = Instant::now() + left;
        let addresses = names::addresses(&self.names, host, port, left)?;
        let left = deadline.saturating_duration_since(Instant::now());
        let (peer, stream) = race::connect(&addresses, left)?;
        // A small request is sent at once; without this it is sent all the same.
        let _ = stream.set_nodelay(true);
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(TcpTransport::new(stream, peer, buffers))
    }

    fn tunnel(
        &self,
        proxy: &Proxy,
        details: &ConnectionDetails<'_>,
        left: impl Fn() -> NextTimeout,
    ) -> Result<Box<dyn Transport>, Error> {
        let failed = |source| {
            let (proxy, source) = (proxy.to_string(), Box::new(source));
            Error::Other(Box::new(DialError::Proxy { proxy, source }))
        };
        let (host, port) = (proxy.host(), proxy.port());
        let transport = self.connect_to(host, port, *left().after, details.config);
        let mut transport: Box<dyn Transport> = Box::new(transport.map_err(failed)?);
        if proxy.is_tls() {
            let to_proxy = ConnectionDetails {
                uri: &proxy.uri()?,
                addrs: details.resolver.empty(),
                config: details.config,
                request_level: details.request_level,
                resolver: details.resolver,
                now: (details.current_time)(),
                timeout: left(),
                current_time: Arc::clone(&details.current_time),
                run_connector: Arc::clone(&details.run_connector),
                register_shutdown: Arc::clone(&details.register_shutdown),
            };
            let encrypted = self.tls_to_proxy.connect(&to_proxy, Some(transport))?;
            transport = Box::new(encrypted.ok_or(Error::ConnectionFailed)?);
        }
        Ok(Box::new(Tunnel::open(transport, proxy, details.uri, left)?))
    }
}

impl Connector<()> for Dialer {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _chained: Option<()>,
    ) -> Result<Option<Box<dyn Transport>>, Error> {
        let deadline = Instant::now() + self.within.min(*details.timeout.after);
        let left = || {
            let after = deadline.saturating_duration_since(Instant::now());
            NextTimeout { after: after.into(), ..details.timeout }
        };
        if let Some(proxy) = &self.proxy {
            return self.tunnel(proxy, details, left).map(Some);
        }
        let host = details.uri.host().unwrap_or_default();
        let usual = if details.needs_tls() { 443 } else { 80 };
        let port = details.uri.port_u16().unwrap_or(usual);
        let transport = self.connect_to(host, port, *left().after, details.config);
        Ok(Some(Box::new(transport.map_err(|error| Error::Other(Box::new(error)))?)))
    }
}

/// Names are looked up when it is known whose: the server's, or the proxy's.
#[derive(Debug)]
pub(super) struct NoLookUp;

impl Resolver for NoLookUp {
    fn resolve(
        &self,
        _uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}
