//! Two answers to one request.

use admit::bounded::Bounded;
use admit::decision::{Decision, Identity, Observed, Outcome};
use admit::release::{DecideError, Release, Verdict};
use admit_api::candidate::{DifferenceKind, ShortDecision};

use super::Offer;

/// What a release said.
///
/// The identity is compared and neither kept nor shown: it names people.
pub(super) struct Answer {
    pub(super) decision: ShortDecision,
    pub(super) identity: Option<Identity>,
    /// What a refusal points at.
    pub(super) observed: Vec<Observed>,
}

impl From<&Decision> for Answer {
    fn from(decision: &Decision) -> Self {
        let (outcome, reason) = (decision.outcome(), decision.reason().map(str::to_owned));
        Self {
            decision: ShortDecision { outcome, reason },
            identity: decision.identity().cloned(),
            observed: decision.observed().to_vec(),
        }
    }
}

impl Answer {
    fn new(verdict: Verdict<'_>, offer: &Offer) -> Self {
        let (outcome, reason, identity, observed) = match verdict {
            Verdict::Allow(identity) => (Outcome::Allow, None, Some(identity), Vec::new()),
            Verdict::Ask(identity, _) => (Outcome::Ask, None, Some(identity), Vec::new()),
            Verdict::Deny(reason, denial) => {
                let observed = denial.claims.iter().map(|name| claim(name, offer));
                let observed = observed.chain(denial.facts.iter().map(|name| fact(name, offer)));
                (Outcome::Deny, Some(reason.code.clone()), None, observed.collect())
            }
        };
        Self { decision: ShortDecision { outcome, reason }, identity, observed }
    }
}

fn claim(name: &str, offer: &Offer) -> Observed {
    Observed::claim(name, offer.claims.get(name).map(Bounded::new))
}

fn fact(name: &str, offer: &Offer) -> Observed {
    Observed::fact(name, offer.facts.get(name).map(Bounded::new))
}

/// The candidate's answer; absent when it was not asked, because the host could not run it.
pub(super) fn ask(candidate: &Release, offer: &Offer) -> Option<Answer> {
    match candidate.evaluate(&offer.claims, &offer.facts, offer.now, false) {
        Ok(evaluated) => Some(Answer::new(evaluated.verdict, offer)),
        Err(error) if error.is_hosts() => None,
        Err(error) => {
            let outcome = match &error {
                DecideError::Claims(_) => Outcome::Invalid,
                _ => Outcome::Failed,
            };
            let decision = ShortDecision { outcome, reason: Some(error.code().to_owned()) };
            Some(Answer { decision, identity: None, observed: Vec::new() })
        }
    }
}

/// In what they differ; absent when they agree.
pub(super) fn difference(old: &Answer, new: &Answer) -> Option<DifferenceKind> {
    if old.decision != new.decision {
        Some(DifferenceKind::Decision)
    } else if old.identity != new.identity {
        Some(DifferenceKind::Identity)
    } else {
        None
    }
}
