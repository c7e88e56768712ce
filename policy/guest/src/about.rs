//! The tables a policy is written as. Constant, so that describing a policy costs nothing.
//!
//! Each type mirrors one record of `wit/policy.wit`, where the limits of each field stand.

use crate::contract::{FactKind, Retry};
use crate::{Denial, Finding, Token};

/// What a policy is.
pub struct About<P: 'static> {
    /// For example `windows-mdm`.
    pub name: &'static str,
    /// A semantic version.
    pub version: &'static str,
    /// One sentence for people.
    pub summary: &'static str,
    /// The claims wanted; a policy sees no others.
    pub claims: &'static [&'static str],
    /// The facts it may use.
    pub facts: &'static [Fact],
    /// The settings it takes.
    pub settings: &'static [Setting],
    /// The rules, in the order in which they are applied.
    pub rules: &'static [Rule<P>],
    /// The refusals it can give.
    pub reasons: &'static [Reason],
    /// How it presents refusals of the host: `token.expired` and others.
    pub host_reasons: &'static [Reason],
}

/// Something the platform knows.
#[derive(Clone, Copy)]
pub struct Fact {
    /// For example `account.exists`.
    pub name: &'static str,
    /// What it says, one sentence.
    pub summary: &'static str,
    /// The type of its value.
    pub kind: FactKind,
}

/// Something an administrator configures.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// For example `windows_entra_client_ids`.
    pub name: &'static str,
    /// A few words, for a label.
    pub title: &'static str,
    /// What it does and where the right value is found.
    pub help: &'static str,
    /// The form of its value.
    pub kind: Kind,
    /// What counts when it is left out.
    pub absent: Absent,
}

/// The form of a setting's value.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Any text.
    Text,
    /// A list of texts.
    Texts(Entry),
    /// A GUID.
    Guid,
    /// A list of GUIDs.
    Guids(Entry),
    /// An https URL.
    Url,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// One of these.
    Choice(&'static [&'static str]),
    /// Some of these.
    Choices(&'static [&'static str], Entry),
}

/// How one entry of a list is called.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// For people: `client ID`.
    pub noun: &'static str,
    /// In an activity's name, after `added_` or `deleted_`: `microsoft_entra_client_id`.
    pub activity: &'static str,
    /// The key of the value in an activity's details: `client_id`.
    pub detail: &'static str,
}

/// What counts when a setting is left out.
#[derive(Clone, Copy, Debug)]
pub enum Absent {
    /// Nothing: the setting is required.
    Refused,
    /// This text, for the kinds of one text.
    Text(&'static str),
    /// This list, for the kinds that are lists.
    Texts(&'static [&'static str]),
    /// This number.
    Integer(i64),
    /// This answer.
    Boolean(bool),
}

/// A rule.
pub struct Rule<P: 'static> {
    /// For example `audience`.
    pub name: &'static str,
    /// What it demands, one sentence.
    pub summary: &'static str,
    /// What it finds about a token.
    pub check: fn(&P, &Token<'_>) -> Finding,
}

impl<P> Clone for Rule<P> {
    fn clone(&self) -> Self {
        *self
    }
}

// Not derived: whether a policy can be copied does not matter.
impl<P> Copy for Rule<P> {}

/// A refusal, and what to do about it.
#[derive(Clone, Copy)]
pub struct Reason {
    /// For example `audience_not_authorized`.
    pub code: &'static str,
    /// What happened, for an administrator, one sentence.
    pub title: &'static str,
    /// What to change and where.
    pub remedy: &'static str,
    /// What the platform answers to its caller.
    pub presentation: Presentation,
}

impl Reason {
    /// A refusal for this reason, which points at nothing yet.
    #[must_use]
    pub const fn denial(&self) -> Denial {
        Denial::new(self.code)
    }
}

/// What the platform answers to its caller.
#[derive(Clone, Copy)]
pub struct Presentation {
    /// The platform's own name of the error.
    pub error_id: &'static str,
    /// 400 to 599.
    pub http_status: u16,
    /// One or two sentences for the user; empty to show nothing.
    pub user_message: &'static str,
    /// Whether trying again with a fresh token can help.
    pub retry: Retry,
    /// Another way in, for example `web_sso`.
    pub fallback: Option<&'static str>,
    /// The SOAP fault for an MDM client.
    pub mdm_fault: Option<MdmFault>,
}

/// A fault of the enrolment protocol.
///
/// Source: MS-MDE2 2.2.10.
#[derive(Clone, Copy)]
pub struct MdmFault {
    /// For example `s:Authorization`.
    pub subcode: &'static str,
    /// The code the device shows.
    pub code: u32,
}
