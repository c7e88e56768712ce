//! Typed reading of a request.

use crate::contract::{Field, Request, Value};
use crate::rules::app;
use crate::{Audience, Guid, TokenVersion};

/// The verified claims of a token, and what the platform knows beside them.
///
/// The typed readers answer `None` for a claim of another type as for an absent one; where that
/// would open a door, a rule looks at [`claim`](Self::claim) itself.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    claims: &'a [Field],
    facts: &'a [Field],
    now: u64,
}

impl<'a> Token<'a> {
    /// The token of a request.
    #[must_use]
    pub fn of(request: &'a Request) -> Self {
        Self { claims: &request.claims, facts: &request.facts, now: request.now }
    }

    /// A claim; `None` when the token has none of this name.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&'a Value> {
        find(self.claims, name)
    }

    /// A claim that is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&'a str> {
        match self.claim(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A claim that is a GUID.
    #[must_use]
    pub fn guid(&self, name: &str) -> Option<Guid> {
        Guid::parse(self.text(name)?).ok()
    }

    /// The first of these claims that the token has, one that is the empty text counting as absent.
    #[must_use]
    pub fn first_filled(&self, names: &[&'static str]) -> Option<&'static str> {
        let is_filled = |value: &Value| !matches!(value, Value::Text(text) if text.is_empty());
        names.iter().copied().find(|name| self.claim(name).is_some_and(is_filled))
    }

    /// The claim `aud`, one text or a list.
    #[must_use]
    pub fn audience(&self) -> Option<Audience<'a>> {
        match self.claim("aud")? {
            Value::Text(text) => Some(Audience::One(text)),
            Value::Texts(texts) => Some(Audience::Any(texts)),
            _ => None,
        }
    }

    /// The claim `ver`; `None` for a version that does not exist.
    #[must_use]
    pub fn version(&self) -> Option<TokenVersion> {
        TokenVersion::parse(self.text("ver")?)
    }

    /// Whether an application obtained the token for itself: `idtyp` says so, or there are `roles`
    /// and no `scp`. An `idtyp` of another type than text counts as saying so.
    #[must_use]
    pub fn is_app_only(&self) -> bool {
        match self.claim("idtyp") {
            Some(_) => self.text("idtyp").is_none_or(app::is_app_only),
            None => self.claim("scp").is_none() && self.claim("roles").is_some(),
        }
    }

    /// A fact; `None` when the platform did not pass it.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&'a Value> {
        find(self.facts, name)
    }

    /// A fact that is yes or no.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.fact(name)? {
            Value::Boolean(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The time of the decision, whole seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn now(&self) -> u64 {
        self.now
    }
}

fn find<'a>(fields: &'a [Field], name: &str) -> Option<&'a Value> {
    fields.iter().find(|field| field.name == name).map(|field| &field.value)
}
