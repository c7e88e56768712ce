//! The thread that writes.

use std::io::{Error, ErrorKind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use admit_api::log::{self, Line};

use super::Shared;
use super::output::Output;
use super::sink::nobody_reads;
use super::trouble::{Kind, TAKES_NOTHING};
use crate::config::WhenFull;

/// How often a thread with nothing to do looks whether the file is still there.
const LOOK: Duration = Duration::from_secs(1);

/// The first and the longest wait before a sink that took nothing is tried again.
const WAITS: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(64)];

/// How long a sink may take nothing before the log says so.
const PATIENCE: Duration = Duration::from_secs(2);

/// The least time between two warnings about dropped decisions.
const SAY_DROPPED: Duration = Duration::from_secs(60);

/// What is sent to the thread.
#[derive(Debug)]
pub(super) enum Message {
    Decision(Box<log::Decision>),
    /// Something else has changed.
    Wake,
}

/// Writes messages until the log is closed. Flushes whenever none waits.
pub(super) fn run(
    messages: &Receiver<Message>,
    output: Output,
    shared: &Shared,
    when_full: WhenFull,
) {
    let mut writer = Writer {
        output,
        shared,
        when_full,
        wait: WAITS[0],
        said_trouble: false,
        said_dropped: (0, None),
    };
    loop {
        // Checked first: what was sent before the log was closed has arrived by now.
        let closing = shared.closing.load(Ordering::Acquire) && shared.room.waiting() == 0;
        let next = messages.try_recv();
        writer.obey();
        match next {
            Ok(message) => writer.take(message),
            Err(TryRecvError::Empty) if !closing => {
                writer.flush();
                match messages.recv_timeout(LOOK) {
                    Ok(message) => {
                        writer.obey();
                        writer.take(message);
                    }
                    Err(RecvTimeoutError::Timeout) => writer.look(),
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            Err(_) => break,
        }
        if shared.given_up() {
            break;
        }
    }
    if shared.given_up() {
        // A short line might still fit into a full pipe, after longer ones that are lost.
        writer.lose();
    } else {
        writer.flush();
    }
    shared.lose_what_is_sent(messages);
}

struct Writer<'a> {
    output: Output,
    shared: &'a Shared,
    when_full: WhenFull,
    /// How long to wait before the next try.
    wait: Duration,
    said_trouble: bool,
    said_dropped: (u64, Option<Instant>),
}

impl Writer<'_> {
    fn take(&mut self, message: Message) {
        self.shared.room.freed();
        if let Message::Decision(decision) = message {
            self.output.add(Line::Decision(decision));
        }
        if self.output.is_full() {
            self.flush();
        }
    }

    /// Carries out the orders given before the next message was sent.
    fn obey(&mut self) {
        let Some(control) = self.shared.take_orders() else {
            return;
        };
        if control.reopen
            && let Err(error) = self.output.open_again()
        {
            tracing::error!("failed to open the decision log again: {error}");
        }
        let lines = control.releases.into_iter().map(|release| Line::Release(Box::new(release)));
        lines.for_each(|line| self.output.add(line));
    }

    /// Writes all that waits, however long it takes. Gives it up when it cannot be written, unless
    /// decisions wait for it, and when the log is given up.
    fn flush(&mut self) {
        while !self.output.is_empty() {
            self.shared.trouble.begin();
            match self.output.push() {
                Ok(written) => {
                    self.shared.written.fetch_add(written, Ordering::Relaxed);
                    self.is_well();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A pipe into which no decision goes needs no reader; one that comes later
                // gets the releases first.
                Err(error) if nobody_reads(&error) && !self.output.has_decisions() => {
                    self.shared.trouble.came_back();
                    self.lose();
                }
                Err(error) => {
                    if !self.endures(&error) {
                        self.lose();
                    }
                }
            }
        }
        self.say_dropped();
    }

    fn lose(&mut self) {
        let lost = self.output.lose();
        self.shared.failed.fetch_add(lost, Ordering::Relaxed);
    }

    /// Whether to try again, after a wait.
    fn endures(&mut self, error: &Error) -> bool {
        let is_slow = error.kind() == ErrorKind::WouldBlock;
        match is_slow {
            true => self.note(Kind::Slow, || TAKES_NOTHING.to_owned()),
            false if nobody_reads(error) => {
                self.note(Kind::Broken, || "nobody reads the pipe".to_owned());
            }
            false => self.note(Kind::Broken, || error.to_string()),
        }
        // A reader of standard output that went away does not come back.
        let is_final = nobody_reads(error) && !self.output.has_name();
        if self.shared.given_up() || is_final || !is_slow && self.when_full == WhenFull::Drop {
            return false;
        }
        std::thread::park_timeout(self.wait);
        self.wait = (self.wait * 2).min(WAITS[1]);
        self.obey();
        self.say_dropped();
        true
    }

    /// Notes what keeps the log from being written, and says it once: what is slow only if it lasts.
    fn note(&mut self, kind: Kind, text: impl FnOnce() -> String) {
        let since = self.shared.trouble.note(kind, text);
        let lasts = kind == Kind::Broken || since.elapsed() >= PATIENCE;
        if lasts && !std::mem::replace(&mut self.said_trouble, true) {
            self.say_trouble();
        }
    }

    fn say_trouble(&self) {
        let problem = self.shared.trouble.text(Duration::ZERO).unwrap_or_default();
        match self.when_full {
            WhenFull::Block => tracing::error!(
                "the decision log cannot be written: {problem}; when its buffer is full, decisions wait"
            ),
            WhenFull::Drop => tracing::error!(
                "the decision log cannot be written: {problem}; decisions are answered without it"
            ),
        }
    }

    fn is_well(&mut self) {
        self.wait = WAITS[0];
        self.shared.trouble.end();
        if std::mem::take(&mut self.said_trouble) {
            tracing::info!("the decision log can be written again");
        }
    }

    /// Looks after the file while there is nothing to write.
    fn look(&mut self) {
        let was_open = self.output.is_open();
        match self.output.keep_up() {
            Ok(()) if was_open => {}
            Ok(()) => self.is_well(),
            // A pipe needs no reader while nothing is written into it.
            Err(error) if nobody_reads(&error) => {}
            Err(error) => self.note(Kind::Broken, || error.to_string()),
        }
        self.say_dropped();
    }

    fn say_dropped(&mut self) {
        let dropped = self.shared.dropped.load(Ordering::Relaxed);
        let (before, at) = self.said_dropped;
        if dropped > before && at.is_none_or(|at| at.elapsed() >= SAY_DROPPED) {
            tracing::warn!(
                dropped = dropped - before,
                "decisions were not logged: they came faster than the decision log takes them"
            );
            self.said_dropped = (dropped, Some(Instant::now()));
        }
    }
}
