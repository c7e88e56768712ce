//! YAML and JSON, read strictly, with the place of what is wrong.

use std::fmt;

use admit::cases::yaml::{Problem, Words, read_yaml};
use admit::input;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess};
use serde::de::{Unexpected, Visitor};
use serde_json::Value;
use serde_saphyr::{Error, Location, Spanned};

const WORDS: Words = Words { file: "a file", own: said, is_complete: is_about_names };

fn said(error: &Error) -> Option<String> {
    let end = "the file ends here; expected names with values";
    matches!(error, Error::Eof { .. }).then(|| end.to_owned())
}

fn is_about_names(error: &Error) -> bool {
    matches!(error, Error::SerdeUnknownField { .. } | Error::Message { .. })
}

/// Reads a text.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = input::text(bytes).map_err(|error| {
        let (line, column) = error.place().unwrap_or_default();
        Problem { line, column, text: error.to_string() }
    })?;
    read_yaml(text).map_err(|error| WORDS.problem(text, &error))
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
