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

/// Control characters, separators of lines, and the format characters that turn, hide or join text.
///
/// Source: Unicode general categories Cc, Cf, Zl and Zp, as far as they hide or reorder text.
#[must_use]
pub const fn is_invisible(character: char) -> bool {
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
        for name in ["a", "dana@example.com", "dana o'neill", "J\u{fc}rgen@example.com", "\u{5f20}"]
        {
            assert!(is_user_name(name), "{name}");
        }
    }

    /// The first and the last of each range of invisible characters, with their visible neighbours.
    #[test]
    fn the_edges_of_what_is_invisible() {
        let ranges = [
            ('\u{7f}', '\u{9f}', '~', '\u{a0}'),
            ('\u{ad}', '\u{ad}', '\u{ac}', '\u{ae}'),
            ('\u{61c}', '\u{61c}', '\u{61b}', '\u{61d}'),
            ('\u{180e}', '\u{180e}', '\u{180d}', '\u{180f}'),
            ('\u{200b}', '\u{200f}', '\u{200a}', '\u{2010}'),
            ('\u{2028}', '\u{202e}', '\u{2027}', '\u{202f}'),
            ('\u{2060}', '\u{206f}', '\u{205f}', '\u{2070}'),
            ('\u{feff}', '\u{feff}', '\u{fefe}', '\u{ff00}'),
            ('\u{fff9}', '\u{fffb}', '\u{fff8}', '\u{fffc}'),
            ('\u{e0000}', '\u{e007f}', '\u{dffff}', '\u{e0080}'),
        ];
        for (first, last, before, after) in ranges {
            for invisible in [first, last] {
                assert!(!is_user_name(&format!("dana{invisible}")), "{invisible:?}");
            }
            for visible in [before, after] {
                assert!(is_user_name(&format!("dana{visible}")), "{visible:?}");
            }
        }
        for beside in ["dana", "J\u{fc}rgen"] {
            assert!(!is_user_name(&format!("{beside}\u{1f}")), "{beside}");
            assert!(is_user_name(&format!("{beside} ~")), "{beside}");
        }
    }

    #[test]
    fn counts_characters_not_bytes() {
        for letter in ["a", "\u{e9}", "\u{10400}"] {
            assert!(is_user_name(&letter.repeat(256)), "{letter}");
            assert!(!is_user_name(&letter.repeat(257)), "{letter}");
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
