//! Values with the places they come from.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

/// Where a value was given.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Origin {
    /// In the file; both count from 1.
    File { line: u64, column: u64 },
    /// In an environment variable.
    Variable(String),
    /// On the command line.
    Flag(&'static str),
    /// Nowhere: it is a default.
    Nowhere,
}

/// A value and where it was given.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// A value as YAML reads it.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Nothing,
    Boolean(bool),
    Integer(i128),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Names(Vec<Entry>),
    /// The text of a variable or flag, which has no types: it may stand for any scalar.
    Given(String),
}

/// A name and its value. The same name may be there twice: the reader of a tree says so.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) origin: Origin,
    pub(super) node: Node,
}

impl Node {
    /// Nothing at all.
    pub(super) fn empty() -> Self {
        Self { value: Value::Nothing, origin: Origin::Nowhere }
    }

    /// The node at a path, if it is there.
    pub(super) fn find(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |node, name| match &node.value {
            Value::Names(entries) => {
                entries.iter().find(|entry| entry.name == name).map(|entry| &entry.node)
            }
            _ => None,
        })
    }

    /// The node at a path, or the last one on the way to it.
    pub(super) fn nearest(&self, path: &str) -> &Self {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        match self.find(name) {
            Some(node) if rest.is_empty() => node,
            Some(node) => node.nearest(rest),
            None => self,
        }
    }

    /// Puts a text at a path, in the place of what was there.
    pub(super) fn set(&mut self, path: &str, text: &str, origin: &Origin) {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        if !matches!(self.value, Value::Names(_)) {
            *self = Self { value: Value::Names(Vec::new()), origin: origin.clone() };
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
            entry.node = Self { value, origin: origin.clone() };
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
        Ok(Self { value: found.value, origin: found.referenced.into() })
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
