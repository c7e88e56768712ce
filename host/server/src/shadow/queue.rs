//! A bounded queue and the thread that works through it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// What waits, bounded in number and size, and the thread that takes it.
#[derive(Debug)]
pub(super) struct Queue<T> {
    /// Absent once the queue is being dropped.
    sender: Option<SyncSender<(T, usize)>>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    is_ending: AtomicBool,
    max_bytes: usize,
    bytes: AtomicUsize,
    skipped: AtomicU64,
}

impl Shared {
    fn reserve(&self, bytes: usize) -> bool {
        let more = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.max_bytes);
        self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn free(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl<T: Send + 'static> Queue<T> {
    /// Starts the thread, which does `work` on one entry after the other.
    pub(super) fn start(
        max_entries: usize,
        max_bytes: usize,
        work: impl FnMut(T) + Send + 'static,
    ) -> io::Result<Self> {
        let (is_ending, bytes, skipped) = Default::default();
        let shared = Arc::new(Shared { is_ending, max_bytes, bytes, skipped });
        // With no place at all, an entry would be taken only while the thread happens to wait.
        let (sender, receiver) = sync_channel(max_entries.max(1));
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("shadow".to_owned())
            .spawn(move || run(&receiver, &of_thread, work))?;
        Ok(Self { sender: Some(sender), thread: Some(thread), shared })
    }

    /// Adds an entry of this size, or counts it as skipped when it does not fit. Never waits.
    pub(super) fn push(&self, entry: T, bytes: usize) {
        if !self.shared.reserve(bytes) {
            self.skip();
            return;
        }
        let sent =
            self.sender.as_ref().is_some_and(|sender| sender.try_send((entry, bytes)).is_ok());
        if !sent {
            self.shared.free(bytes);
            self.skip();
        }
    }

    fn skip(&self) {
        self.shared.skipped.fetch_add(1, Ordering::Relaxed);
    }

    /// Entries that did not fit.
    pub(super) fn skipped(&self) -> u64 {
        self.shared.skipped.load(Ordering::Relaxed)
    }
}

fn run<T>(receiver: &Receiver<(T, usize)>, shared: &Shared, mut work: impl FnMut(T)) {
    for (entry, bytes) in receiver {
        if shared.is_ending.load(Ordering::Relaxed) {
            return;
        }
        work(entry);
        shared.free(bytes);
    }
}

impl<T> Drop for Queue<T> {
    fn drop(&mut self) {
        self.shared.is_ending.store(true, Ordering::Relaxed);
        drop(self.sender.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended too.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::super::tests::wait_until;
    use super::*;

    /// A queue whose thread says what it takes up, then waits to be let on.
    fn halting(
        max_entries: usize,
        max_bytes: usize,
    ) -> (Queue<&'static str>, Receiver<&'static str>, std::sync::mpsc::Sender<()>) {
        let (taken, takes) = channel();
        let (go, goes) = channel();
        let work = move |entry| {
            // When the test is over, the receiver is gone and everything passes.
            let _ = taken.send(entry);
            let _ = goes.recv();
        };
        (Queue::start(max_entries, max_bytes, work).expect("a thread"), takes, go)
    }

    #[test]
    fn entries_are_worked_off_in_order() {
        let (queue, takes, go) = halting(10, 10);
        for entry in ["a", "b", "c"] {
            queue.push(entry, 1);
        }
        for entry in ["a", "b", "c"] {
            assert_eq!(takes.recv(), Ok(entry));
            go.send(()).expect("a thread");
        }
        assert_eq!(queue.skipped(), 0);
    }

    #[test]
    fn too_many_are_skipped_without_waiting() {
        let (queue, takes, go) = halting(2, 100);
        queue.push("under way", 1);
        assert_eq!(takes.recv(), Ok("under way"));
        for entry in ["a", "b", "skipped", "skipped"] {
            queue.push(entry, 1);
        }
        assert_eq!(queue.skipped(), 2);
        for entry in ["a", "b"] {
            go.send(()).expect("a thread");
            assert_eq!(takes.recv(), Ok(entry));
        }
        queue.push("c", 1);
        go.send(()).expect("a thread");
        assert_eq!(takes.recv(), Ok("c"));
        drop(go);
        assert_eq!(queue.skipped(), 2);
    }

    #[test]
    fn too_much_is_skipped_and_what_is_done_makes_room() {
        let (queue, takes, go) = halting(100, 10);
        queue.push("skipped", 11);
        queue.push("skipped", usize::MAX);
        queue.push("a", 6);
        assert_eq!(takes.recv(), Ok("a"));
        queue.push("skipped", 5);
        queue.push("b", 4);
        assert_eq!(queue.skipped(), 3);
        go.send(()).expect("a thread");
        assert_eq!(takes.recv(), Ok("b"));
        queue.push("c", 6);
        go.send(()).expect("a thread");
        assert_eq!(takes.recv(), Ok("c"));
        drop(go);
        assert_eq!(queue.skipped(), 3);
    }

    #[test]
    fn entries_that_are_skipped_take_no_room() {
        let (queue, takes, go) = halting(1, 10);
        queue.push("under way", 1);
        assert_eq!(takes.recv(), Ok("under way"));
        queue.push("a", 1);
        queue.push("skipped", 8);
        go.send(()).expect("a thread");
        assert_eq!(takes.recv(), Ok("a"));
        queue.push("b", 8);
        assert_eq!(queue.skipped(), 1);
        drop(go);
        assert_eq!(takes.recv(), Ok("b"));
    }

    #[test]
    fn dropping_discards_what_waits_and_ends_the_thread() {
        let (queue, takes, go) = halting(10, 10);
        queue.push("under way", 1);
        assert_eq!(takes.recv(), Ok("under way"));
        queue.push("discarded", 1);
        let shared = Arc::clone(&queue.shared);
        let ends = thread::spawn(move || drop(queue));
        wait_until(|| shared.is_ending.load(Ordering::Relaxed));
        go.send(()).expect("a thread");
        ends.join().expect("no panic");
        assert!(takes.recv().is_err(), "the thread is gone, and took nothing more");
        assert_eq!(Arc::strong_count(&shared), 1);
    }

    #[test]
    fn work_that_panics_ends_the_thread_and_all_else_is_skipped() {
        let queue = Queue::start(10, 10, |()| panic!("as the test wants it")).expect("a thread");
        queue.push((), 1);
        wait_until(|| queue.thread.as_ref().is_some_and(JoinHandle::is_finished));
        queue.push((), 1);
        assert_eq!(queue.skipped(), 1);
    }
}
