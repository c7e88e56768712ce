//! One text for all scrapes that ask at the same time.
//!
//! Any client may ask for the metrics, on many connections and many times on each. Writing the text takes
//! about as long as ten decisions, so all requests that wait when a text is begun share it. No request gets
//! a text that was begun before it came.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Bytes;
use tokio::sync::Mutex;

/// The text written last. A scrape that waits for the lock waits for the next text.
#[derive(Debug, Default)]
pub(super) struct Scrapes {
    begun: AtomicU64,
    last: Mutex<Scrape>,
}

/// A text, and which one it is, counted from 1.
#[derive(Debug, Default)]
struct Scrape {
    number: u64,
    text: Bytes,
}

impl Scrapes {
    /// A text that was begun after this was called, written by `write` or for another scrape.
    pub(super) async fn text(&self, write: impl FnOnce() -> String) -> Bytes {
        let begun_before = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if last.number <= begun_before {
            let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            *last = Scrape { number, text: write().into() };
        }
        last.text.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_who_waits_gets_the_text_that_is_begun_next() {
        let scrapes = Scrapes::default();
        let written = AtomicU64::new(0);
        let write = || (written.fetch_add(1, Ordering::SeqCst) + 1).to_string();
        let held = scrapes.last.lock().await;
        let waiting = std::iter::repeat_with(|| scrapes.text(write)).take(450);
        let mut waiting: Vec<_> =
            waiting.map(|one| Box::pin(tokio::task::unconstrained(one))).collect();
        for one in &mut waiting {
            assert!(poll(one.as_mut()).is_none());
        }
        drop(held);
        for one in waiting {
            assert_eq!(one.await, "1");
        }
        assert_eq!(scrapes.text(write).await, "2", "what was asked for later is written later");
        assert_eq!(written.load(Ordering::SeqCst), 2);
    }

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.poll(&mut context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }
}
