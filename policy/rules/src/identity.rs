//! Names for people. Labels only: mutable, possibly absent, never a key.

/// Longest user name, in characters; Entra's own limit is 113.
const MAX_USER_NAME: usize = 256;

/// Whether a claim can be shown as a user name.
///
/// Refuses control characters, and the invisible ones that turn, hide or join text, so that a name
/// reads the same for a person, a log and a terminal. Also refuses the empty text and more than 256
/// characters.
#[must_use]
pub fn is_user_name(text: &str) -> bool {
    (1..=4 * MAX_USER_NAME).contains(&text.len())
        && text.chars().count() <= MAX_USER_NAME
        && (is_printable_ascii(text) || !text.chars().any(is_invisible))
}

/// The common case, decided without looking at characters.
fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Control characters, and Unicode's format controls and separators of lines.
///
/// Source: Unicode general categories Cc, Cf, Zl and Zp, as far as they hide or reorder text.
const fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{0}'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names() {
        let longest = "\u{10400}".repeat(256);
        let names =
            ["a", "dana@example.com", "dana o'neill", "J\u{fc}rgen@example.com", "\u{5f20}"];
        for name in names.into_iter().chain([longest.as_str()]) {
            assert!(is_user_name(name), "{name}");
        }
    }

    #[test]
    fn refuses_what_does_not_read_as_it_stands() {
        let too_long = "a".repeat(257);
        let cases = [
            ("empty", ""),
            ("NUL", "dana\0@example.com"),
            ("CRLF", "dana@example.com\r\nX: y"),
            ("tab", "dana\t"),
            ("escape", "\u{1b}[31mdana"),
            ("delete", "dana\u{7f}"),
            ("C1", "dana\u{9b}31m"),
            ("right-to-left override", "\u{202e}moc.elpmaxe@anad"),
            ("isolate", "\u{2066}dana"),
            ("left-to-right mark", "dana\u{200e}"),
            ("zero-width space", "da\u{200b}na"),
            ("zero-width joiner", "da\u{200d}na"),
            ("soft hyphen", "da\u{ad}na"),
            ("line separator", "dana\u{2028}"),
            ("byte order mark", "\u{feff}dana"),
            ("tag", "dana\u{e0041}"),
            ("too long", &too_long),
        ];
        for (name, text) in cases {
            assert!(!is_user_name(text), "{name}");
        }
    }
}
