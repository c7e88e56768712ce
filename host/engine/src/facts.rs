//! What the platform knows and passes along with a token.

use serde_json::{Map, Value};

use crate::contract::types::{Description, Fact, FactKind, Field, ValueParam};
use crate::settings::type_name;
use crate::text::Shown;

/// Facts about the account, the device or the platform, by name: booleans, integers and texts.
///
/// A policy is passed those its description names; others are ignored, so that a platform can pass
/// the same facts to every gate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts(Map<String, Value>);

/// Most facts of a request; a policy may describe 64.
const MAX_FACTS: usize = 256;

/// Most bytes of a name, and of a text.
const MAX_TEXT_BYTES: usize = 4 * 1_024;

/// Facts that cannot be passed to a policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum FactsError {
    /// Not one JSON object without duplicate names.
    #[error("facts are not one JSON object: {0}")]
    NotAnObject(String),
    /// More facts than a request may have.
    #[error("{count} facts; expected at most {MAX_FACTS}")]
    TooMany { count: usize },
    /// A name or a text that is too long.
    #[error("fact `{name}` has {length} bytes; expected at most {MAX_TEXT_BYTES}")]
    TooLong {
        name: String,
        /// The bytes of the name or of the text, whichever is too long.
        length: usize,
    },
    /// A value that is no boolean, integer or text.
    #[error("fact `{name}` is {got}; expected a boolean, an integer or a string")]
    Value { name: String, got: &'static str },
    /// The policy wants this fact in another type.
    #[error("fact `{name}` is {got}; expected {expected}")]
    Kind { name: String, got: &'static str, expected: &'static str },
}

impl Facts {
    /// Reads facts from JSON text.
    ///
    /// # Errors
    ///
    /// [`FactsError::NotAnObject`], and those of [`Facts::from_json`].
    pub fn parse(json: &[u8]) -> Result<Self, FactsError> {
        let object = crate::json::object_of_document(json)
            .map_err(|error| FactsError::NotAnObject(error.to_string()))?;
        Self::from_json(object)
    }

    /// Takes facts from a JSON object.
    pub fn from_json(object: Map<String, Value>) -> Result<Self, FactsError> {
        if object.len() > MAX_FACTS {
            return Err(FactsError::TooMany { count: object.len() });
        }
        for (name, value) in &object {
            let length = name.len().max(value.as_str().map_or(0, str::len));
            if length > MAX_TEXT_BYTES {
                return Err(FactsError::TooLong { name: Shown::name(name).to_string(), length });
            }
            let fits = value.is_boolean() || value.is_string() || value.is_i64();
            if !fits {
                let name = Shown::name(name).to_string();
                return Err(FactsError::Value { name, got: type_name(value) });
            }
        }
        Ok(Self(object))
    }

    /// The value of a fact; absent when it was not passed.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The facts the description names, in that order.
    pub(crate) fn select<'a>(
        &'a self,
        description: &'a Description,
    ) -> Result<Vec<Field<'a>>, FactsError> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let known = description.facts.iter().filter_map(|fact| Some((fact, self.get(&fact.name)?)));
        known.map(|(fact, value)| field(fact, value)).collect()
    }
}

fn field<'a>(fact: &'a Fact, value: &'a Value) -> Result<Field<'a>, FactsError> {
    let value = match (fact.kind, value) {
        (FactKind::Boolean, Value::Bool(boolean)) => ValueParam::Boolean(*boolean),
        (FactKind::Text, Value::String(text)) => ValueParam::Text(text),
        (FactKind::Integer, Value::Number(number)) if number.is_i64() => {
            ValueParam::Integer(number.as_i64().unwrap_or_default())
        }
        (kind, value) => {
            let (name, got) = (fact.name.clone(), type_name(value));
            return Err(FactsError::Kind { name, got, expected: expected(kind) });
        }
    };
    Ok(Field { name: &fact.name, value })
}

fn expected(kind: FactKind) -> &'static str {
    match kind {
        FactKind::Boolean => "true or false",
        FactKind::Integer => "an integer",
        FactKind::Text => "a string",
    }
}
