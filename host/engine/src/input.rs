//! What may surround an input without being part of it: one rule per kind of input, on every way in.
//!
//! | kind | taken off |
//! |---|---|
//! | document: JSON, YAML, XML, a stream or log of lines | one byte order mark at its beginning |
//! | line of a stream or log | the white space of JSON around it |
//! | token | one byte order mark at its beginning, then ASCII white space around it |
//! | base64 of a BinarySecurityToken | the same, and ASCII white space anywhere in it (RFC 2045 6.8) |
//!
//! What a token itself holds, its JOSE header and its payload, is none of these: it is read as it stands.
//!
//! The reader of an input takes this off, once; the code that opens a file or a body hands on what came.

use std::borrow::Cow;

pub use admit_cases::document::{NotText, is_utf_16, text, without_mark as document};

/// The line without the white space around it.
pub fn line(bytes: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let start = bytes.iter().position(|byte| !is_space(byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last + 1);
    bytes.get(start..end).unwrap_or_default()
}

/// The token without a byte order mark, and without the white space around it.
pub fn token(bytes: &[u8]) -> &[u8] {
    document(bytes).trim_ascii()
}

/// Base64 without the white space that breaks it into lines.
pub fn base64(bytes: &[u8]) -> Cow<'_, [u8]> {
    let bytes = token(bytes);
    match bytes.iter().any(u8::is_ascii_whitespace) {
        false => Cow::Borrowed(bytes),
        true => bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_an_input_is_taken_off() {
        assert_eq!(document(b"\xef\xbb\xbf\xef\xbb\xbf{}"), b"\xef\xbb\xbf{}");
        assert_eq!(line(b" \t{\"a\": 1} \r\n"), b"{\"a\": 1}");
        assert_eq!(line(b"\x0c{}\x0b\n"), b"\x0c{}\x0b");
        assert_eq!(line(b" \r\n"), b"");
        assert_eq!(token(b"\xef\xbb\xbf \ta.b.c\r\n\n"), b"a.b.c");
        assert_eq!(token(b"a. b.c"), b"a. b.c");
        assert_eq!(&*base64(b"\xef\xbb\xbf YQ\r\n\t==\n"), b"YQ==");
        assert!(matches!(base64(b" YQ== "), Cow::Borrowed(b"YQ==")));
        for other in [&b"\xc2\xa0a"[..], b"\0a", b"\xe2\x80\xa8a"] {
            assert_eq!(token(other), other);
        }
    }
}
