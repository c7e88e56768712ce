//! A log that tests read.

use std::io;
use std::sync::Arc;

use tracing_subscriber::fmt::MakeWriter;

use admit::lock::Lock;

/// Keeps what is written; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Captured(Arc<Lock<Vec<u8>>>);

impl Captured {
    /// The lines so far; panics unless each is ended.
    pub(crate) fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().clone();
        let text = String::from_utf8(bytes).expect("lines of text");
        assert!(text.is_empty() || text.ends_with('\n'), "cut: {text}");
        text.split_terminator('\n').map(str::to_owned).collect()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
