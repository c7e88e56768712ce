//! Lines as a container runtime writes them into a file (CRI): time, stream, tag, and what was written.

/// Joins the parts of lines, and leaves what was written to standard output.
pub(crate) const JOIN: &str =
    r#"awk '$2=="stdout"{p=$3; sub(/^[^ ]+ [^ ]+ [^ ]+ /,""); printf "%s%s",$0,p~/^P/?"":"\n"}'"#;

/// A line of a container's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContainerLine<'a> {
    /// `stdout` or `stderr`.
    pub(crate) stream: &'a [u8],
    /// Whether the line goes on in the next one of its stream: runtimes split what is longer than 16 KiB.
    pub(crate) is_part: bool,
    /// What was written.
    pub(crate) content: &'a [u8],
}

impl<'a> ContainerLine<'a> {
    /// Reads a line of that form: `2026-01-01T00:00:00.0Z stdout F …`. Absent for any other.
    pub(crate) fn of(line: &'a [u8]) -> Option<Self> {
        let mut words = line.splitn(4, |byte| *byte == b' ');
        let (time, stream, tags) = (words.next()?, words.next()?, words.next()?);
        let is_time = time.get(4) == Some(&b'-') && time.get(10) == Some(&b'T');
        // What else a runtime says of a line follows after a colon.
        let tag = tags.split(|byte| *byte == b':').next()?;
        let is_line =
            is_time && matches!(stream, b"stdout" | b"stderr") && matches!(tag, b"F" | b"P");
        let content = words.next().unwrap_or_default();
        is_line.then_some(Self { stream, is_part: tag == b"P", content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_container_is_told_by_its_form() {
        for (line, is_part) in [
            (&b"2026-01-01T00:00:00.123456789Z stdout F {}"[..], false),
            (b"2026-01-01T00:00:00+01:00 stdout P:x {}", true),
        ] {
            let expected = ContainerLine { stream: b"stdout", is_part, content: b"{}" };
            assert_eq!(ContainerLine::of(line), Some(expected));
        }
        for line in [&b""[..], b"{}", b"a b c {}", b"2026-01-01T00:00:00Z stdout X {}"] {
            assert_eq!(ContainerLine::of(line), None, "{line:?}");
        }
    }
}
