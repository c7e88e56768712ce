//! What must come out of a case.

use std::fmt;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::budget;
use crate::came::Came;
use crate::file::name;
use crate::shape;
use crate::strict::{Form, Found, Shape, Value, Wrong, expected, list, named, text, text_of};
use crate::suggest::hint;

/// What must come out. Lists that are left out are not looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum Expectation {
    /// The token is admitted.
    Allow {
        /// Fields of the identity, and what they must hold; `None` for one that must be absent.
        identity: Identity,
    },
    /// Facts are asked for.
    Ask {
        /// Exactly these, in this order.
        facts: Vec<String>,
        /// As for `Allow`.
        identity: Identity,
    },
    /// The policy refuses.
    Deny {
        /// The reason.
        reason: String,
        /// The claims it points at, in whatever order.
        claims: Option<Vec<String>>,
        /// The settings it points at.
        settings: Option<Vec<String>>,
        /// The facts it points at.
        facts: Option<Vec<String>>,
    },
    /// The host refuses: the policy never sees the token.
    Invalid {
        /// The host's code, for example `token.expired`.
        code: String,
    },
}

/// Expected fields of an identity.
pub type Identity = IndexMap<IdentityField, Option<String>>;

/// A field of an identity.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum IdentityField {
    /// From `tid`.
    TenantId,
    /// From `oid`.
    ObjectId,
    /// The user name.
    UserName,
    /// The claim that gave the user name.
    UserNameClaim,
    /// The display name.
    DisplayName,
    /// An e-mail address, not verified.
    Email,
    /// The Entra device id.
    DeviceId,
}

/// The name of each field in a decision, and what it holds.
const FIELDS: [(IdentityField, &str, &str); 7] = [
    (IdentityField::TenantId, "tenant_id", "From `tid`."),
    (IdentityField::ObjectId, "object_id", "From `oid`."),
    (IdentityField::UserName, "user_name", "The user name, a label."),
    (
        IdentityField::UserNameClaim,
        "user_name_claim",
        "The claim that gave `user_name`, for example `upn`.",
    ),
    (IdentityField::DisplayName, "display_name", "The name of the user, a label."),
    (IdentityField::Email, "email", "An e-mail address that nobody verified, a label."),
    (IdentityField::DeviceId, "device_id", "The Entra device id, a label."),
];

impl IdentityField {
    /// The name of the field in a decision.
    pub fn as_str(self) -> &'static str {
        let found = FIELDS.iter().find(|(field, ..)| *field == self);
        found.map_or("", |(_, name, _)| name)
    }

    fn named(name: &str) -> Option<Self> {
        FIELDS.iter().find(|(_, other, _)| *other == name).map(|(field, ..)| *field)
    }
}

impl Expectation {
    /// Whether a decision is what is expected.
    pub fn is_met_by(&self, came: &Came) -> bool {
        match self {
            Self::Allow { identity } => came.outcome == "allow" && names(identity, came),
            Self::Ask { facts, identity } => {
                came.outcome == "ask" && came.asks == *facts && names(identity, came)
            }
            Self::Deny { reason, claims, settings, facts } => {
                came.outcome == "deny"
                    && came.reason.as_deref() == Some(reason)
                    && same_names(claims.as_deref(), &came.claims)
                    && same_names(settings.as_deref(), &came.settings)
                    && same_names(facts.as_deref(), &came.facts)
            }
            Self::Invalid { code } => {
                came.outcome == "invalid" && came.reason.as_deref() == Some(code)
            }
        }
    }

    /// Roughly the room it takes.
    pub(crate) fn weight(&self) -> usize {
        let names = |names: &[String]| names.iter().map(|name| budget::text(name)).sum::<usize>();
        let of = |identity: &Identity| {
            let values = identity.values().map(|value| value.as_deref().unwrap_or_default());
            values.map(budget::text).sum::<usize>()
        };
        match self {
            Self::Allow { identity } => of(identity),
            Self::Ask { facts, identity } => names(facts) + of(identity),
            Self::Deny { reason, claims, settings, facts } => {
                let lists = [claims, settings, facts].into_iter().flatten();
                budget::text(reason) + lists.map(|list| names(list)).sum::<usize>()
            }
            Self::Invalid { code } => budget::text(code),
        }
    }

    /// The outcome: `allow`, `ask`, `deny` or `invalid`.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Allow { .. } => "allow",
            Self::Ask { .. } => "ask",
            Self::Deny { .. } => "deny",
            Self::Invalid { .. } => "invalid",
        }
    }
}

fn names(expected: &Identity, came: &Came) -> bool {
    expected.iter().all(|(field, value)| {
        let member = came.identity.get(field.as_str());
        member.and_then(serde_json::Value::as_str) == value.as_deref()
    })
}

fn same_names(expected: Option<&[String]>, came: &[String]) -> bool {
    let Some(expected) = expected else {
        return true;
    };
    expected.len() == came.len()
        && expected.iter().all(|name| came.contains(name))
        && came.iter().all(|name| expected.contains(name))
}

/// Names what is expected; the values of an identity only in the alternate form (`{:#}`), since they
/// may be names of people.
impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow { identity } => {
                f.write_str("allow")?;
                expected_identity(f, identity)
            }
            Self::Ask { facts, identity } => {
                write!(f, "ask for {}", facts.join(", "))?;
                expected_identity(f, identity)
            }
            Self::Deny { reason, claims, settings, facts } => {
                write!(f, "deny {reason}")?;
                for (what, names) in [("claims", claims), ("settings", settings), ("facts", facts)]
                {
                    if let Some(names) = names {
                        write!(f, "; {what}: {}", names.join(", "))?;
                    }
                }
                Ok(())
            }
            Self::Invalid { code } => write!(f, "invalid {code}"),
        }
    }
}

fn expected_identity(f: &mut fmt::Formatter<'_>, identity: &Identity) -> fmt::Result {
    for (field, value) in identity {
        match value {
            Some(value) if f.alternate() => write!(f, "; {}: {value}", field.as_str())?,
            Some(_) => write!(f, "; {}", field.as_str())?,
            None => write!(f, "; no {}", field.as_str())?,
        }
    }
    Ok(())
}

shape! {
    /// What must come out, and what is looked at beside it.
    struct Outcome () {
        /// Fields of the identity that are looked at.
        allow: Option<Identity> = "allow", identity().optional();
        /// Exactly these facts, in this order.
        ask: Option<Vec<String>> = "ask", different(name()).optional();
        /// The reason, one of the policy's codes.
        deny: Option<String> = "deny", name().optional();
        /// The host's code, for example `token.expired`.
        invalid: Option<String> = "invalid", text().with(|| json!({"pattern": "^token\\."})).optional();
        /// Fields of the identity that are looked at.
        identity: Option<Identity> = "identity", identity().optional();
        /// Exactly the claims that the refusal points at, in any order.
        claims: Option<Vec<String>> = "claims", different(claim()).optional();
        /// Exactly the settings that it points at, in any order.
        settings: Option<Vec<String>> = "settings", different(name()).optional();
        /// Exactly the facts that it points at, in any order.
        facts: Option<Vec<String>> = "facts", different(name()).optional();
    }
}

fn claim() -> Form<String> {
    text().with(|| json!({"minLength": 1, "maxLength": 128}))
}

fn different(item: Form<String>) -> Form<Vec<String>> {
    list(item).with(|| json!({"uniqueItems": true}))
}

const FORM: &str =
    "`allow`, or one of `allow: {…}`, `ask: […]`, `deny: REASON` and `invalid: CODE`";

impl Outcome {
    fn expectation(self) -> Result<Expectation, Wrong> {
        let Self { allow, ask, deny, invalid, identity, claims, settings, facts } = self;
        let points = claims.is_some() || settings.is_some() || facts.is_some();
        match (allow, ask, deny, invalid) {
            (Some(fields), None, None, None) if identity.is_none() && !points => {
                Ok(Expectation::Allow { identity: fields })
            }
            (None, Some(facts), None, None) if !points => {
                Ok(Expectation::Ask { facts, identity: identity.unwrap_or_default() })
            }
            (None, None, Some(reason), None) if identity.is_none() => {
                Ok(Expectation::Deny { reason, claims, settings, facts })
            }
            (None, None, None, Some(code)) if identity.is_none() && !points => {
                Ok(Expectation::Invalid { code })
            }
            _ => expected(format!(
                "{FORM}; `identity` goes with `ask`, `claims`, `settings` and `facts` with `deny`"
            )),
        }
    }

    /// The schema of an outcome: its own key, and those that go with it.
    fn schema_of(about: &str, keys: &[&str]) -> Json {
        let all = Self::schema();
        let member =
            |key: &&str| Some(((*key).to_owned(), all.get("properties")?.get(*key)?.clone()));
        let members: Map<_, _> = keys.iter().filter_map(member).collect();
        json!({
            "description": about,
            "type": "object",
            "additionalProperties": false,
            "required": keys.get(..1),
            "properties": members,
        })
    }
}

/// An expectation of a case file.
pub(crate) fn expectation() -> Form<Expectation> {
    let schema = || {
        json!({
            "description": "What must come out: `allow` alone, or an object with one of `allow`, `ask`, `deny` and \
                `invalid`. What is left out is not looked at.",
            "oneOf": [
                {"const": "allow"},
                named("allow", Outcome::schema_of("The token is admitted.", &["allow"])),
                named("ask", Outcome::schema_of(
                    "The token is good, and facts are asked for.",
                    &["ask", "identity"],
                )),
                named("deny", Outcome::schema_of(
                    "The policy refuses.",
                    &["deny", "claims", "settings", "facts"],
                )),
                named("invalid", Outcome::schema_of(
                    "The host refuses, and the policy never sees the token.",
                    &["invalid"],
                )),
            ],
        })
    };
    let allow = || Expectation::Allow { identity: Identity::new() };
    let read = move |found: &Found<'_>| match &found.node.value {
        Value::Text(text) if text == "allow" => Ok(allow()),
        Value::Names(_) => match found.sound(|| found.section(Outcome::read)) {
            Some(outcome) => outcome.expectation(),
            None => Ok(allow()),
        },
        _ => expected(FORM),
    };
    Form::new(schema, read).named("expectation")
}

fn identity() -> Form<Identity> {
    let schema = || {
        let field = |(_, name, about): &(IdentityField, &str, &str)| {
            ((*name).to_owned(), json!({"description": about, "type": ["string", "null"]}))
        };
        json!({
            "description": "Expected fields of the identity; `null` for one that must be absent.",
            "type": "object",
            "additionalProperties": false,
            "properties": FIELDS.iter().map(field).collect::<Map<_, _>>(),
        })
    };
    let read = |found: &Found<'_>| {
        let mut identity = Identity::new();
        for (entry, found) in found.entries()? {
            let value = match &found.node.value {
                Value::Nothing => Some(None),
                _ => found.reported(text_of(&found)).map(|text| Some(text.to_owned())),
            };
            match (IdentityField::named(&entry.name), value) {
                (None, _) => found.unknown(entry, &hint(&entry.name, &FIELDS.map(|field| field.1))),
                (Some(field), Some(value)) => drop(identity.insert(field, value)),
                (Some(_), None) => {}
            }
        }
        Ok(identity)
    };
    Form::new(schema, read).named("identity")
}
