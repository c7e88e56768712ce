//! YAML and JSON, read strictly, with the place of what is wrong.

use std::borrow::Cow;
use std::fmt;

use admit::cases::placeholder::Unfilled;
use admit::input;
use admit_server::config::read_yaml;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess};
use serde::de::{Unexpected, Visitor};
use serde_json::Value;
use serde_saphyr::{Error, Location, MessageFormatter, SnippetMode, Spanned, UserMessageFormatter};

use crate::text::{clean, cut};

/// Why a text is not of the form.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{}{problem}", place(*.line, *.column))]
pub(super) struct FormError {
    /// Counts from 1; 0 when it is not known.
    line: u64,
    column: u64,
    problem: String,
}

impl FormError {
    /// What is wrong at a place.
    pub(super) fn at(place: Location, problem: impl Into<String>) -> Self {
        Self { line: place.line(), column: place.column(), problem: problem.into() }
    }

    /// The same, or, where a template should have filled something in, that.
    pub(super) fn explained(self, text: &str) -> Self {
        let Some(found) = Unfilled::on(text, self.line, self.column) else {
            return self;
        };
        let name = cut(&clean(found.text));
        let problem = format!(
            "`{name}` looks like a placeholder that nothing filled in (as YAML: {})",
            self.problem
        );
        Self { line: found.line, column: found.column, problem }
    }
}

fn place(line: u64, column: u64) -> String {
    if line == 0 { String::new() } else { format!("line {line}, column {column}: ") }
}

/// Reads a text.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FormError> {
    let text = input::text(bytes).map_err(|error| {
        let (line, column) = error.place().unwrap_or_default();
        FormError { line, column, problem: error.to_string() }
    })?;
    read_yaml(text).map_err(|error| {
        let problem = problem(&error);
        if is_about_names(&error) { problem } else { problem.explained(text) }
    })
}

/// Whether it says all there is to say: a name is unknown, or there twice.
fn is_about_names(error: &Error) -> bool {
    match error {
        Error::WithSnippet { error, .. } | Error::AliasError { error, .. } => is_about_names(error),
        _ => matches!(error, Error::SerdeUnknownField { .. } | Error::Message { .. }),
    }
}

/// Names with values, in the order of the file.
#[derive(Debug)]
pub(super) struct Named<T>(pub(super) Vec<Member<T>>);

/// A name with its value.
#[derive(Debug)]
pub(super) struct Member<T> {
    pub(super) name: String,
    /// Where the name stands.
    pub(super) at: Location,
    pub(super) value: T,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Names<T> {
            type Value = Named<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("names with values (`name: value`)")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut members: Vec<Member<T>> = Vec::new();
                while let Some(name) = map.next_key::<Spanned<String>>()? {
                    let (at, name) = (name.referenced, name.value);
                    if let Some(first) = members.iter().find(|member| member.name == name) {
                        return Err(twice(&name, first.at, at));
                    }
                    members.push(Member { name, at, value: map.next_value()? });
                }
                Ok(Named(members))
            }
        }

        deserializer.deserialize_any(Names(std::marker::PhantomData))
    }
}

/// The error of a name that an object has twice.
pub(super) fn twice<E: serde::de::Error>(name: &str, first: Location, at: Location) -> E {
    let (first, at) = (first.line(), at.line());
    E::custom(format!("`{name}` is there twice, on lines {first} and {at}"))
}

/// A value that means nothing, in which no name is there twice either.
#[derive(Debug)]
pub(super) struct Note;

impl<'de> Deserialize<'de> for Note {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NoteVisitor)
    }
}

struct NoteVisitor;

impl<'de> Visitor<'de> for NoteVisitor {
    type Value = Note;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Note, E> {
        Ok(Note)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Note, E> {
        Ok(Note)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Note, E> {
        Ok(Note)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Note, E> {
        Ok(Note)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Note, E> {
        Ok(Note)
    }

    fn visit_str<E>(self, _: &str) -> Result<Note, E> {
        Ok(Note)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Note, A::Error> {
        while let Some(Note) = items.next_element()? {}
        Ok(Note)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Note, A::Error> {
        Named::<Note>::deserialize(MapAccessDeserializer::new(members)).map(|_| Note)
    }
}

/// The value of a setting: a text, a whole number, true or false, a list of texts, or nothing.
#[derive(Debug, PartialEq)]
pub(super) struct Setting(pub(super) Value);

/// A text of a list.
struct Item(String);

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SettingVisitor)
    }
}

struct SettingVisitor;

impl<'de> Visitor<'de> for SettingVisitor {
    type Value = Setting;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text, a whole number, true or false, or a list of texts")
    }

    fn visit_unit<E>(self) -> Result<Setting, E> {
        Ok(Setting(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Setting, E> {
        Ok(Setting(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Setting, E> {
        Ok(Setting(value.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Setting, E> {
        match i64::try_from(value) {
            Ok(value) => Ok(Setting(value.into())),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(value), &"a number of 64 bits")),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Setting, E> {
        let expected = "a whole number, or a text in quotes";
        Err(E::invalid_type(Unexpected::Float(value), &expected))
    }

    fn visit_str<E>(self, value: &str) -> Result<Setting, E> {
        Ok(Setting(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Setting, A::Error> {
        let mut items = Vec::new();
        while let Some(Item(text)) = seq.next_element()? {
            items.push(Value::String(text));
        }
        Ok(Setting(items.into()))
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemVisitor;

        impl Visitor<'_> for ItemVisitor {
            type Value = Item;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text, in quotes if it looks like something else")
            }

            fn visit_str<E>(self, text: &str) -> Result<Item, E> {
                Ok(Item(text.to_owned()))
            }
        }

        deserializer.deserialize_any(ItemVisitor)
    }
}

fn problem(error: &Error) -> FormError {
    let (line, column) = error.location().map_or((0, 0), |place| (place.line(), place.column()));
    let options = serde_saphyr::render_options! {
        formatter: &ForAuthors,
        snippets: SnippetMode::Off,
    };
    FormError { line, column, problem: one_line(&error.render_with_options(options)) }
}

/// The text without the place, which is said once, and without what a terminal would obey.
fn one_line(text: &str) -> String {
    const MAX: usize = 300;
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    clean(text.get(..end).unwrap_or_default()).chars().take(MAX).collect()
}

/// Messages for people who write files of gates, not for those who call the reader.
struct ForAuthors;

impl MessageFormatter for ForAuthors {
    fn format_message<'a>(&self, error: &'a Error) -> Cow<'a, str> {
        match error {
            Error::WithSnippet { error, .. } | Error::AliasError { error, .. } => {
                self.format_message(error)
            }
            Error::Eof { .. } => "the file ends here; expected names with values".into(),
            Error::MultipleDocuments { .. } => "a second document; expected one per file".into(),
            Error::NullIntoString { .. } => "nothing here; expected a text".into(),
            Error::Unexpected { expected: "string scalar", .. } => "expected a text".into(),
            Error::Unexpected { expected: "mapping start", .. } => {
                "expected names with values (`name: value`)".into()
            }
            Error::SerdeUnknownField { field, expected, .. } => {
                format!("`{field}` is unknown; expected one of {}", expected.join(", ")).into()
            }
            Error::SerdeInvalidType { unexpected, expected, .. }
            | Error::SerdeInvalidValue { unexpected, expected, .. } => {
                let came = unexpected.replace("unit value", "nothing");
                format!("{came}; expected {expected}").into()
            }
            Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. } => {
                "more values, levels or aliases than a file may have".into()
            }
            Error::UnknownAnchor { .. } => "an alias of something that is not there".into(),
            Error::RecursiveReferencesRequireWeakTypes { .. } => {
                "an alias of something that holds it".into()
            }
            _ => UserMessageFormatter.format_message(error),
        }
    }
}
