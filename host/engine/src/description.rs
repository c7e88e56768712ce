//! What a policy says of itself, checked, and its JSON form.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::contract::types::{self, Description, SettingKind, ValueResult};
use crate::decision::Presentation;
use crate::reason;
use crate::text::Shown;

const MAX_NAME: usize = 64;
const MAX_CLAIM_NAME: usize = 128;
const MAX_TEXT: usize = 2_000;
const MAX_ITEMS: usize = 64;
const MAX_REASONS: usize = 128;

/// A description that breaks a rule of the contract.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum DescriptionError {
    /// A name is empty, too long or has characters that names may not have.
    #[error(
        "{list}: `{name}` is not a name; expected 1 to 64 of a-z, 0-9, `_`, `-`, `.`, starting with a letter"
    )]
    Name {
        /// The list.
        list: &'static str,
        /// The name.
        name: String,
    },
    /// The version is not a semantic version.
    #[error("version: `{version}` is not a semantic version; expected for example `2.0.0`")]
    Version {
        /// What it says.
        version: String,
    },
    /// A name stands twice in a list.
    #[error("{list}: `{name}` is there twice")]
    Twice {
        /// The list.
        list: &'static str,
        /// The name.
        name: String,
    },
    /// A list has too many items.
    #[error("{list}: {count} items; expected at most {limit}")]
    TooMany {
        /// The list.
        list: &'static str,
        /// How many.
        count: usize,
        /// The most there may be.
        limit: usize,
    },
    /// A text is too long.
    #[error("{list} `{name}`: a text of {length} characters; expected at most 2000")]
    TextTooLong {
        /// The list.
        list: &'static str,
        /// The name.
        name: String,
        /// Its characters.
        length: usize,
    },
    /// An HTTP status outside 400 to 599.
    #[error("reasons `{code}`: HTTP status {status}; expected 400 to 599")]
    Status {
        /// The reason.
        code: String,
        /// What it says.
        status: u16,
    },
    /// A reason that looks like the host's own but is not one of them.
    #[error("reasons: `{code}` is kept for the host, which has no such code")]
    HostCode {
        /// The reason.
        code: String,
    },
    /// The identity claims are not among the claims wanted.
    #[error("claims: `{claim}` is missing; identity is `tid` with `oid`")]
    IdentityClaim {
        /// The claim.
        claim: &'static str,
    },
    /// A default whose type does not fit the kind of its setting.
    #[error("settings `{name}`: the default does not have the type of its kind")]
    Default {
        /// The name.
        name: String,
    },
    /// A list setting that does not say how an entry is called.
    #[error("settings `{name}`: a list without the name of one entry")]
    Entry {
        /// The name.
        name: String,
    },
}

/// Checks what the contract demands of a description.
///
/// # Errors
///
/// The first rule it breaks.
pub(crate) fn check(description: &Description) -> Result<(), DescriptionError> {
    name("name", &description.name)?;
    version(&description.version)?;
    text("summary", &description.name, &description.summary)?;
    claims(&description.claims)?;
    unique("facts", MAX_ITEMS, description.facts.iter().map(|fact| &*fact.name), name)?;
    for fact in &description.facts {
        text("facts", &fact.name, &fact.summary)?;
    }
    unique("settings", MAX_ITEMS, description.settings.iter().map(|item| &*item.name), name)?;
    description.settings.iter().try_for_each(setting)?;
    unique("rules", MAX_ITEMS, description.rules.iter().map(|rule| &*rule.name), name)?;
    for rule in &description.rules {
        text("rules", &rule.name, &rule.summary)?;
    }
    unique("reasons", MAX_REASONS, description.reasons.iter().map(|item| &*item.code), name)?;
    description.reasons.iter().try_for_each(reason)
}

fn claims(claims: &[String]) -> Result<(), DescriptionError> {
    unique("claims", MAX_ITEMS, claims.iter().map(String::as_str), claim_name)?;
    for claim in ["tid", "oid"] {
        if !claims.iter().any(|wanted| wanted == claim) {
            return Err(DescriptionError::IdentityClaim { claim });
        }
    }
    Ok(())
}

fn setting(setting: &types::Setting) -> Result<(), DescriptionError> {
    text("settings", &setting.name, &setting.title)?;
    text("settings", &setting.name, &setting.help)?;
    if let SettingKind::Choice(choices) | SettingKind::Choices(choices) = &setting.kind {
        for choice in choices {
            text("settings", &setting.name, choice)?;
        }
    }
    if setting.default.as_ref().is_some_and(|value| !fits(&setting.kind, value)) {
        return Err(DescriptionError::Default { name: setting.name.clone() });
    }
    match &setting.entry {
        None if is_list(&setting.kind) => {
            Err(DescriptionError::Entry { name: setting.name.clone() })
        }
        None => Ok(()),
        Some(entry) => [&entry.noun, &entry.activity, &entry.detail]
            .into_iter()
            .try_for_each(|part| text("settings", &setting.name, part)),
    }
}

fn reason(reason: &types::Reason) -> Result<(), DescriptionError> {
    if reason::is_reserved(&reason.code) && reason::of_host(&reason.code).is_none() {
        return Err(DescriptionError::HostCode { code: reason.code.clone() });
    }
    let presentation = &reason.presentation;
    let mdm_subcode = presentation.mdm_fault.as_ref().map(|fault| &fault.subcode);
    [&reason.title, &reason.remedy, &presentation.error_id, &presentation.user_message]
        .into_iter()
        .chain(&presentation.fallback)
        .chain(mdm_subcode)
        .try_for_each(|part| text("reasons", &reason.code, part))?;
    match presentation.http_status {
        400..=599 => Ok(()),
        status => Err(DescriptionError::Status { code: reason.code.clone(), status }),
    }
}

fn unique<'a>(
    list: &'static str,
    limit: usize,
    names: impl ExactSizeIterator<Item = &'a str>,
    check: fn(&'static str, &str) -> Result<(), DescriptionError>,
) -> Result<(), DescriptionError> {
    let count = names.len();
    if count > limit {
        return Err(DescriptionError::TooMany { list, count, limit });
    }
    let mut seen = HashSet::new();
    for name in names {
        check(list, name)?;
        if !seen.insert(name) {
            return Err(DescriptionError::Twice { list, name: name.to_owned() });
        }
    }
    Ok(())
}

fn name(list: &'static str, name: &str) -> Result<(), DescriptionError> {
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.".contains(c);
    if starts && name.len() <= MAX_NAME && name.chars().all(rest) {
        return Ok(());
    }
    Err(DescriptionError::Name { list, name: Shown::new(name).to_string() })
}

fn claim_name(list: &'static str, name: &str) -> Result<(), DescriptionError> {
    let length = name.chars().count();
    if (1..=MAX_CLAIM_NAME).contains(&length) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(DescriptionError::Name { list, name: Shown::new(name).to_string() })
}

fn version(version: &str) -> Result<(), DescriptionError> {
    match semver::Version::parse(version) {
        Ok(_) if version.len() <= MAX_NAME => Ok(()),
        _ => Err(DescriptionError::Version { version: Shown::new(version).to_string() }),
    }
}

fn text(list: &'static str, name: &str, text: &str) -> Result<(), DescriptionError> {
    match text.chars().count() {
        0..=MAX_TEXT => Ok(()),
        length => Err(DescriptionError::TextTooLong { list, name: name.to_owned(), length }),
    }
}

/// Whether values of this kind are lists.
pub(crate) fn is_list(kind: &SettingKind) -> bool {
    matches!(kind, SettingKind::Texts | SettingKind::Guids | SettingKind::Choices(_))
}

fn fits(kind: &SettingKind, value: &ValueResult) -> bool {
    match value {
        ValueResult::Texts(_) => is_list(kind),
        ValueResult::Integer(_) => matches!(kind, SettingKind::Integer),
        ValueResult::Boolean(_) => matches!(kind, SettingKind::Boolean),
        ValueResult::Json(_) => false,
        ValueResult::Text(_) => {
            !is_list(kind) && !matches!(kind, SettingKind::Integer | SettingKind::Boolean)
        }
    }
}

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
