//! What is no part of a document, and what is no text: the same for JSON, YAML and XML, wherever one is read.

/// Put first in UTF-8 by some editors, and by PowerShell (RFC 8259 8.1 lets a reader ignore it).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why bytes are no text of a document. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum NotText {
    /// UTF-16, as some editors and PowerShell write it.
    #[error("text in UTF-16; expected UTF-8")]
    Utf16,
    /// Not UTF-8.
    #[error("not UTF-8 text")]
    NotUtf8 {
        /// The line of the first byte that is none.
        line: u64,
        column: u64,
    },
    /// A byte order mark after the one that is taken off.
    #[error("another byte order mark (U+FEFF); expected one at most, at the very beginning")]
    AnotherMark { line: u64 },
}

impl NotText {
    /// Line and column; absent where all of the text is meant.
    pub fn place(&self) -> Option<(u64, u64)> {
        match *self {
            Self::Utf16 => None,
            Self::NotUtf8 { line, column } => Some((line, column)),
            Self::AnotherMark { line } => Some((line, 1)),
        }
    }
}

/// The document without a byte order mark: one, at its very beginning.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

/// The text of a document, without a byte order mark.
///
/// # Errors
///
/// [`NotText`]; also for marks that a reader of YAML or XML would take off after the first one.
pub fn text(bytes: &[u8]) -> Result<&str, NotText> {
    if is_utf_16(bytes) {
        return Err(NotText::Utf16);
    }
    let bytes = without_mark(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let before = String::from_utf8_lossy(before);
        let last = before.rsplit('\n').next().unwrap_or_default();
        NotText::NotUtf8 { line: line_after(&before), column: last.chars().count() as u64 + 1 }
    })?;
    match text.match_indices('\u{feff}').find(|(at, _)| is_line_start(text, *at)) {
        None => Ok(text),
        Some((at, _)) => {
            let line = line_after(text.get(..at).unwrap_or_default());
            Err(NotText::AnotherMark { line })
        }
    }
}

/// Whether it is text in UTF-16: by its byte order mark, or by the zero in each character of ordinary text.
pub fn is_utf_16(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] => *a != 0 && *b != 0,
        _ => false,
    }
}

fn line_after(text: &str) -> u64 {
    1 + text.bytes().filter(|byte| *byte == b'\n').count() as u64
}

fn is_line_start(text: &str, at: usize) -> bool {
    text.get(..at).is_none_or(|before| before.is_empty() || before.ends_with(['\n', '\r']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mark_at_the_very_beginning_is_taken_off() {
        assert_eq!(without_mark(b"\xef\xbb\xbf{}\n"), b"{}\n");
        assert_eq!(without_mark(b"\xef\xbb\xbf\xef\xbb\xbf{}"), b"\xef\xbb\xbf{}");
        for good in ["", "a: 1\n", "a: \u{feff}1\n", "a: 1 # \u{feff}\n"] {
            assert_eq!(text(good.as_bytes()), Ok(good));
            assert_eq!(text(format!("\u{feff}{good}").as_bytes()), Ok(good));
        }
    }

    #[test]
    fn what_is_no_text_has_a_place() {
        for (bytes, expected) in [
            (&b"\xef\xbb\xbf\xef\xbb\xbfa: 1"[..], NotText::AnotherMark { line: 1 }),
            (b"a: 1\n# b\n\xef\xbb\xbfc: 2", NotText::AnotherMark { line: 3 }),
            (b"a: 1\r\xef\xbb\xbfc: 2", NotText::AnotherMark { line: 1 }),
            (b"\xff\xfea\0", NotText::Utf16),
            (b"\xfe\xff\0a", NotText::Utf16),
            (b"a\0:\0", NotText::Utf16),
            (b"\0a\0:", NotText::Utf16),
            (b"\xef\xbb\xbfa: 1\n# \xe9t\xe9", NotText::NotUtf8 { line: 2, column: 3 }),
        ] {
            assert_eq!(text(bytes), Err(expected), "{bytes:?}");
        }
        for text in [&b"\0\0\0\0{}"[..], b"a\0", b"\0a", b"\0{\"a\":1}"] {
            assert!(!is_utf_16(text), "{text:?}");
        }
    }
}
