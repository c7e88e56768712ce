//! The keys that may sign: JWK Sets, fixed or fetched.

mod address;
mod fetch;
mod jwk;
mod key_set;
mod remote;
mod roca;
mod vanished;

use std::sync::Arc;

pub use self::address::AddressError;
pub use self::fetch::FetchError;
pub use self::jwk::{KeyScope, UnusableKey, VerificationKey};
pub use self::key_set::{KeySet, KeySetError, MAX_KEY_SET_BYTES, NoUsableKey, SkippedKey};
pub use self::remote::{Clock, KeyStatus, MonotonicClock, RemoteKeys, RemoteOptions};

use crate::text::Shown;

/// Where a gate takes its keys from. Cheap to clone; clones share one set.
#[derive(Clone, Debug)]
pub enum Keys {
    /// A set that never changes.
    Fixed(Arc<KeySet>),
    /// A set that is fetched and refreshed.
    Remote(RemoteKeys),
}

/// Why there is no key for a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum KeyError {
    /// The last good set has no key with this id, and the cool-down allows no newer one, or the
    /// newer one could not be fetched.
    #[error("no key `{kid}` in the JWK Set {origin}")]
    UnknownKid {
        /// The `kid` of the token.
        kid: Shown,
        origin: String,
    },
    /// The set has a key with this id, but it may not be used.
    #[error("key `{kid}` in the JWK Set {origin} is not usable")]
    Unusable {
        /// The `kid` of the token.
        kid: Shown,
        origin: String,
        #[source]
        source: UnusableKey,
    },
    /// The set had a usable key with this id a while ago, and the newest answer has it in a form of no
    /// use. The set changed, so the token is not to blame.
    #[error(
        "key `{kid}` in the JWK Set {origin} is no longer usable; an answer first lacked it {seconds} s \
         ago"
    )]
    Spoilt {
        /// The `kid` of the token.
        kid: Shown,
        origin: String,
        /// How long ago an answer first had no usable key with this id.
        seconds: u64,
        #[source]
        source: UnusableKey,
    },
    /// The set had a key with this id a while ago, and the newest answer lacks it. Replicas of an
    /// address that disagree look like this, so the token is not to blame.
    #[error(
        "key `{kid}` is no longer in the JWK Set {origin}; an answer first lacked it {seconds} s ago"
    )]
    Vanished {
        /// The `kid` of the token.
        kid: Shown,
        origin: String,
        /// How long ago an answer first lacked it.
        seconds: u64,
    },
    /// There is no set that is young enough to judge any token.
    #[error("the JWK Set {origin} is not available: {detail}")]
    Unavailable {
        origin: String,
        /// What the last fetch failed with, or why the set is of no use.
        detail: String,
    },
    /// A fetch may bring the key, and the caller may not wait for it.
    #[error("key `{kid}` is not at hand, and may be fetched")]
    WouldWait {
        /// The `kid` of the token.
        kid: Shown,
    },
}

impl KeyError {
    /// The stable code of this failure. `keys.unavailable` says nothing about the token.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unusable { source, .. } if source.is_fault_of_set() => "keys.unavailable",
            Self::UnknownKid { .. } | Self::Unusable { .. } => "token.key",
            Self::Spoilt { .. }
            | Self::Vanished { .. }
            | Self::Unavailable { .. }
            | Self::WouldWait { .. } => "keys.unavailable",
        }
    }
}

impl Keys {
    /// Keys that never change.
    pub fn fixed(set: KeySet) -> Self {
        Self::Fixed(Arc::new(set))
    }

    /// Keys fetched from an address.
    pub fn remote(keys: RemoteKeys) -> Self {
        Self::Remote(keys)
    }

    /// The one usable key with exactly this id.
    ///
    /// A known id costs neither lock nor I/O. An unknown one may cost one fetch, if the caller may wait
    /// for it.
    ///
    /// # Errors
    ///
    /// [`KeyError`]; its code says whether the token is to blame or the keys. [`KeyError::WouldWait`]
    /// only with [`Wait::MayNot`].
    pub fn find(&self, kid: &str, wait: Wait) -> Result<Arc<VerificationKey>, KeyError> {
        const ORIGIN: &str = "as configured";
        match self {
            Self::Fixed(set) => set.find(kid).map_err(|miss| match set.check_usable() {
                Ok(()) => miss.into_error(kid, ORIGIN),
                Err(none) => {
                    KeyError::Unavailable { origin: ORIGIN.to_owned(), detail: none.to_string() }
                }
            }),
            Self::Remote(keys) => keys.find(kid, wait),
        }
    }
}

/// Whether a search for a key may wait for a fetch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wait {
    /// It may.
    May,
    /// It may not: the caller has other requests to answer, as the threads of an event loop.
    MayNot,
}

/// Why a set does not give a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// No key has this id.
    Unknown,
    /// A key has it, but may not be used.
    Unusable(UnusableKey),
}

impl Miss {
    pub(crate) fn into_error(self, kid: &str, origin: &str) -> KeyError {
        let (kid, origin) = (Shown::new(kid), origin.to_owned());
        match self {
            Self::Unknown => KeyError::UnknownKid { kid, origin },
            Self::Unusable(source) => KeyError::Unusable { kid, origin, source },
        }
    }
}
