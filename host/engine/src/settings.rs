//! What an administrator configured: read by the policy's description, checked by the policy.

mod bounds;
mod comparable;

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::contract::types::{Description, Field, Setting, SettingError, SettingKind, ValueParam};
use crate::description::{is_list, value_json};
use crate::text::{Shown, visible_line};

pub use self::bounds::{
    MAX_LIST_ENTRIES, MAX_SETTINGS, MAX_SETTINGS_BYTES, MAX_TEXT_BYTES, out_of_bounds,
    value_problem,
};
pub use self::comparable::{by_value, comparable, is_same};
pub use admit_cases::placeholder::{placeholder, placeholder_in};

/// Settings for a policy: a JSON object of setting names and values.
///
/// Nothing is checked until a policy's description says what the names mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings(Map<String, Value>);

/// Why settings cannot be used with a policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum SettingsError {
    /// Not one JSON object without duplicate names.
    #[error("settings are not one JSON object: {0}")]
    NotAnObject(String),
    /// The policy has no setting of this name.
    #[error("setting `{name}` is unknown to `{policy}`; expected one of {known}")]
    Unknown { name: String, policy: String, known: String },
    /// The value has another JSON type than the setting's kind wants.
    #[error("setting `{name}` is {got}; expected {expected}")]
    Type { name: String, got: &'static str, expected: &'static str },
    /// Settings are larger than they may be; one entry each.
    #[error("{}", refused_text(.0))]
    Bounds(Vec<SettingRefusal>),
    /// The policy refused values; one entry per bad value.
    #[error("{}", refused_text(.0))]
    Refused(Vec<SettingRefusal>),
}

impl SettingsError {
    /// What is wrong with which setting, one entry per bad value; none when it is not about single
    /// settings.
    pub fn refusals(&self) -> Vec<SettingRefusal> {
        match self {
            Self::NotAnObject(_) => Vec::new(),
            Self::Bounds(refusals) | Self::Refused(refusals) => refusals.clone(),
            Self::Unknown { name, .. } | Self::Type { name, .. } => {
                vec![SettingRefusal { name: name.clone(), reason: self.to_string(), value: None }]
            }
        }
    }
}

/// Most characters of what a policy says of a value.
const MAX_REASON_CHARS: usize = 1_000;

/// A value the policy refused.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct SettingRefusal {
    /// The setting.
    pub name: String,
    /// What came and what was expected, in the policy's words, with every character that it wrote: what
    /// shows them escapes what hides.
    pub reason: String,
    /// The offending value or list entry; absent when the setting is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

fn refused_text(refusals: &[SettingRefusal]) -> String {
    if refusals.is_empty() {
        return "the policy refused the settings, but names none".into();
    }
    listed(refusals)
}

/// Refusals that a text lists; of more it says how many.
const MAX_LISTED: usize = 10;

/// Refusals in one line, in which every character shows: the first ones, and how many more there are.
pub fn listed(refusals: &[SettingRefusal]) -> String {
    let texts = refusals.iter().take(MAX_LISTED);
    let texts = texts.map(|refusal| format!("{}: {}", refusal.name, visible_line(&refusal.reason)));
    let more = refusals.len().saturating_sub(MAX_LISTED);
    let more = (more > 0).then(|| format!("and {more} more"));
    texts.chain(more).collect::<Vec<_>>().join("; ")
}

impl From<SettingError> for SettingRefusal {
    fn from(error: SettingError) -> Self {
        Self {
            name: Shown::new(&error.setting).to_string(),
            reason: error.message.chars().take(MAX_REASON_CHARS).collect(),
            value: error.value.map(|value| Shown::new(&value).to_string()),
        }
    }
}

impl Settings {
    /// Reads settings from JSON text.
    pub fn parse(json: &[u8]) -> Result<Self, SettingsError> {
        let object = crate::json::object_of_document(json)
            .map_err(|error| SettingsError::NotAnObject(error.to_string()))?;
        Ok(Self(object))
    }

    /// The settings as JSON.
    pub fn as_json(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The settings that a policy of this description has, and those that it does not know.
    pub fn split(&self, description: &Description) -> (Self, Self) {
        let known = |name: &str| description.settings.iter().any(|item| item.name == name);
        let (mine, others) = self.0.clone().into_iter().partition(|(name, _)| known(name));
        (Self(mine), Self(others))
    }

    /// The value that counts for each setting of the description: the configured one, else the
    /// default; left out when there is neither.
    pub fn effective_all(&self, description: &Description) -> Map<String, Value> {
        let value = |item: &Setting| Some((item.name.clone(), self.effective(item)?.into_owned()));
        description.settings.iter().filter_map(value).collect()
    }

    /// Refuses settings that are larger than they may be.
    pub fn check_bounds(&self) -> Result<(), SettingsError> {
        match out_of_bounds(&self.0) {
            refusals if refusals.is_empty() => Ok(()),
            refusals => Err(SettingsError::Bounds(refusals)),
        }
    }

    /// Every setting that is unknown or of another type than its kind wants; the policy itself is
    /// not asked.
    pub fn misfits(&self, description: &Description) -> Vec<SettingsError> {
        let checked = self.0.iter().map(|(name, value)| check_type(name, value, description));
        checked.filter_map(Result::err).collect()
    }

    /// The value that counts for `setting`: the configured one, else the default.
    pub(crate) fn effective(&self, setting: &Setting) -> Option<Cow<'_, Value>> {
        let configured = self.0.get(&setting.name).map(Cow::Borrowed);
        configured.or_else(|| setting.default.as_ref().map(value_json).map(Cow::Owned))
    }

    /// The settings in the types the policy declares.
    pub(crate) fn typed<'a>(
        &'a self,
        description: &'a Description,
    ) -> Result<Vec<TypedSetting<'a>>, SettingsError> {
        self.0.iter().map(|(name, value)| check_type(name, value, description)).collect()
    }
}

impl From<Map<String, Value>> for Settings {
    fn from(object: Map<String, Value>) -> Self {
        Self(object)
    }
}

/// A setting with its texts borrowed, so that it can be lent to the policy.
pub(crate) struct TypedSetting<'a> {
    name: &'a str,
    value: TypedValue<'a>,
}

enum TypedValue<'a> {
    Text(&'a str),
    Texts(Vec<&'a str>),
    Integer(i64),
    Boolean(bool),
}

impl TypedSetting<'_> {
    /// The field of the contract.
    pub(crate) fn field(&self) -> Field<'_> {
        let value = match &self.value {
            TypedValue::Text(text) => ValueParam::Text(text),
            TypedValue::Texts(texts) => ValueParam::Texts(texts),
            TypedValue::Integer(integer) => ValueParam::Integer(*integer),
            TypedValue::Boolean(boolean) => ValueParam::Boolean(*boolean),
        };
        Field { name: self.name, value }
    }
}

fn check_type<'a>(
    name: &str,
    value: &'a Value,
    description: &'a Description,
) -> Result<TypedSetting<'a>, SettingsError> {
    let setting = description.settings.iter().find(|setting| setting.name == name);
    typed(setting.ok_or_else(|| unknown(name, description))?, value)
}

fn typed<'a>(setting: &'a Setting, value: &'a Value) -> Result<TypedSetting<'a>, SettingsError> {
    let typed = match (&setting.kind, value) {
        (SettingKind::Integer, Value::Number(number)) => number.as_i64().map(TypedValue::Integer),
        (SettingKind::Boolean, Value::Bool(boolean)) => Some(TypedValue::Boolean(*boolean)),
        (SettingKind::Integer | SettingKind::Boolean, _) => None,
        (kind, Value::Array(items)) if is_list(kind) => {
            items.iter().map(Value::as_str).collect::<Option<_>>().map(TypedValue::Texts)
        }
        (kind, Value::String(text)) if !is_list(kind) => Some(TypedValue::Text(text)),
        _ => None,
    };
    let value = typed.ok_or_else(|| SettingsError::Type {
        name: setting.name.clone(),
        got: type_name(value),
        expected: expected_type(&setting.kind),
    })?;
    Ok(TypedSetting { name: &setting.name, value })
}

fn unknown(name: &str, description: &Description) -> SettingsError {
    let known: Vec<_> =
        description.settings.iter().map(|setting| format!("`{}`", setting.name)).collect();
    SettingsError::Unknown {
        name: Shown::name(name).to_string(),
        policy: format!("{} {}", description.name, description.version),
        known: known.join(", "),
    }
}

fn expected_type(kind: &SettingKind) -> &'static str {
    match kind {
        SettingKind::Integer => "an integer",
        SettingKind::Boolean => "true or false",
        _ if is_list(kind) => "a list of strings",
        _ => "a string",
    }
}

/// The JSON type of a value, for error texts.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(items) if items.iter().all(Value::is_string) => "a list of strings",
        Value::Array(_) => "a list with other items than strings",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_policy_says_stays_whole_and_is_listed_in_one_line() {
        let said = |message: &str| {
            let (setting, message) = ("scopes".to_owned(), message.to_owned());
            SettingRefusal::from(SettingError { setting, value: None, message })
        };
        let refusal = said("a\u{202e}\u{1b}\nb");
        assert_eq!(refusal.reason, "a\u{202e}\u{1b}\nb");
        assert_eq!(listed(&[refusal]), "scopes: a\\u{202e}\\u{1b}\\nb");
        assert_eq!(said(&"x".repeat(5_000)).reason.len(), MAX_REASON_CHARS);
    }
}
