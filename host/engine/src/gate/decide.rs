//! The way of a request.

use std::sync::Arc;
use std::time::Instant;

use uuid::Uuid;

use super::request::{Input, Request};
use super::settle::{refuse, settle};
use super::{Active, Gate, log};
use crate::claims::{ClaimsError, VerifiedClaims};
use crate::decision::{Decision, Outcome};
use crate::facts::FactsError;
use crate::failure::CallError;
use crate::keys::KeyError;
use crate::limits::Limit;
use crate::reason::Blame;
use crate::release::{DecideError, Release};
use crate::token::{self, TokenError, UnverifiedToken};
use crate::verify::{self, VerifyError};

/// Why a token was not decided by the policy, or the policy came to no decision.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    #[error(transparent)]
    Decide(#[from] DecideError),
    #[error("gate `{0}` has no active release")]
    Empty(Arc<str>),
}

impl RequestError {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Token(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Verify(error) => error.code(),
            Self::Claims(error) => error.code(),
            Self::Decide(error) => error.code(),
            Self::Empty(_) => "gate.empty",
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        if self.code().starts_with("token.") { Outcome::Invalid } else { Outcome::Failed }
    }

    pub(super) fn blame(&self) -> Blame {
        match self {
            Self::Decide(DecideError::Call(CallError::Limit(Limit::Instances))) => Blame::Host,
            Self::Decide(_) => Blame::Policy,
            _ if self.outcome() == Outcome::Invalid => Blame::Caller,
            _ => Blame::Host,
        }
    }
}

impl Gate {
    /// Decides one token.
    ///
    /// Never waits for an activation. Reads the key set over the network only when the token names
    /// a key that is not known.
    ///
    /// # Errors
    ///
    /// [`FactsError::Kind`] when a fact has another type than the active policy wants. Everything
    /// else, failures included, is a decision.
    pub fn decide(&self, request: &Request<'_>) -> Result<Decision, FactsError> {
        let started = Instant::now();
        let active = self.active.load();
        let active = active.as_deref();
        let mut decision = self.undecided(request, active);
        let mut claims = None;
        let decided = match active {
            Some(active) => self.run(request, &active.release, &mut claims, &mut decision)?,
            None => Err(RequestError::Empty(Arc::clone(&self.name))),
        };
        if let Err(error) = &decided {
            refuse(&mut decision, error, active.map(|active| &*active.release));
        }
        decision.duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        log::decided(&decision, claims.as_ref(), decided.as_ref().err());
        Ok(decision)
    }

    /// Input to verdict. Claims that were verified are left in `verified` for the log.
    fn run(
        &self,
        request: &Request<'_>,
        release: &Release,
        verified: &mut Option<VerifiedClaims>,
        decision: &mut Decision,
    ) -> Result<Result<(), RequestError>, FactsError> {
        let claims = match self.verify(request) {
            Ok(claims) => verified.insert(claims),
            Err(error) => return Ok(Err(error)),
        };
        decision.token_version = Some(claims.version().as_str().to_owned());
        match release.evaluate(claims, request.facts, request.now, request.trace) {
            Ok(evaluated) => {
                decision.trace = evaluated.trace;
                settle(decision, evaluated.verdict, claims, request.facts, release);
                Ok(Ok(()))
            }
            Err(DecideError::Facts(error)) => Err(error),
            Err(error) => Ok(Err(error.into())),
        }
    }

    /// Token text to verified claims.
    fn verify(&self, request: &Request<'_>) -> Result<VerifiedClaims, RequestError> {
        let (format, bytes) = match request.input {
            Input::Token(format, bytes) => (format, bytes),
            Input::Claims(json) => {
                let claims = VerifiedClaims::vouched(json, &self.verification, request.now);
                return Ok(claims?);
            }
        };
        let text = token::compact_form(format, bytes)?;
        let unverified = UnverifiedToken::parse(&text, token::MAX_TOKEN_BYTES)?;
        let key = self.keys.find(unverified.kid())?;
        let verified = verify::verify(unverified, &key)?;
        Ok(VerifiedClaims::from_token(&verified, &self.verification, request.now)?)
    }

    fn undecided(&self, request: &Request<'_>, active: Option<&Active>) -> Decision {
        let unsigned = matches!(request.input, Input::Claims(_));
        Decision {
            id: request.id.map(str::to_owned),
            decision_id: Uuid::now_v7(),
            outcome: Outcome::Failed,
            reason: None,
            blame: None,
            identity: None,
            asks: Vec::new(),
            observed: Vec::new(),
            expected: Vec::new(),
            title: None,
            detail: None,
            remedy: None,
            presentation: None,
            gate: Arc::clone(&self.name),
            policy: active.map(|active| active.release.policy().clone()),
            generation: active.map(|active| active.generation),
            token_version: None,
            signature: unsigned.then_some("not_verified"),
            duration_us: 0,
            trace: Vec::new(),
        }
    }
}
