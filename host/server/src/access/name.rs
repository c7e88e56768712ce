//! The names of access tokens, which activities show as the actor.

use std::borrow::Cow;

use admit::text::{is_blank, is_invisible};
use icu_normalizer::ComposingNormalizerBorrowed;

const MAX_CHARS: usize = 64;

/// Names that activities use for the server itself.
const RESERVED: [&str; 2] = ["admit", "source"];

/// The name of an access token. Reads the same for a person, a log and a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(String);

/// Why a text is no name of an access token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("{length} characters; expected 1 to 64 printable characters, not only spaces")]
    Length { length: usize },
    #[error(
        "the character U+{:04X} cannot be seen; expected 1 to 64 printable characters", *character as u32
    )]
    Invisible { character: char },
    #[error(
        "white space at an end, in a row or of another kind; expected single spaces between words"
    )]
    Spaces,
    #[error("`{name}` stands for the server itself in activities; expected another name")]
    Reserved { name: &'static str },
}

impl Name {
    /// Reads a name: 1 to 64 visible characters, with single spaces between words. Letters with their
    /// marks are taken as one character where there is one (NFC).
    pub(super) fn parse(text: &str) -> Result<Self, NameError> {
        let text = &*composed(text);
        let length = text.chars().count();
        if !(1..=MAX_CHARS).contains(&length) || text.trim().is_empty() {
            return Err(NameError::Length { length });
        }
        if let Some(character) = text.chars().find(|character| is_unseen(*character)) {
            return Err(NameError::Invisible { character });
        }
        if text.split(' ').any(|word| word.is_empty() || word.contains(char::is_whitespace)) {
            return Err(NameError::Spaces);
        }
        let name = Self(text.to_owned());
        match RESERVED.into_iter().find(|reserved| name.is_like(reserved)) {
            Some(name) => Err(NameError::Reserved { name }),
            None => Ok(name),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether people take both for one: letter case, spaces and how marks are written do not count.
    pub(super) fn is_like(&self, other: &str) -> bool {
        key(&self.0) == key(other)
    }
}

fn composed(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

fn key(name: &str) -> String {
    composed(name).chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Control characters, those that turn, hide or join text, and those that are drawn as nothing.
fn is_unseen(c: char) -> bool {
    is_invisible(c) || is_blank(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_people_can_read() {
        for good in
            ["first", "Contoso MDM", "ci/prod-2", "J\u{fc}rgen", "\u{5f20}\u{4e09}", "admitted"]
        {
            assert_eq!(Name::parse(good).as_ref().map(Name::as_str), Ok(good));
        }
        let long = "x".repeat(65);
        for (length, text) in [(0, ""), (3, "   "), (1, "\u{3000}"), (65, &*long)] {
            assert_eq!(Name::parse(text), Err(NameError::Length { length }), "{text:?}");
        }
        for character in ['\n', '\u{85}', '\u{ad}', '\u{202e}', '\u{200b}', '\u{2066}', '\u{3164}']
        {
            let text = format!("a{character}b");
            assert_eq!(Name::parse(&text), Err(NameError::Invisible { character }), "{text:?}");
        }
        for text in [" a", "a ", "a  b", "a\u{a0}b", "a\u{2003}b"] {
            assert_eq!(Name::parse(text), Err(NameError::Spaces), "{text:?}");
        }
    }

    #[test]
    fn letters_and_their_marks_are_one_however_they_are_written() {
        let (one, two) = ("J\u{fc}rgen", "Ju\u{308}rgen");
        assert_eq!(Name::parse(two).as_ref().map(Name::as_str), Ok(one));
        assert!(Name::parse(one).unwrap().is_like(two));
        assert!(Name::parse("J\u{dc}RGEN").unwrap().is_like(two));
        // 64 characters, each written as two.
        let long = "u\u{308}".repeat(64);
        assert_eq!(Name::parse(&long).as_ref().map(Name::as_str), Ok(&*"\u{fc}".repeat(64)));
        assert!(!Name::parse("Jurgen").unwrap().is_like(two));
    }

    #[test]
    fn the_names_of_the_server_are_nobody_elses() {
        for text in ["admit", "Admit", "ADMIT", "ad mit", "a d m i t"] {
            assert_eq!(Name::parse(text), Err(NameError::Reserved { name: "admit" }), "{text}");
        }
        assert_eq!(Name::parse("SOURCE"), Err(NameError::Reserved { name: "source" }));
    }
}
