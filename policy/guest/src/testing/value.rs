//! From JSON to values of the contract.

use serde_json::{Map, Value as Json};

use crate::contract::{Field, Value};

/// The members of an object as fields, in their order.
pub(super) fn fields(members: &Map<String, Json>) -> Vec<Field> {
    let field = |(name, value): (&String, &Json)| Field { name: name.clone(), value: of(value) };
    members.iter().map(field).collect()
}

/// A JSON value as `wit/policy.wit` says that the host passes it.
fn of(json: &Json) -> Value {
    match json {
        Json::String(text) => Value::Text(text.clone()),
        Json::Bool(boolean) => Value::Boolean(*boolean),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Json(json.to_string()),
        },
        Json::Array(items) => {
            let texts = items.iter().map(|item| item.as_str().map(String::from));
            texts.collect::<Option<_>>().map_or_else(|| Value::Json(json.to_string()), Value::Texts)
        }
        Json::Null | Json::Object(_) => Value::Json(json.to_string()),
    }
}
