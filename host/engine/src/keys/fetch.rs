//! Fetching a JWK Set. INVARIANT: the only place that opens outgoing connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use super::address::{AddressError, KeyAddress};
use super::key_set::{KeySet, KeySetError, MAX_KEY_SET_BYTES, NoUsableKey};
use crate::json::{self, JsonError};

/// Why a fetch gave no keys. What was in use stays in use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No answer, no connection, no valid certificate, too slow or too large.
    #[error("the request failed: {0}")]
    Request(Box<ureq::Error>),
    /// Another status than 200. Redirects are not followed.
    #[error("the answer has status {found}; expected 200")]
    Status {
        /// The status that came.
        found: u16,
    },
    /// The answer is not one strict JSON object.
    #[error("the answer is {0}")]
    Json(JsonError),
    /// The answer is not a JWK Set.
    #[error(transparent)]
    KeySet(#[from] KeySetError),
    /// The discovery document points to an address that is not fetched from.
    #[error("the discovery document has a bad `jwks_uri`: {0}")]
    Discovery(AddressError),
    /// The discovery document points to another origin.
    #[error("the discovery document has a `jwks_uri` of another scheme, host or port")]
    OtherOrigin,
    /// Not one key of the set may be used.
    #[error(transparent)]
    NoUsableKey(#[from] NoUsableKey),
    /// No thread to fetch in the background.
    #[error("no thread could be started to fetch")]
    Thread,
}

impl From<Box<ureq::Error>> for FetchError {
    fn from(error: Box<ureq::Error>) -> Self {
        Self::Request(error)
    }
}

impl From<JsonError> for FetchError {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

impl From<AddressError> for FetchError {
    fn from(error: AddressError) -> Self {
        Self::Discovery(error)
    }
}

/// A client for one address.
#[derive(Debug)]
pub(super) struct Fetcher {
    agent: Agent,
    address: KeyAddress,
    timeout: Duration,
}

impl Fetcher {
    pub(super) fn new(address: KeyAddress, timeout: Duration) -> Self {
        Self { agent: agent(&address), address, timeout }
    }

    pub(super) fn address(&self) -> &KeyAddress {
        &self.address
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The keys at the address, or where the discovery document at the address points to.
    pub(super) fn fetch(&self) -> Result<KeySet, FetchError> {
        let deadline = Instant::now() + self.timeout;
        let mut document = json::parse_object(&self.get(&self.address, deadline)?)?;
        if let (None, Some(next)) = (document.get("keys"), document.text("jwks_uri")) {
            let next = KeyAddress::parse(next)?;
            if !next.same_origin(&self.address) {
                return Err(FetchError::OtherOrigin);
            }
            document = json::parse_object(&self.get(&next, deadline)?)?;
        }
        let set = KeySet::from_object(&document)?;
        set.check_usable()?;
        Ok(set)
    }

    fn get(&self, address: &KeyAddress, deadline: Instant) -> Result<Vec<u8>, FetchError> {
        let remaining = deadline.saturating_duration_since(Instant::now());
        let mut answer = self
            .agent
            .get(address.as_str())
            .config()
            .timeout_global(Some(remaining.max(Duration::from_millis(1))))
            .build()
            .call()
            .map_err(Box::new)?;
        let found = answer.status().as_u16();
        if found != 200 {
            return Err(FetchError::Status { found });
        }
        let limit = u64::try_from(MAX_KEY_SET_BYTES).unwrap_or(u64::MAX);
        let body = answer.body_mut().with_config().limit(limit).read_to_vec();
        Ok(body.map_err(Box::new)?)
    }
}

/// Proxies from the environment are honoured, except on the way to this machine.
fn agent(address: &KeyAddress) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_idle_connections(0)
        .user_agent(concat!("admit/", env!("CARGO_PKG_VERSION")));
    if address.is_https() {
        config = config.https_only(true).tls_config(tls());
    } else {
        config = config.proxy(None);
    }
    config.build().into()
}

fn tls() -> TlsConfig {
    TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build()
}
