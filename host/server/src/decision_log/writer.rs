//! The thread that writes.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError};

use super::Shared;
use super::entry::Entry;
use super::output::{Flushed, Output};

/// What is sent to the thread.
#[derive(Debug)]
pub(super) enum Message {
    /// A decision to write.
    Decision(Box<Entry>),
    /// Something else has changed.
    Wake,
}

/// Writes what comes until the log is closed. Flushes whenever nothing waits.
pub(super) fn run(messages: &Receiver<Message>, mut output: Output, shared: &Shared) {
    loop {
        // Looked at first: what was sent before the log was closed is there by now.
        let closing = shared.closing.load(Ordering::Acquire);
        let next = messages.try_recv();
        obey(&mut output, shared);
        match next {
            Ok(message) => take(message, &mut output, shared),
            Err(TryRecvError::Empty) if !closing => {
                shared.count(output.flush());
                let Ok(message) = messages.recv() else {
                    break;
                };
                obey(&mut output, shared);
                take(message, &mut output, shared);
            }
            Err(_) => break,
        }
    }
    shared.count(output.flush());
}

fn take(message: Message, output: &mut Output, shared: &Shared) {
    if let Message::Decision(entry) = message {
        shared.count(output.decision(&*entry));
    }
}

/// Does what was ordered before the next message was sent.
fn obey(output: &mut Output, shared: &Shared) {
    let Some(control) = shared.take_orders() else {
        return;
    };
    if control.reopen {
        shared.count(output.reopen());
    }
    for release in control.releases {
        shared.count(output.release(release));
    }
}

impl Shared {
    fn count(&self, flushed: Flushed) {
        self.written.fetch_add(flushed.written, Ordering::Relaxed);
        self.failed.fetch_add(flushed.failed, Ordering::Relaxed);
    }
}
