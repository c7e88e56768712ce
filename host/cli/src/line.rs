//! One line of a stream of requests: an object with `id`, what to decide on, `facts` and `now`.

use admit::cases::Moment;
use admit::facts::{Facts, FactsError};
use admit::json::{self, Object};
use admit::text::Shown;
use serde_json::Value;

use crate::container::{ContainerLine, JOIN};

#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    #[error("longer than {0} bytes")]
    TooLong(u64),
    #[error("{}", .0.to_string().replace(" at line 1 column ", " at column "))]
    Json(#[from] json::JsonError),
    #[error(
        "of the log of a container (CRI); expected what was written: take it out first (`{JOIN}`)"
    )]
    Container,
    #[error("of a decision log; expected a request: `admit replay` makes logged decisions again")]
    DecisionLog,
    #[error("member {name} is unknown; expected {expected}")]
    Unknown { name: String, expected: &'static str },
    #[error("`{member}` is {got}; expected {expected}")]
    Type { member: &'static str, got: &'static str, expected: &'static str },
    #[error("{0}")]
    Input(&'static str),
    #[error(transparent)]
    Facts(#[from] FactsError),
}

/// The members of a line, each of a name that `known` has.
pub(crate) fn members(
    line: &[u8],
    known: &[&str],
    expected: &'static str,
) -> Result<Object, LineError> {
    let members = json::parse_object(line).map_err(|error| match ContainerLine::of(line) {
        Some(_) => LineError::Container,
        None => error.into(),
    })?;
    if is_of_decision_log(&members) {
        return Err(LineError::DecisionLog);
    }
    if let Some((name, _)) = members.iter().find(|(name, _)| !known.contains(&&***name)) {
        return Err(LineError::Unknown { name: shown(name), expected });
    }
    Ok(members)
}

fn is_of_decision_log(members: &Object) -> bool {
    matches!(json::text(members, "type"), Some("decision" | "release"))
        && members.contains_key("gate")
}

pub(crate) fn id(members: &Object) -> Result<Option<&str>, LineError> {
    match members.get("id") {
        None => Ok(None),
        Some(Value::String(id)) => Ok(Some(id)),
        Some(other) => Err(wrong("id", other, "a string")),
    }
}

pub(crate) fn facts(members: &Object) -> Result<Option<Object>, LineError> {
    let facts = object(members, "facts")?;
    if let Some(facts) = &facts {
        Facts::from_json(facts.clone())?;
    }
    Ok(facts)
}

pub(crate) fn object(members: &Object, member: &'static str) -> Result<Option<Object>, LineError> {
    match members.get(member) {
        None => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object.clone())),
        Some(other) => Err(wrong(member, other, "an object")),
    }
}

/// The time of the decision, seconds since 1970.
pub(crate) fn now(members: &Object) -> Result<Option<u64>, LineError> {
    let now = match members.get("now") {
        None => return Ok(None),
        Some(Value::Number(number)) => number.as_u64().ok_or("a number"),
        Some(Value::String(text)) => {
            text.parse::<Moment>().map(|moment| moment.0).map_err(|_| "a text that is no time")
        }
        Some(other) => Err(json::kind(other)),
    };
    let expected = "seconds since 1970 or an RFC 3339 time";
    now.map(Some).map_err(|got| LineError::Type { member: "now", got, expected })
}

pub(crate) fn wrong(member: &'static str, got: &Value, expected: &'static str) -> LineError {
    LineError::Type { member, got: json::kind(got), expected }
}

/// A name, unless it is long enough to be a token in the wrong place.
fn shown(name: &str) -> String {
    match name.chars().count() {
        0..=40 => format!("`{}`", Shown::new(name)),
        length => format!("with a name of {length} characters"),
    }
}
