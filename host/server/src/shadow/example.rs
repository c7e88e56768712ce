//! A decision that came out differently, with nothing in it that names a person.

use admit::text::Shown;
use admit_api::candidate::{DifferenceKind, Example};
use admit_api::evidence::Evidence;
use serde_json::Value;

use super::Offer;
use super::compare::Answer;
use crate::evidence;
use crate::time::rfc3339;

/// A decision that came out differently from the candidate's answer.
pub(super) fn example(
    kind: DifferenceKind,
    offer: &Offer,
    new: Answer,
    allowed: &[String],
) -> Example {
    let old = offer.old.came.clone();
    let mut observed: Vec<Evidence> = Vec::new();
    for pointed_at in offer.old.observed.iter().chain(&new.observed) {
        let evidence = evidence::of(pointed_at, allowed);
        if !observed.contains(&evidence) {
            observed.push(evidence);
        }
    }
    let claims = offer.claims.iter().filter(|(name, _)| allowed.iter().any(|a| a == name));
    let claims = claims.map(|(name, value)| (name.to_owned(), shown(value))).collect();
    let (at, decision_id, new) = (rfc3339(offer.now), offer.decision_id, new.came);
    Example { at, decision_id, kind, old, new, claims, observed }
}

/// The value, cut; an array or object as text.
fn shown(value: &Value) -> Value {
    match value {
        Value::String(text) => Shown::whole(text).to_string().into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::Array(_) | Value::Object(_) => Shown::whole(&value.to_string()).to_string().into(),
    }
}
