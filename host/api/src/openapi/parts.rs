//! What several operations have in common, from `parts.json`.

use schemars::SchemaGenerator;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{reference, with};
use crate::error::Code;
use crate::text;

/// The document `parts.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    /// As in OpenAPI, by the names that operations have for them.
    pub(super) parameters: Value,
    /// The headers of answers, as in OpenAPI.
    pub(super) headers: Value,
    /// The header `Retry-After` where only some of the codes bring it.
    may_retry_after: Value,
    /// By the names that operations have for them. In the order of the document.
    responses: Map<String, Value>,
}

/// An error that several operations answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    description: String,
    /// Besides `X-Request-Id`; `Retry-After?` where only some of the codes bring it.
    #[serde(default)]
    headers: Vec<String>,
    codes: Vec<Code>,
}

impl Parts {
    /// Reads the document, and has `generator` make the schemas that its parameters refer to.
    pub(super) fn new(generator: &mut SchemaGenerator) -> Self {
        generator.subschema_for::<text::GateName>();
        generator.subschema_for::<text::AccessId>();
        generator.subschema_for::<text::Name>();
        generator.subschema_for::<text::When>();
        serde_json::from_str(include_str!("parts.json")).expect("a test makes the document")
    }

    /// The errors, as in OpenAPI.
    pub(super) fn responses(&self) -> Value {
        let response = |(name, response): (&String, &Value)| {
            let response = Response::deserialize(response).expect("a test makes the document");
            (name.clone(), self.response(response))
        };
        Value::Object(self.responses.iter().map(response).collect())
    }

    fn response(&self, response: Response) -> Value {
        let headers =
            ["X-Request-Id"].into_iter().chain(response.headers.iter().map(String::as_str));
        let headers = headers.map(|name| match name {
            "Retry-After?" => ("Retry-After".to_owned(), self.may_retry_after.clone()),
            name => (name.to_owned(), reference("headers", name)),
        });
        let codes = json!({"code": {"enum": response.codes}});
        let error = with(reference("schemas", "Error"), "properties", codes);
        json!({
            "description": response.description,
            "headers": headers.collect::<Map<_, _>>(),
            "content": {"application/json": {"schema": error}},
        })
    }
}
