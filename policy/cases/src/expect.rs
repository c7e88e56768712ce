//! What must come out of a case.

use std::fmt;

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::budget;
use crate::came::Came;

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
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl IdentityField {
    /// The name of the field in a decision.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TenantId => "tenant_id",
            Self::ObjectId => "object_id",
            Self::UserName => "user_name",
            Self::UserNameClaim => "user_name_claim",
            Self::DisplayName => "display_name",
            Self::Email => "email",
            Self::DeviceId => "device_id",
        }
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

/// The form of an expectation: `allow`, or an object with one of the four outcomes.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    allow: Option<Identity>,
    ask: Option<Vec<String>>,
    deny: Option<String>,
    invalid: Option<String>,
    identity: Option<Identity>,
    claims: Option<Vec<String>>,
    settings: Option<Vec<String>>,
    facts: Option<Vec<String>>,
}

const FORM: &str =
    "`allow`, or one of `allow: {…}`, `ask: […]`, `deny: REASON` and `invalid: CODE`";

impl Form {
    fn expectation(self) -> Result<Expectation, String> {
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
            _ => Err(format!(
                "expected {FORM}; `identity` goes with `ask`, `claims`, `settings` and `facts` \
                 with `deny`"
            )),
        }
    }
}

impl<'de> Deserialize<'de> for Expectation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExpectationVisitor)
    }
}

struct ExpectationVisitor;

impl<'de> Visitor<'de> for ExpectationVisitor {
    type Value = Expectation;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(FORM)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Expectation, E> {
        match text {
            "allow" => Ok(Expectation::Allow { identity: Identity::new() }),
            _ => Err(E::custom(format_args!("expected {FORM}"))),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Expectation, A::Error> {
        let form = Form::deserialize(MapAccessDeserializer::new(map))?;
        form.expectation().map_err(A::Error::custom)
    }
}
