//! The policy's answer is untrusted input: what it points at must exist, and is read by the host.

use serde_json::Value;

use crate::claims::VerifiedClaims;
use crate::contract::types::{self, Attribute, Description, Outcome, Principal};
use crate::decision::{Identity, RuleOutcome, Step};
use crate::facts::Facts;
use crate::reason;
use crate::release::Verdict;
use crate::text::{Shown, is_plain};

const MAX_ATTRIBUTES: usize = 16;
const MAX_LABEL_CHARS: usize = 1_024;

/// An answer the contract does not allow.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum AnswerError {
    /// An identity field that does not exist.
    #[error("identity field `{0}` does not exist")]
    Attribute(String),
    /// More identity fields than there may be, or one of them twice.
    #[error("identity field `{0}` is there twice, or there are more than 16")]
    AttributeTwice(String),
    /// `tenant_id` must come from `tid` and `object_id` from `oid`.
    #[error("identity field `{field}` comes from claim `{claim}`; expected `{expected}`")]
    IdentityClaim { field: &'static str, claim: String, expected: &'static str },
    /// The identity fields are not there.
    #[error("the principal has no `{0}`")]
    NoIdentity(&'static str),
    /// A claim that the request did not carry as text fit for a label.
    #[error("the principal points at claim `{0}`, which holds no usable text")]
    Claim(String),
    /// Facts asked for that were given, are not described, or none at all.
    #[error("the policy asks for fact `{0}`, which it does not describe or has been given")]
    Asked(String),
    /// `ask` without facts.
    #[error("the policy asks, but for nothing")]
    AsksNothing,
    /// A reason that is not described or is the host's.
    #[error("reason `{0}` is not one the policy describes for its own refusals")]
    Reason(String),
    /// Something pointed at that the description does not have, or, as the guest library answers then,
    /// something read that the policy's tables do not declare.
    #[error("the policy reads or points at {list} `{name}`, which the policy does not declare")]
    Pointer { list: &'static str, name: String },
    /// A trace that does not follow the rules described.
    #[error("the trace has step `{0}`, which is not a rule of the policy in its order")]
    Trace(String),
    /// A trace that ends before the last rule.
    #[error("the trace has no step for rule `{0}`")]
    TraceShort(String),
    /// Accepted although a rule refused or asked, or asked although a rule refused.
    #[error("the verdict contradicts the trace at rule `{0}`")]
    Contradiction(String),
}

/// Takes the identity from the claims the policy points at.
pub(crate) fn identity(
    principal: &Principal,
    claims: &VerifiedClaims,
    description: &Description,
) -> Result<Identity, AnswerError> {
    let mut fields = Fields::default();
    for (index, attribute) in principal.attributes.iter().enumerate() {
        let slot = fields
            .slot(&attribute.name)
            .ok_or_else(|| AnswerError::Attribute(Shown::new(&attribute.name).to_string()))?;
        if slot.is_some() || index >= MAX_ATTRIBUTES {
            return Err(AnswerError::AttributeTwice(attribute.name.clone()));
        }
        let value = label(attribute, claims, description)?;
        *slot = Some((value, attribute.claim.clone()));
    }
    fields.identity()
}

/// Values and the claims they came from, by identity field.
#[derive(Default)]
struct Fields {
    tenant_id: Field,
    object_id: Field,
    user_name: Field,
    display_name: Field,
    email: Field,
    device_id: Field,
}

type Field = Option<(String, String)>;

impl Fields {
    fn slot(&mut self, name: &str) -> Option<&mut Field> {
        Some(match name {
            "tenant_id" => &mut self.tenant_id,
            "object_id" => &mut self.object_id,
            "user_name" => &mut self.user_name,
            "display_name" => &mut self.display_name,
            "email" => &mut self.email,
            "device_id" => &mut self.device_id,
            _ => return None,
        })
    }

    fn identity(self) -> Result<Identity, AnswerError> {
        let (user_name, user_name_claim) = self.user_name.unzip();
        Ok(Identity {
            tenant_id: key("tenant_id", self.tenant_id, "tid")?,
            object_id: key("object_id", self.object_id, "oid")?,
            user_name,
            user_name_claim,
            display_name: self.display_name.map(|field| field.0),
            email: self.email.map(|field| field.0),
            device_id: self.device_id.map(|field| field.0),
        })
    }
}

fn key(field: &'static str, value: Field, expected: &'static str) -> Result<String, AnswerError> {
    match value {
        Some((value, claim)) if claim == expected => Ok(value),
        Some((_, claim)) => Err(AnswerError::IdentityClaim { field, claim, expected }),
        None => Err(AnswerError::NoIdentity(field)),
    }
}

fn label(
    attribute: &Attribute,
    claims: &VerifiedClaims,
    description: &Description,
) -> Result<String, AnswerError> {
    let claim = &attribute.claim;
    let passed = description.claims.contains(claim);
    match claims.get(claim) {
        Some(Value::String(text)) if passed && is_label(text) => Ok(text.clone()),
        _ => Err(AnswerError::Claim(Shown::new(claim).to_string())),
    }
}

fn is_label(text: &str) -> bool {
    if text.is_ascii() {
        return (1..=MAX_LABEL_CHARS).contains(&text.len())
            && text.bytes().all(|byte| !byte.is_ascii_control());
    }
    text.chars().count() <= MAX_LABEL_CHARS && text.chars().all(is_plain)
}

/// Checks the facts of an `ask`.
pub(crate) fn asked(
    names: &[String],
    facts: &Facts,
    description: &Description,
) -> Result<(), AnswerError> {
    if names.is_empty() {
        return Err(AnswerError::AsksNothing);
    }
    for (index, name) in names.iter().enumerate() {
        let described = description.facts.iter().any(|fact| fact.name == *name);
        let repeated = names.iter().take(index).any(|other| other == name);
        if !described || repeated || facts.get(name).is_some() {
            return Err(AnswerError::Asked(Shown::new(name).to_string()));
        }
    }
    Ok(())
}

/// The described reason of a refusal, once everything the refusal points at is known to exist.
pub(crate) fn denied<'a>(
    denial: &types::Denial,
    description: &'a Description,
) -> Result<&'a types::Reason, AnswerError> {
    let has_claim = |name: &String| description.claims.contains(name);
    let has_setting = |name: &String| description.settings.iter().any(|item| item.name == *name);
    let has_fact = |name: &String| description.facts.iter().any(|item| item.name == *name);
    pointers("claim", &denial.claims, has_claim)?;
    pointers("setting", &denial.settings, has_setting)?;
    pointers("fact", &denial.facts, has_fact)?;
    description
        .reasons
        .iter()
        .find(|reason| reason.code == denial.reason && !reason::is_reserved(&reason.code))
        .ok_or_else(|| AnswerError::Reason(Shown::new(&denial.reason).to_string()))
}

/// More names than a list of the description can have are repetitions, and refused with them.
fn pointers(
    list: &'static str,
    names: &[String],
    known: impl Fn(&String) -> bool,
) -> Result<(), AnswerError> {
    for (index, name) in names.iter().enumerate() {
        if !known(name) || names.iter().take(index).any(|other| other == name) {
            return Err(AnswerError::Pointer { list, name: Shown::new(name).to_string() });
        }
    }
    Ok(())
}

/// The trace, one step per rule in the order of the description; none when it was not asked for.
pub(crate) fn trace(
    steps: Vec<types::Step>,
    description: &Description,
    asked_for: bool,
) -> Result<Vec<Step>, AnswerError> {
    if !asked_for {
        return Ok(Vec::new());
    }
    let mut rules = description.rules.iter();
    let trace = steps
        .into_iter()
        .map(|step| match rules.next() {
            Some(rule) if rule.name == step.rule => {
                Ok(Step { rule: step.rule, outcome: outcome(step.outcome) })
            }
            _ => Err(AnswerError::Trace(Shown::new(&step.rule).to_string())),
        })
        .collect::<Result<_, _>>()?;
    match rules.next() {
        Some(rule) => Err(AnswerError::TraceShort(rule.name.clone())),
        None => Ok(trace),
    }
}

/// Checks that no rule of the trace speaks against the verdict: one that failed against any but a
/// refusal, one that asked against an allow.
pub(crate) fn agrees(trace: &[Step], verdict: &Verdict<'_>) -> Result<(), AnswerError> {
    let against: &[RuleOutcome] = match verdict {
        Verdict::Allow(_) => &[RuleOutcome::Failed, RuleOutcome::Asked],
        Verdict::Ask(..) => &[RuleOutcome::Failed],
        Verdict::Deny(..) => &[],
    };
    match trace.iter().find(|step| against.contains(&step.outcome)) {
        Some(step) => Err(AnswerError::Contradiction(step.rule.clone())),
        None => Ok(()),
    }
}

fn outcome(outcome: Outcome) -> RuleOutcome {
    match outcome {
        Outcome::Passed => RuleOutcome::Passed,
        Outcome::Failed => RuleOutcome::Failed,
        Outcome::Asked => RuleOutcome::Asked,
        Outcome::Skipped => RuleOutcome::Skipped,
    }
}
