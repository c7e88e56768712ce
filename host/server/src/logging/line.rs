//! One event, one line, whatever its fields hold.

use std::borrow::Cow;
use std::io;

use admit::text::log_line;
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

/// Writers that keep each event on its line.
#[derive(Debug)]
pub(super) struct Lines<M>(M);

impl<M> Lines<M> {
    pub(super) fn new(to: M) -> Self {
        Self(to)
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Lines<M> {
    type Writer = Line<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(self.0.make_writer())
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        Line(self.0.make_writer_for(meta))
    }
}

/// Writes one event, which comes whole, in one call.
pub(super) struct Line<W>(W);

impl<W: io::Write> io::Write for Line<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.write_all(event).map(|()| event.len())
    }

    fn write_all(&mut self, event: &[u8]) -> io::Result<()> {
        self.0.write_all(&one_line(event))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The event, with whatever could end its line, steer a terminal, or show it in another order escaped.
fn one_line(event: &[u8]) -> Cow<'_, [u8]> {
    let text = event.strip_suffix(b"\n");
    let text = String::from_utf8_lossy(text.unwrap_or(event));
    match log_line(&text) {
        Cow::Borrowed(_) if matches!(text, Cow::Borrowed(_)) => Cow::Borrowed(event),
        line => {
            let mut line = line.into_owned().into_bytes();
            line.extend(event.ends_with(b"\n").then_some(b'\n'));
            Cow::Owned(line)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_keeps_its_own_end_alone() {
        for (event, line) in [
            ("plain\n", "plain\n"),
            ("no end", "no end"),
            ("", ""),
            ("\n", "\n"),
            ("a\nb\n", "a\\u000ab\n"),
            ("a\n\n", "a\\u000a\n"),
            ("Größe\n", "Größe\n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&one_line(event.as_bytes())), line);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(&*one_line(b"a\xffb\n"), "a\u{fffd}b\n".as_bytes());
    }
}
