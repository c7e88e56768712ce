//! From the constant tables to the contract's description.

use crate::about::{About, Absent, Entry, Fact, Kind, Presentation, Reason, Rule, Setting};
use crate::contract;

impl<P> About<P> {
    /// The description that the contract asks for.
    #[must_use]
    pub fn describe(&self) -> contract::Description {
        contract::Description {
            name: self.name.into(),
            version: self.version.into(),
            summary: self.summary.into(),
            claims: owned(self.claims),
            facts: self.facts.iter().map(Fact::describe).collect(),
            settings: self.settings.iter().map(Setting::describe).collect(),
            rules: self.rules.iter().map(Rule::describe).collect(),
            reasons: self.reasons.iter().chain(self.host_reasons).map(Reason::describe).collect(),
        }
    }
}

/// Copies texts into the form the contract wants.
pub(crate) fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.into()).collect()
}

impl Fact {
    fn describe(&self) -> contract::Fact {
        contract::Fact { name: self.name.into(), summary: self.summary.into(), kind: self.kind }
    }
}

impl Setting {
    fn describe(&self) -> contract::Setting {
        contract::Setting {
            name: self.name.into(),
            title: self.title.into(),
            help: self.help.into(),
            kind: self.kind.describe(),
            required: matches!(self.absent, Absent::Refused),
            default: self.absent.describe(),
            entry: self.kind.entry().map(Entry::describe),
        }
    }
}

impl Kind {
    fn describe(&self) -> contract::SettingKind {
        match self {
            Self::Text => contract::SettingKind::Text,
            Self::Texts(_) => contract::SettingKind::Texts,
            Self::Guid => contract::SettingKind::Guid,
            Self::Guids(_) => contract::SettingKind::Guids,
            Self::Url => contract::SettingKind::Url,
            Self::Integer => contract::SettingKind::Integer,
            Self::Boolean => contract::SettingKind::Boolean,
            Self::Choice(choices) => contract::SettingKind::Choice(owned(choices)),
            Self::Choices(choices, _) => contract::SettingKind::Choices(owned(choices)),
        }
    }

    const fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Texts(entry) | Self::Guids(entry) | Self::Choices(_, entry) => Some(entry),
            _ => None,
        }
    }
}

impl Absent {
    /// The default as a value of the contract; `None` when there is none.
    pub(crate) fn describe(&self) -> Option<contract::Value> {
        Some(match self {
            Self::Refused => return None,
            Self::Text(text) => contract::Value::Text((*text).into()),
            Self::Texts(texts) => contract::Value::Texts(owned(texts)),
            Self::Integer(integer) => contract::Value::Integer(*integer),
            Self::Boolean(boolean) => contract::Value::Boolean(*boolean),
        })
    }
}

impl Entry {
    fn describe(&self) -> contract::Entry {
        contract::Entry {
            noun: self.noun.into(),
            activity: self.activity.into(),
            detail: self.detail.into(),
        }
    }
}

impl<P> Rule<P> {
    fn describe(&self) -> contract::Rule {
        contract::Rule { name: self.name.into(), summary: self.summary.into() }
    }
}

impl Reason {
    fn describe(&self) -> contract::Reason {
        contract::Reason {
            code: self.code.into(),
            title: self.title.into(),
            remedy: self.remedy.into(),
            presentation: self.presentation.describe(),
        }
    }
}

impl Presentation {
    fn describe(&self) -> contract::Presentation {
        contract::Presentation {
            error_id: self.error_id.into(),
            http_status: self.http_status,
            user_message: self.user_message.into(),
            retry: self.retry,
            fallback: self.fallback.map(Into::into),
            mdm_fault: self.mdm_fault.map(|fault| contract::MdmFault {
                subcode: fault.subcode.into(),
                code: fault.code,
            }),
        }
    }
}
