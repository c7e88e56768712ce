//! Fetching a JWK Set.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;

use super::address::{AddressError, KeyAddress};
use super::key_set::{KeySet, KeySetError, MAX_KEY_SET_BYTES, NoUsableKey};
use crate::clock;
use crate::json::{self, JsonError, Object};
use crate::outgoing::{self, DialError, Names, ProxyError, Route};
use crate::text::Shown;

/// Why a fetch gave no keys. What was in use stays in use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum FetchError {
    /// No connection, or no answer in time.
    #[error("the request failed: {0}")]
    Connection(DialError),
    /// No valid certificate, no HTTP, or too large an answer.
    #[error("the request failed: {0}")]
    Request(Box<ureq::Error>),
    /// The clock of this machine was never set, so that no certificate can be checked.
    #[error("the clock of this machine is before 1970; set it, no certificate can be checked")]
    Clock,
    /// Another status than 200. Redirects are not followed.
    #[error("the answer has status {found}; expected 200")]
    Status { found: u16 },
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
    #[error(
        "the discovery document at `{expected}` has a `jwks_uri` at `{found}`; expected the same scheme, \
         host and port"
    )]
    OtherOrigin {
        /// The origin of the `jwks_uri`.
        found: Shown,
        /// The origin of the discovery document.
        expected: Shown,
    },
    /// Not one key of the set may be used.
    #[error(transparent)]
    NoUsableKey(#[from] NoUsableKey),
    /// No thread to fetch in the background.
    #[error("no thread could be started to fetch")]
    Thread,
}

impl From<ureq::Error> for FetchError {
    fn from(error: ureq::Error) -> Self {
        match DialError::of(error) {
            Ok(error) => Self::Connection(error),
            Err(error) => Self::Request(Box::new(error)),
        }
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
    route: Route,
    timeout: Duration,
}

impl Fetcher {
    /// # Errors
    ///
    /// [`ProxyError`] when the way there leads through a proxy that cannot be used.
    pub(super) fn new(
        address: KeyAddress,
        timeout: Duration,
        names: Arc<dyn Names>,
    ) -> Result<Self, ProxyError> {
        let route = match address.is_https() {
            true => Route::to(address.host(), address.port())?,
            false => Route::Direct,
        };
        // Fetches are rare, so no connection is kept for the next.
        let config = outgoing::config().max_idle_connections(0).https_only(address.is_https());
        let agent = outgoing::agent_with(config, &route, timeout, names);
        Ok(Self { agent, address, route, timeout })
    }

    pub(super) fn address(&self) -> &KeyAddress {
        &self.address
    }

    pub(super) fn route(&self) -> &Route {
        &self.route
    }

    /// The most time of a fetch.
    pub(super) fn longest(&self) -> Duration {
        self.timeout * 2
    }

    /// The keys at the address, or where the discovery document at the address points to. Each of the
    /// two has the time-out for itself: a slow first leaves the second its time.
    pub(super) fn fetch(&self) -> Result<KeySet, FetchError> {
        let mut document = self.document(&self.address)?;
        // `null` is none, as in keys.
        let keys = document.get("keys").filter(|keys| !keys.is_null());
        if let (None, Some(next)) = (keys, json::text(&document, "jwks_uri")) {
            let next = KeyAddress::parse(next)?;
            if !next.same_origin(&self.address) {
                let [found, expected] = [&next, &self.address].map(|it| Shown::whole(&it.origin()));
                return Err(FetchError::OtherOrigin { found, expected });
            }
            document = self.document(&next)?;
        }
        let set = KeySet::from_object(&document)?;
        set.check_usable()?;
        Ok(set)
    }

    fn document(&self, address: &KeyAddress) -> Result<Object, FetchError> {
        let document = json::object_of_document(&self.get(address)?);
        Ok(document.map_err(JsonError::without_place)?)
    }

    fn get(&self, address: &KeyAddress) -> Result<Vec<u8>, FetchError> {
        if address.is_https() && !clock::is_set() {
            return Err(FetchError::Clock);
        }
        let request = self.agent.get(address.as_str()).config();
        let mut answer = request.timeout_global(Some(self.timeout)).build().call()?;
        let found = answer.status().as_u16();
        if found != 200 {
            return Err(FetchError::Status { found });
        }
        let limit = u64::try_from(MAX_KEY_SET_BYTES).unwrap_or(u64::MAX);
        Ok(answer.body_mut().with_config().limit(limit).read_to_vec()?)
    }
}
