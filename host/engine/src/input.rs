//! What may stand around an input and is no part of it: one rule per kind of input, on every way in.
//!
//! | kind | taken off |
//! |---|---|
//! | document: JSON, YAML, XML, the first line of a stream or log | one byte order mark at its beginning |
//! | token | one byte order mark at its beginning, then ASCII white space around it |
//! | base64 of a BinarySecurityToken | the same, and ASCII white space anywhere in it (RFC 2045 6.8) |
//!
//! What a token itself holds, its JOSE header and its payload, is none of these: it is read as it stands.

use std::borrow::Cow;

/// Put first in UTF-8 by some editors, and by PowerShell (RFC 8259 8.1 lets a reader ignore it).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The document without a byte order mark.
pub fn document(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
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

/// Whether it is text in UTF-16, by its byte order mark.
pub fn is_utf_16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_an_input_is_taken_off() {
        assert_eq!(document(b"\xef\xbb\xbf{}\n"), b"{}\n");
        assert_eq!(document(b"\xef\xbb\xbf\xef\xbb\xbf{}"), b"\xef\xbb\xbf{}");
        assert_eq!(token(b"\xef\xbb\xbf \ta.b.c\r\n\n"), b"a.b.c");
        assert_eq!(token(b"a. b.c"), b"a. b.c");
        assert_eq!(&*base64(b"\xef\xbb\xbf YQ\r\n\t==\n"), b"YQ==");
        assert!(matches!(base64(b" YQ== "), Cow::Borrowed(b"YQ==")));
        for other in [&b"\xc2\xa0a"[..], b"\0a", b"\xe2\x80\xa8a"] {
            assert_eq!(token(other), other);
        }
    }
}
