//! A token to be decided on, as a platform sends it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::decision::Decision;
use crate::names::names;

/// A token to be decided on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// The caller's own name of the request; the decision carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What the device or app sent. At most 64 KiB, in an envelope 256 KiB.
    pub token: String,
    /// What `token` is; an access token when this is absent. White space around a token and in base64,
    /// and a byte order mark, are taken off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// What the platform knows of the account or device, by name. Names that the policy does not
    /// know are ignored.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "Facts")]
    pub facts: Map<String, Value>,
    /// Whether the decision lists what each rule of the policy said. It does not when this is
    /// absent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trace: bool,
}

names! {
    /// What `token` is; an access token when this is absent. White space around a token and in base64,
    /// and a byte order mark, are taken off.
    pub enum Format {
        /// An access token.
        Jwt = "jwt",
        /// A base64 `BinarySecurityToken` that holds one.
        BinarySecurityToken = "binary-security-token",
        /// A whole SOAP envelope that holds one.
        Soap = "soap",
    }
}

/// Tokens to be decided on, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Questions {
    /// At most `limits.batch`, 100 by default.
    #[schemars(length(max = 1000))]
    pub requests: Vec<Question>,
}

/// Decisions in the order of the requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decisions {
    /// One for each request.
    pub decisions: Vec<Decision>,
}

/// Facts by name.
#[derive(Debug)]
pub struct Facts;

impl JsonSchema for Facts {
    fn schema_name() -> Cow<'static, str> {
        "Facts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What the platform knows, by name.",
            "type": "object",
            "additionalProperties": {"oneOf": [
                {"type": "boolean"},
                {"type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX},
                {"type": "string"},
            ]},
        })
    }
}
