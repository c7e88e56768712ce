//! Values with the places they come from.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

/// Where a value was given.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// In the document. Both count from 1; a line of 0 stands for the whole document.
    File {
        /// The line.
        line: u64,
        /// The column.
        column: u64,
    },
    /// In an environment variable, or as a flag of the command line: its name.
    Named(String),
    /// Nowhere: it is a default.
    Nowhere,
}

/// A value and where it was given.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was given.
    pub origin: Origin,
    /// The bytes of the document that it was read from, where they are one scalar.
    bytes: Option<Range<usize>>,
}

/// A value as YAML reads it.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`, or nothing at all.
    Nothing,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i128),
    /// Another number.
    Number(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Names with values.
    Names(Vec<Entry>),
    /// The text of a variable or flag, which has no types: it may stand for any scalar.
    Given(String),
}

/// A name and its value. The same name may be there twice: the reader of a tree says so.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub origin: Origin,
    /// Its value.
    pub node: Node,
}

impl Node {
    /// Nothing at all.
    pub fn empty() -> Self {
        Self::new(Value::Nothing, Origin::Nowhere)
    }

    fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin, bytes: None }
    }

    /// A scalar as it stands in the document.
    pub(super) fn as_written<'d>(&self, document: &'d str) -> Option<&'d str> {
        document.get(self.bytes.clone()?)
    }

    /// The node at a path, if it is there.
    pub fn find(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, name| match &node.value {
            Value::Names(entries) => {
                entries.iter().find(|entry| entry.name == name).map(|entry| &entry.node)
            }
            _ => None,
        })
    }

    /// The node at a path, or the last one on the way to it.
    pub fn nearest(&self, path: &str) -> &Self {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        match self.find(name) {
            Some(node) if rest.is_empty() => node,
            Some(node) => node.nearest(rest),
            None => self,
        }
    }

    /// Puts a text at a path, in the place of what was there.
    pub fn set(&mut self, path: &str, text: &str, origin: &Origin) {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        if !matches!(self.value, Value::Names(_)) {
            *self = Self::new(Value::Names(Vec::new()), origin.clone());
        }
        let Value::Names(entries) = &mut self.value else { return };
        let at = entries.iter().position(|entry| entry.name == name).unwrap_or(entries.len());
        if at == entries.len() {
            let (name, origin) = (name.to_owned(), origin.clone());
            entries.push(Entry { name, origin, node: Self::empty() });
        }
        let Some(entry) = entries.get_mut(at) else { return };
        if rest.is_empty() {
            let value = Value::Given(text.to_owned());
            entry.node = Self::new(value, origin.clone());
        } else {
            entry.node.set(rest, text, origin);
        }
    }
}

impl From<Location> for Origin {
    fn from(place: Location) -> Self {
        Self::File { line: place.line(), column: place.column() }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = Spanned::<Value>::deserialize(deserializer)?;
        let span = found.defined.span();
        let bytes = span.byte_offset().zip(span.byte_len()).and_then(|(start, length)| {
            let start = usize::try_from(start).ok()?;
            Some(start..start.checked_add(usize::try_from(length).ok()?)?)
        });
        Ok(Self { value: found.value, origin: found.referenced.into(), bytes })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element()? {
            nodes.push(node);
        }
        Ok(Value::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = members.next_key::<Spanned<String>>()? {
            let origin = Origin::from(name.referenced);
            let mut node: Node = members.next_value()?;
            if matches!(node.value, Value::Nothing) {
                // Nothing has no place of its own.
                node.origin = origin.clone();
            }
            entries.push(Entry { name: name.value, origin, node });
        }
        Ok(Value::Names(entries))
    }
}
