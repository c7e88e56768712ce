//! The claims a policy is passed: those its description names, borrowed from the verified token.

use serde_json::Value;

use crate::claims::{ClaimsError, VerifiedClaims};
use crate::contract::types::{Description, Field, ValueParam};

/// One claim in the form of the contract, with what had to be converted.
pub(crate) struct SelectedClaim<'a> {
    name: &'a str,
    value: Selected<'a>,
}

enum Selected<'a> {
    Text(&'a str),
    Texts(Vec<&'a str>),
    Integer(i64),
    Boolean(bool),
    Json(String),
}

/// The claims the description names and the token has, in the order of the description.
///
/// # Errors
///
/// [`ClaimsError::Type`] when one of them is registered with another JSON type: no rule has to
/// decide what such a claim means.
pub(crate) fn select<'a>(
    claims: &'a VerifiedClaims,
    description: &'a Description,
) -> Result<Vec<SelectedClaim<'a>>, ClaimsError> {
    let mut selected = Vec::with_capacity(description.claims.len());
    for name in &description.claims {
        if let Some(value) = claims.typed(name)? {
            selected.push(SelectedClaim { name, value: convert(value) });
        }
    }
    Ok(selected)
}

impl SelectedClaim<'_> {
    /// The field of the contract.
    pub(crate) fn field(&self) -> Field<'_> {
        let value = match &self.value {
            Selected::Text(text) => ValueParam::Text(text),
            Selected::Texts(texts) => ValueParam::Texts(texts),
            Selected::Integer(integer) => ValueParam::Integer(*integer),
            Selected::Boolean(boolean) => ValueParam::Boolean(*boolean),
            Selected::Json(json) => ValueParam::Json(json),
        };
        Field { name: self.name, value }
    }
}

fn convert(value: &Value) -> Selected<'_> {
    match value {
        Value::String(text) => Selected::Text(text),
        Value::Bool(boolean) => Selected::Boolean(*boolean),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| Selected::Json(number.to_string()), Selected::Integer)
        }
        Value::Array(items) => match items.iter().map(Value::as_str).collect() {
            Some(texts) => Selected::Texts(texts),
            None => Selected::Json(value.to_string()),
        },
        Value::Null | Value::Object(_) => Selected::Json(value.to_string()),
    }
}
