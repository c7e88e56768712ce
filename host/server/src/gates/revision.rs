//! Which revision of a gate a change is about.

use std::fmt;

use admit::text::Shown;

use super::report::ChangeError;

/// Entity tags, as whoever wants a change names what is to be changed.
///
/// They are compared as they stand, never read: the one that matches is that of the current revision,
/// and any other stands for something that is no longer there, whatever made it.
///
/// Source: RFC 9110 8.8.3, 13.1.1.
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

    /// Reads a list of entity tags.
    ///
    /// # Errors
    ///
    /// [`NotTags`] for another text, an empty list included.
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
        if tags.is_empty() { Err(NotTags) } else { Ok(Self(tags)) }
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

impl fmt::Display for Tags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tag = |tag: &Tag| {
            let weak = if tag.is_weak { "W/" } else { "" };
            format!("{weak}\"{}\"", tag.opaque)
        };
        let tags: Vec<_> = self.0.iter().map(tag).collect();
        Shown::name(&tags.join(", ")).fmt(formatter)
    }
}

/// # Errors
///
/// [`ChangeError::ChangedMeanwhile`] when something else is to be changed than there is.
pub(super) fn check_revision(wanted: Option<&Tags>, current: u64) -> Result<(), ChangeError> {
    match wanted {
        Some(tags) if !tags.match_revision(current) => {
            let weak = tags.0.iter().any(|tag| tag.is_weak && tag.opaque == current.to_string());
            let hint =
                if weak { "; a weak tag (`W/`), as a proxy makes it, never matches" } else { "" };
            Err(ChangeError::ChangedMeanwhile { came: tags.to_string(), current, hint })
        }
        _ => Ok(()),
    }
}

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
            "",
            " ",
            ",",
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
        let long = format!("\"{}\"", "x".repeat(100));
        assert!(refused(&long).starts_with("revision `102 characters` was"), "{}", refused(&long));
    }
}
