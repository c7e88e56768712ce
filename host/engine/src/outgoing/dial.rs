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
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum DialError {
    /// The system cannot look up the name.
    #[error("the name `{host}` cannot be looked up: {source}")]
    Name { host: String, source: io::Error },
    /// No name server answered in time.
    #[error("looking up the name `{host}` took too long")]
    NameLate { host: String },
    /// The name exists and has no address.
    #[error("the name `{host}` has no address")]
    NoAddress { host: String },
    /// No address answered.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// There is no way to the proxy.
    #[error("the proxy {proxy}: {source}")]
    Proxy { proxy: String, source: Box<DialError> },
    /// The proxy was connected to, and then said nothing.
    #[error("the proxy {proxy} ({peer}) did not answer within {} s", seconds(.within))]
    ProxySilent {
        proxy: String,
        /// The IP address and port that were connected to.
        peer: SocketAddr,
        /// The time it had, with that for the connection.
        within: Duration,
    },
    /// The proxy was connected to, and has no valid certificate, or the connection broke.
    #[error("the proxy {proxy}: {source}")]
    ProxyBroken { proxy: String, source: Box<Error> },
    /// The proxy opens no tunnel.
    #[error("the proxy {proxy} {answer}")]
    ProxyAnswer {
        proxy: String,
        /// What it answered, as the rest of the sentence.
        answer: String,
    },
    /// The address was connected to, and then said nothing.
    #[error("connected to {peer}, but no answer came before the timeout")]
    Silent { peer: SocketAddr },
    /// The proxy opened a tunnel, and nothing came out of it.
    #[error("connected through the proxy {proxy}, but no answer came before the timeout")]
    SilentBehind { proxy: String },
}

/// Whole seconds, or tenths of them.
fn seconds(within: &Duration) -> f64 {
    (within.as_secs_f64() * 10.0).round() / 10.0
}

impl DialError {
    /// The dialer's error inside a client's, or the client's own.
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

    /// What went wrong on the way to a proxy, or with it, named as such.
    fn at_proxy(proxy: &Proxy, within: Duration, error: Error) -> Self {
        let proxy = proxy.to_string();
        match Self::of(error) {
            Ok(Self::Silent { peer }) => Self::ProxySilent { proxy, peer, within },
            Ok(answer @ Self::ProxyAnswer { .. }) => answer,
            Ok(source) => Self::Proxy { proxy, source: Box::new(source) },
            Err(source) => Self::ProxyBroken { proxy, source: Box::new(source) },
        }
    }
}

impl From<DialError> for Error {
    fn from(error: DialError) -> Self {
        Self::Other(Box::new(error))
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
        let (host, port) = (proxy.host(), proxy.port());
        let transport = self.connect_to(host, port, *left().after, details.config);
        let mut transport: Box<dyn Transport> = Box::new(transport?);
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
        let within = self.within.min(*details.timeout.after);
        let deadline = Instant::now() + within;
        let left = || {
            let after = deadline.saturating_duration_since(Instant::now());
            NextTimeout { after: after.into(), ..details.timeout }
        };
        if let Some(proxy) = &self.proxy {
            let tunnel = self.tunnel(proxy, details, left);
            return Ok(Some(tunnel.map_err(|error| DialError::at_proxy(proxy, within, error))?));
        }
        let host = details.uri.host().unwrap_or_default();
        let usual = if details.needs_tls() { 443 } else { 80 };
        let port = details.uri.port_u16().unwrap_or(usual);
        let transport = self.connect_to(host, port, *left().after, details.config);
        Ok(Some(Box::new(transport?)))
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::outgoing::{self, Route};

    /// The request of a client that uses a proxy, which `serve` plays.
    fn error_through(
        scheme: &str,
        within: Duration,
        serve: impl FnOnce(TcpStream) + Send + 'static,
    ) -> (String, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let proxy = format!("{scheme}://{address}");
        let set = |name: &str| (name == "https_proxy").then(|| proxy.clone().into());
        let route = Route::by(&set, "keys.example.com", 443).unwrap();
        let proxying = std::thread::spawn(move || serve(listener.accept().unwrap().0));
        let error = {
            let agent = outgoing::agent(outgoing::config(), &route, within);
            let request = agent.get("https://keys.example.com/").config();
            request.timeout_global(Some(within)).build().call().unwrap_err()
        };
        proxying.join().unwrap();
        (DialError::of(error).unwrap().to_string(), address.to_string())
    }

    /// Until the other side has closed.
    fn wait_for_end(client: TcpStream) {
        let _ = std::io::copy(&mut BufReader::new(client), &mut std::io::sink());
    }

    #[test]
    fn a_proxy_that_says_nothing_is_named_with_the_time_it_had() {
        let (error, proxy) = error_through("http", Duration::from_millis(300), wait_for_end);
        let expected = format!("the proxy http://{proxy} ({proxy}) did not answer within 0.3 s");
        assert_eq!(error, expected);
    }

    #[test]
    fn a_proxy_that_cannot_be_trusted_is_not_taken_for_the_server() {
        let no_tls = |mut client: TcpStream| {
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        };
        let (error, proxy) = error_through("https", Duration::from_secs(60), no_tls);
        assert!(error.starts_with(&format!("the proxy https://{proxy}: ")), "{error}");
    }

    #[test]
    fn silence_behind_a_proxy_is_not_that_of_the_proxy() {
        let opens = |client: TcpStream| {
            let mut lines = BufReader::new(&client).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            (&client).write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            wait_for_end(client);
        };
        let (error, proxy) = error_through("http", Duration::from_millis(500), opens);
        let expected = format!(
            "connected through the proxy http://{proxy}, but no answer came before the timeout"
        );
        assert_eq!(error, expected);
    }

    #[test]
    fn seconds_are_shown_as_they_were_given() {
        for (millis, shown) in [(10_000, "10"), (9_999, "10"), (300, "0.3"), (1_500, "1.5")] {
            assert_eq!(seconds(&Duration::from_millis(millis)).to_string(), shown);
        }
    }
}
