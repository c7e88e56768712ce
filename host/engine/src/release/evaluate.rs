//! One decision: a fresh instance of the sealed policy, one call, its answer checked.

use wasmtime::Store;

use super::Release;
use crate::answer::{self, AnswerError};
use crate::claims::{ClaimsError, VerifiedClaims};
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
    /// It was not asked: a claim that it wants is of another JSON type than it is registered with.
    #[error(transparent)]
    Claims(ClaimsError),
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
            Self::Claims(error) => error.code(),
            Self::Call(error) => error.code(),
            Self::Answer(_) => "policy.answer",
        }
    }

    /// Whether the host is to blame, and the same call may succeed in a moment.
    pub fn is_hosts(&self) -> bool {
        matches!(self, Self::Call(error) if error.is_hosts())
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

/// One decision of a policy.
#[derive(Debug)]
pub struct Evaluated<'a> {
    /// What the policy said.
    pub verdict: Verdict<'a>,
    /// One step per rule, if asked for.
    pub trace: Vec<Step>,
    /// What it cost, in Wasmtime's fuel units; the same on every machine.
    pub fuel: u64,
}

/// A policy that can be asked.
pub(super) trait Decides: std::fmt::Debug + Send + Sync {
    /// What the policy says of itself.
    fn description(&self) -> &Description;

    /// Calls `decide` in an instance that no call before has touched and none after will; says what
    /// it cost.
    fn call(&self, request: Request<'_>) -> Result<(types::Decision, u64), DecideError>;

    /// Decides verified claims at `now`; what the policy points at is checked and resolved.
    fn evaluate(
        &self,
        claims: &VerifiedClaims,
        facts: &Facts,
        now: u64,
        trace: bool,
    ) -> Result<Evaluated<'_>, DecideError> {
        let description = self.description();
        let known = facts.select(description).map_err(DecideError::Facts)?;
        let selected = select::select(claims, description).map_err(DecideError::Claims)?;
        let fields: Vec<_> = selected.iter().map(|claim| claim.field()).collect();
        let (answer, fuel) = self.call(Request { claims: &fields, facts: &known, now, trace })?;
        let checked = checked(answer, claims, facts, description, trace);
        let (verdict, trace) = checked.map_err(DecideError::Answer)?;
        Ok(Evaluated { verdict, trace, fuel })
    }
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
    ) -> Result<Evaluated<'_>, DecideError> {
        Decides::evaluate(self, claims, facts, now, trace)
    }
}

impl Decides for Release {
    fn description(&self) -> &Description {
        &self.description
    }

    fn call(&self, request: Request<'_>) -> Result<(types::Decision, u64), DecideError> {
        let mut store = self.runtime.decision_store();
        let answer = self
            .enter(&mut store, request)
            .map_err(|error| DecideError::Call(CallError::from_wasmtime(&error)))?;
        Ok((answer, self.runtime.decision_fuel_used(&store)))
    }
}

impl Release {
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

fn checked<'a>(
    answer: types::Decision,
    claims: &VerifiedClaims,
    facts: &Facts,
    description: &'a Description,
    trace: bool,
) -> Result<(Verdict<'a>, Vec<Step>), AnswerError> {
    let verdict = check(answer.verdict, claims, facts, description)?;
    let steps = answer::trace(answer.trace, description, trace)?;
    answer::agrees(&steps, &verdict)?;
    Ok((verdict, steps))
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
