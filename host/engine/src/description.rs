//! What a policy says of itself, checked, and its JSON form.

mod error;
mod check;

use serde_json::{Map, Value, json};

pub(crate) use self::check::check;
pub use self::error::DescriptionError;
use crate::contract::types::{self, Description, SettingKind, ValueResult};
use crate::decision::{MdmFault, Presentation, Retry};

/// The JSON form of a description, as `admit inspect` prints it.
pub fn to_json(description: &Description) -> Value {
    json!({
        "name": description.name,
        "version": description.version,
        "summary": description.summary,
        "claims": description.claims,
        "facts": description.facts.iter().map(fact_json).collect::<Vec<_>>(),
        "settings": description.settings.iter().map(setting_json).collect::<Vec<_>>(),
        "rules": description.rules.iter()
            .map(|rule| json!({"name": rule.name, "summary": rule.summary}))
            .collect::<Vec<_>>(),
        "reasons": description.reasons.iter().map(reason_json).collect::<Vec<_>>(),
    })
}

fn fact_json(fact: &types::Fact) -> Value {
    json!({"name": fact.name, "summary": fact.summary, "kind": fact_kind_name(fact.kind)})
}

/// The name of a fact's type, as JSON has it.
pub(crate) fn fact_kind_name(kind: types::FactKind) -> &'static str {
    match kind {
        types::FactKind::Boolean => "boolean",
        types::FactKind::Integer => "integer",
        types::FactKind::Text => "text",
    }
}

fn setting_json(setting: &types::Setting) -> Value {
    let mut object = Map::new();
    object.insert("name".into(), json!(setting.name));
    object.insert("title".into(), json!(setting.title));
    object.insert("help".into(), json!(setting.help));
    object.insert("kind".into(), json!(kind_name(&setting.kind)));
    if let SettingKind::Choice(choices) | SettingKind::Choices(choices) = &setting.kind {
        object.insert("choices".into(), json!(choices));
    }
    object.insert("required".into(), json!(setting.required));
    if let Some(default) = &setting.default {
        object.insert("default".into(), value_json(default));
    }
    if let Some(entry) = &setting.entry {
        let names = json!({"noun": entry.noun, "activity": entry.activity, "detail": entry.detail});
        object.insert("entry".into(), names);
    }
    Value::Object(object)
}

/// The name of a kind, as JSON has it.
pub(crate) fn kind_name(kind: &SettingKind) -> &'static str {
    match kind {
        SettingKind::Text => "text",
        SettingKind::Texts => "texts",
        SettingKind::Guid => "guid",
        SettingKind::Guids => "guids",
        SettingKind::Url => "url",
        SettingKind::Integer => "integer",
        SettingKind::Boolean => "boolean",
        SettingKind::Choice(_) => "choice",
        SettingKind::Choices(_) => "choices",
    }
}

fn reason_json(reason: &types::Reason) -> Value {
    json!({
        "code": reason.code,
        "title": reason.title,
        "remedy": reason.remedy,
        "presentation": Presentation::from(&reason.presentation),
    })
}

impl From<&types::Presentation> for Presentation {
    fn from(presentation: &types::Presentation) -> Self {
        Self {
            error_id: presentation.error_id.clone(),
            http_status: presentation.http_status,
            user_message: presentation.user_message.clone(),
            retry: match presentation.retry {
                types::Retry::No => Retry::No,
                types::Retry::Once => Retry::Once,
            },
            fallback: presentation.fallback.clone(),
            mdm_fault: presentation.mdm_fault.as_ref().map(|fault| MdmFault {
                subcode: fault.subcode.clone(),
                code: format!("0x{:08x}", fault.code),
            }),
        }
    }
}

/// The JSON form of a value of the contract.
pub(crate) fn value_json(value: &ValueResult) -> Value {
    match value {
        ValueResult::Text(text) => json!(text),
        ValueResult::Texts(texts) => json!(texts),
        ValueResult::Integer(integer) => json!(integer),
        ValueResult::Boolean(boolean) => json!(boolean),
        ValueResult::Json(text) => serde_json::from_str(text).unwrap_or(Value::Null),
    }
}

/// Whether values of this kind are lists.
pub(crate) fn is_list(kind: &SettingKind) -> bool {
    matches!(kind, SettingKind::Texts | SettingKind::Guids | SettingKind::Choices(_))
}
