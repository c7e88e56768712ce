//! Typed reading of a request.

use crate::contract::{Field, Request, Value};
use crate::declared::{Slip, Table};
use crate::rules::app;
use crate::{Audience, Guid, Json, Policy, TokenVersion};

/// The verified claims of a token, and what the platform knows beside them.
///
/// The typed readers answer `None` for a claim of another type as for an absent one; where that
/// would open a door, a rule looks at [`claim`](Self::claim) itself.
///
/// A name that the policy's tables do not declare cannot be read: its absence would mean nothing.
/// Natively such a read panics and names it; in a component the whole decision fails, and the host
/// names it.
#[derive(Clone, Copy)]
pub struct Token<'a> {
    claims: &'a [Field],
    facts: &'a [Field],
    now: u64,
    declared: (Table, Table),
    slip: Option<&'a Slip>,
}

impl std::fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { claims, facts, now, .. } = self;
        f.debug_struct("Token")
            .field("claims", claims)
            .field("facts", facts)
            .field("now", now)
            .finish()
    }
}

impl<'a> Token<'a> {
    /// The token of a request to this policy.
    #[must_use]
    pub const fn of<P: Policy>(request: &'a Request) -> Self {
        Self {
            claims: request.claims.as_slice(),
            facts: request.facts.as_slice(),
            now: request.now,
            declared: (Table::Claims(P::ABOUT.claims), Table::Facts(P::ABOUT.facts)),
            slip: None,
        }
    }

    /// The same, with a place to note what is read without being declared, instead of failing there.
    pub(crate) const fn noting(self, slip: &'a Slip) -> Self {
        Self { slip: Some(slip), ..self }
    }

    /// A claim; `None` when the token has none of this name.
    #[must_use]
    #[track_caller]
    pub fn claim(&self, name: &str) -> Option<&'a Value> {
        self.declared.0.read(self.claims, name, self.slip)
    }

    /// A claim that is text.
    #[must_use]
    #[track_caller]
    pub fn text(&self, name: &str) -> Option<&'a str> {
        match self.claim(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A claim that is a GUID.
    #[must_use]
    #[track_caller]
    pub fn guid(&self, name: &str) -> Option<Guid> {
        Guid::parse(self.text(name)?).ok()
    }

    /// A claim that is a list of texts.
    #[must_use]
    #[track_caller]
    pub fn texts(&self, name: &str) -> Option<&'a [String]> {
        match self.claim(name)? {
            Value::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    /// A claim that is a whole number.
    #[must_use]
    #[track_caller]
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.claim(name)? {
            Value::Integer(integer) => Some(*integer),
            _ => None,
        }
    }

    /// A claim that is yes or no.
    #[must_use]
    #[track_caller]
    pub fn boolean(&self, name: &str) -> Option<bool> {
        match self.claim(name)? {
            Value::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    /// A claim that is an object; also a mixed array, `null`, or a number with a fraction. Read anew
    /// at each call.
    ///
    /// ```
    /// # use admit_guest::{Json, Token};
    /// fn key_id(token: &Token<'_>) -> Option<String> {
    ///     let cnf = token.json("cnf")?;
    ///     cnf.member("kid").and_then(Json::text).map(String::from)
    /// }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn json(&self, name: &str) -> Option<Json> {
        match self.claim(name)? {
            Value::Json(text) => Json::parse(text),
            _ => None,
        }
    }

    /// The first of these claims that the token has, one that is the empty text counting as absent.
    #[must_use]
    pub fn first_filled(&self, names: &[&'static str]) -> Option<&'static str> {
        let is_filled = |value: &Value| !matches!(value, Value::Text(text) if text.is_empty());
        names.iter().copied().find(|name| self.claim(name).is_some_and(is_filled))
    }

    /// The claim `aud`, one text or a list.
    #[must_use]
    #[track_caller]
    pub fn audience(&self) -> Option<Audience<'a>> {
        match self.claim("aud")? {
            Value::Text(text) => Some(Audience::One(text)),
            Value::Texts(texts) => Some(Audience::Any(texts)),
            _ => None,
        }
    }

    /// The claim `ver`; `None` for a version that does not exist.
    #[must_use]
    #[track_caller]
    pub fn version(&self) -> Option<TokenVersion> {
        TokenVersion::parse(self.text("ver")?)
    }

    /// Whether an application obtained the token for itself: `idtyp` says so, or there are `roles`
    /// and no `scp`. An `idtyp` of another type than text counts as saying so.
    #[must_use]
    #[track_caller]
    pub fn is_app_only(&self) -> bool {
        match self.claim("idtyp") {
            Some(_) => self.text("idtyp").is_none_or(app::is_app_only),
            None => self.claim("scp").is_none() && self.claim("roles").is_some(),
        }
    }

    /// A fact; `None` when the platform did not pass it.
    #[must_use]
    #[track_caller]
    pub fn fact(&self, name: &str) -> Option<&'a Value> {
        self.declared.1.read(self.facts, name, self.slip)
    }

    /// A fact that is yes or no.
    #[must_use]
    #[track_caller]
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
