//! Names with values, declared once: the type, its reader, its JSON and its schema.

use std::fmt;
use std::rc::Rc;

use serde_json::{Map, Value as Json, json};

use super::form::Form;
use super::read::{Reader, Section};
use super::tree::Node;
use super::yaml::Kind;

/// What stands in a [`Section`], declared by [`shape!`](crate::shape).
pub trait Shape: Sized {
    /// Reads it. What is wrong is reported; some value stands in its place.
    fn read(section: &mut Section<'_>) -> Self;

    /// Every key with its value, as a document has it.
    fn write(&self) -> Json;

    /// The schema of it.
    fn schema() -> Json;
}

/// Declares a struct with what stands under its names: the documentation of a field is the description of its key.
///
/// ```
/// use admit_cases::shape;
/// use admit_cases::strict::{self, Kind, Shape, boolean, count};
///
/// shape! {
///     /// Where a server listens.
///     pub struct Listen (Copy, Eq): Default {
///         /// The port.
///         pub port: usize = "port", count(1..=65_535).or(80);
///         /// Whether connections are encrypted.
///         pub tls: Option<bool> = "tls", boolean().optional();
///     }
/// }
///
/// const KIND: Kind = Kind { file: "a listener", has_notes: false, is_lenient: false };
/// let listen = strict::read(&KIND, b"tls: true", Listen::read)?;
/// assert_eq!(listen, Listen { tls: Some(true), ..Listen::default() });
/// assert_eq!(Listen::schema()["properties"]["port"]["default"], 80);
/// # Ok::<(), strict::Problems>(())
/// ```
#[macro_export]
macro_rules! shape {
    ($(
        $(#[doc = $about:literal])+
        $visible:vis struct $shape:ident ($($derived:ident),*) $(: $default:ident)? {
            $($(#[doc = $doc:literal])+ $seen:vis $field:ident: $type:ty = $key:expr, $member:expr;)+
        }
    )+) => {$(
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, $($derived),*)]
        $visible struct $shape {
            $($(#[doc = $doc])+ $seen $field: $type,)+
        }

        $(impl $default for $shape {
            fn default() -> Self {
                $crate::strict::nothing()
            }
        })?

        impl $crate::strict::Shape for $shape {
            fn read(section: &mut $crate::strict::Section<'_>) -> Self {
                Self { $($field: $crate::strict::Member::from($member).read(section, $key),)+ }
            }

            fn write(&self) -> ::serde_json::Value {
                let mut written = ::serde_json::Map::new();
                $($crate::strict::Member::from($member).write(&self.$field, $key, &mut written);)+
                written.into()
            }

            fn schema() -> ::serde_json::Value {
                let mut schema = $crate::strict::schema_of_names(concat!($($about, "\n"),+));
                $($crate::strict::Member::<$type>::from($member).describe(
                    $key,
                    concat!($($doc, "\n"),+),
                    &mut schema,
                );)+
                schema
            }
        }
    )+};
}

type Read<T> = Box<dyn FnOnce(&mut Section<'_>, &'static str) -> T>;
type Write<T> = Box<dyn FnOnce(&T) -> Option<Json>>;

/// A key of a [`Shape`]: the form of its value, and what counts where it is left out.
pub struct Member<T> {
    read: Read<T>,
    write: Write<T>,
    schema: Box<dyn FnOnce() -> Json>,
    is_required: bool,
}

impl<T> fmt::Debug for Member<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Member").finish_non_exhaustive()
    }
}

impl<T> Member<T> {
    /// A key of its own kind, which may be left out.
    pub fn new(
        schema: impl FnOnce() -> Json + 'static,
        read: impl FnOnce(&mut Section<'_>, &'static str) -> T + 'static,
        write: impl FnOnce(&T) -> Option<Json> + 'static,
    ) -> Self {
        let (read, write, schema) = (Box::new(read), Box::new(write), Box::new(schema));
        Self { read, write, schema, is_required: false }
    }

    /// Reads the key in a section.
    pub fn read(self, section: &mut Section<'_>, key: &'static str) -> T {
        (self.read)(section, key)
    }

    /// Writes the key, if there is a value.
    pub fn write(self, value: &T, key: &str, into: &mut Map<String, Json>) {
        into.extend((self.write)(value).map(|value| (key.to_owned(), value)));
    }

    /// Puts the key into the schema of its section.
    pub fn describe(self, key: &str, about: &str, into: &mut Json) {
        let mut described = json!({ "description": prose(about) });
        if let (Some(described), Json::Object(schema)) =
            (described.as_object_mut(), (self.schema)())
        {
            described.extend(schema.into_iter().filter(|(name, _)| name != "description"));
        }
        if let Some(properties) = into.get_mut("properties") {
            put(properties, key, described);
        }
        if !self.is_required {
            return;
        }
        match into.get_mut("required").and_then(Json::as_array_mut) {
            Some(required) => required.push(key.into()),
            None => put(into, "required", json!([key])),
        }
    }
}

impl<T: 'static> Form<T> {
    /// A key without which `usual` counts.
    pub fn or(self, usual: T) -> Member<T>
    where
        T: Clone,
    {
        let (default, form) = (usual.clone(), Rc::new(self));
        let (of_schema, of_key) = (Rc::clone(&form), Rc::clone(&form));
        let schema = move || with_member(of_schema.schema(), "default", of_schema.write(&default));
        let read =
            move |section: &mut Section<'_>, key| section.value(key, &of_key).unwrap_or(usual);
        Member::new(schema, read, move |value| Some(form.write(value)))
    }

    /// A key that may be left out.
    pub fn optional(self) -> Member<Option<T>> {
        let form = Rc::new(self);
        let (of_schema, of_key) = (Rc::clone(&form), Rc::clone(&form));
        let read = move |section: &mut Section<'_>, key| section.value_or_nothing(key, &of_key);
        let write = move |value: &Option<T>| value.as_ref().map(|value| form.write(value));
        Member::new(move || of_schema.schema(), read, write)
    }

    /// A key that must be there: `expected` says what is missing without it.
    pub fn required(self, expected: &'static str) -> Member<T>
    where
        T: Default,
    {
        let form = Rc::new(self);
        let (of_schema, of_key) = (Rc::clone(&form), Rc::clone(&form));
        let read = move |section: &mut Section<'_>, key| {
            section.required(key, expected, &of_key).unwrap_or_default()
        };
        let write = move |value: &T| Some(form.write(value));
        let member = Member::new(move || of_schema.schema(), read, write);
        Member { is_required: true, ..member }
    }
}

/// A section that counts as empty where it is left out, or where nothing stands in it.
pub fn section<S: Shape>() -> Member<S> {
    Member::new(
        || null_or(S::schema()),
        |section, key| section.section(key, S::read),
        |value| Some(value.write()),
    )
}

/// The schema of names with values, or of nothing at all.
pub fn null_or(schema: Json) -> Json {
    with_member(schema, "type", json!(["object", "null"]))
}

/// The schema with this member, instead of the one that it has.
pub fn with_member(mut schema: Json, name: &str, member: Json) -> Json {
    put(&mut schema, name, member);
    schema
}

fn put(schema: &mut Json, name: &str, member: Json) {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert(name.to_owned(), member);
    }
}

/// A section whose presence says something.
pub fn present<S: Shape + 'static>() -> Member<Option<S>> {
    let read = |section: &mut Section<'_>, key| section.optional(key, S::read);
    Member::new(S::schema, read, |value: &Option<S>| value.as_ref().map(S::write))
}

/// The shape of an empty section.
pub fn nothing<S: Shape>() -> S {
    const KIND: Kind = Kind { file: "nothing", has_notes: false, is_lenient: false };
    Reader::new(&KIND, "").root(&Node::empty(), S::read)
}

/// The schema of names with values that has none yet.
pub fn schema_of_names(about: &str) -> Json {
    json!({
        "description": prose(about), "type": "object", "additionalProperties": false, "properties": {},
    })
}

/// A schema that is written once, under this name, and referred to.
pub fn named(name: &str, schema: Json) -> Json {
    json!({"$ref": format!("#/$defs/{name}"), "$defs": {name: schema}})
}

/// A whole document, with its name before it and what is [`named`] in it at its end.
pub fn document(id: &str, title: &str, schema: Json) -> Json {
    let mut document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": id,
        "title": title,
    });
    let (mut schema, mut definitions) = (schema, Map::new());
    collect(&mut schema, &mut definitions);
    definitions.sort_keys();
    if let (Some(document), Json::Object(schema)) = (document.as_object_mut(), schema) {
        document.extend(schema);
        document.insert("$defs".to_owned(), definitions.into());
    }
    document
}

/// Takes out what is named.
fn collect(schema: &mut Json, definitions: &mut Map<String, Json>) {
    let found = schema.as_object_mut().and_then(|schema| schema.shift_remove("$defs"));
    if let Some(Json::Object(found)) = found {
        for (name, mut definition) in found {
            collect(&mut definition, definitions);
            definitions.insert(name, definition);
        }
    }
    match schema {
        Json::Object(members) => members.values_mut().for_each(|one| collect(one, definitions)),
        Json::Array(items) => items.iter_mut().for_each(|one| collect(one, definitions)),
        _ => {}
    }
}

/// A text of a doc comment as prose: one line, and names without links.
fn prose(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("[`", "`").replace("`]", "`")
}
