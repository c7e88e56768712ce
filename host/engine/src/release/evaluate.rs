//! One decision: a fresh instance of the sealed policy, one call, its answer checked.

use wasmtime::Store;

use super::Release;
use crate::answer::{self, AnswerError};
use crate::claims::VerifiedClaims;
use crate::contract::types::{self, Description, Reason, Request};
use crate::decision::{Identity, Step};
use crate::facts::{Facts, FactsError};
use crate::failure::CallError;
use crate::limits::StoreState;
use crate::select;

/// Why a policy came to no decision.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// It was not asked: the facts are of other types than it wants.
    #[error(transparent)]
    Facts(FactsError),
    /// It gave no answer.
    #[error(transparent)]
    Call(CallError),
    /// Its answer is not one the contract allows.
    #[error("the policy's answer breaks the contract: {0}")]
    Answer(#[source] AnswerError),
}

impl DecideError {
    /// The reason code of a decision that failed this way.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Facts(_) => "request.facts",
            Self::Call(error) => error.code(),
            Self::Answer(_) => "policy.answer",
        }
    }
}

/// What the policy said, checked and with everything it points at resolved.
#[derive(Debug)]
pub enum Verdict<'a> {
    /// Admit this principal.
    Allow(Identity),
    /// The token names this principal; say these facts, then ask again.
    Ask(Identity, Vec<String>),
    /// Refuse, for this reason, because of these claims, settings and facts.
    Deny(&'a Reason, types::Denial),
}

impl Release {
    /// Decides verified claims at `now`, seconds since 1970; with one step per rule if `trace`.
    ///
    /// # Errors
    ///
    /// [`DecideError`]; none of them admits anybody.
    pub fn evaluate(
        &self,
        claims: &VerifiedClaims,
        facts: &Facts,
        now: u64,
        trace: bool,
    ) -> Result<(Verdict<'_>, Vec<Step>), DecideError> {
        let known = facts.select(&self.description).map_err(DecideError::Facts)?;
        let selected = select::select(claims, &self.description);
        let fields: Vec<_> = selected.iter().map(|claim| claim.field()).collect();
        let answer = self.call(Request { claims: &fields, facts: &known, now, trace })?;
        self.check(answer, claims, facts, trace).map_err(DecideError::Answer)
    }

    fn check(
        &self,
        answer: types::Decision,
        claims: &VerifiedClaims,
        facts: &Facts,
        trace: bool,
    ) -> Result<(Verdict<'_>, Vec<Step>), AnswerError> {
        let verdict = check(answer.verdict, claims, facts, &self.description)?;
        let steps = answer::trace(answer.trace, &self.description, trace)?;
        if !matches!(verdict, Verdict::Deny(..)) {
            answer::agrees(&steps)?;
        }
        Ok((verdict, steps))
    }

    /// Calls `decide` in an instance that no call before has touched and none after will.
    fn call(&self, request: Request<'_>) -> Result<types::Decision, DecideError> {
        let mut store = self.runtime.decision_store();
        self.enter(&mut store, request)
            .map_err(|error| DecideError::Call(CallError::from_wasmtime(&error)))
    }

    fn enter(
        &self,
        store: &mut Store<StoreState>,
        request: Request<'_>,
    ) -> wasmtime::Result<types::Decision> {
        let instance = self.entry.pre.instantiate(&mut *store)?;
        let decide = instance.get_typed_func::<(Request<'_>,), (types::Decision,)>(
            &mut *store,
            &self.entry.decide,
        )?;
        Ok(decide.call(store, (request,))?.0)
    }
}

fn check<'a>(
    verdict: types::Verdict,
    claims: &VerifiedClaims,
    facts: &Facts,
    description: &'a Description,
) -> Result<Verdict<'a>, AnswerError> {
    Ok(match verdict {
        types::Verdict::Allow(principal) => {
            Verdict::Allow(answer::identity(&principal, claims, description)?)
        }
        types::Verdict::Ask(question) => {
            answer::asked(&question.facts, facts, description)?;
            let identity = answer::identity(&question.principal, claims, description)?;
            Verdict::Ask(identity, question.facts)
        }
        types::Verdict::Deny(denial) => {
            let reason = answer::denied(&denial, description)?;
            Verdict::Deny(reason, denial)
        }
    })
}
