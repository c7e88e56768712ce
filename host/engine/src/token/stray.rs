//! What a token picks up where it is copied from, and what happens to it on the way.

use crate::input;
use crate::text::unseen;

/// Text around or inside a token that is not part of it. Reveals nothing of the token itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum Stray {
    /// UTF-16, as some editors and PowerShell write it.
    #[error("is text in UTF-16; expected ASCII: save it as UTF-8 or ASCII")]
    Utf16,
    /// `Authorization:` or `Bearer`, as the header of a request has them.
    #[error(
        "begins with the word {word}, as in the header of a request; expected what follows it alone: leave \
         the word out"
    )]
    Header {
        /// Which of them, without its colon.
        word: &'static str,
    },
    /// A JSON object or array, such as the whole answer of the token endpoint.
    #[error(
        "looks like JSON; expected the token alone: in an answer of the token endpoint it is the value of \
         access_token"
    )]
    Json,
    /// XML or HTML.
    #[error(
        "looks like XML or HTML; expected the token alone: a SOAP envelope has the format soap"
    )]
    Xml,
    /// Quotation marks around the token or in it.
    #[error(
        "has a quotation mark; expected the token without it: leave out what encloses the token"
    )]
    Quote,
    /// A line break inside: a real one, or `\n` of a text that was copied with its escapes.
    #[error(
        "is broken into lines; expected it in one line: join them without anything between them"
    )]
    LineBreak,
    /// A character that does not show.
    #[error("has {name}, which does not show; expected it without: leave the character out")]
    Unseen { name: String },
    /// A space or tab inside.
    #[error("has white space in it; expected none: leave it out, or send what is the token alone")]
    Space,
    /// `…` or `...`: the end of what was shown, not of the token.
    #[error("has an ellipsis, as where a text was cut; expected the whole token: copy all of it")]
    Cut,
}

impl Stray {
    /// What surrounds a token or is inside it, if it is a known mistake of copying.
    pub(super) fn find(token: &[u8]) -> Option<Self> {
        if input::is_utf_16(token) {
            return Some(Self::Utf16);
        }
        let text = std::str::from_utf8(token).ok()?.trim_ascii();
        if let Some(word) = header_word(text) {
            return Some(Self::Header { word });
        }
        match text.chars().next()? {
            '{' | '[' => Some(Self::Json),
            '<' => Some(Self::Xml),
            // Full stops alone are the framing's.
            c if c != '.' && text.contains("...") => Some(Self::Cut),
            _ if ["\\n", "\\r"].iter().any(|end| text.contains(end)) => Some(Self::LineBreak),
            _ => text.chars().find_map(Self::of),
        }
    }

    fn of(c: char) -> Option<Self> {
        match c {
            '"' | '\'' | '`' | '«' | '»' | '‘'..='‟' | '‹' | '›' => Some(Self::Quote),
            '\n' | '\r' => Some(Self::LineBreak),
            '…' => Some(Self::Cut),
            ' ' | '\t' => Some(Self::Space),
            _ => unseen(c).map(|name| Self::Unseen { name }),
        }
    }
}

/// The word of a header that a text begins with, in whatever letter case.
fn header_word(text: &str) -> Option<&'static str> {
    let begins_with = |word: &&str| {
        let (start, rest) = text.split_at_checked(word.len())?;
        let is_word = !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "-_.".contains(c));
        (start.eq_ignore_ascii_case(word) && is_word).then_some(())
    };
    ["Bearer", "Authorization"].into_iter().find(|word| begins_with(word).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(token: &str) -> Option<String> {
        Stray::find(token.as_bytes()).map(|stray| stray.to_string())
    }

    #[test]
    fn what_stands_with_a_token_is_named_and_the_token_is_not() {
        for (text, name) in [
            ("Bearer eyJh.eyJi.c", "the word Bearer"),
            ("bearer\teyJh.eyJi.c", "the word Bearer"),
            ("BEARER: eyJh.eyJi.c", "the word Bearer"),
            ("Bearer%20eyJh.eyJi.c", "the word Bearer"),
            ("Bearer", "the word Bearer"),
            ("Authorization: Bearer eyJh.eyJi.c", "the word Authorization"),
            ("\"eyJh.eyJi.c\"", "a quotation mark"),
            ("'eyJh.eyJi.c", "a quotation mark"),
            ("eyJh.eyJi.c`", "a quotation mark"),
            ("“eyJh.eyJi.c”", "a quotation mark"),
            ("\\\"eyJh.eyJi.c\\\"", "a quotation mark"),
            ("eyJh.\neyJi.c", "broken into lines"),
            ("eyJh.ey\r\nJi.c", "broken into lines"),
            ("eyJh.eyJi.c\\n", "broken into lines"),
            ("eyJh. eyJi.c", "white space"),
            ("eyJh.\teyJi.c", "white space"),
            ("\u{a0}eyJh.eyJi.c", "U+00A0 (a no-break space), which does not show"),
            ("eyJh.eyJi.c\u{200b}", "U+200B (a zero width space), which does not show"),
            ("eyJh.ey\u{ad}Ji.c", "U+00AD (a soft hyphen), which does not show"),
            ("eyJh.eyJi.c\u{feff}", "U+FEFF (a byte order mark), which does not show"),
            ("eyJh.eyJi.c\0", "U+0000 (NUL), which does not show"),
            ("eyJh.eyJi.\u{202e}c", "U+202E, which does not show"),
            ("eyJh.eyJi…", "an ellipsis"),
            ("eyJh.eyJi...", "an ellipsis"),
            ("{\"access_token\": \"eyJh.eyJi.c\"}", "looks like JSON"),
            ("<s:Envelope>", "looks like XML"),
        ] {
            let found = found(text).unwrap_or_default();
            assert!(found.contains(name), "{text:?}: {found}");
            assert!(!found.contains("eyJ") && !found.contains('`'), "{text:?}: {found}");
        }
        let wide: Vec<_> = "eyJh.eyJi.c".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(Stray::find(&wide), Some(Stray::Utf16));
    }

    #[test]
    fn what_shows_and_is_not_known_to_happen_is_left_to_the_framing() {
        for text in ["", "a.b.c", "BearerZ.b.c", "Bearer-x.b.c", "Zg==.b.c", "a+b/.b.c", "ä.b.c"] {
            assert_eq!(found(text), None, "{text:?}");
        }
        assert_eq!(Stray::find(b"\xff.b.c"), None);
    }
}
