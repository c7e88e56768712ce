//! Received text, made safe to show: in a message, at a terminal, in JSON, in a line of a log, in a URL.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

pub use admit_rules::identity::is_invisible;

/// Most characters of a received value that a message shows.
const MAX_SHOWN_CHARS: usize = 64;

/// Most characters of a value that an administrator has to compare or copy: an issuer, an audience.
const MAX_COPIED_CHARS: usize = 256;

/// Most characters of a name that is no claim, setting or fact by mistake.
const MAX_NAME_CHARS: usize = 40;

/// Most characters of what a library says of an error.
const MAX_ERROR_CHARS: usize = 300;

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

    /// As [`Shown::new`] for a value that should be `expected`: where the first difference would be cut
    /// off, it begins with `…` shortly before that.
    pub fn against(received: &str, expected: &str) -> Self {
        Self::near_difference(received, expected, MAX_SHOWN_CHARS)
    }

    /// As [`Shown::against`], cut to 256 characters.
    pub fn whole_against(received: &str, expected: &str) -> Self {
        Self::near_difference(received, expected, MAX_COPIED_CHARS)
    }

    fn near_difference(received: &str, expected: &str, max_chars: usize) -> Self {
        let equal = received.chars().zip(expected.chars()).take_while(|(a, b)| a == b).count();
        let before = max_chars / 4;
        if received.chars().count() <= max_chars || equal < max_chars - before {
            return Self::cut(received, max_chars);
        }
        let rest: String = received.chars().skip(equal - before).collect();
        Self(format!("…{}", Self::cut(&rest, max_chars)))
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

/// JSON text that shows every character it holds: control characters, and those that turn, hide or
/// join text, are written as escapes (RFC 8259 7). The value stays the same.
///
/// Line ends between members stay; inside a string JSON writes them as escapes anyway.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    escape_as_json(json, |c| !matches!(c, '\n' | '\r' | '\t') && is_invisible(c))
}

/// A line of a log, as [`visible_json`], but with the ends of lines escaped too: it stays one line, and
/// means the same where it is JSON.
pub fn log_line(text: &str) -> Cow<'_, str> {
    escape_as_json(text, is_invisible)
}

/// JSON text of one line in printable ASCII alone; the value stays the same.
pub fn ascii_json(json: &str) -> Cow<'_, str> {
    escape_as_json(json, |_| true)
}

/// What is no printable ASCII and `hides` is written as JSON escapes it.
fn escape_as_json(text: &str, hides: impl Fn(char) -> bool) -> Cow<'_, str> {
    let hides = |c: char| !matches!(c, ' '..='~') && hides(c);
    if is_printable_ascii(text) || !text.contains(hides) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if !hides(c) {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    Cow::Owned(escaped)
}

/// The common case, decided without looking at characters.
fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Text for people in which every character shows, but for the ends of its lines: what a terminal would
/// hide, act on, turn or draw as nothing is written as an escape.
pub fn visible_lines(text: &str) -> String {
    escape_where(text, |c| c != '\n' && (is_invisible(c) || is_blank(c)))
}

/// As [`visible_lines`], in one line.
pub fn visible_line(text: &str) -> String {
    escape_where(text, |c| is_invisible(c) || is_blank(c))
}

fn escape_where(text: &str, hides: impl Fn(char) -> bool) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            _ if !hides(c) => visible.push(c),
            '\0' => visible.push_str("\\0"),
            _ => visible.extend(c.escape_default()),
        }
    }
    visible
}

/// What a library says of an error, in one line of at most 300 characters.
pub fn error_line(text: &str) -> String {
    let spaced = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    spaced.take(MAX_ERROR_CHARS).collect()
}

/// Text as a part of a URL: everything but unreserved characters as `%XX` (RFC 3986 2.1).
pub fn url_part(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// A character that is drawn as nothing, or as whatever a font likes: fillers, variation selectors, private
/// use. It neither steers nor turns text, so in JSON it stays as it is.
pub fn is_blank(c: char) -> bool {
    matches!(c,
        '\u{34f}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{e000}'..='\u{f8ff}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{ffa0}'
        | '\u{e0080}'..='\u{10ffff}')
}

/// The code point of a character that does not show, with its name where people know it by one; absent
/// for one that shows, and for a space.
pub fn unseen(c: char) -> Option<String> {
    let name = match c {
        '\0' => " (NUL)",
        '\r' => " (a carriage return)",
        '\u{a0}' => " (a no-break space)",
        '\u{ad}' => " (a soft hyphen)",
        '\u{200b}' => " (a zero width space)",
        '\u{feff}' => " (a byte order mark)",
        _ => "",
    };
    let is_unseen = is_invisible(c) || c.is_whitespace() && c != ' ';
    is_unseen.then(|| format!("U+{:04X}{name}", u32::from(c)))
}

/// A character that neither controls a terminal, nor ends a line, nor turns the text around it.
///
/// Those that only join or separate letters are plain: some languages write with them.
pub fn is_plain(c: char) -> bool {
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
    fn json_shows_every_character_and_keeps_its_value() {
        let hidden = "\u{0}\u{1b}\r\n\t\u{7f}\u{80}\u{85}\u{9b}\u{ad}\u{61c}\u{200b}\u{200e}\u{200f}\u{2028}\
                      \u{2029}\u{202a}\u{202e}\u{2066}\u{2069}\u{feff}\u{e0001}";
        let value = serde_json::json!({"a\u{202e}b": [hidden, "Größe 漢 😀 \"x\" \\"]});
        for json in [value.to_string(), format!("{value:#}")] {
            let text = visible_json(&json);
            assert!(!text.contains(|c| c != '\n' && is_invisible(c)), "{text}");
            assert!(text.contains("Größe 漢 😀"), "{text}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        }
        for plain in ["", "{}", r#"{"a":"\u001b"}"#, r#"{"ä":1}"#] {
            assert!(matches!(visible_json(plain), Cow::Borrowed(text) if text == plain));
        }
    }

    #[test]
    fn a_line_of_a_log_stays_one() {
        for (event, line) in [
            ("plain", "plain"),
            ("", ""),
            ("a\nb", "a\\u000ab"),
            ("a\r\nb", "a\\u000d\\u000ab"),
            ("\u{1b}[31m", "\\u001b[31m"),
            ("\u{7f}\u{85}\u{9b}", "\\u007f\\u0085\\u009b"),
            ("\u{2028}\u{2029}", "\\u2028\\u2029"),
            ("\u{202e}moc.elpmaxe\u{2066}", "\\u202emoc.elpmaxe\\u2066"),
            ("Größe, 大きさ, 🙂 …", "Größe, 大きさ, 🙂 …"),
        ] {
            assert_eq!(log_line(event), line);
        }
        let value = serde_json::json!({"aud": "\u{202e}\u{7f}\u{9b}\n\u{2028}"});
        let line = log_line(&value.to_string()).into_owned();
        assert!(line.is_ascii());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
    }

    #[test]
    fn ascii_json_keeps_its_value() {
        let text = "a\r\n\u{1b}[2J\u{7f}\u{85}\u{202e}\u{2028}\0\"\\é漢😀z";
        let value = serde_json::json!({text: [text, 1]});
        let line = ascii_json(&value.to_string()).into_owned();
        assert!(is_printable_ascii(&line), "{line}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
        assert!(matches!(ascii_json(r#"{"a":1}"#), Cow::Borrowed(_)));
    }

    #[test]
    fn text_for_people_keeps_its_lines_alone() {
        let text = "a\u{1b}[2J\r\n\u{202e}b\u{200b} Größe \\ \"漢\" O'Hara\0";
        let visible = "a\\u{1b}[2J\\r\n\\u{202e}b\\u{200b} Größe \\ \"漢\" O'Hara\\0";
        assert_eq!(visible_lines(text), visible);
        assert_eq!(visible_line(text), visible.replace('\n', "\\n"));
    }

    #[test]
    fn what_is_drawn_as_nothing_is_written_as_an_escape() {
        for blank in
            ['\u{34f}', '\u{115f}', '\u{2800}', '\u{3164}', '\u{fe0f}', '\u{e000}', '\u{e0100}']
        {
            let escaped = format!("a{}b", blank.escape_unicode());
            assert_eq!(visible_line(&format!("a{blank}b")), escaped);
        }
        // A mark shows on the letter before it.
        assert_eq!(visible_line("Ju\u{308}rgen, हिन्दी"), "Ju\u{308}rgen, हिन्दी");
    }

    #[test]
    fn an_error_is_one_line_of_bounded_length() {
        assert_eq!(error_line("a\r\nb\u{1b}c"), "a  b c");
        assert_eq!(error_line(&"é".repeat(400)).chars().count(), 300);
    }

    #[test]
    fn a_part_of_a_url_stays_in_its_place() {
        assert_eq!(url_part("a/../b?c"), "a%2F..%2Fb%3Fc");
        assert_eq!(url_part("Jö & Co-._~"), "J%C3%B6%20%26%20Co-._~");
    }

    #[test]
    fn long_text_is_cut_where_it_differs() {
        let expected = format!("{}#base64binary", "x".repeat(100));
        for (received, shown) in [
            ("short".to_owned(), "short".to_owned()),
            (
                format!("{}#Base64Binary", "x".repeat(100)),
                format!("…{}#Base64Binary", "x".repeat(15)),
            ),
            (format!("{}y", "x".repeat(100)), format!("…{}y", "x".repeat(16))),
            ("x".repeat(100), format!("…{}", "x".repeat(16))),
            (format!("y{}", "x".repeat(100)), format!("y{}…", "x".repeat(63))),
            (
                format!("{}{}", "x".repeat(90), "y".repeat(90)),
                format!("…{}{}…", "x".repeat(16), "y".repeat(48)),
            ),
        ] {
            assert_eq!(Shown::against(&received, &expected).as_str(), shown, "{received}");
        }
        let whole = format!("{}y", "x".repeat(100));
        assert_eq!(Shown::whole_against(&whole, &expected).as_str(), whole);
    }

    #[test]
    fn long_text_is_cut() {
        let shown = Shown::new(&"x".repeat(100_000));
        assert_eq!(shown.as_str(), format!("{}…", "x".repeat(64)));
        let escaped = Shown::new(&"\0".repeat(100));
        assert!(escaped.as_str().chars().count() <= 65);
    }
}
