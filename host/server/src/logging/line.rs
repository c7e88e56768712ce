//! One event, one line, whatever its fields hold.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use admit::text::is_invisible;
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

/// The event with everything escaped, as JSON does it, that could end its line, steer a terminal, or
/// show it in another order.
fn one_line(event: &[u8]) -> Cow<'_, [u8]> {
    let (text, end) = match event.strip_suffix(b"\n") {
        Some(text) => (text, "\n"),
        None => (event, ""),
    };
    if text.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(event);
    }
    let mut line = String::with_capacity(event.len());
    for character in String::from_utf8_lossy(text).chars() {
        if !is_invisible(character) {
            line.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(line, "\\u{unit:04x}");
        }
    }
    line.push_str(end);
    Cow::Owned(line.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_characters_are_escaped() {
        for (event, line) in [
            ("plain\n", "plain\n"),
            ("no end", "no end"),
            ("", ""),
            ("\n", "\n"),
            ("a\nb\n", "a\\u000ab\n"),
            ("a\r\nb\n", "a\\u000d\\u000ab\n"),
            ("a\n\n", "a\\u000a\n"),
            ("\u{1b}[31m\n", "\\u001b[31m\n"),
            ("\u{7f}\u{85}\u{9b}\n", "\\u007f\\u0085\\u009b\n"),
            ("\u{2028}\u{2029}\n", "\\u2028\\u2029\n"),
            ("\u{202e}moc.elpmaxe\u{2066}\n", "\\u202emoc.elpmaxe\\u2066\n"),
            ("Größe, 大きさ, 🙂 …\n", "Größe, 大きさ, 🙂 …\n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&one_line(event.as_bytes())), line);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(&*one_line(b"a\xffb\n"), "a\u{fffd}b\n".as_bytes());
    }

    #[test]
    fn escaped_json_holds_the_same_value() {
        let value = serde_json::json!({"aud": "\u{202e}\u{7f}\u{9b}\n\u{2028}"});
        let line = one_line(value.to_string().as_bytes()).into_owned();
        assert!(line.is_ascii());
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&line).expect("JSON"), value);
    }
}
