//! Which revision of a gate a change is about.

use std::fmt;

use admit::text::Shown;

use super::report::ChangeError;
use crate::access::looks_like_a_token;

/// Entity tags, as whoever wants a change names what is to be changed.
///
/// They are compared as they stand, never read: the one that matches is that of the current revision,
/// and any other stands for something that is no longer there, whatever made it.
///
/// There may be none: an empty list is one, and matches nothing.
///
/// Source: RFC 9110 8.8.3, 13.1.1 (`"*" / #entity-tag`), 5.6.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tags(Vec<Tag>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    is_weak: bool,
    opaque: String,
}

/// A text that is no list of entity tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the ETag of an answer, for example `\"3\"`, several with commas between, or `*`")]
pub struct NotTags;

impl Tags {
    /// The tag of this revision alone.
    pub fn of(revision: u64) -> Self {
        Self(vec![Tag { is_weak: false, opaque: revision.to_string() }])
    }

    /// Reads a list of entity tags, in which elements may be empty.
    ///
    /// # Errors
    ///
    /// [`NotTags`] for another text.
    pub fn parse(text: &str) -> Result<Self, NotTags> {
        let (mut tags, mut rest) = (Vec::new(), text);
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                break;
            }
            let (tag, after) = tag(rest).ok_or(NotTags)?;
            tags.push(tag);
            rest = after.trim_start_matches([' ', '\t']);
            if !rest.is_empty() && !rest.starts_with(',') {
                return Err(NotTags);
            }
        }
        Ok(Self(tags))
    }

    /// Whether one of them is that of this revision. A weak one never is: who changes something must
    /// have seen all of it.
    fn match_revision(&self, revision: u64) -> bool {
        let current = revision.to_string();
        self.0.iter().any(|tag| !tag.is_weak && tag.opaque == current)
    }
}

/// The first entity tag of a text, and what comes after it.
fn tag(text: &str) -> Option<(Tag, &str)> {
    let (is_weak, quoted) = match text.strip_prefix("W/") {
        Some(quoted) => (true, quoted),
        None => (false, text),
    };
    let (opaque, after) = quoted.strip_prefix('"')?.split_once('"')?;
    let is_tag_character = |byte: u8| byte == 0x21 || (0x23..=0x7e).contains(&byte) || byte >= 0x80;
    let opaque = Some(opaque).filter(|opaque| opaque.bytes().all(is_tag_character))?;
    Some((Tag { is_weak, opaque: opaque.to_owned() }, after))
}

/// As they were sent.
impl fmt::Display for Tags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Tag { is_weak, opaque }) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            let weak = if *is_weak { "W/" } else { "" };
            write!(formatter, "{comma}{weak}\"{opaque}\"")?;
        }
        Ok(())
    }
}

/// # Errors
///
/// [`ChangeError::ChangedMeanwhile`] when something else is to be changed than there is.
pub(super) fn check_revision(wanted: Option<&Tags>, current: u64) -> Result<(), ChangeError> {
    match wanted {
        Some(tags) if !tags.match_revision(current) => {
            let (came, hint) = tags.refused(current);
            Err(ChangeError::ChangedMeanwhile { came, current, hint })
        }
        _ => Ok(()),
    }
}

impl Tags {
    /// What is said of tags that do not match: what came, cut where it differs, and what explains it.
    fn refused(&self, current: u64) -> (String, &'static str) {
        if self.0.is_empty() {
            return ("no revision".to_owned(), EMPTY);
        }
        let expected = current.to_string();
        let weak = self.0.iter().any(|tag| tag.is_weak && tag.opaque == expected);
        let came = self.to_string();
        let came = match self.0.iter().any(|tag| looks_like_a_token(tag.opaque.as_bytes())) {
            // In the wrong place; of it, only the length is shown.
            true => Shown::name(&came),
            false => Shown::against(&came, &Self::of(current).to_string()),
        };
        (format!("revision `{came}`"), if weak { WEAK } else { "" })
    }
}

const EMPTY: &str = ": an empty `If-Match` matches none; leave it out, or send `*`, to change any";

const WEAK: &str = "; a weak tag (`W/`), as a proxy makes it, never matches";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_as_they_stand() {
        for (text, matches) in [
            (r#""3""#, true),
            (r#" "3" "#, true),
            (r#""2", "3""#, true),
            (r#""2","3","#, true),
            (r#"W/"3", "3""#, true),
            (r#""a,b", "3""#, true),
            (r#"W/"3""#, false),
            (r#""03""#, false),
            (r#""3-gzip""#, false),
            (r#""3;br""#, false),
            (r#""+3""#, false),
            (r#""""#, false),
            (r#""x""#, false),
            ("", false),
            (" ", false),
            (",", false),
            (", ,", false),
            (r#",, "3" , ,"#, true),
            (r#""99999999999999999999999""#, false),
        ] {
            let tags = Tags::parse(text).unwrap();
            assert_eq!(tags.match_revision(3), matches, "{text}");
            assert_eq!(check_revision(Some(&tags), 3).is_ok(), matches, "{text}");
        }
        assert!(check_revision(None, 3).is_ok());
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for text in [
            "3",
            "*",
            r#"*, "3""#,
            r#""3", *"#,
            r#""3"#,
            r#"3""#,
            r#"w/"3""#,
            r#""3" "4""#,
            r#""3"-gzip"#,
            r#""a b""#,
            r#"W/ "3""#,
        ] {
            assert_eq!(Tags::parse(text), Err(NotTags), "{text}");
        }
    }

    #[test]
    fn a_refusal_says_what_came() {
        let refused = |text: &str| {
            check_revision(Some(&Tags::parse(text).unwrap()), 3).unwrap_err().to_string()
        };
        assert_eq!(
            refused(r#""2""#),
            "revision `\"2\"` was to be changed, but revision `\"3\"` is the current one; read again"
        );
        assert!(
            refused(r#"W/"3""#)
                .ends_with("; a weak tag (`W/`), as a proxy makes it, never matches")
        );
        for (text, shown) in [
            (format!("\"{}\"", "x".repeat(100)), format!("\"{}…", "x".repeat(63))),
            (format!("\"3{}\"", "0".repeat(100)), format!("\"3{}…", "0".repeat(62))),
            (format!("{}\"2\"", "\"1\", ".repeat(20)), format!("{}\"1\",…", "\"1\", ".repeat(12))),
        ] {
            let said = refused(&text);
            let expected = format!("revision `{shown}` was to be changed, but revision `\"3\"` is");
            assert!(said.starts_with(&expected), "{said}");
        }
        for start in ["eyJ", "admit_"] {
            let said = refused(&format!("\"{start}{}\"", "x".repeat(100)));
            assert!(said.starts_with("revision `10") && !said.contains("xx"), "{said}");
        }
        assert_eq!(
            refused(""),
            "no revision was to be changed, but revision `\"3\"` is the current one; read again: an \
             empty `If-Match` matches none; leave it out, or send `*`, to change any"
        );
    }
}
