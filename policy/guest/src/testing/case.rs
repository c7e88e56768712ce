//! The form of a case file.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::value;
use crate::Policy;
use crate::contract::{Decision, Field, Principal, Request, Value, Verdict};

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// The policy's name.
    pub policy: String,
    /// The versions of it that must pass.
    pub versions: Vec<String>,
    /// The time of each decision, seconds since 1970-01-01T00:00:00Z.
    pub now: u64,
    /// The settings of each case.
    pub settings: Map<String, Json>,
    /// Complete sets of claims to start from, by name.
    pub base: Map<String, Json>,
    /// The cases.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// The set of claims it starts from.
    pub base: String,
    /// Claims that differ; `null` removes one.
    #[serde(default)]
    pub claims: Map<String, Json>,
    /// The facts that the platform passes.
    #[serde(default)]
    pub facts: Map<String, Json>,
    /// Settings that differ; `null` removes one.
    #[serde(default)]
    pub settings: Map<String, Json>,
    /// What must come out.
    pub expect: Expected,
}

/// What must come out of a case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// `allow`, `ask` or `deny`; `invalid` where the host refuses.
    pub outcome: String,
    /// The reason of a refusal.
    pub reason: Option<String>,
    /// The name of the user; where it is left out on `allow` or `ask`, any.
    pub identity: Option<Identity>,
    /// The facts asked for.
    #[serde(default)]
    pub asks: Vec<String>,
}

/// The user name an identity comes with; empty when there is none.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The value.
    pub user_name: Option<String>,
    /// The claim it comes from.
    pub user_name_claim: Option<String>,
}

impl CaseFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Where it departs from the form.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The settings of a case.
    #[must_use]
    pub fn settings_of(&self, case: &Case) -> Vec<Field> {
        value::fields(&changed(&self.settings, &case.settings))
    }

    /// The request of a case, as the host makes it: the described claims and facts, in that order.
    ///
    /// # Errors
    ///
    /// When the case starts from claims that the file does not have.
    pub fn request<P: Policy>(&self, case: &Case) -> Result<Request, String> {
        let base = self.base.get(&case.base).and_then(Json::as_object);
        let base = base.ok_or_else(|| format!("no base `{}`", case.base))?;
        let facts: Vec<_> = P::ABOUT.facts.iter().map(|fact| fact.name).collect();
        Ok(Request {
            claims: wanted(P::ABOUT.claims, &changed(base, &case.claims)),
            facts: wanted(&facts, &case.facts),
            now: self.now,
            trace: true,
        })
    }
}

fn changed(base: &Map<String, Json>, changes: &Map<String, Json>) -> Map<String, Json> {
    let mut members = base.clone();
    for (name, value) in changes {
        if value.is_null() {
            members.shift_remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    members
}

fn wanted(names: &[&str], members: &Map<String, Json>) -> Vec<Field> {
    let found = names.iter().filter_map(|name| members.get_key_value(*name));
    value::fields(&found.map(|(name, value)| (name.clone(), value.clone())).collect())
}

impl Expected {
    /// How a decision differs from what is expected.
    pub(super) fn differences(&self, request: &Request, decision: &Decision) -> Option<String> {
        let came = Self::of(request, decision);
        let same = self.outcome == came.outcome
            && self.reason == came.reason
            && self.asks == came.asks
            && (self.identity.is_none() || self.identity == came.identity);
        (!same).then(|| format!("expected {self:?}, came {came:?}"))
    }

    fn of(request: &Request, decision: &Decision) -> Self {
        let (outcome, reason, principal, asks) = match &decision.verdict {
            Verdict::Allow(principal) => ("allow", None, Some(principal), vec![]),
            Verdict::Ask(ask) => ("ask", None, Some(&ask.principal), ask.facts.clone()),
            Verdict::Deny(denial) => ("deny", Some(denial.reason.clone()), None, vec![]),
        };
        let identity = principal.map(|principal| Identity::of(request, principal));
        Self { outcome: outcome.into(), reason, identity, asks }
    }
}

impl Identity {
    fn of(request: &Request, principal: &Principal) -> Self {
        let mut attributes = principal.attributes.iter();
        let claim = attributes.find(|a| a.name == "user_name").map(|a| a.claim.clone());
        let field = request.claims.iter().find(|field| Some(&field.name) == claim.as_ref());
        let user_name = field.and_then(|field| match &field.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        });
        Self { user_name, user_name_claim: claim }
    }
}
