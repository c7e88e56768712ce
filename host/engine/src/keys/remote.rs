//! A JWK Set that is fetched, refreshed and kept.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, MutexGuard};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

use super::address::{AddressError, KeyAddress};
use super::fetch::{FetchError, Fetcher};
use super::jwk::VerificationKey;
use super::key_set::{KeySet, SkippedKey};
use super::vanished::{Answered, Terms, Vanished};
use super::{KeyError, Miss, Wait};
use crate::lock::{Lock, held};
use crate::outgoing::{Names, Route, SystemNames};
use crate::text::Shown;

/// The longest time-out that counts: callers wait for it.
const MAX_TIMEOUT: Duration = Duration::from_secs(60);

/// How a remote set is fetched and how long it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteOptions {
    /// Least time from the start of one fetch to the start of the next, whatever came of it. An
    /// unknown key id costs at most one fetch in this time. 30 s by default.
    pub cool_down: Duration,
    /// Age from which the next use refreshes the set in the background. One hour by default.
    pub refresh_after: Duration,
    /// Age up to which a set is used when no newer one can be had. 24 hours by default.
    pub max_age: Duration,
    /// How long a key still counts after an answer first lacked it; zero for not at all. Never longer
    /// than `max_age` after the last answer that had it. 10 minutes by default.
    ///
    /// Replicas of an address may disagree for minutes. For as long, a key that was taken back counts:
    /// how soon a key that was stolen is refused is this choice.
    pub keep_vanished: Duration,
    /// Most time for each document of a fetch: the key set, and before it the discovery document, if
    /// there is one. 5 s by default; more than a minute counts as one.
    pub timeout: Duration,
}

impl Default for RemoteOptions {
    fn default() -> Self {
        Self {
            cool_down: Duration::from_secs(30),
            refresh_after: Duration::from_secs(60 * 60),
            max_age: Duration::from_secs(24 * 60 * 60),
            keep_vanished: Duration::from_secs(10 * 60),
            timeout: Duration::from_secs(5),
        }
    }
}

/// A clock that never steps back.
pub trait Clock: Send + Sync {
    /// Time since a moment of the clock's choosing.
    fn now(&self) -> Duration;
}

/// The clock of the operating system that wall-clock changes do not touch.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock(Instant);

impl Default for MonotonicClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// What there is to know about a remote set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    /// Where the set comes from.
    pub address: String,
    /// The proxy through which it comes, without user name and password; absent without one.
    pub proxy: Option<String>,
    /// How many keys of the last good set are in use; 0 before the first fetch and after the maximum
    /// age.
    pub usable: usize,
    /// The keys of the last good set that are not used.
    pub skipped: Vec<SkippedKey>,
    /// The ids of the keys that count although the last good set lacks them, with how long each has
    /// been missing.
    pub vanished: Vec<(String, Duration)>,
    /// How often a token named such a key.
    pub vanished_uses: u64,
    /// Age of the last good set; absent before the first.
    pub age: Option<Duration>,
    /// Time without another good set: since the last one, or before the first since the keys were made.
    pub without_good: Duration,
    /// How many fetches were started.
    pub fetches: u64,
    /// How many of them failed.
    pub failures: u64,
    /// What the last fetch failed with; absent when it succeeded.
    pub last_error: Option<String>,
}

/// A JWK Set at an https address. Cheap to clone; clones share one set and one client.
///
/// The first use fetches. A failed fetch, and a document without a usable key, leave the set in use
/// as it was.
#[derive(Clone)]
pub struct RemoteKeys(Arc<Remote>);

struct Remote {
    fetcher: Fetcher,
    options: RemoteOptions,
    clock: Box<dyn Clock>,
    made_at: Duration,
    current: ArcSwapOption<Snapshot>,
    vanished_uses: AtomicU64,
    fetching: Lock<Fetching>,
    finished: Condvar,
}

struct Snapshot {
    set: KeySet,
    fetched_at: Duration,
    vanished: Vanished,
}

#[derive(Default)]
struct Fetching {
    in_flight: bool,
    not_before: Duration,
    fetches: u64,
    failures: u64,
    last_error: Option<String>,
}

impl Fetching {
    fn failed(&mut self, error: String) {
        self.failures += 1;
        self.last_error = Some(error);
    }
}

impl RemoteKeys {
    /// Keys from `address`: a JWK Set, or a discovery document whose `jwks_uri` has the same origin.
    ///
    /// # Errors
    ///
    /// [`AddressError`] unless the address is https, or http to this machine, without user
    /// information and fragment; and when the environment names a proxy on the way there that cannot
    /// be used.
    pub fn new(address: &str, options: RemoteOptions) -> Result<Self, AddressError> {
        Self::with_clock(address, options, MonotonicClock::default())
    }

    /// As [`RemoteKeys::new`], with another clock for ages and cool-downs.
    ///
    /// # Errors
    ///
    /// As [`RemoteKeys::new`].
    pub fn with_clock(
        address: &str,
        options: RemoteOptions,
        clock: impl Clock + 'static,
    ) -> Result<Self, AddressError> {
        Self::with_names(address, options, clock, Arc::new(SystemNames))
    }

    /// As [`RemoteKeys::with_clock`], with the name in the address looked up elsewhere.
    ///
    /// # Errors
    ///
    /// As [`RemoteKeys::new`].
    pub fn with_names(
        address: &str,
        options: RemoteOptions,
        clock: impl Clock + 'static,
        names: Arc<dyn Names>,
    ) -> Result<Self, AddressError> {
        let timeout = options.timeout.min(MAX_TIMEOUT);
        let fetcher = Fetcher::new(KeyAddress::parse(address)?, timeout, names)?;
        Ok(Self(Arc::new(Remote {
            fetcher,
            options,
            made_at: clock.now(),
            clock: Box::new(clock),
            current: ArcSwapOption::empty(),
            vanished_uses: AtomicU64::new(0),
            fetching: Lock::default(),
            finished: Condvar::new(),
        })))
    }

    /// Whether keys may be fetched from `address`, whatever proxy is on the way there.
    ///
    /// # Errors
    ///
    /// As [`RemoteKeys::new`], but for the proxy.
    pub fn check_address(address: &str) -> Result<(), AddressError> {
        KeyAddress::parse(address).map(drop)
    }

    /// Fetches the set unless there is a young one or the cool-down runs.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unavailable`] when there is no set to use afterwards.
    pub fn prefetch(&self) -> Result<(), KeyError> {
        let remote = &self.0;
        if remote.usable_snapshot().is_none_or(|found| found.age >= remote.options.refresh_after) {
            remote.fetch_or_wait();
        }
        remote.usable_snapshot().map(drop).ok_or_else(|| remote.unavailable())
    }

    /// As [`Keys::find`](super::Keys::find).
    pub(super) fn find(&self, kid: &str, wait: Wait) -> Result<Arc<VerificationKey>, KeyError> {
        if let Some(key) = self.0.find_known(kid) {
            return Ok(key);
        }
        match wait {
            Wait::May => self.0.fetch_or_wait(),
            Wait::MayNot if self.0.is_cooling_down() => {}
            Wait::MayNot => return Err(KeyError::WouldWait { kid: Shown::new(kid) }),
        }
        self.0.find_kept(kid)
    }

    /// How the address is reached.
    pub fn route(&self) -> &Route {
        self.0.fetcher.route()
    }

    /// What there is to know now. Fetches nothing.
    pub fn status(&self) -> KeyStatus {
        let remote = &*self.0;
        let snapshot = remote.current.load_full();
        let usable = remote.usable_snapshot();
        let (now, terms) = (remote.clock.now(), remote.terms());
        let vanished = usable.as_ref().map(|found| found.snapshot.vanished.counting(now, terms));
        let good_at = snapshot.as_ref().map_or(remote.made_at, |kept| kept.fetched_at);
        let fetching = remote.fetching.lock();
        KeyStatus {
            address: remote.fetcher.address().to_string(),
            proxy: remote.fetcher.route().proxy().map(ToString::to_string),
            usable: usable.map_or(0, |found| found.snapshot.set.len()),
            vanished: vanished.unwrap_or_default(),
            vanished_uses: remote.vanished_uses.load(Ordering::Relaxed),
            skipped: snapshot.as_ref().map_or_else(Vec::new, |kept| kept.set.skipped().to_vec()),
            age: snapshot.map(|kept| now.saturating_sub(kept.fetched_at)),
            without_good: now.saturating_sub(good_at),
            fetches: fetching.fetches,
            failures: fetching.failures,
            last_error: fetching.last_error.clone(),
        }
    }
}

/// A set that may be used, and how old it is.
struct Usable {
    snapshot: Arc<Snapshot>,
    age: Duration,
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.0.fetcher.address();
        formatter.debug_struct("RemoteKeys").field("address", address).finish_non_exhaustive()
    }
}

impl Remote {
    /// The last good set, unless it has reached the maximum age.
    fn usable_snapshot(&self) -> Option<Usable> {
        let snapshot = self.current.load_full()?;
        let age = self.clock.now().saturating_sub(snapshot.fetched_at);
        (age < self.options.max_age).then_some(Usable { snapshot, age })
    }

    /// The key with this id, if it counts. A set that has grown old, or lacks the key, is refreshed
    /// meanwhile: another replica may have it.
    fn find_known(self: &Arc<Self>, kid: &str) -> Option<Arc<VerificationKey>> {
        let found = self.usable_snapshot()?;
        let (key, is_vanished) = match found.snapshot.set.find(kid) {
            Ok(key) => (key, false),
            Err(_) => (self.find_vanished(&found, kid)?, true),
        };
        if is_vanished || found.age >= self.options.refresh_after {
            self.refresh_in_background();
        }
        Some(key)
    }

    /// What is known of this id without another fetch.
    fn find_kept(&self, kid: &str) -> Result<Arc<VerificationKey>, KeyError> {
        let found = self.usable_snapshot().ok_or_else(|| self.unavailable())?;
        let miss = match found.snapshot.set.find(kid) {
            Ok(key) => return Ok(key),
            Err(miss) => miss,
        };
        if let Some(key) = self.find_vanished(&found, kid) {
            return Ok(key);
        }
        let vanished = &found.snapshot.vanished;
        let Some(missing) = vanished.missing_for(kid, self.clock.now(), self.terms()) else {
            return Err(self.miss(miss, kid));
        };
        let (kid, origin, seconds) = (Shown::new(kid), self.origin(), missing.as_secs());
        Err(match miss {
            Miss::Unusable(source) => KeyError::Spoilt { kid, origin, seconds, source },
            Miss::Unknown => KeyError::Vanished { kid, origin, seconds },
        })
    }

    /// The key with this id that an earlier answer had, if it still counts.
    fn find_vanished(&self, found: &Usable, kid: &str) -> Option<Arc<VerificationKey>> {
        let key = found.snapshot.vanished.find(kid, self.clock.now(), self.terms())?;
        self.vanished_uses.fetch_add(1, Ordering::Relaxed);
        Some(key)
    }

    fn terms(&self) -> Terms {
        Terms { keep: self.options.keep_vanished, max_age: self.options.max_age }
    }

    /// Whether no fetch is in flight and none may start.
    fn is_cooling_down(&self) -> bool {
        let fetching = self.fetching.lock();
        !fetching.in_flight && self.clock.now() < fetching.not_before
    }

    /// Waits for the fetch in flight; without one, fetches, if the cool-down allows it.
    fn fetch_or_wait(self: &Arc<Self>) {
        let fetching = self.fetching.lock();
        if fetching.in_flight {
            self.wait(fetching);
        } else if let Some(slot) = self.take_slot(fetching) {
            slot.fetch();
        }
    }

    /// Starts a fetch on another thread, if none is in flight and the cool-down allows it.
    fn refresh_in_background(self: &Arc<Self>) {
        let Some(fetching) = self.fetching.try_lock() else {
            return;
        };
        let Some(slot) = self.take_slot(fetching) else {
            return;
        };
        let thread = std::thread::Builder::new().name("admit-keys".to_owned());
        if thread.spawn(move || slot.fetch()).is_err() {
            self.fetching.lock().failed(FetchError::Thread.to_string());
        }
    }

    /// INVARIANT: the slot is taken before the fetch, so failures start the cool-down too.
    fn take_slot(self: &Arc<Self>, mut fetching: MutexGuard<'_, Fetching>) -> Option<Slot> {
        let now = self.clock.now();
        if fetching.in_flight || now < fetching.not_before {
            return None;
        }
        fetching.in_flight = true;
        fetching.not_before = now.saturating_add(self.options.cool_down);
        fetching.fetches += 1;
        Some(Slot { remote: Arc::clone(self), started_at: now })
    }

    /// A fetch ends by itself within its time-out; the bound here is for a thread that was lost.
    fn wait(&self, fetching: MutexGuard<'_, Fetching>) {
        let bound = self.fetcher.longest() + Duration::from_secs(1);
        let number = fetching.fetches;
        let in_flight = |fetching: &mut Fetching| fetching.in_flight && fetching.fetches == number;
        let waited = self.finished.wait_timeout_while(fetching, bound, in_flight);
        drop(held(waited));
    }

    /// Logs once what is wrong with a set, and not again with each fetch.
    fn log_change(&self, before: Option<&Snapshot>, now: &Snapshot) {
        let address = self.fetcher.address();
        let skipped = now.set.skipped();
        if !skipped.is_empty() && before.is_none_or(|before| before.set.skipped() != skipped) {
            let skipped = SkippedKey::list(skipped);
            tracing::warn!(issuer = %address, skipped, "the JWK Set has keys that are not used");
        }
        let none = Vanished::default();
        let vanished = now.vanished.new_since(before.map_or(&none, |before| &before.vanished));
        if !vanished.is_empty() {
            let shown: Vec<_> = vanished.iter().take(5).map(|kid| Shown::new(kid)).collect();
            tracing::warn!(
                issuer = %address,
                kids = ?shown,
                count = vanished.len(),
                count_for_seconds = self.options.keep_vanished.as_secs(),
                "the JWK Set no longer has keys that it had, or not in a form of use"
            );
        }
    }

    fn origin(&self) -> String {
        format!("of `{}`", self.fetcher.address())
    }

    fn miss(&self, miss: Miss, kid: &str) -> KeyError {
        miss.into_error(kid, &self.origin())
    }

    fn unavailable(&self) -> KeyError {
        let detail = self.fetching.lock().last_error.clone();
        let detail = detail.unwrap_or_else(|| "the last one is too old".to_owned());
        KeyError::Unavailable { origin: self.origin(), detail }
    }
}

/// The right to fetch, held by one thread at a time.
struct Slot {
    remote: Arc<Remote>,
    started_at: Duration,
}

impl Slot {
    fn fetch(self) {
        match self.remote.fetcher.fetch() {
            Ok(set) => {
                self.take(set);
                self.remote.fetching.lock().last_error = None;
            }
            Err(error) => {
                let address = self.remote.fetcher.address();
                tracing::warn!(issuer = %address, %error, "failed to fetch the JWK Set");
                self.remote.fetching.lock().failed(error.to_string());
            }
        }
    }

    /// Has the set count from now on. Only the holder of the slot does this, so nothing comes between.
    fn take(&self, set: KeySet) {
        let (remote, fetched_at) = (&*self.remote, self.started_at);
        let before = remote.current.load_full();
        let vanished = before.as_deref().map(|before| {
            let before = Answered {
                set: &before.set,
                fetched_at: before.fetched_at,
                vanished: &before.vanished,
            };
            Vanished::after(&before, &set, fetched_at, remote.terms())
        });
        let vanished = vanished.unwrap_or_default();
        let snapshot = Arc::new(Snapshot { set, fetched_at, vanished });
        remote.current.store(Some(Arc::clone(&snapshot)));
        remote.log_change(before.as_deref(), &snapshot);
    }
}

impl Drop for Slot {
    /// Runs on a panic too, so that no request waits for a fetch that has ended.
    fn drop(&mut self) {
        self.remote.fetching.lock().in_flight = false;
        self.remote.finished.notify_all();
    }
}
