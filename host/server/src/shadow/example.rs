//! A decision that came out differently, with nothing in it that names a person.

use admit::json::Value;
use admit::text::Shown;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Map;
use uuid::Uuid;

use super::Offer;
use super::compare::{Answer, Came, Kind};
use crate::evidence::Evidence;

/// One decision that came out differently.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    /// When it was decided.
    #[serde(serialize_with = "display")]
    pub at: Timestamp,
    /// The decision, to be found in the logs.
    #[serde(serialize_with = "display")]
    pub decision_id: Uuid,
    /// In what they differ.
    pub kind: Kind,
    /// What was decided.
    pub old: Came,
    /// What the candidate said.
    pub new: Came,
    /// The claims of `decision_log.claims`, in the order of the token, each cut to 256 characters.
    pub claims: Map<String, serde_json::Value>,
    /// What the refusals among the two point at; values that may name a person are withheld.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub observed: Vec<Evidence>,
}

impl Example {
    pub(super) fn new(kind: Kind, offer: &Offer, new: Answer, allowed: &[String]) -> Self {
        let old = offer.old.came.clone();
        let mut observed: Vec<Evidence> = Vec::new();
        for pointed_at in offer.old.observed.iter().chain(&new.observed) {
            let evidence = Evidence::of(pointed_at, allowed);
            if !observed.contains(&evidence) {
                observed.push(evidence);
            }
        }
        let claims = offer.claims.iter().filter(|(name, _)| allowed.iter().any(|a| a == name));
        let claims = claims.map(|(name, value)| (name.to_owned(), shown(value))).collect();
        let (at, decision_id, new) = (at(offer.now), offer.decision_id, new.came);
        Self { at, decision_id, kind, old, new, claims, observed }
    }
}

/// The value, cut; an array or object as text.
fn shown(value: &Value) -> serde_json::Value {
    match value {
        Value::String(text) => Shown::whole(text).to_string().into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.into(),
        Value::Array(_) | Value::Object(_) => {
            let text = serde_json::Value::from(value).to_string();
            Shown::whole(&text).to_string().into()
        }
    }
}

/// Seconds since 1970; times that no calendar has become 1970.
fn at(seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).ok();
    seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or_default()
}

fn display<S: Serializer>(
    value: &impl std::fmt::Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
