//! What is known of one connection: whose turn it is, and whether it proved who it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Instant;

use tokio::sync::Notify;

/// The client owes the next bytes, or the reading of an answer.
const WAITS: u8 = 1;

/// An answer is on its way to the client.
const ANSWERS: u8 = 2;

/// The last access token that came here was a good one.
const PROVEN: u8 = 4;

/// The connection was given up for another one.
const EVICTED: u8 = 8;

/// What all connections of a listener share.
#[derive(Debug)]
pub(super) struct Shared {
    start: Instant,
    /// Whether somebody waits for a connection that can be given up.
    wanted: AtomicBool,
    found: Notify,
    /// Whether everything is cut off.
    cut: AtomicBool,
}

impl Default for Shared {
    fn default() -> Self {
        let (wanted, cut) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { start: Instant::now(), wanted, found: Notify::new(), cut }
    }
}

impl Shared {
    /// Asks to be told of a connection that can be given up; to be asked before looking for one.
    pub(super) fn want(&self, wanted: bool) {
        self.wanted.store(wanted, Ordering::SeqCst);
    }

    /// Returns when there may be one.
    pub(super) async fn found(&self) {
        self.found.notified().await;
    }

    /// Lets nothing go out any more, on any connection.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
    }
}

/// One connection.
///
/// A client that keeps the server waiting without having proved who it is loses its connection when
/// another client needs it.
#[derive(Debug)]
pub struct Place {
    state: AtomicU8,
    /// Since when it waits for a request, in microseconds from the start of the listener.
    since: AtomicU64,
    /// Whether its next answer is its last.
    is_guest: bool,
    shared: Arc<Shared>,
}

impl Place {
    pub(super) fn new(shared: Arc<Shared>, is_guest: bool) -> Self {
        let place = Self { state: AtomicU8::new(0), since: AtomicU64::new(0), is_guest, shared };
        place.expects_request();
        place
    }

    /// Notes whether the access token of a request was a good one.
    pub(crate) fn prove(&self, is_good: bool) {
        match is_good {
            true => self.state.fetch_or(PROVEN, Ordering::SeqCst),
            false => self.state.fetch_and(!PROVEN, Ordering::SeqCst),
        };
    }

    /// A request has come; false if the connection was given up before.
    pub(super) fn begins(&self) -> bool {
        self.goes_on() & EVICTED == 0
    }

    /// The handler has answered.
    pub(super) fn answers(&self) {
        self.state.fetch_or(ANSWERS, Ordering::SeqCst);
    }

    /// What was to be written is out: with an answer, the client has the turn again.
    pub(super) fn wrote(&self) {
        if self.state.load(Ordering::SeqCst) & ANSWERS != 0 {
            self.state.fetch_and(!ANSWERS, Ordering::SeqCst);
            self.expects_request();
        }
    }

    /// Whether the client does not send, or read, what it should. Counts from the start of its request,
    /// so that dripping does not help.
    pub(super) fn set_waits(&self, waits: bool) {
        if !waits {
            self.goes_on();
            return;
        }
        let before = self.state.fetch_or(WAITS, Ordering::SeqCst);
        if before & (WAITS | PROVEN) == 0 && self.shared.wanted.load(Ordering::SeqCst) {
            self.shared.found.notify_one();
        }
    }

    fn goes_on(&self) -> u8 {
        self.state.fetch_and(!WAITS, Ordering::SeqCst)
    }

    fn expects_request(&self) {
        let now = self.shared.start.elapsed().as_micros();
        self.since.store(u64::try_from(now).unwrap_or(u64::MAX), Ordering::SeqCst);
        self.set_waits(true);
    }

    /// Since when it waits, if it may be given up.
    pub(super) fn waits_since(&self) -> Option<u64> {
        let may_be_given_up = self.state.load(Ordering::SeqCst) & !ANSWERS == WAITS;
        may_be_given_up.then(|| self.since.load(Ordering::SeqCst))
    }

    /// Gives it up, unless it has proved who it is or begun a request by now; says whether it did.
    pub(super) fn evict(&self) -> bool {
        let evicted = |state| (state & !ANSWERS == WAITS).then_some(state | EVICTED);
        self.state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, evicted).is_ok()
    }

    pub(super) fn is_guest(&self) -> bool {
        self.is_guest
    }

    /// Whether nothing may go out any more.
    pub(super) fn is_cut(&self) -> bool {
        self.shared.cut.load(Ordering::Acquire)
    }
}
