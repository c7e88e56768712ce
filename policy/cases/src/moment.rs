//! A point in time.

use std::str::FromStr;

use serde_json::json;

use crate::strict::{Form, Found, Value, expected};

/// What was expected where none came.
const WANTED: &str = "seconds since 1970 or a time such as 2026-01-01T00:00:00Z, not before 1970";

/// Seconds since 1970, given as such or as an RFC 3339 time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment(pub u64);

/// A text that is no point in time.
#[derive(Debug, thiserror::Error)]
#[error("expected {WANTED}")]
pub struct MomentError;

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(seconds) = text.parse() {
            return Ok(Self(seconds));
        }
        let timestamp: jiff::Timestamp = text.parse().map_err(|_| MomentError)?;
        u64::try_from(timestamp.as_second()).map(Self).map_err(|_| MomentError)
    }
}

/// A moment of a case file.
pub(crate) fn moment() -> Form<Moment> {
    let schema = || {
        json!({
            "description": "A point in time, not before 1970: whole seconds since 1970-01-01T00:00:00Z, or a time \
                as RFC 3339 writes it.",
            "oneOf": [{"type": "integer", "minimum": 0}, {"type": "string", "format": "date-time"}],
            "examples": ["2026-01-01T00:00:00Z", 1_767_225_600],
        })
    };
    let read = |found: &Found<'_>| match &found.node.value {
        Value::Integer(seconds) => {
            u64::try_from(*seconds).map(Moment).or_else(|_| expected(WANTED))
        }
        Value::Text(text) => text.parse().or_else(|_| expected(WANTED)),
        _ => expected(WANTED),
    };
    Form::new(schema, read).named("moment").written(|moment| moment.0.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_both_forms() {
        let cases = [
            ("0", Some(0)),
            ("1767225600", Some(1_767_225_600)),
            ("2026-01-01T00:00:00Z", Some(1_767_225_600)),
            ("2026-01-01T01:00:00+01:00", Some(1_767_225_600)),
            ("1969-12-31T23:59:59Z", None),
            ("-1", None),
            ("tomorrow", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Moment>().ok().map(|moment| moment.0), expected, "{text}");
        }
    }
}
