//! Strict JSON: one value, no duplicate names, order kept.

use std::borrow::Cow;
use std::fmt;

use admit_cases::placeholder::Unfilled;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::Serialize;
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use crate::input;
use crate::text::{Shown, unseen, visible_json};

/// The members of a JSON object, in the order of the text.
pub type Object = Map<String, Value>;

/// Why a text is not the JSON that was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not one UTF-8 JSON value (RFC 8259) without duplicate names, at most 127 levels deep.
    #[error("not strict JSON: {0}")]
    Malformed(String),
    /// JSON, but not an object.
    #[error("not a JSON object but {0}")]
    NotAnObject(&'static str),
}

impl JsonError {
    /// The error without line and column, for text that the reader cannot look at: what a
    /// token holds, what an address answered.
    pub(crate) fn without_place(self) -> Self {
        match self {
            Self::Malformed(text) => Self::Malformed(cut_place(text)),
            other => other,
        }
    }
}

fn cut_place(text: String) -> String {
    let is_place = |c: char| c.is_ascii_digit();
    let cut = text.rsplit_once(" at line ").and_then(|(problem, rest)| {
        let rest = rest.trim_start_matches(is_place).strip_prefix(" column ")?;
        Some(format!("{problem}{}", rest.trim_start_matches(is_place)))
    });
    cut.unwrap_or(text)
}

/// What a text that does not begin as JSON may be instead: the wrong file, or the page of a proxy.
fn looks_like(text: &[u8]) -> Option<&'static str> {
    const SIGNS: [(&[u8], &str); 6] = [
        (b"<", "HTML or XML"),
        (b"eyJ", "a token"),
        (b"-----BEGIN", "PEM"),
        (b"\x1f\x8b", "compressed (gzip)"),
        (b"\x28\xb5\x2f\xfd", "compressed (zstd)"),
        (b"\0asm", "a component"),
    ];
    if input::is_utf_16(text) {
        return Some("UTF-16; expected UTF-8");
    }
    let text = text.trim_ascii_start();
    SIGNS.iter().find(|(start, _)| text.starts_with(start)).map(|(_, name)| *name)
}

fn malformed(text: &[u8], error: &serde_json::Error) -> JsonError {
    JsonError::Malformed(match looks_like(text) {
        _ if text.trim_ascii().is_empty() => "the text is empty".to_owned(),
        Some(other) => format!("{error}; it looks like {other}"),
        None => match unseen_at(text, error) {
            Some(unseen) => format!("{error}: there stands {unseen}, which does not show"),
            None => error.to_string(),
        },
    })
}

/// The character at the place of an error, if it does not show there.
fn unseen_at(text: &[u8], error: &serde_json::Error) -> Option<String> {
    let line = text.split(|byte| *byte == b'\n').nth(error.line().checked_sub(1)?)?;
    // A column counts bytes, and may be that of any byte of a character.
    let at = error.column().checked_sub(1)?;
    let start = (0..=at).rev().find(|at| line.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80))?;
    let rest = line.get(start..)?;
    let rest = rest.get(..4).unwrap_or(rest);
    let c = rest.utf8_chunks().next()?.valid().chars().next()?;
    unseen(c)
}

/// Reads one JSON value that fills the whole of `text`.
///
/// # Errors
///
/// [`JsonError::Malformed`] for anything else, duplicate names at any level included.
pub fn parse(text: &[u8]) -> Result<Value, JsonError> {
    strict(text).map_err(|error| malformed(text, &error))
}

fn strict(text: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(text).map(|Strict(value)| value)
}

/// Reads a document that is one JSON object, as [`parse_object`]; a byte order mark is no part of it.
///
/// # Errors
///
/// As [`parse_object`]. A placeholder of a template is named as such.
pub fn object_of_document(document: &[u8]) -> Result<Object, JsonError> {
    let text = input::document(document);
    object(strict(text).map_err(|error| {
        let placeholder = unfilled(text, &error).map(JsonError::Malformed);
        placeholder.unwrap_or_else(|| malformed(text, &error))
    })?)
}

/// The message for a placeholder of a template at the place of an error.
fn unfilled(text: &[u8], error: &serde_json::Error) -> Option<String> {
    let found =
        Unfilled::at(str::from_utf8(text).ok()?, error.line() as u64, error.column() as u64);
    let found = Shown::new(found?.text);
    Some(format!("`{found}` looks like a placeholder that nothing filled in (as JSON: {error})"))
}

/// Reads one JSON object that fills the whole of `text`.
///
/// # Errors
///
/// [`JsonError::Malformed`] as for [`parse`], [`JsonError::NotAnObject`] for another JSON type.
pub fn parse_object(text: &[u8]) -> Result<Object, JsonError> {
    object(parse(text)?)
}

fn object(value: Value) -> Result<Object, JsonError> {
    match value {
        Value::Object(object) => Ok(object),
        other => Err(JsonError::NotAnObject(kind(&other))),
    }
}

/// The JSON type of a value with its article, for messages: `a string`, `null`.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The text of the member with this name; absent when it is missing or not a string.
pub fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

/// Writes a value on one line, in which every character shows: what somebody sent cannot steer the
/// reader's terminal, or turn the text in it.
///
/// # Errors
///
/// When the value has no form in JSON.
pub fn to_line(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(value).map(visible)
}

/// As [`to_line`], on as many lines as a person likes to read.
///
/// # Errors
///
/// As [`to_line`].
pub fn to_lines(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(visible)
}

fn visible(json: String) -> String {
    match visible_json(&json) {
        Cow::Borrowed(_) => json,
        Cow::Owned(visible) => visible,
    }
}

/// A value in which no object has a name twice: `serde_json` keeps the last one.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

/// As many members as the claims of a usual token are: room for them is made once.
const USUAL_MEMBERS: usize = 24;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Strict, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("number out of range"))?;
        Ok(Strict(Value::Number(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Strict, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Strict(Value::Array(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Strict, A::Error> {
        let mut members = Object::with_capacity(USUAL_MEMBERS);
        while let Some(name) = access.next_key::<String>()? {
            match members.entry(name) {
                Entry::Vacant(member) => {
                    let Strict(value) = access.next_value()?;
                    member.insert(value);
                }
                Entry::Occupied(member) => {
                    let name = Shown::name(member.key());
                    return Err(A::Error::custom(format_args!("duplicate name `{name}`")));
                }
            }
        }
        Ok(Strict(Value::Object(members)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_types() {
        let text = br#"{"b":[1,-2,2.5,1e3],"a":{"x":null,"y":true},"c":"\u00e9"}"#;
        let object = parse_object(text).unwrap();
        assert!(object.keys().eq(["b", "a", "c"]));
        assert_eq!(super::text(&object, "c"), Some("é"));
        let written = serde_json::to_string(&Value::Object(object)).unwrap();
        assert_eq!(written, r#"{"b":[1,-2,2.5,1000.0],"a":{"x":null,"y":true},"c":"é"}"#);
    }

    #[test]
    fn duplicate_names_are_refused_however_deep_or_spelt() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"tid":1,"t\u0069d":2}"#,
            r#"{"a":[{"b":1,"b":2}]}"#,
            r#"{"a":{"b":1,"c":2,"b":3}}"#,
        ] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("duplicate name"), "{text}: {error}");
        }
    }

    #[test]
    fn duplicate_names_are_found_among_many() {
        let mut members: Vec<_> = (0..5_000).map(|index| format!("\"n{index}\":0")).collect();
        let unique = format!("{{{}}}", members.join(","));
        assert_eq!(parse_object(unique.as_bytes()).unwrap().iter().count(), 5_000);
        for repeated in [0, 31, 32, 4_999] {
            members.push(format!("\"n{repeated}\":1"));
            let text = format!("{{{}}}", members.join(","));
            assert!(parse(text.as_bytes()).is_err(), "n{repeated}");
            members.pop();
        }
    }

    #[test]
    fn what_is_not_one_strict_json_value_is_refused() {
        let nested = "[".repeat(200) + &"]".repeat(200);
        for text in [
            "",
            " ",
            "{",
            "{}{}",
            "{} x",
            "{}\0",
            "\u{feff}{}",
            "{'a':1}",
            "{a:1}",
            "{\"a\":1,}",
            "{\"a\":01}",
            "{\"a\":NaN}",
            "{\"a\":+1}",
            "{\"a\":1}//",
            "/**/{}",
            "{\"a\":\"\t\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\udc00\\ud800\"}",
            "{\"a\":1e999}",
            &nested,
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text:?}");
        }
        for bytes in [b"{\"a\":\"\xff\"}".as_slice(), b"{\"a\":\"\xc0\xaf\"}", b"{\0\"\0a\0"] {
            assert!(parse(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn text_of_another_kind_is_named() {
        for (text, other) in [
            (&b" <!doctype html>"[..], "HTML or XML"),
            (b"eyJhbGciOi", "a token"),
            (b"\x1f\x8b\x08\x00", "compressed (gzip)"),
            (b"\xff\xfe{\0}\0", "UTF-16; expected UTF-8"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.to_string().ends_with(&format!("; it looks like {other}")), "{error}");
            let unplaced = format!("not strict JSON: expected value; it looks like {other}");
            assert_eq!(error.without_place().to_string(), unplaced);
        }
    }

    #[test]
    fn utf_16_without_a_mark_is_named() {
        let error = parse(b"{\0}\0").unwrap_err().to_string();
        assert!(error.ends_with("; it looks like UTF-16; expected UTF-8"), "{error}");
    }

    #[test]
    fn what_does_not_show_is_named() {
        for (text, unseen) in [
            ("\u{feff}{}", "U+FEFF (a byte order mark)"),
            ("{}\n\u{c}\n", "U+000C"),
            ("{}\u{b}", "U+000B"),
            ("{}\0", "U+0000 (NUL)"),
            ("{\"a\": 1\u{85}}", "U+0085"),
            ("{\u{2028}}", "U+2028"),
            ("\u{a0}{}", "U+00A0 (a no-break space)"),
            ("{\"a\":\"\t\"}", "U+0009"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            let expected = format!(": there stands {unseen}, which does not show");
            assert!(error.ends_with(&expected), "{text:?}: {error}");
        }
        for text in ["{}x", "{", "{a: 1}", "[1 2]", "{\"a\":\"\u{e4}\" x}"] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(!error.contains("stands"), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_place_is_cut_and_nothing_else() {
        for (text, cut) in [
            (r#"{"a":1,"a":2}"#, "not strict JSON: duplicate name `a`"),
            (
                r#"{" at line 7 x":1," at line 7 x":2}"#,
                "not strict JSON: duplicate name ` at line 7 x`",
            ),
            ("", "not strict JSON: the text is empty"),
            ("{", "not strict JSON: EOF while parsing an object"),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap_err().without_place().to_string(), cut);
        }
        assert_eq!(cut_place("x at line 7".to_owned()), "x at line 7");
    }

    #[test]
    fn a_document_may_begin_with_a_byte_order_mark() {
        assert_eq!(object_of_document("\u{feff}{}".as_bytes()), Ok(Object::default()));
        for text in ["\u{feff}\u{feff}{}", " \u{feff}{}", "{}\u{feff}"] {
            assert!(object_of_document(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_placeholder_of_a_template_is_called_so() {
        for (text, found) in [
            (r#"{"a": "$A", "b": {{ b }}}"#, "{{ b }}"),
            ("{\"a\": 1,\n \"b\": [${B}, 2]}", "${B}"),
            ("{\"a\": %A%}", "%A%"),
            ("{\"a\": \"x\" {{ b }}}", "{{ b }}"),
            ("{% if a %}{\"a\": 1}{% endif %}", "{% if a %}"),
        ] {
            let error = object_of_document(text.as_bytes()).unwrap_err().to_string();
            let expected =
                format!("`{found}` looks like a placeholder that nothing filled in (as JSON: ");
            assert!(error.contains(&expected), "{text}: {error}");
            assert!(error.contains(" at line "), "{error}");
            // Of what a token holds, nothing is repeated.
            assert!(!parse_object(text.as_bytes()).unwrap_err().to_string().contains(found));
        }
        let elsewhere = r#"{"a": "{{ a }}", "b": x}"#;
        let error = object_of_document(elsewhere.as_bytes()).unwrap_err().to_string();
        assert!(!error.contains("placeholder"), "{error}");
    }

    #[test]
    fn another_type_than_an_object_is_named() {
        for (text, kind) in [("[]", "an array"), ("null", "null"), ("1", "a number")] {
            assert_eq!(parse_object(text.as_bytes()), Err(JsonError::NotAnObject(kind)));
        }
    }
}
