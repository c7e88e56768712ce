//! Single values: their types and ranges, each with its JSON and its schema.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Map, Number, Value as Json, json};

use super::read::{Found, NAMES, Wrong, expected};
use super::shape::{Shape, named};
use super::tree::{Entry, Value};

type Read<T> = Box<dyn Fn(&Found<'_>) -> Result<T, Wrong>>;

/// How a value is read, written as JSON, and described by a JSON schema.
pub struct Form<T> {
    read: Read<T>,
    write: Box<dyn Fn(&T) -> Json>,
    /// Made when it is asked for: reading does without.
    schema: Box<dyn Fn() -> Json>,
}

impl<T> fmt::Debug for Form<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.schema)().fmt(formatter)
    }
}

impl<T> Form<T> {
    /// Reads a value.
    ///
    /// # Errors
    ///
    /// [`Wrong`], to be reported where the value stands.
    pub fn read(&self, found: &Found<'_>) -> Result<T, Wrong> {
        (self.read)(found)
    }

    /// The value as a document has it.
    pub fn write(&self, value: &T) -> Json {
        (self.write)(value)
    }

    /// What values there are.
    pub fn schema(&self) -> Json {
        (self.schema)()
    }
}

impl<T: 'static> Form<T> {
    /// A form of its own, whose values nothing writes.
    pub fn new(
        schema: impl Fn() -> Json + 'static,
        read: impl Fn(&Found<'_>) -> Result<T, Wrong> + 'static,
    ) -> Self {
        let write = Box::new(|_: &T| Json::Null);
        Self { read: Box::new(read), write, schema: Box::new(schema) }
    }

    /// The same, with how a value is written.
    pub fn written(self, write: impl Fn(&T) -> Json + 'static) -> Self {
        Self { write: Box::new(write), ..self }
    }

    /// The same, with these members of the schema.
    pub fn with(self, members: impl Fn() -> Json + 'static) -> Self {
        let schema = self.schema;
        let schema = move || {
            let mut schema = schema();
            if let (Json::Object(schema), Json::Object(members)) = (&mut schema, members()) {
                schema.extend(members);
            }
            schema
        };
        Self { schema: Box::new(schema), ..self }
    }

    /// The same, with a schema that is written once and referred to by this name.
    pub fn named(self, name: &'static str) -> Self {
        let schema = self.schema;
        Self { schema: Box::new(move || named(name, schema())), ..self }
    }

    /// The same form of another type.
    pub fn map<U: 'static>(self, into: fn(T) -> U, from: fn(&U) -> T) -> Form<U> {
        let Self { read, write, schema } = self;
        Form::new(schema, move |found| read(found).map(into))
            .written(move |value| write(&from(value)))
    }
}

/// A text, which may be empty.
pub fn text() -> Form<String> {
    let read = |found: &Found<'_>| text_of(found).map(str::to_owned);
    Form::new(|| json!({"type": "string"}), read).written(|text| text.as_str().into())
}

/// The text that was found.
///
/// # Errors
///
/// [`Wrong`] when it is none.
pub fn text_of<'a>(found: &Found<'a>) -> Result<&'a str, Wrong> {
    match &found.node.value {
        Value::Text(text) | Value::Given(text) => Ok(text),
        Value::Integer(_) | Value::Number(_) | Value::Boolean(_) => {
            found.as_text().ok_or_else(|| Wrong::Expected("a text; put it in quotes".to_owned()))
        }
        _ => expected("a text"),
    }
}

/// `true` or `false`.
pub fn boolean() -> Form<bool> {
    let read = |found: &Found<'_>| match &found.node.value {
        Value::Boolean(boolean) => Ok(*boolean),
        Value::Given(text) if text == "true" => Ok(true),
        Value::Given(text) if text == "false" => Ok(false),
        _ => expected("`true` or `false`"),
    };
    Form::new(|| json!({"type": "boolean"}), read).written(|boolean| (*boolean).into())
}

/// A whole number in a range.
pub fn whole(range: RangeInclusive<u64>) -> Form<u64> {
    let bounds = range.clone();
    let schema = move || match (bounds.start(), bounds.end()) {
        (least, &u64::MAX) => json!({"type": "integer", "minimum": least}),
        (least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
    };
    let read = move |found: &Found<'_>| {
        let number = match &found.node.value {
            Value::Integer(number) => u64::try_from(*number).ok(),
            Value::Given(text) => digits(text),
            _ => None,
        };
        let wanted = || match (range.start(), range.end()) {
            (0, &u64::MAX) => "a whole number, not negative".to_owned(),
            (least, most) => format!("a whole number, {least} to {most}"),
        };
        number.filter(|number| range.contains(number)).ok_or_else(|| Wrong::Expected(wanted()))
    };
    Form::new(schema, read).written(|number| (*number).into())
}

/// Digits alone: no sign, no space.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// As [`whole`], for what is counted in memory.
pub fn count(range: RangeInclusive<u32>) -> Form<usize> {
    let range = u64::from(*range.start())..=u64::from(*range.end());
    whole(range).map(|number| usize::try_from(number).unwrap_or(usize::MAX), |count| *count as u64)
}

/// As [`whole`], in seconds.
pub fn seconds(range: RangeInclusive<u64>) -> Form<Duration> {
    whole(range).map(Duration::from_secs, Duration::as_secs)
}

/// One of some words.
pub fn choice<T: Copy + PartialEq + 'static>(words: &'static [(&'static str, T)]) -> Form<T> {
    let schema = || {
        let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        json!({ "enum": names })
    };
    let read = move |found: &Found<'_>| {
        let came = match &found.node.value {
            Value::Text(text) | Value::Given(text) => text.as_str(),
            _ => "",
        };
        let word = words.iter().find(|(word, _)| *word == came);
        word.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            Wrong::Expected(words.join(" or "))
        })
    };
    Form::new(schema, read).written(|value| {
        words.iter().find(|(_, other)| other == value).map(|(word, _)| *word).into()
    })
}

/// A path; a relative one in a file is relative to the file's folder.
pub fn path() -> Form<PathBuf> {
    let read = |found: &Found<'_>| {
        let path = text_of(found)?;
        if path.is_empty() || path.contains('\0') {
            return expected("a path");
        }
        Ok(found.resolve(path))
    };
    let schema = || json!({"type": "string", "minLength": 1, "pattern": "^[^\\u0000]+$"});
    Form::new(schema, read).written(|path| path.display().to_string().into())
}

/// A list.
pub fn list<T: 'static>(item: Form<T>) -> Form<Vec<T>> {
    let item = Rc::new(item);
    let (of_schema, of_list) = (Rc::clone(&item), Rc::clone(&item));
    let schema = move || json!({"type": "array", "items": of_schema.schema()});
    Form::new(schema, move |found| found.items(&of_list))
        .written(move |items| items.iter().map(|one| item.write(one)).collect())
}

/// Values by names that are free.
pub fn names<T: 'static>(value: Form<T>) -> Form<IndexMap<String, T>> {
    let value = Rc::new(value);
    let (of_schema, of_names) = (Rc::clone(&value), Rc::clone(&value));
    let schema = move || json!({"type": "object", "additionalProperties": of_schema.schema()});
    let read = move |found: &Found<'_>| {
        let read = |(entry, found): (&Entry, Found<'_>)| {
            // A lenient kind takes nothing under a key of the form for no key; a name that an author
            // gave is one, and has something to say.
            let value = if found.is_forgotten() { expected(NAMES) } else { of_names.read(&found) };
            Some((entry.name.clone(), found.reported(value)?))
        };
        Ok(found.entries()?.filter_map(read).collect())
    };
    Form::new(schema, read).written(move |values: &IndexMap<String, T>| {
        let members = values.iter().map(|(name, one)| (name.clone(), value.write(one)));
        Json::Object(members.collect())
    })
}

/// What stands in a section.
pub fn of<S: Shape + 'static>() -> Form<S> {
    Form::new(S::schema, |found| Ok(found.section(S::read))).written(S::write)
}

/// A value of a type that some setting may have: a text, a whole number, true or false, or a list of texts.
///
/// # Errors
///
/// [`Wrong`] when it is something else.
pub fn setting(found: &Found<'_>) -> Result<Json, Wrong> {
    match &found.node.value {
        Value::Text(text) => Ok(text.as_str().into()),
        Value::Boolean(boolean) => Ok((*boolean).into()),
        Value::Integer(number) => match i64::try_from(*number) {
            Ok(number) => Ok(number.into()),
            Err(_) => expected("a whole number of 64 bits"),
        },
        Value::List(_) => Ok(found.items(&text())?.into()),
        Value::Number(_) => expected("a text or a whole number; put a text in quotes"),
        _ => expected("a text, a whole number, true or false, or a list of texts"),
    }
}

/// Any value of JSON.
pub fn any() -> Form<Json> {
    Form::new(|| json!({}), any_of).written(Json::clone)
}

fn any_of(found: &Found<'_>) -> Result<Json, Wrong> {
    match &found.node.value {
        Value::Nothing => Ok(Json::Null),
        Value::Boolean(boolean) => Ok((*boolean).into()),
        Value::Text(text) | Value::Given(text) => Ok(text.as_str().into()),
        Value::Number(number) => match Number::from_f64(*number) {
            Some(number) => Ok(number.into()),
            None => expected("a finite number"),
        },
        Value::Integer(number) => match (u64::try_from(*number), i64::try_from(*number)) {
            (Ok(number), _) => Ok(number.into()),
            (_, Ok(number)) => Ok(number.into()),
            _ => expected("a whole number of 64 bits"),
        },
        Value::List(_) => Ok(found.items(&any())?.into()),
        Value::Names(_) => object_of(found).map(Json::Object),
    }
}

/// Names with any values.
pub fn object() -> Form<Map<String, Json>> {
    let schema = || json!({"type": "object"});
    Form::new(schema, object_of).written(|object| Json::Object(object.clone()))
}

fn object_of(found: &Found<'_>) -> Result<Map<String, Json>, Wrong> {
    let read = |(entry, found): (&Entry, Found<'_>)| {
        Some((entry.name.clone(), found.reported(any_of(&found))?))
    };
    Ok(found.entries()?.filter_map(read).collect())
}
