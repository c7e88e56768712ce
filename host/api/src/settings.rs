//! Settings of a gate.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::activation::Activation;
use crate::decision::PolicyRef;
use crate::text;

/// The settings of a gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// The name of the gate.
    #[schemars(with = "text::GateName")]
    pub gate: String,
    /// A policy by name, version and content.
    pub policy: PolicyRef,
    /// As they are configured.
    #[schemars(with = "SettingValues")]
    pub settings: Map<String, Value>,
    /// As they count: the configured ones, and defaults for the others.
    #[schemars(with = "SettingValues")]
    pub effective: Map<String, Value>,
    /// Settings that are kept and do not count: the policy does not know them, or a roll-back left
    /// them out. They count again with the next policy that is activated and knows them.
    #[schemars(with = "SettingValues")]
    pub unknown: Map<String, Value>,
    /// Counts changes of policy and settings. The `ETag` is this number in quotes.
    pub revision: u64,
}

/// The settings of a gate after a change, or as they still are after a dry run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PatchedSettings {
    /// The settings.
    #[serde(flatten)]
    pub settings: Settings,
    /// The settings whose values are cut in this answer, with how many entries, or bytes of a text, they
    /// have; `GET` has them whole. Absent when all are whole.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cut: BTreeMap<String, usize>,
    /// Whether anything changed.
    pub changed: bool,
    /// Whether the change was only tried.
    pub dry_run: bool,
    /// What the activation did.
    pub activation: Activation,
}

/// The value of a setting, of the type that the policy's description names.
#[derive(Debug)]
pub struct SettingValue;

impl JsonSchema for SettingValue {
    fn schema_name() -> Cow<'static, str> {
        "SettingValue".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The value of a setting, of the type that the policy's description names.",
            "oneOf": [
                {"type": "string"},
                {"type": "integer"},
                {"type": "boolean"},
                {"type": "array", "items": {"type": "string"}},
            ],
        })
    }
}

/// Settings by name.
#[derive(Debug)]
pub struct SettingValues;

impl JsonSchema for SettingValues {
    fn schema_name() -> Cow<'static, str> {
        "SettingValues".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Settings by name.",
            "type": "object",
            "propertyNames": generator.subschema_for::<text::Name>(),
            "additionalProperties": generator.subschema_for::<SettingValue>(),
        })
    }
}

/// Settings to change.
#[derive(Debug)]
pub struct SettingsPatch;

impl JsonSchema for SettingsPatch {
    fn schema_name() -> Cow<'static, str> {
        "SettingsPatch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Settings to change. `null` removes one, so that its default counts again; \
                what is absent stays; `[]` clears a list.",
            "type": "object",
            "additionalProperties": {"oneOf": [
                generator.subschema_for::<SettingValue>(),
                {"type": "null"},
            ]},
        })
    }
}
