//! What is asked of a gate.

use crate::clock::now;
use crate::facts::Facts;
use crate::token::Format;

/// A token to decide on.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The caller's own id, returned with the decision.
    pub id: Option<&'a str>,
    /// The token.
    pub input: Input<'a>,
    /// What the platform knows.
    pub facts: &'a Facts,
    /// The time of the decision, seconds since 1970.
    pub now: u64,
    /// Whether the decision shall say what every rule found.
    pub trace: bool,
}

/// What is decided on.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// A token as it was received, in one of the forms tokens travel in.
    Token(Format, &'a [u8]),
    /// A claims set, one JSON object, whose signature somebody else verified. Everything but the
    /// signature is checked; the decision says so.
    Claims(&'a [u8]),
}

/// Says the form and the size, never the content.
impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Token(format, bytes) => write!(f, "Token({format:?}, {} bytes)", bytes.len()),
            Self::Claims(bytes) => write!(f, "Claims({} bytes)", bytes.len()),
        }
    }
}

impl<'a> Request<'a> {
    /// A request for an access token in compact form, now, with no trace.
    pub fn new(token: &'a str, facts: &'a Facts) -> Self {
        let input = Input::Token(Format::Jwt, token.as_bytes());
        Self { id: None, input, facts, now: now(), trace: false }
    }
}
