//! What is written down of decisions.

use std::path::PathBuf;

use admit::cases::shape;
use admit::cases::strict::{
    Form, Found, Value, Wrong, choice, count, expected, list, path, text_of,
};
use serde_json::json;

use super::WITHOUT_CONTROL;

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

shape! {
    /// The decision log: a JSON object per line. Off when absent.
    pub struct DecisionLogConfig (): Default {
        /// `stdout`, or the path of a file that is appended to.
        pub to: DecisionLogTarget = "to", target_form().or(DecisionLogTarget::Stdout);
        /// The share of `allow` and `ask` decisions that is logged; refusals always are.
        pub allows: f64 = "allows", share().or(0.01);
        /// What happens when decisions come faster than they are written: they are not logged but counted, or
        /// their answers wait.
        pub when_full: WhenFull = "when_full", choice(WHEN_FULL).or(WhenFull::Drop);
        /// Decisions that may wait to be written.
        pub buffer: usize = "buffer", count(1..=1_000_000).or(4_096);
        /// The claims that are logged. Claims that name a person never are.
        pub claims: Vec<String> =
            "claims", list(claim_form()).or(DEFAULT_LOGGED_CLAIMS.map(str::to_owned).to_vec());
    }
}

const WHEN_FULL: &[(&str, WhenFull)] = &[("drop", WhenFull::Drop), ("block", WhenFull::Block)];

/// Where the decision log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecisionLogTarget {
    /// Standard output.
    Stdout,
    /// A file that is appended to.
    File(PathBuf),
}

/// What happens to a decision when the buffer of the log is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// It is not logged, but counted.
    Drop,
    /// Its answer waits until there is room.
    Block,
}

/// Whether a claim holds the name or an address of a person, in any letter case: such a claim is
/// never logged.
pub fn names_a_person(claim: &str) -> bool {
    PERSONAL.iter().any(|personal| claim.eq_ignore_ascii_case(personal))
}

fn target_form() -> Form<DecisionLogTarget> {
    let schema = || {
        json!({
            "type": "string", "minLength": 1, "pattern": "^[^\\u0000]+$", "not": {"enum": ["stderr", "-"]},
        })
    };
    Form::new(schema, target).written(|target| match target {
        DecisionLogTarget::Stdout => "stdout".into(),
        DecisionLogTarget::File(path) => path.display().to_string().into(),
    })
}

fn target(found: &Found<'_>) -> Result<DecisionLogTarget, Wrong> {
    match text_of(found)? {
        "stdout" => Ok(DecisionLogTarget::Stdout),
        "stderr" | "-" => expected("`stdout` or the path of a file"),
        _ => path().read(found).map(DecisionLogTarget::File),
    }
}

fn claim(found: &Found<'_>) -> Result<String, Wrong> {
    let text = text_of(found)?;
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

fn claim_form() -> Form<String> {
    let schema = || {
        json!({
            "description": "The name of a claim.",
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_CLAIM_BYTES,
            "pattern": WITHOUT_CONTROL,
            "not": {"enum": PERSONAL},
        })
    };
    Form::new(schema, claim).written(|name| name.as_str().into())
}

/// A share, 0 to 1.
fn share() -> Form<f64> {
    let read = |found: &Found<'_>| {
        let number = match &found.node.value {
            Value::Integer(number @ 0..=1) => Some(*number as f64),
            Value::Number(number) => Some(*number),
            Value::Given(text) => text.parse().ok(),
            _ => None,
        };
        match number.filter(|number| (0.0..=1.0).contains(number)) {
            Some(number) => Ok(number),
            None => expected("a number, 0 to 1"),
        }
    };
    let schema = || json!({"type": "number", "minimum": 0, "maximum": 1});
    Form::new(schema, read).written(|share| (*share).into())
}
