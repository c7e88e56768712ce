//! What of claims and facts is written: values, or only what kind of value there was.

use admit::text::is_invisible;
use admit_api::log::Kind;
use serde_json::{Map, Value};

/// Most bytes of a value; a longer text is cut, anything else left out.
const MAX_VALUE_BYTES: usize = 1_024;

/// Most characters of a text that a policy may take for a name.
const MAX_NAME_CHARS: usize = 256;

/// The values that are written, and what is said of those that are not.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// In the order in which they were added.
    pub(super) whole: Map<String, Value>,
    /// The kinds of values that are not written.
    pub(super) withheld: Map<String, Value>,
    /// The names of values that are not whole.
    pub(super) cut: Vec<String>,
}

impl Values {
    /// Adds a value that may be written.
    pub(super) fn write(&mut self, name: &str, value: Value) {
        let shortened = shortened(value);
        if shortened.is_cut {
            self.cut.push(name.to_owned());
        }
        self.whole.extend(shortened.value.map(|value| (name.to_owned(), value)));
    }

    /// Adds the kind of a claim's value.
    pub(super) fn withhold(&mut self, name: &str, value: &Value) {
        self.withheld.insert(name.to_owned(), kind(value).as_str().into());
    }

    /// Adds the kind of a text that may not be written.
    pub(super) fn withhold_text(&mut self, name: &str, text: &str) {
        self.withheld.insert(name.to_owned(), kind_of_text(text).as_str().into());
    }
}

/// A value that is short enough to be written.
pub(super) struct Shortened {
    /// Absent when it is too long and no text.
    pub(super) value: Option<Value>,
    pub(super) is_cut: bool,
}

pub(super) fn shortened(value: Value) -> Shortened {
    match value {
        Value::String(mut text) if text.len() > MAX_VALUE_BYTES => {
            text.truncate(text.floor_char_boundary(MAX_VALUE_BYTES));
            Shortened { value: Some(Value::String(text)), is_cut: true }
        }
        value if !value.is_string() && size(&value) > MAX_VALUE_BYTES => {
            Shortened { value: None, is_cut: true }
        }
        value => Shortened { value: Some(value), is_cut: false },
    }
}

/// Its bytes as JSON, roughly.
fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 24,
        Value::String(text) => text.len() + 3,
        Value::Array(items) => 2 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => {
            2 + members.iter().map(|(name, value)| name.len() + 4 + size(value)).sum::<usize>()
        }
    }
}

/// What kind of value it is: as much as a policy can tell without looking at what a text says.
fn kind(value: &Value) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(_) => Kind::Boolean,
        Value::Number(number) if number.is_i64() => Kind::Integer,
        Value::Number(_) => Kind::Number,
        Value::String(text) => kind_of_text(text),
        Value::Array(items) if items.iter().all(Value::is_string) => Kind::Texts,
        Value::Array(_) => Kind::Array,
        Value::Object(_) => Kind::Object,
    }
}

fn kind_of_text(text: &str) -> Kind {
    if text.is_empty() {
        Kind::EmptyText
    } else if text.contains(is_invisible) || text.chars().count() > MAX_NAME_CHARS {
        Kind::UnusableText
    } else {
        Kind::Text
    }
}

/// A value to replay a decision with, in the place of one that was not written: of the same kind.
pub fn stand_in(kind: Kind) -> Value {
    match kind {
        Kind::Null => Value::Null,
        Kind::Boolean => Value::Bool(true),
        Kind::Integer => Value::from(1),
        Kind::Number => Value::from(1.5),
        Kind::EmptyText => Value::from(""),
        Kind::UnusableText => Value::from("withheld\u{7f}"),
        Kind::Text => Value::from("withheld"),
        Kind::Texts => Value::from(vec!["withheld"]),
        Kind::Array => Value::from(vec![Value::Null]),
        Kind::Object => Value::Object(Map::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_is_of_the_kind_it_stands_for() {
        for (text, expected) in [
            ("null", Kind::Null),
            ("false", Kind::Boolean),
            ("-7", Kind::Integer),
            ("7.5", Kind::Number),
            ("18446744073709551615", Kind::Number),
            (r#""""#, Kind::EmptyText),
            (r#""Jörg""#, Kind::Text),
            (r#""a\u200bb""#, Kind::UnusableText),
            (r#""a\nb""#, Kind::UnusableText),
            (&format!("\"{}\"", "é".repeat(256)), Kind::Text),
            (&format!("\"{}\"", "é".repeat(257)), Kind::UnusableText),
            (r#"["a"]"#, Kind::Texts),
            (r#"["a",1]"#, Kind::Array),
            (r#"{"a":1}"#, Kind::Object),
        ] {
            assert_eq!(kind(&serde_json::from_str(text).unwrap()), expected, "{text}");
            let stand_in = stand_in(expected);
            assert_eq!(kind(&stand_in), expected, "{stand_in}");
        }
    }

    #[test]
    fn a_long_value_is_cut_and_named() {
        let mut values = Values::default();
        values.write("fits", "é".repeat(512).into());
        values.write("text", "é".repeat(513).into());
        values.write("odd", format!("a{}", "é".repeat(512)).into());
        values.write("texts", vec!["x".repeat(600); 2].into());
        values.write("few", vec!["x".repeat(500); 2].into());
        values.write("deep", serde_json::json!({"x".repeat(900): {"y": "z".repeat(200)}}));
        assert_eq!(values.cut, ["text", "odd", "texts", "deep"]);
        let lengths: Vec<_> =
            values.whole.iter().map(|(name, value)| (&**name, size(value))).collect();
        assert_eq!(lengths, [("fits", 1_027), ("text", 1_027), ("odd", 1_026), ("few", 1_008)]);
    }
}
