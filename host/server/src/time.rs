//! Times as the API writes them.

/// Seconds since 1970 in RFC 3339, UTC.
pub(crate) fn rfc3339(seconds: u64) -> String {
    let second = i64::try_from(seconds).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::MAX).to_string()
}

/// Reads an RFC 3339 time or seconds since 1970; absent when the text is neither.
pub(crate) fn parse(text: &str) -> Option<u64> {
    text.parse::<admit::cases::Moment>().ok().map(|moment| moment.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_they_are_read() {
        assert_eq!(rfc3339(1_767_225_600), "2026-01-01T00:00:00Z");
        assert_eq!(parse("2026-01-01T00:00:00Z"), Some(1_767_225_600));
        assert_eq!(parse("1767225600"), Some(1_767_225_600));
        assert_eq!(parse("yesterday"), None);
        assert!(rfc3339(u64::MAX).starts_with("9999-12-3"));
    }
}
