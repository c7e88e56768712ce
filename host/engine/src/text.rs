//! Received text, made safe to show.

use std::fmt;

/// Most characters of a received value that a message shows.
const MAX_SHOWN_CHARS: usize = 64;

/// Most characters of a value that an administrator has to compare or copy: an issuer, an audience.
const MAX_COPIED_CHARS: usize = 256;

/// Most characters of a name that is no claim, setting or fact by mistake.
const MAX_NAME_CHARS: usize = 40;

/// A received value, escaped and cut to 64 characters, for messages and logs.
///
/// Control and invisible characters, back quotes and backslashes are written as escapes, so that a
/// value cannot leave its quotes, its line or its terminal. A cut value ends with `…`.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown(String);

impl Shown {
    /// Prepares `received` for a message.
    pub fn new(received: &str) -> Self {
        Self::cut(received, MAX_SHOWN_CHARS)
    }

    /// As [`Shown::new`], cut to 256 characters: for values that have to be copied.
    pub fn whole(received: &str) -> Self {
        Self::cut(received, MAX_COPIED_CHARS)
    }

    /// As [`Shown::new`] for a name; of one longer than 40 characters only the length, since it may
    /// be a token in the wrong place.
    pub fn name(received: &str) -> Self {
        match received.chars().count() {
            0..=MAX_NAME_CHARS => Self::new(received),
            length => Self(format!("{length} characters")),
        }
    }

    fn cut(received: &str, max_chars: usize) -> Self {
        let mut text = String::with_capacity(received.len().min(max_chars));
        let mut chars = 0;
        for character in received.chars() {
            let escaped = escape(character);
            let length = escaped.chars().count();
            if chars + length > max_chars {
                text.push('…');
                break;
            }
            text.push_str(&escaped);
            chars += length;
        }
        Self(text)
    }

    /// The escaped and cut text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", self.0)
    }
}

fn escape(character: char) -> String {
    match character {
        '"' | '\'' => character.to_string(),
        '`' => "\\u{60}".to_owned(),
        _ => character.escape_debug().to_string(),
    }
}

/// A character that neither controls a terminal, nor ends a line, nor turns the text around it.
///
/// Those that only join or separate letters are plain: some languages write with them.
pub(crate) fn is_plain(c: char) -> bool {
    !c.is_control() && !turns_direction(c) && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// Characters that make text read otherwise than it stands (Unicode UAX #9).
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_shown_as_it_is() {
        for text in ["", "RS256", "it's \"quoted\"", "größe", "https://sts.windows.net/x/"] {
            assert_eq!(Shown::new(text).as_str(), text);
        }
    }

    #[test]
    fn what_could_leave_the_quotes_or_the_line_is_escaped() {
        for (text, shown) in [
            ("a`b", "a\\u{60}b"),
            ("a\r\nb", "a\\r\\nb"),
            ("\u{1b}[31m", "\\u{1b}[31m"),
            ("\u{202e}abc", "\\u{202e}abc"),
            ("a\0b", "a\\0b"),
            ("\\n", "\\\\n"),
        ] {
            assert_eq!(Shown::new(text).as_str(), shown);
        }
    }

    #[test]
    fn long_text_is_cut() {
        let shown = Shown::new(&"x".repeat(100_000));
        assert_eq!(shown.as_str(), format!("{}…", "x".repeat(64)));
        let escaped = Shown::new(&"\0".repeat(100));
        assert!(escaped.as_str().chars().count() <= 65);
    }
}
