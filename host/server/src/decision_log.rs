//! The decision log: one JSON line per refusal and per sampled admission, and one per release, so
//! that a log can be replayed alone. `docs/decision-log.schema.json` has the form.
//!
//! Only claims on an allow-list are written with their values. The token, any part of it and names
//! of people are not.

mod sample;
mod entry;
mod values;
mod detail;
mod again;
mod sink;
mod output;
mod room;
mod trouble;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel,
};
use std::time::{Duration, Instant};

use admit::claims::Verification;
use admit::decision::{Decision, Outcome};
use admit::gate::{Decided, Request};
use admit::lock::Lock;
use admit::release::Release;
use admit_api::log;
use serde_json::{Map, Value};

use entry::Allowed;
use output::Output;
use room::Room;
use sample::Share;
use trouble::Trouble;
use writer::Message;

pub use values::stand_in;

/// What the host found, on `invalid` and `failed`, as far as it may be shown; `claims` are those of
/// `decision_log.claims`.
pub(crate) fn shown_detail(decision: &Decision, claims: &[String]) -> Option<String> {
    entry::detail(decision, &Allowed::new(claims.to_vec()))
}

use crate::config::{DecisionLogConfig, DecisionLogTarget, WhenFull};

/// How long a log that is dropped may take to write what is queued.
const LAST_FLUSH: Duration = Duration::from_secs(1);

/// How long a log for which no decision waits may take to its end.
const END_OF_DROPPING: Duration = Duration::from_secs(5);

/// How often closing a log checks whether it was given up.
const LOOK: Duration = Duration::from_millis(50);

/// How long a log that is given up may take to count what is lost.
const LAST_COUNT: Duration = Duration::from_millis(250);

/// How long nothing can be written before it is a problem.
const PROBLEM: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecisionLogError {
    #[error("failed to open the decision log `{}`", path.display())]
    Open {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("failed to write the decision log to standard output")]
    Stdout(#[source] std::io::Error),
    #[error("failed to start the thread of the decision log")]
    Thread(#[source] std::io::Error),
}

/// A log that is being written, by a thread of its own.
///
/// Dropped or closed, it writes what is queued first, within bounds.
#[derive(Debug)]
pub struct DecisionLog {
    sender: SyncSender<Message>,
    shared: Arc<Shared>,
    /// Ends when the thread does.
    ended: Lock<Receiver<()>>,
    allowed: Allowed,
    allows: Share,
    when_full: WhenFull,
    /// Where it goes, for people.
    target: String,
}

/// What the writing thread shares with the threads that log.
#[derive(Debug, Default)]
struct Shared {
    /// Decisions that were put into the buffer.
    taken: AtomicU64,
    written: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
    closing: AtomicBool,
    /// Whether what is not written by now is lost.
    given_up: AtomicBool,
    /// The threads whose decision waits for the log.
    room: Room,
    trouble: Trouble,
    /// Whether there is something in `control`.
    ordered: AtomicBool,
    control: Lock<Control>,
}

/// Orders that may not be dropped when the buffer is full.
#[derive(Debug, Default)]
struct Control {
    releases: Vec<log::Release>,
    reopen: bool,
}

impl DecisionLog {
    /// Finds out whether the log could be opened, without making or opening a file. `made` is a folder
    /// that will be there by then.
    pub fn check(to: &DecisionLogTarget, made: &Path) -> Result<(), DecisionLogError> {
        Output::check(to, made)
    }

    /// Opens the log and starts its thread.
    pub fn start(options: DecisionLogConfig) -> Result<Self, DecisionLogError> {
        let output = Output::open(&options.to)?;
        Self::start_on(output, options)
    }

    fn start_on(output: Output, options: DecisionLogConfig) -> Result<Self, DecisionLogError> {
        let (sender, receiver) = sync_channel(options.buffer.max(1));
        let (alive, ended) = channel::<()>();
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        let when_full = options.when_full;
        let work = move || {
            writer::run(&receiver, output, &of_thread, when_full);
            drop(alive);
        };
        let named = std::thread::Builder::new().name("decision-log".to_owned());
        named.spawn(work).map_err(DecisionLogError::Thread)?;
        Ok(Self {
            sender,
            shared,
            ended: Lock::new(ended),
            allowed: Allowed::new(options.claims),
            allows: Share::new(options.allows),
            when_full,
            target: match &options.to {
                DecisionLogTarget::Stdout => "standard output".to_owned(),
                DecisionLogTarget::File(path) => format!("`{}`", path.display()),
            },
        })
    }

    /// Logs a decision, if it is one to be logged. Of the request, its facts and its time are.
    ///
    /// Waits only when the buffer is full and [`WhenFull::Block`] was chosen.
    pub fn record(&self, decided: &Decided, request: &Request<'_>) {
        let decision = &decided.decision;
        let admits = matches!(decision.outcome(), Outcome::Allow | Outcome::Ask);
        if admits && !self.allows.has(&decision.decision_id) {
            return;
        }
        let line = entry::decision(decided, request, &self.allowed);
        self.send(Message::Decision(Box::new(line)));
    }

    fn send(&self, message: Message) {
        let taken = !self.shared.closing.load(Ordering::Acquire)
            && match self.when_full {
                WhenFull::Drop => self.sender.try_send(message).is_ok(),
                WhenFull::Block => self.send_or_wait(message),
            };
        let count = if taken { &self.shared.taken } else { &self.shared.dropped };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits for room on a thread that blocks no other request: not one of the event loop.
    fn send_or_wait(&self, message: Message) -> bool {
        match self.sender.try_send(message) {
            Ok(()) => true,
            Err(TrySendError::Disconnected(_)) => false,
            Err(TrySendError::Full(message)) => {
                tokio::task::block_in_place(|| self.wait_and_send(message))
            }
        }
    }

    fn wait_and_send(&self, message: Message) -> bool {
        let mut waiting = Some(message);
        self.shared.room.wait(|| {
            if self.shared.given_up() {
                return Some(false);
            }
            match self.sender.try_send(waiting.take()?) {
                Ok(()) => Some(true),
                Err(TrySendError::Disconnected(_)) => Some(false),
                Err(TrySendError::Full(message)) => {
                    waiting = Some(message);
                    None
                }
            }
        })
    }

    /// Logs a release with its settings. To be called before it decides (as it is persisted), and at
    /// start; a line of it also starts every file that is opened later.
    ///
    /// Never waits, and is never dropped. `at` is in seconds since 1970.
    pub fn release(
        &self,
        gate: &str,
        generation: u64,
        release: &Release,
        kept_settings: &Map<String, Value>,
        verification: &Verification,
        at: u64,
    ) {
        let allowed = &self.allowed;
        let line =
            entry::release(gate, generation, release, kept_settings, verification, allowed, at);
        self.order(|control| control.releases.push(line));
    }

    /// Opens the file anew, after it was moved away. If that fails, the old one stays in use.
    pub fn reopen(&self) {
        self.order(|control| control.reopen = true);
    }

    fn order(&self, order: impl FnOnce(&mut Control)) {
        order(&mut self.shared.control.lock());
        self.shared.ordered.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        // With a full buffer the thread is awake, and without a thread there is nothing to do.
        let _ = self.sender.try_send(Message::Wake);
    }

    pub fn written(&self) -> u64 {
        self.shared.written.load(Ordering::Relaxed)
    }

    /// Decisions that were not logged because the buffer was full, or the log closed.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// Decisions lost because they could not be written.
    pub fn failed(&self) -> u64 {
        self.shared.failed.load(Ordering::Relaxed)
    }

    /// Decisions whose answer waits for room in the buffer.
    pub fn waiting(&self) -> usize {
        self.shared.room.waiting()
    }

    /// Why nothing is written although something waits, once that lasts; absent when all is well.
    pub fn problem(&self) -> Option<String> {
        let problem = self.shared.trouble.text(PROBLEM)?;
        Some(format!("{}: {problem}", self.target))
    }

    /// Why no decision should be asked for: answers wait for a log that is not written, or will.
    pub fn hangs(&self) -> Option<String> {
        let waiting = self.waiting();
        let hangs = waiting > 0 || self.shared.trouble.is_broken();
        if self.when_full == WhenFull::Drop || !hangs {
            return None;
        }
        let problem = self.problem()?;
        Some(format!("{waiting} decisions wait for the decision log; {problem}"))
    }

    /// Gives up what is not written, and wakes the requests that wait for it.
    pub fn give_up(&self) {
        self.shared.given_up.store(true, Ordering::Release);
        self.shared.room.closed();
    }

    /// Takes no more, and waits at most `within` for what is queued to be written (5 s where decisions
    /// are dropped when the buffer is full); then gives it up.
    /// Returns how many decisions are lost with that.
    pub fn close(&self, within: Duration) -> u64 {
        let within = match self.when_full {
            WhenFull::Block => within,
            WhenFull::Drop => within.min(END_OF_DROPPING),
        };
        let lost_before = self.dropped() + self.failed();
        self.shared.closing.store(true, Ordering::Release);
        self.wake();
        let ended = self.ended.lock();
        let (start, mut wait) = (Instant::now(), ended.recv_timeout(Duration::ZERO));
        while wait == Err(RecvTimeoutError::Timeout)
            && start.elapsed() < within
            && !self.shared.given_up()
        {
            wait = ended.recv_timeout(LOOK.min(within));
        }
        if wait == Err(RecvTimeoutError::Timeout) {
            self.give_up();
            // A thread that hangs in the machine does not come back: what it has is lost too.
            let _ = ended.recv_timeout(LAST_COUNT);
            let start = Instant::now();
            while self.waiting() > 0 && start.elapsed() < LAST_COUNT {
                std::thread::yield_now();
            }
        }
        let all = self.shared.taken.load(Ordering::Relaxed) + self.dropped();
        all.saturating_sub(self.written() + lost_before)
    }
}

impl Drop for DecisionLog {
    fn drop(&mut self) {
        let closed_before = self.shared.closing.load(Ordering::Acquire);
        if closed_before {
            return;
        }
        let lost = self.close(LAST_FLUSH);
        if lost > 0 {
            tracing::error!(lost, "the decision log was not written to its end");
        }
    }
}

impl Shared {
    fn given_up(&self) -> bool {
        self.given_up.load(Ordering::Acquire)
    }

    /// Counts as lost what is in the buffer and will not be written.
    fn lose_what_is_sent(&self, messages: &Receiver<Message>) {
        let is_decision = |message: &Message| matches!(message, Message::Decision(_));
        let lost = messages.try_iter().filter(is_decision).count();
        self.failed.fetch_add(lost as u64, Ordering::Relaxed);
    }

    /// What was ordered since the last call.
    fn take_orders(&self) -> Option<Control> {
        if !self.ordered.swap(false, Ordering::AcqRel) {
            return None;
        }
        Some(std::mem::take(&mut *self.control.lock()))
    }
}

#[cfg(test)]
mod tests;
