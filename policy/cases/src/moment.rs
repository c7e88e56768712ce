//! A point in time.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Seconds since 1970, given as such or as an RFC 3339 time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Moment(pub u64);

/// A text that is no point in time.
#[derive(Debug, thiserror::Error)]
#[error("expected seconds since 1970 or a time such as 2026-01-01T00:00:00Z, not before 1970")]
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

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MomentVisitor)
    }
}

struct MomentVisitor;

impl Visitor<'_> for MomentVisitor {
    type Value = Moment;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("seconds since 1970 or a time such as 2026-01-01T00:00:00Z")
    }

    fn visit_u64<E>(self, seconds: u64) -> Result<Moment, E> {
        Ok(Moment(seconds))
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Moment, E> {
        u64::try_from(seconds).map(Moment).map_err(|_| E::custom(MomentError))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Moment, E> {
        text.parse().map_err(E::custom)
    }
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
