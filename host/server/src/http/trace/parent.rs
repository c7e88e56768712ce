//! The trace that a request belongs to.

use axum::http::HeaderMap;

const TRACEPARENT: &str = "traceparent";

/// Length of the four parts of version 00: `00-{32}-{16}-{2}`.
const LENGTH: usize = 55;

/// The ids of a `traceparent`, each of lower-case hexadecimal digits that are not all zero.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TraceParent<'a> {
    /// 32 digits.
    pub(super) trace_id: &'a str,
    /// 16 digits.
    pub(super) parent_id: &'a str,
}

impl<'a> TraceParent<'a> {
    /// The header's ids; absent when it is missing, malformed or there more than once.
    pub(super) fn of(headers: &'a HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let (value, None) = (values.next()?.as_bytes(), values.next()) else { return None };
        Self::parse(str::from_utf8(value).ok()?)
    }

    /// Reads version 00 in full, and of a later version the parts that 00 has.
    ///
    /// Source: W3C Trace Context, "traceparent Header" and "Versioning of traceparent".
    fn parse(text: &'a str) -> Option<Self> {
        let (known, rest) = text.split_at_checked(LENGTH)?;
        let mut parts = known.split('-');
        let version = hex(parts.next()?, 2)?;
        let trace_id = hex(parts.next()?, 32).filter(|id| !all_zero(id))?;
        let parent_id = hex(parts.next()?, 16).filter(|id| !all_zero(id))?;
        hex(parts.next()?, 2)?;
        let ends = match version {
            "00" => rest.is_empty(),
            "ff" => false,
            _ => rest.is_empty() || rest.starts_with('-'),
        };
        ends.then_some(Self { trace_id, parent_id })
    }
}

fn hex(part: &str, length: usize) -> Option<&str> {
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    Some(part).filter(|part| part.len() == length && part.bytes().all(digit))
}

fn all_zero(part: &str) -> bool {
    part.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    fn ids(text: &str) -> Option<(&str, &str)> {
        TraceParent::parse(text).map(|parent| (parent.trace_id, parent.parent_id))
    }

    #[test]
    fn good_ones_give_their_ids() {
        for text in [
            format!("00-{TRACE}-{PARENT}-01"),
            format!("00-{TRACE}-{PARENT}-00"),
            format!("00-{TRACE}-{PARENT}-ff"),
            format!("01-{TRACE}-{PARENT}-01"),
            format!("cc-{TRACE}-{PARENT}-01-what-the-future-holds"),
            format!("fe-{TRACE}-{PARENT}-01-"),
        ] {
            assert_eq!(ids(&text), Some((TRACE, PARENT)), "{text}");
        }
    }

    #[test]
    fn bad_ones_give_none() {
        let upper = TRACE.to_uppercase();
        for text in [
            String::new(),
            format!("00-{TRACE}-{PARENT}"),
            format!("00-{TRACE}-{PARENT}-0"),
            format!("00-{TRACE}-{PARENT}-011"),
            format!("00-{TRACE}-{PARENT}-01-"),
            format!("00-{TRACE}-{PARENT}-01-x"),
            format!("01-{TRACE}-{PARENT}-01x"),
            format!("01-{TRACE}-{PARENT}-01.x"),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("0-{TRACE}-{PARENT}-001"),
            format!("000-{TRACE}-{PARENT}-1"),
            format!("0G-{TRACE}-{PARENT}-01"),
            format!("0A-{TRACE}-{PARENT}-01"),
            format!("00-{upper}-{PARENT}-01"),
            format!("00-{TRACE}-00F067AA0BA902B7-01"),
            format!("00-{TRACE}-{PARENT}-0x"),
            format!("00-{TRACE}-{PARENT}-0F"),
            format!("00-{}-{PARENT}-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00_{TRACE}_{PARENT}_01"),
            format!(" 00-{TRACE}-{PARENT}-01"),
            format!("00-{TRACE}-{PARENT}-01 "),
            format!("00-{}é{}-{PARENT}-01", "a".repeat(15), "a".repeat(15)),
            "é".repeat(28),
        ] {
            assert_eq!(ids(&text), None, "{text}");
        }
    }

    #[test]
    fn two_headers_give_none() {
        let value = HeaderValue::from_str(&format!("00-{TRACE}-{PARENT}-01")).expect("a value");
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, value.clone());
        assert!(TraceParent::of(&headers).is_some());
        headers.append(TRACEPARENT, value);
        assert_eq!(TraceParent::of(&headers), None);
    }
}
