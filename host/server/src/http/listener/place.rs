//! What is known of one connection: whose turn it is, and whether it proved who it is.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::Limits;

/// The client owes the next bytes, or the reading of an answer.
const WAITS: u8 = 1;

/// An answer is on its way to the client.
const ANSWERS: u8 = 2;

/// The last access token that came here was a good one.
const PROVEN: u8 = 4;

/// The connection was given up for another one.
const EVICTED: u8 = 8;

/// A request is expected whose head has not come to its end.
const HEAD: u8 = 16;

/// Of that head, something has come; or it is the first one of its connection.
const BEGUN: u8 = 32;

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

    /// Microseconds from the start of the listener.
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
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
    /// As `since`, since when the head of a request comes.
    begun: AtomicU64,
    /// Whether its next answer is its last.
    is_guest: bool,
    shared: Arc<Shared>,
}

impl Place {
    pub(super) fn new(shared: Arc<Shared>, is_guest: bool) -> Self {
        let (state, since, begun) = (AtomicU8::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let place = Self { state, since, begun, is_guest, shared };
        place.expects_request();
        // Whoever connects has something to say.
        place.received();
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
        let begun = !(WAITS | HEAD | BEGUN | ANSWERS);
        self.state.fetch_and(begun, Ordering::SeqCst) & EVICTED == 0
    }

    /// Something has come.
    pub(super) fn received(&self) {
        if self.state.load(Ordering::SeqCst) & (HEAD | BEGUN) == HEAD {
            self.begun.store(self.shared.now(), Ordering::SeqCst);
            self.state.fetch_or(BEGUN, Ordering::SeqCst);
        }
    }

    /// Something went out: while an answer goes on, nobody is late with the next request.
    pub(super) fn sent(&self) {
        if self.state.load(Ordering::SeqCst) & HEAD != 0 {
            self.since.store(self.shared.now(), Ordering::SeqCst);
        }
    }

    /// Closes the connection if its client has had its time to send a head, of which `limits` say how
    /// long it is; else says when to look again.
    pub(super) fn close_if_late(&self, limits: &Limits) -> ControlFlow<(), Duration> {
        let state = self.state.load(Ordering::SeqCst);
        let (since, time) = match state & (HEAD | BEGUN) {
            HEAD => (&self.since, limits.idle),
            0 => return ControlFlow::Continue(limits.header),
            _ => (&self.begun, limits.header),
        };
        let waited = self.shared.now().saturating_sub(since.load(Ordering::SeqCst));
        match time.checked_sub(Duration::from_micros(waited)) {
            // A head may begin meanwhile, and then has its own time.
            Some(left) if !left.is_zero() => ControlFlow::Continue(left.min(limits.header)),
            _ => {
                let closed = self.state.compare_exchange(
                    state,
                    state | EVICTED,
                    Ordering::SeqCst,
                    Ordering::SeqCst,
                );
                match closed {
                    Ok(_) => ControlFlow::Break(()),
                    // Something came just now.
                    Err(_) => ControlFlow::Continue(Duration::ZERO),
                }
            }
        }
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
        self.since.store(self.shared.now(), Ordering::SeqCst);
        self.state.fetch_or(HEAD, Ordering::SeqCst);
        self.set_waits(true);
    }

    /// Since when it waits, if it may be given up.
    pub(super) fn waits_since(&self) -> Option<u64> {
        let may_be_given_up = is_waiting(self.state.load(Ordering::SeqCst));
        may_be_given_up.then(|| self.since.load(Ordering::SeqCst))
    }

    /// Gives it up, unless it has proved who it is or begun a request by now; says whether it did.
    pub(super) fn evict(&self) -> bool {
        let evicted = |state| is_waiting(state).then_some(state | EVICTED);
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

/// Whether somebody waits who has not proved who it is, and is not given up yet.
fn is_waiting(state: u8) -> bool {
    state & (WAITS | PROVEN | EVICTED) == WAITS
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(1_000);

    fn limits(header: Duration, idle: Duration) -> Limits {
        Limits { connections: 1, header, idle, body: LONG, drain: LONG }
    }

    /// Whether the place is closed where a head, and where waiting for one, may take no time at all.
    fn is_closed(place: &Place) -> (bool, bool) {
        let none = Duration::ZERO;
        let of = |limits| {
            let copy = Place {
                state: AtomicU8::new(place.state.load(Ordering::SeqCst)),
                since: AtomicU64::new(0),
                begun: AtomicU64::new(0),
                is_guest: false,
                shared: Arc::clone(&place.shared),
            };
            copy.close_if_late(&limits).is_break()
        };
        (of(limits(none, LONG)), of(limits(LONG, none)))
    }

    #[test]
    fn a_head_and_waiting_for_one_have_each_their_time() {
        let place = Place::new(Arc::default(), false);
        assert_eq!(is_closed(&place), (true, false), "the first head");
        place.received();
        assert!(place.begins());
        assert_eq!(is_closed(&place), (false, false), "a request");
        place.received();
        assert_eq!(is_closed(&place), (false, false), "its body");
        place.answers();
        place.wrote();
        assert_eq!(is_closed(&place), (false, true), "idle");
        place.sent();
        place.received();
        assert_eq!(is_closed(&place), (true, false), "the next head");
        place.prove(true);
        assert_eq!(is_closed(&place), (true, false), "whoever it is");
    }

    #[test]
    fn a_request_that_came_before_the_answer_was_out_is_not_waited_for() {
        let place = Place::new(Arc::default(), false);
        assert!(place.begins());
        place.answers();
        assert!(place.begins());
        place.wrote();
        assert_eq!(is_closed(&place), (false, false));
        assert_eq!(place.waits_since(), None);
    }

    #[test]
    fn what_was_closed_begins_nothing_more() {
        let place = Place::new(Arc::default(), false);
        assert!(place.close_if_late(&limits(Duration::ZERO, LONG)).is_break());
        assert!(!place.begins());
    }

    #[test]
    fn it_is_looked_again_before_a_head_that_begins_meanwhile_is_late() {
        let place = Place::new(Arc::default(), false);
        let header = Duration::from_secs(1);
        assert!(place.begins());
        place.answers();
        place.wrote();
        assert_eq!(place.close_if_late(&limits(header, LONG)), ControlFlow::Continue(header));
    }
}
