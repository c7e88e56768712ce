//! What is written down of decisions.

use std::path::PathBuf;

use super::read::{Found, Section, Wrong, expected};
use super::values;

/// The claims that are logged where nothing else is configured: enough to replay a decision.
pub const DEFAULT_LOGGED_CLAIMS: [&str; 13] =
    ["aud", "iss", "tid", "oid", "ver", "scp", "azp", "appid", "idtyp", "idp", "exp", "nbf", "iat"];

/// Claims that hold the name or an address of a person.
///
/// Sources: OpenID Connect Core 5.1; Microsoft Entra "Access token claims reference" and "Optional
/// claims reference".
const PERSONAL: [&str; 18] = [
    "address",
    "email",
    "emails",
    "family_name",
    "given_name",
    "login_hint",
    "middle_name",
    "name",
    "nickname",
    "onprem_sam_account_name",
    "phone_number",
    "preferred_username",
    "profile",
    "unique_name",
    "upn",
    "username",
    "verified_primary_email",
    "verified_secondary_email",
];

/// The most bytes of a claim's name.
const MAX_CLAIM_BYTES: usize = 128;

/// The decision log: one JSON object per line.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionLogConfig {
    /// Where it goes; standard output by default.
    pub to: DecisionLogTarget,
    /// The share of `allow` and `ask` decisions that is logged, 0 to 1; 0.01 by default. Refusals
    /// always are.
    pub allows: f64,
    /// What happens when decisions come faster than they are written; they are dropped and counted
    /// by default.
    pub when_full: WhenFull,
    /// Decisions that may wait to be written, 1 to 1000000; 4096 by default.
    pub buffer: usize,
    /// The claims that are logged; [`DEFAULT_LOGGED_CLAIMS`] by default. None of them
    /// [names a person](names_a_person).
    pub claims: Vec<String>,
}

/// Where the decision log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecisionLogTarget {
    /// Standard output.
    Stdout,
    /// A file that is appended to.
    File(PathBuf),
}

/// What happens to a decision when the buffer of the log is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// It is not logged, but counted.
    #[default]
    Drop,
    /// Its answer waits until there is room.
    Block,
}

/// Whether a claim holds the name or an address of a person, in any letter case: such a claim is
/// never logged.
pub fn names_a_person(claim: &str) -> bool {
    PERSONAL.iter().any(|personal| claim.eq_ignore_ascii_case(personal))
}

impl Default for DecisionLogConfig {
    fn default() -> Self {
        Self {
            to: DecisionLogTarget::Stdout,
            allows: 0.01,
            when_full: WhenFull::Drop,
            buffer: 4_096,
            claims: DEFAULT_LOGGED_CLAIMS.map(str::to_owned).to_vec(),
        }
    }
}

impl DecisionLogConfig {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        const WHEN_FULL: &[(&str, WhenFull)] =
            &[("drop", WhenFull::Drop), ("block", WhenFull::Block)];
        let usual = Self::default();
        Self {
            to: section.value_or("to", usual.to, target),
            allows: section.value_or("allows", usual.allows, values::share),
            when_full: section.value_or("when_full", usual.when_full, values::choice(WHEN_FULL)),
            buffer: section.value_or("buffer", usual.buffer, values::count(1..=1_000_000)),
            claims: section.value_or("claims", usual.claims, |found| found.items(claim)),
        }
    }
}

fn target(found: &Found<'_>) -> Result<DecisionLogTarget, Wrong> {
    match values::text(found)? {
        "stdout" => Ok(DecisionLogTarget::Stdout),
        "stderr" | "-" => expected("`stdout` or the path of a file"),
        _ => values::path(found).map(DecisionLogTarget::File),
    }
}

fn claim(found: &Found<'_>) -> Result<String, Wrong> {
    let text = values::text(found)?;
    let sized = (1..=MAX_CLAIM_BYTES).contains(&text.len());
    if !sized || text.chars().any(char::is_control) {
        return expected("the name of a claim, 1 to 128 bytes");
    }
    if names_a_person(text) {
        return Err(Wrong::Because(format!(
            "`{text}` names a person; user names never reach a log, `tid` with `oid` identify"
        )));
    }
    Ok(text.to_owned())
}
