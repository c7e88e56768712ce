//! What a policy says of itself, checked, and its JSON form.

mod error;
mod check;

use admit_api::description as api;
use serde_json::{Value, json};

pub(crate) use self::check::check;
pub use self::error::DescriptionError;
use crate::contract::types::{self, Description, SettingKind, ValueResult};
use crate::decision::{MdmFault, Presentation, Retry};

/// A description as it leaves the process.
pub fn shown(description: &Description) -> api::Description {
    api::Description {
        name: description.name.clone(),
        version: description.version.clone(),
        summary: description.summary.clone(),
        claims: description.claims.clone(),
        facts: description.facts.iter().map(fact).collect(),
        settings: description.settings.iter().map(setting).collect(),
        rules: description.rules.iter().map(rule).collect(),
        reasons: description.reasons.iter().map(reason).collect(),
    }
}

fn fact(fact: &types::Fact) -> api::Fact {
    let kind = fact_kind(fact.kind);
    api::Fact { name: fact.name.clone(), summary: fact.summary.clone(), kind }
}

fn fact_kind(kind: types::FactKind) -> api::FactKind {
    match kind {
        types::FactKind::Boolean => api::FactKind::Boolean,
        types::FactKind::Integer => api::FactKind::Integer,
        types::FactKind::Text => api::FactKind::Text,
    }
}

fn setting(setting: &types::Setting) -> api::Setting {
    let choices = match &setting.kind {
        SettingKind::Choice(choices) | SettingKind::Choices(choices) => choices.clone(),
        _ => Vec::new(),
    };
    let entry = setting.entry.as_ref().map(|entry| api::Entry {
        noun: entry.noun.clone(),
        activity: entry.activity.clone(),
        detail: entry.detail.clone(),
    });
    api::Setting {
        name: setting.name.clone(),
        title: setting.title.clone(),
        help: setting.help.clone(),
        kind: setting_kind(&setting.kind),
        choices,
        required: setting.required,
        default: setting.default.as_ref().map(value_json),
        entry,
    }
}

fn setting_kind(kind: &SettingKind) -> api::SettingKind {
    match kind {
        SettingKind::Text => api::SettingKind::Text,
        SettingKind::Texts => api::SettingKind::Texts,
        SettingKind::Guid => api::SettingKind::Guid,
        SettingKind::Guids => api::SettingKind::Guids,
        SettingKind::Url => api::SettingKind::Url,
        SettingKind::Integer => api::SettingKind::Integer,
        SettingKind::Boolean => api::SettingKind::Boolean,
        SettingKind::Choice(_) => api::SettingKind::Choice,
        SettingKind::Choices(_) => api::SettingKind::Choices,
    }
}

fn rule(rule: &types::Rule) -> api::Rule {
    api::Rule { name: rule.name.clone(), summary: rule.summary.clone() }
}

fn reason(reason: &types::Reason) -> api::Reason {
    api::Reason {
        code: reason.code.clone(),
        title: reason.title.clone(),
        remedy: reason.remedy.clone(),
        presentation: Presentation::from(&reason.presentation),
    }
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
