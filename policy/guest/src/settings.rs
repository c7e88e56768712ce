//! Typed reading of settings.

use std::borrow::Cow;

use crate::about::{Kind, Setting};
use crate::contract::{Field, SettingError, Value};
use crate::read::{read_guid, read_url, says};
use crate::{Guid, GuidSet, HttpsUrl, Policy};

/// What an administrator configured, and what was refused so far.
///
/// Each reader takes the constant that declares a setting, and answers its value, its default when
/// it was left out, or `None` when it was refused. Form and default are those of the policy's table;
/// a setting that the table does not have is refused, since an administrator could not configure it.
#[derive(Debug)]
pub struct Settings<'a> {
    fields: &'a [Field],
    declared: &'static [Setting],
    refused: Vec<SettingError>,
}

impl<'a> Settings<'a> {
    /// The settings of one `configure` of this policy.
    #[must_use]
    pub const fn of<P: Policy>(fields: &'a [Field]) -> Self {
        Self { fields, declared: P::ABOUT.settings, refused: Vec::new() }
    }

    /// A text that is not empty.
    pub fn text(&mut self, setting: &Setting) -> Option<String> {
        self.read(setting, |text| match text {
            "" => Err("expected a text that is not empty".into()),
            text => Ok(text.into()),
        })
    }

    /// A GUID; surrounding white space does not count.
    pub fn guid(&mut self, setting: &Setting) -> Option<Guid> {
        self.read(setting, read_guid)
    }

    /// An https URL of the form `https://host[:port][/path]`.
    pub fn url(&mut self, setting: &Setting) -> Option<HttpsUrl> {
        self.read(setting, read_url)
    }

    /// One of the choices.
    pub fn choice(&mut self, setting: &Setting) -> Option<&'static str> {
        let kind = self.declared(setting)?.kind;
        self.read(setting, |text| read_choice(kind, text))
    }

    /// One text, read; a refusal carries the reader's message.
    pub fn read<T>(
        &mut self,
        setting: &Setting,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let Value::Text(text) = &*self.value(setting)? else {
            return self.wrong_type(setting, "a text");
        };
        match read(text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.refuse(setting, Some(text), message);
                None
            }
        }
    }

    /// A list of which each entry is read by itself; all bad entries are refused, not only the first.
    pub fn list<T: PartialEq>(
        &mut self,
        setting: &Setting,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let Value::Texts(texts) = &*self.value(setting)? else {
            return self.wrong_type(setting, "a list of texts");
        };
        let mut values = Vec::with_capacity(texts.len());
        for text in texts {
            match read(text) {
                Ok(value) if values.contains(&value) => {
                    self.refuse(setting, Some(text), says(text, "stands in the list twice"));
                }
                Ok(value) => values.push(value),
                Err(message) => self.refuse(setting, Some(text), message),
            }
        }
        (values.len() == texts.len()).then_some(values)
    }

    /// A list of GUIDs, each value once.
    pub fn guids(&mut self, setting: &Setting) -> Option<GuidSet> {
        self.list(setting, read_guid).map(GuidSet::from_iter)
    }

    /// Some of the choices, each once.
    pub fn choices(&mut self, setting: &Setting) -> Option<Vec<&'static str>> {
        let kind = self.declared(setting)?.kind;
        self.list(setting, |text| read_choice(kind, text))
    }

    /// Yes or no.
    pub fn boolean(&mut self, setting: &Setting) -> Option<bool> {
        match *self.value(setting)? {
            Value::Boolean(boolean) => Some(boolean),
            _ => self.wrong_type(setting, "`true` or `false`"),
        }
    }

    /// A whole number.
    pub fn integer(&mut self, setting: &Setting) -> Option<i64> {
        match *self.value(setting)? {
            Value::Integer(integer) => Some(integer),
            _ => self.wrong_type(setting, "a whole number"),
        }
    }

    /// Refuses a value, or with `None` the setting as a whole.
    pub fn refuse(&mut self, setting: &Setting, value: Option<&str>, message: impl Into<String>) {
        self.refused.push(SettingError {
            setting: setting.name.into(),
            value: value.map(Into::into),
            message: message.into(),
        });
    }

    pub(crate) fn refused(&self) -> &[SettingError] {
        &self.refused
    }

    pub(crate) fn into_refused(self) -> Vec<SettingError> {
        self.refused
    }

    /// What was configured, else the default.
    fn value(&mut self, setting: &Setting) -> Option<Cow<'a, Value>> {
        let declared = self.declared(setting)?;
        if let Some(field) = self.fields.iter().find(|field| field.name == setting.name) {
            return Some(Cow::Borrowed(&field.value));
        }
        let default = declared.absent.describe().map(Cow::Owned);
        if default.is_none() {
            let message = match declared.kind {
                Kind::Choice(choices) => {
                    ["missing; expected `", &choices.join("` or `"), "`"].concat()
                }
                kind => ["missing; expected ", expected(kind)].concat(),
            };
            self.refuse(setting, None, message);
        }
        default
    }

    /// The setting as the policy's table has it.
    fn declared(&mut self, setting: &Setting) -> Option<&'static Setting> {
        let declared = self.declared.iter().find(|declared| declared.name == setting.name);
        if declared.is_none() {
            self.refuse(setting, None, UNDECLARED);
        }
        declared
    }

    fn wrong_type<T>(&mut self, setting: &Setting, expected: &str) -> Option<T> {
        self.refuse(setting, None, ["value of another type; expected ", expected].concat());
        None
    }
}

/// Not an administrator's fault, but they are who sees it first.
const UNDECLARED: &str = "read by the policy, but its table `settings` does not declare it; the \
                          policy's author must add it there";

fn read_choice(kind: Kind, text: &str) -> Result<&'static str, String> {
    let (Kind::Choice(choices) | Kind::Choices(choices, _)) = kind else {
        return Err(says(text, "is no choice"));
    };
    let chosen = choices.iter().find(|choice| **choice == text);
    chosen.copied().ok_or_else(|| {
        says(text, &["is not accepted; expected `", &choices.join("` or `"), "`"].concat())
    })
}

/// The form of a value, for a message about a missing one.
const fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "a text",
        Kind::Texts(_) | Kind::Guids(_) | Kind::Choices(..) => "a list",
        Kind::Guid => "a GUID",
        Kind::Url => "a URL of the form `https://host[:port]`",
        Kind::Integer => "a whole number",
        Kind::Boolean => "`true` or `false`",
        // Its choices are named.
        Kind::Choice(_) => "a choice",
    }
}
