//! Why a description is refused.

use crate::text::Shown;

/// A description that breaks a rule of the contract.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum DescriptionError {
    /// A name is empty, too long or has characters that names may not have.
    #[error(
        "{list}: `{name}` is not a name; expected 1 to 64 of a-z, 0-9, `_`, `-`, `.`, starting with a letter"
    )]
    Name { list: &'static str, name: String },
    /// The version is not a semantic version.
    #[error("version: `{version}` is not a semantic version; expected for example `2.0.0`")]
    Version { version: String },
    /// A name stands twice in a list.
    #[error("{list}: `{name}` is there twice")]
    Twice { list: &'static str, name: String },
    /// A list has too many items.
    #[error("{list}: {count} items; expected at most {limit}")]
    TooMany { list: &'static str, count: usize, limit: usize },
    /// A text is too long.
    #[error("{list} `{name}`: a text of {length} characters; expected at most 2000")]
    TextTooLong { list: &'static str, name: String, length: usize },
    /// A text for people with characters that do not show, or that turn the text around them.
    #[error(
        "{list} `{name}`: the text `{text}` has a control or direction character; expected none but \
         line ends"
    )]
    Invisible {
        list: &'static str,
        name: String,
        /// The text, escaped and cut.
        text: Shown,
    },
    /// A code for programs that is empty, too long, or has other characters than codes have.
    #[error(
        "{list} `{name}`: `{code}` cannot be `{part}`; expected 1 to 256 visible ASCII characters \
         without white space"
    )]
    Code {
        list: &'static str,
        name: String,
        /// Which code: `activity`, `detail`, `error_id`, `fallback` or `subcode`.
        part: &'static str,
        /// What it says, escaped and cut.
        code: Shown,
    },
    /// An HTTP status outside 400 to 599.
    #[error("reasons `{code}`: HTTP status {status}; expected 400 to 599")]
    Status { code: String, status: u16 },
    /// A reason that looks like the host's own but is not one of them.
    #[error("reasons: `{code}` is kept for the host, which has no such code")]
    HostCode { code: String },
    /// The identity claims are not among the claims wanted.
    #[error("claims: `{claim}` is missing; identity is `tid` with `oid`")]
    IdentityClaim { claim: &'static str },
    /// A default whose type does not fit the kind of its setting.
    #[error("settings `{name}`: the default does not have the type of its kind")]
    Default { name: String },
    /// A list setting that does not say how an entry is called.
    #[error("settings `{name}`: a list without the name of one entry")]
    Entry { name: String },
}
