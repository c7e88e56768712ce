//! The way of a request.

use std::sync::Arc;
use std::time::Instant;

use super::error::RequestError;
use super::request::{Input, Request};
use super::settle::{of_error, of_verdict};
use super::{Active, Gate};
use crate::claims::VerifiedClaims;
use crate::clock;
use crate::decision::{Decision, Ruling, Signature, Step};
use crate::facts::FactsError;
use crate::keys::{KeyError, Wait};
use crate::release::{DecideError, Release};
use crate::token::{self, UnverifiedToken};
use crate::verify;

/// A decision, and what it was made of.
#[derive(Debug)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// The claims; absent when the token did not verify.
    pub claims: Option<VerifiedClaims>,
    /// The release that decided; absent when the gate has none.
    pub release: Option<Arc<Release>>,
}

/// What a request came to, before it is a decision.
struct Ruled {
    ruling: Result<Ruling, RequestError>,
    /// Absent when the token did not verify.
    claims: Option<VerifiedClaims>,
    trace: Vec<Step>,
}

impl Ruled {
    fn refused(error: RequestError, claims: Option<VerifiedClaims>) -> Self {
        Self { ruling: Err(error), claims, trace: Vec::new() }
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
        self.decide_with_claims(request).map(|decided| decided.decision)
    }

    /// As [`Gate::decide`], with the claims that were decided on.
    ///
    /// # Errors
    ///
    /// As [`Gate::decide`].
    pub fn decide_with_claims(&self, request: &Request<'_>) -> Result<Decided, FactsError> {
        let (started, active) = (Instant::now(), self.active.load());
        let ruled = self.rule(request, active.release.as_deref(), Wait::May)?;
        Ok(self.decided(request, &active, ruled, started))
    }

    /// As [`Gate::decide_with_claims`], for callers that must not wait, as the threads of an event
    /// loop; absent when a key would have to be waited for: then nothing was decided or logged.
    ///
    /// # Errors
    ///
    /// As [`Gate::decide`].
    pub fn decide_now(&self, request: &Request<'_>) -> Result<Option<Decided>, FactsError> {
        let (started, active) = (Instant::now(), self.active.load());
        let ruled = self.rule(request, active.release.as_deref(), Wait::MayNot)?;
        let would_wait = matches!(ruled.ruling, Err(RequestError::Key(KeyError::WouldWait { .. })));
        Ok((!would_wait).then(|| self.decided(request, &active, ruled, started)))
    }

    /// Token text to ruling.
    fn rule(
        &self,
        request: &Request<'_>,
        release: Option<&Release>,
        wait: Wait,
    ) -> Result<Ruled, FactsError> {
        let Some(release) = release else {
            return Ok(Ruled::refused(RequestError::Empty(Arc::clone(&self.name)), None));
        };
        match self.verify(request, wait) {
            Ok(claims) => evaluate(request, claims, release),
            Err(error) => Ok(Ruled::refused(error, None)),
        }
    }

    fn decided(
        &self,
        request: &Request<'_>,
        active: &Active,
        ruled: Ruled,
        started: Instant,
    ) -> Decided {
        let release = active.release.clone();
        let Ruled { ruling, claims, trace } = ruled;
        let (ruling, error) = match ruling {
            Ok(ruling) => (ruling, None),
            Err(error) => (of_error(&error, release.as_deref()), Some(error)),
        };
        let unsigned = matches!(request.input, Input::Claims(_));
        let ended = Instant::now();
        let decision = Decision {
            id: request.id.map(str::to_owned),
            decision_id: clock::new_id(),
            ruling,
            gate: Arc::clone(&self.name),
            policy: release.as_ref().map(|release| release.policy().clone()),
            generation: release.as_ref().map(|_| active.generation),
            token_version: claims.as_ref().map(|claims| claims.version().as_str().to_owned()),
            signature: unsigned.then_some(Signature::NotVerified),
            duration_us: u64::try_from((ended - started).as_micros()).unwrap_or(u64::MAX),
            trace,
        };
        self.log.decided(&decision, claims.as_ref(), error.as_ref(), ended);
        Decided { decision, claims, release }
    }

    /// Token text to verified claims.
    fn verify(&self, request: &Request<'_>, wait: Wait) -> Result<VerifiedClaims, RequestError> {
        let (format, bytes) = match request.input {
            Input::Token(format, bytes) => (format, bytes),
            Input::Claims(json) => {
                let claims = VerifiedClaims::vouched(json, &self.verification, request.now);
                return Ok(claims?);
            }
        };
        let text = token::compact_form(format, bytes)?;
        let unverified = UnverifiedToken::parse(&text, token::MAX_TOKEN_BYTES)?;
        let has_nonce = unverified.has_unverified_nonce();
        let key = self.keys.find(unverified.kid(), wait);
        let verified = key
            .map_err(RequestError::from)
            .and_then(|key| Ok(verify::verify(unverified, &key)?))
            .map_err(|error| if has_nonce { error.of_token_with_nonce() } else { error })?;
        Ok(VerifiedClaims::from_token(&verified, &self.verification, request.now)?)
    }
}

/// Verified claims to ruling.
///
/// # Errors
///
/// Facts of another type than the policy can take.
fn evaluate(
    request: &Request<'_>,
    claims: VerifiedClaims,
    release: &Release,
) -> Result<Ruled, FactsError> {
    match release.evaluate(&claims, request.facts, request.now, request.trace) {
        Ok(evaluated) => {
            let ruling = of_verdict(evaluated.verdict, &claims, request.facts, release);
            Ok(Ruled { ruling: Ok(ruling), claims: Some(claims), trace: evaluated.trace })
        }
        Err(DecideError::Facts(error)) => Err(error),
        // Invalid, whether the host or the policy's wishes found it out.
        Err(DecideError::Claims(error)) => Ok(Ruled::refused(error.into(), None)),
        Err(error) => Ok(Ruled::refused(error.into(), Some(claims))),
    }
}
