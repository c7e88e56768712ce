//! What a policy says of itself.

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::decision::Presentation;
use crate::names::names;
use crate::settings::SettingValue;
use crate::text;

/// What the policy says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Description {
    /// The name the policy gives itself.
    #[schemars(with = "text::Name")]
    pub name: String,
    /// The version the policy gives itself.
    #[schemars(with = "text::Version")]
    pub version: String,
    /// What it decides, one sentence.
    #[schemars(with = "text::Text")]
    pub summary: String,
    /// The claims the policy is passed; it sees no others.
    #[schemars(length(max = 64), inner(length(min = 1, max = 128)))]
    pub claims: Vec<String>,
    /// The facts the policy may use and ask for.
    #[schemars(length(max = 64))]
    pub facts: Vec<Fact>,
    /// The settings the policy takes.
    #[schemars(length(max = 64))]
    pub settings: Vec<Setting>,
    /// The rules, in the order in which they are applied; a trace has one step for each.
    #[schemars(length(max = 64))]
    pub rules: Vec<Rule>,
    /// The refusals the policy can give, and its presentation of codes of the host.
    #[schemars(length(max = 128))]
    pub reasons: Vec<Reason>,
}

/// Something the platform knows about the account, the device or itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// For example `account.exists`.
    #[schemars(with = "text::Name")]
    pub name: String,
    /// What it says, one sentence.
    #[schemars(with = "text::Text")]
    pub summary: String,
    /// The JSON type it is passed in.
    pub kind: FactKind,
}

names! {
    /// The JSON type it is passed in: `text` is a string.
    pub enum FactKind {
        /// `true` or `false`.
        Boolean = "boolean",
        /// A whole number.
        Integer = "integer",
        /// A string.
        Text = "text",
    }
}

/// Something an administrator configures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = by_kind)]
pub struct Setting {
    /// For example `windows_entra_client_ids`.
    #[schemars(with = "text::Name")]
    pub name: String,
    /// A few words, for a label.
    #[schemars(with = "text::Text")]
    pub title: String,
    /// What it does and where the right value is found.
    #[schemars(with = "text::Text")]
    pub help: String,
    /// The form of its value.
    pub kind: SettingKind,
    /// The values a `choice` or `choices` can take. Absent for other kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<text::Text>")]
    pub choices: Vec<String>,
    /// Whether the policy refuses settings without it.
    pub required: bool,
    /// What counts when it is left out. Absent when there is no such value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<SettingValue>")]
    pub default: Option<Value>,
    /// How one entry of a list is called. Absent for kinds that are no lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
}

/// How one entry of a list is called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// For people, for example `client ID`.
    #[schemars(with = "text::Text")]
    pub noun: String,
    /// In the name of an activity, after `added_` or `deleted_`, for example
    /// `microsoft_entra_client_id`.
    #[schemars(with = "text::Text")]
    pub activity: String,
    /// The key of the value in the details of an activity, for example `client_id`.
    #[schemars(with = "text::Text")]
    pub detail: String,
}

names! {
    /// The form of its value. `text`, `guid`, `url` and `choice` are strings; `texts`, `guids` and
    /// `choices` are lists of strings.
    pub enum SettingKind {
        /// A string.
        Text = "text",
        /// A list of strings.
        Texts = "texts",
        /// A string: a GUID.
        Guid = "guid",
        /// A list of GUIDs.
        Guids = "guids",
        /// A string: a URL.
        Url = "url",
        /// A whole number.
        Integer = "integer",
        /// `true` or `false`.
        Boolean = "boolean",
        /// A string: one of the choices.
        Choice = "choice",
        /// A list of choices.
        Choices = "choices",
    }
}

/// A rule, for traces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// For example `audience`.
    #[schemars(with = "text::Name")]
    pub name: String,
    /// What it demands, one sentence.
    #[schemars(with = "text::Text")]
    pub summary: String,
}

/// A refusal, and what to do about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// For example `audience_not_authorized`; those of the host start with `token.`, `keys.`,
    /// `policy.` or `gate.`.
    #[schemars(with = "text::Name")]
    pub code: String,
    /// What happened, for an administrator, one sentence.
    #[schemars(with = "text::Text")]
    pub title: String,
    /// What to change and where, for an administrator.
    #[schemars(with = "text::Text")]
    pub remedy: String,
    /// What the platform answers to its caller.
    pub presentation: Presentation,
}

/// A choice has its choices, a list the names of its entries.
fn by_kind(schema: &mut Schema) {
    let conditions = json!([
        {
            "if": {"properties": {"kind": {"enum": ["choice", "choices"]}}},
            "then": {"required": ["choices"], "properties": {"choices": {}}},
            "else": {"properties": {"choices": {"not": {}}}},
        },
        {
            "if": {"properties": {"kind": {"enum": ["texts", "guids", "choices"]}}},
            "then": {"required": ["entry"], "properties": {"entry": {}}},
        },
    ]);
    schema.insert("allOf".to_owned(), conditions);
}
