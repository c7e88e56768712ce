//! How [`crate::endpoint`] says what an endpoint does, takes and answers.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::with;
use crate::activation::Activation;
use crate::decision::Decision;

/// Makes a schema, with what it refers to.
pub(crate) type MakeSchema = fn(&mut SchemaGenerator) -> Value;

/// A media type of a body, its schema, and perhaps an example.
pub(crate) type Media = (&'static str, MakeSchema, Option<fn() -> Value>);

/// A body, in each media type that it may have.
pub(crate) type Body = Vec<Media>;

/// What an endpoint does, takes and answers.
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    /// What else there is to say; empty for nothing.
    pub(crate) description: &'static str,
    /// Names of parameters in `parts.json`, besides those of the path.
    pub(crate) parameters: &'static [&'static str],
    pub(crate) body: Option<Body>,
    /// Answers that are no errors, or not only.
    pub(crate) answers: Vec<Answer>,
    /// Names of responses in `parts.json`, besides the usual ones or in place of them.
    pub(crate) errors: &'static [(u16, &'static str)],
}

/// An answer that only one operation gives.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    /// Besides `X-Request-Id`.
    pub(crate) headers: &'static [&'static str],
    /// Empty without one.
    pub(crate) body: Body,
}

pub(crate) const PAGE: &[&str] = &["limit", "before"];

pub(crate) fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

pub(crate) fn json_of<T: JsonSchema>() -> Body {
    vec![("application/json", schema::<T>, None)]
}

pub(crate) fn json_like<T: JsonSchema>(example: fn() -> Value) -> Body {
    vec![("application/json", schema::<T>, Some(example))]
}

pub(crate) fn binary(_: &mut SchemaGenerator) -> Value {
    json!({"description": "In binary form.", "type": "string", "format": "binary"})
}

pub(crate) fn text(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string"})
}

pub(crate) fn some_document(_: &mut SchemaGenerator) -> Value {
    json!({
        "type": "object",
        "required": ["openapi"],
        "properties": {"openapi": {"description": "The version of OpenAPI.", "type": "string"}},
        "additionalProperties": true,
    })
}

pub(crate) fn undecided(generator: &mut SchemaGenerator) -> Value {
    let decision = schema::<Decision>(generator);
    let error = schema::<crate::error::Error>(generator);
    json!({"oneOf": [
        with(decision, "properties", json!({"outcome": {"const": "failed"}})),
        with(error, "properties", json!({"code": {"enum": ["busy"]}})),
    ]})
}

pub(crate) fn token() -> Value {
    json!({"token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLiJ9.e30.c2ln"})
}

pub(crate) fn client_ids() -> Value {
    json!({"windows_entra_client_ids": ["0b5fd5b5-2b5c-4b5e-9d5c-6a1c6f3f5a01"]})
}

pub(crate) fn bundled() -> Value {
    json!({"policy": "windows-mdm@2.0.0"})
}

pub(crate) fn access() -> Value {
    json!({"name": "mdm", "role": "platform"})
}

impl Operation {
    pub(crate) fn new(id: &'static str, summary: &'static str) -> Self {
        let (body, answers) = (None, Vec::new());
        Self { id, summary, description: "", parameters: &[], body, answers, errors: &[] }
    }

    pub(crate) fn description(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    pub(crate) fn parameters(self, parameters: &'static [&'static str]) -> Self {
        Self { parameters, ..self }
    }

    pub(crate) fn body(self, body: Body) -> Self {
        Self { body: Some(body), ..self }
    }

    pub(crate) fn errors(self, errors: &'static [(u16, &'static str)]) -> Self {
        Self { errors, ..self }
    }

    pub(crate) fn ok(self, description: &'static str, body: Body) -> Self {
        self.answer(200, description, &[], body)
    }

    /// Answers with what an activation did.
    pub(crate) fn activates(self) -> Self {
        self.answer(200, "What the activation did.", &["ETag"], json_of::<Activation>())
    }

    /// Nothing is left to say.
    pub(crate) fn done(self, description: &'static str) -> Self {
        self.answer(204, description, &[], Vec::new())
    }

    pub(crate) fn answer(
        mut self,
        status: u16,
        description: &'static str,
        headers: &'static [&'static str],
        body: Body,
    ) -> Self {
        self.answers.push(Answer { status, description, headers, body });
        self
    }
}
