//! The way of a request.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use super::{Active, Gate, log};
use crate::claims::{ClaimsError, VerifiedClaims};
use crate::contract::types;
use crate::decision::{Decision, Expected, Observed, Outcome, Presentation};
use crate::facts::{Facts, FactsError};
use crate::failure::CallError;
use crate::keys::KeyError;
use crate::limits::Limit;
use crate::reason::{self, Blame, HostReason};
use crate::release::{DecideError, Release, Verdict};
use crate::token::{self, Format, TokenError, UnverifiedToken};
use crate::verify::{self, VerifyError};

/// A token to decide on.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The caller's own id, returned with the decision.
    pub id: Option<&'a str>,
    /// The token.
    pub input: Input<'a>,
    /// What the platform knows.
    pub facts: &'a Facts,
    /// The time of the decision, seconds since 1970.
    pub now: u64,
    /// Whether the decision shall say what every rule found.
    pub trace: bool,
}

/// What is decided on.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// A token as it was received, in one of the forms tokens travel in.
    Token(Format, &'a [u8]),
    /// A claims set, one JSON object, whose signature somebody else verified. Everything but the
    /// signature is checked; the decision says so.
    Claims(&'a [u8]),
}

/// Says the form and the size, never the content.
impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Token(format, bytes) => write!(f, "Token({format:?}, {} bytes)", bytes.len()),
            Self::Claims(bytes) => write!(f, "Claims({} bytes)", bytes.len()),
        }
    }
}

impl<'a> Request<'a> {
    /// A request for an access token in compact form, now, with no trace.
    pub fn new(token: &'a str, facts: &'a Facts) -> Self {
        let input = Input::Token(Format::Jwt, token.as_bytes());
        Self { id: None, input, facts, now: now(), trace: false }
    }
}

/// The time of this machine, seconds since 1970; 0 when its clock is before that.
#[expect(clippy::disallowed_methods, reason = "the one clock; everything else is passed the time")]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

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
    fn code(&self) -> &'static str {
        match self {
            Self::Token(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Verify(error) => error.code(),
            Self::Claims(error) => error.code(),
            Self::Decide(error) => error.code(),
            Self::Empty(_) => "gate.empty",
        }
    }

    fn outcome(&self) -> Outcome {
        if self.code().starts_with("token.") { Outcome::Invalid } else { Outcome::Failed }
    }

    fn blame(&self) -> Blame {
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
            Ok((verdict, trace)) => {
                decision.trace = trace;
                settle(decision, verdict, claims, request.facts, release);
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

/// Writes the policy's verdict into the decision.
fn settle(
    decision: &mut Decision,
    verdict: Verdict<'_>,
    claims: &VerifiedClaims,
    facts: &Facts,
    release: &Release,
) {
    match verdict {
        Verdict::Allow(identity) => {
            decision.outcome = Outcome::Allow;
            decision.identity = Some(identity);
        }
        Verdict::Ask(identity, asks) => {
            decision.outcome = Outcome::Ask;
            decision.identity = Some(identity);
            decision.asks = asks;
        }
        Verdict::Deny(reason, denial) => {
            decision.outcome = Outcome::Deny;
            decision.blame = Some(Blame::Caller);
            decision.observed = observed(&denial, claims, facts);
            decision.expected = expected(&denial, release);
            present(decision, reason);
        }
    }
}

fn present(decision: &mut Decision, reason: &types::Reason) {
    decision.reason = Some(reason.code.clone());
    decision.title = Some(reason.title.clone());
    decision.remedy = Some(reason.remedy.clone());
    decision.presentation = Some(Presentation::from(&reason.presentation));
}

fn present_own(decision: &mut Decision, reason: &HostReason) {
    decision.reason = Some(reason.code.to_owned());
    decision.title = Some(reason.title.to_owned());
    decision.remedy = Some(reason.remedy.to_owned());
    decision.presentation = Some(Presentation::from(reason));
}

fn observed(denial: &types::Denial, claims: &VerifiedClaims, facts: &Facts) -> Vec<Observed> {
    let claims = denial.claims.iter().map(|name| Observed {
        claim: Some(name.clone()),
        fact: None,
        value: claims.get(name).map(serde_json::Value::from),
    });
    let facts = denial.facts.iter().map(|name| Observed {
        claim: None,
        fact: Some(name.clone()),
        value: facts.get(name).cloned(),
    });
    claims.chain(facts).collect()
}

fn expected(denial: &types::Denial, release: &Release) -> Vec<Expected> {
    let settings = &release.description().settings;
    let named =
        denial.settings.iter().filter_map(|name| settings.iter().find(|item| item.name == *name));
    named
        .map(|setting| Expected {
            setting: setting.name.clone(),
            value: release.settings().effective(setting),
        })
        .collect()
}

/// Writes a refusal of the host, or a failure, into the decision: in the policy's words if it
/// describes the code, else in the host's.
fn refuse(decision: &mut Decision, error: &RequestError, release: Option<&Release>) {
    let code = error.code();
    decision.outcome = error.outcome();
    decision.blame = Some(error.blame());
    decision.detail = Some(error_text(error));
    let described = release.and_then(|release| {
        release.description().reasons.iter().find(|reason| reason.code == code)
    });
    match (described, reason::of_host(code)) {
        (Some(reason), _) => present(decision, reason),
        (None, Some(reason)) => present_own(decision, reason),
        (None, None) => decision.reason = Some(code.to_owned()),
    }
}

/// The error and its causes in one line.
pub(super) fn error_text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
