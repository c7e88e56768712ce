//! Lines that are not of a decision log: what they look like, and how to turn them into lines of a log.

use std::fmt;

use admit_api::log::Line;
use serde_json::Value;

use crate::container::{ContainerLine, JOIN};

/// The most characters of a member's name that are shown.
const MAX_NAME: usize = 40;

/// How lines of a decision log begin.
const START: &str = "{\"type\":\"";

/// What a line looks like.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Foreign {
    /// Nothing of a decision log, or too long.
    Other,
    /// The beginning of a line, or its end.
    Piece,
    /// An object with a line as the text of this member: what collects logs writes that.
    Text(String),
    /// An object with a line as this member.
    Member(String),
    /// A line with something before it: a time, the name of a container.
    Prefixed,
    /// A part of a line that a container runtime split (CRI).
    Part,
    TextPart(String),
    /// A part of JSON that stands on several lines.
    Broken,
    /// Several lines in one array.
    Array,
}

/// Recognises lines that are not of a log, one after the other: what one is depends on those before it.
#[derive(Debug, Default)]
pub(super) struct Foreigners {
    /// The streams of a container, and the member of an object, in which a line goes on.
    parts: [bool; 2],
    text_part: Option<String>,
}

impl Foreigners {
    /// What the next such line looks like.
    pub(super) fn of(&mut self, text: &[u8]) -> Foreign {
        if let Some(line) = ContainerLine::of(text) {
            return self.of_container(line, text);
        }
        match (Foreign::of(text), &self.text_part) {
            (Foreign::Other, Some(name)) if Foreign::has_text(text, name) => {
                Foreign::TextPart(self.text_part.take().unwrap_or_default())
            }
            (Foreign::TextPart(name), _) => {
                self.text_part = Some(name.clone());
                Foreign::TextPart(name)
            }
            (foreign, _) => foreign,
        }
    }

    fn of_container(&mut self, line: ContainerLine<'_>, text: &[u8]) -> Foreign {
        let [stdout, stderr] = &mut self.parts;
        let goes_on = if line.stream == b"stdout" { stdout } else { stderr };
        let is_part = std::mem::replace(goes_on, line.is_part) || line.is_part;
        if is_part { Foreign::Part } else { Foreign::of(text) }
    }
}

impl Foreign {
    /// What a text looks like that is no line of a log.
    pub(super) fn of(text: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(text) {
            Ok(Value::Object(members)) => {
                let wrapping =
                    members.into_iter().find_map(|(name, value)| Self::in_member(name, value));
                wrapping.unwrap_or(Self::Other)
            }
            Ok(Value::Array(items)) if items.iter().any(is_line) => Self::Array,
            Ok(Value::Array(_)) => Self::Other,
            _ => Self::of_no_json(text),
        }
    }

    fn in_member(name: String, value: Value) -> Option<Self> {
        let is_simple = name.len() <= MAX_NAME
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let name = if is_simple { name } else { String::new() };
        match value {
            Value::String(text) if is_line_text(text.trim().as_bytes()) => Some(Self::Text(name)),
            Value::String(text) if text.starts_with(START) && !text.ends_with('\n') => {
                Some(Self::TextPart(name))
            }
            value if is_line(&value) => Some(Self::Member(name)),
            _ => None,
        }
    }

    /// Whether it is an object with a text as this member.
    fn has_text(text: &[u8], name: &str) -> bool {
        serde_json::from_slice::<Value>(text)
            .is_ok_and(|value| value.get(name).is_some_and(Value::is_string))
    }

    fn of_no_json(text: &[u8]) -> Self {
        let rest = text.iter().position(|byte| *byte == b'{').and_then(|start| text.get(start..));
        match rest {
            Some(rest) if rest.len() < text.len() && is_line_text(rest) => Self::Prefixed,
            _ if text.starts_with(START.as_bytes()) => Self::Piece,
            _ if is_broken(text) => Self::Broken,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let take = |f: &mut fmt::Formatter<'_>, name: &str, what: &str, options: &str| match name {
            "" => write!(
                f,
                "not of a decision log, but with a line of one as {what}: take it out first, for example with jq"
            ),
            name => write!(
                f,
                "not of a decision log, but with a line of one as {what} `{name}`: take it out first (`jq {options} .{name}`)"
            ),
        };
        match self {
            Self::Other => f.write_str("not of a decision log"),
            Self::Piece => f.write_str("of which only a piece is there"),
            Self::Text(name) => take(f, name, "the text of the member", "-r"),
            Self::Member(name) => take(f, name, "the member", "-c"),
            Self::Prefixed => f.write_str(
                "with something before the line of a decision log: cut it off first (`sed 's/^[^{]*//'`)",
            ),
            Self::Part => write!(
                f,
                "in parts: a container runtime (CRI) split them, and marked with `P` what goes on; join them first (`{JOIN}`)"
            ),
            Self::TextPart(name) if name.is_empty() => f.write_str(
                "in parts: a container runtime split them over several objects; join their texts first",
            ),
            Self::TextPart(name) => write!(
                f,
                "in parts: a container runtime split them over several objects, as the text of the member `{name}`; join them first (`jq -j .{name}`)"
            ),
            Self::Broken => f.write_str(
                "with a part of JSON: each line of a decision log is whole (`jq -c .` makes it so)",
            ),
            Self::Array => f.write_str(
                "with several lines of a decision log in an array: put each on a line of its own (`jq -c '.[]'`)",
            ),
        }
    }
}

fn is_line(value: &Value) -> bool {
    value.is_object() && serde_json::from_value::<Line>(value.clone()).is_ok()
}

fn is_line_text(text: &[u8]) -> bool {
    serde_json::from_slice::<Line>(text).is_ok()
}

/// Whether it is what a program that indents writes on a line.
fn is_broken(text: &[u8]) -> bool {
    let is_bracket = |byte: &u8| b"{}[],".contains(byte);
    let is_item = text.starts_with(b"\"") && (text.ends_with(b",") || text.ends_with(b"\""));
    let is_member = text.starts_with(b"\"") && text.windows(2).any(|pair| pair == b"\":");
    text.iter().all(is_bracket) || is_item || is_member
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LINE: &str = r#"{"type":"decision","at":"2026-01-01T00:00:00Z","now":1,"gate":"g","decision_id":"019b76da-a800-7000-8000-000000000000","outcome":"deny","duration_us":41}"#;

    #[test]
    fn what_surrounds_a_line_is_told_by_what_takes_it_out() {
        let line: Value = serde_json::from_str(LINE).unwrap();
        for (text, expected) in [
            (json!({"log": format!("{LINE}\n"), "stream": "stdout"}).to_string(), "`jq -r .log`"),
            (json!({"MESSAGE": LINE, "_PID": "1"}).to_string(), "`jq -r .MESSAGE`"),
            (json!({"jsonPayload": line}).to_string(), "`jq -c .jsonPayload`"),
            (json!({"it's a; name": line}).to_string(), "for example with jq"),
            (format!("2026-01-01T00:00:00.1Z stdout F {LINE}"), "`sed 's/^[^{]*//'`"),
            (format!("admit-1  | {LINE}"), "`sed 's/^[^{]*//'`"),
            (format!("[{LINE},{LINE}]"), "`jq -c '.[]'`"),
            ("{".to_owned(), "`jq -c .`"),
            ("\"now\": 1,".to_owned(), "`jq -c .`"),
            ("},".to_owned(), "`jq -c .`"),
            (LINE[..60].to_owned(), "a piece"),
        ] {
            let said = Foreign::of(text.as_bytes()).to_string();
            assert!(said.contains(expected), "{text}: {said}");
        }
        let mut foreigners = Foreigners::default();
        let (start, end) = LINE.split_at(60);
        let docker = |text: &str| json!({"log": text, "stream": "stdout"}).to_string();
        let prefixed = |tag: &str, text: &str| format!("2026-01-01T00:00:00Z stdout {tag} {text}");
        for (text, expected) in [
            (prefixed("F", LINE), Foreign::Prefixed),
            (prefixed("P", start), Foreign::Part),
            ("2026-01-01T00:00:00Z stderr F started".to_owned(), Foreign::Other),
            (prefixed("P", ""), Foreign::Part),
            (prefixed("F", end), Foreign::Part),
            (prefixed("F", end), Foreign::Other),
            (docker(start), Foreign::TextPart("log".to_owned())),
            (docker(&format!("{end}\n")), Foreign::TextPart("log".to_owned())),
            (docker("started\n"), Foreign::Other),
            (docker(&format!("{LINE}\n")), Foreign::Text("log".to_owned())),
        ] {
            assert_eq!(foreigners.of(text.as_bytes()), expected, "{text}");
        }
        for text in ["no log", "[]", "{}", "1", "{\"level\":\"info\"}", "started {x}"] {
            assert_eq!(Foreign::of(text.as_bytes()), Foreign::Other, "{text}");
        }
    }
}
