//! Stage four: the sealed policy decides, in the sandbox and under production limits, before it
//! decides for anybody.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::evaluate::{DecideError, Verdict};
use super::seal::Sealed;
use super::{Release, release_digest};
use crate::claims::{ClaimsError, Verification, VerifiedClaims};
use crate::cloud::TokenVersion;
use crate::decision::Outcome;
use crate::facts::{Facts, FactsError};

/// Why a sealed policy was not released.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RehearseError {
    /// The probe decision failed.
    #[error("the probe decision failed")]
    Probe(#[source] DecideError),
    /// The probe's own claims do not fit the gate.
    #[error("the probe's claims were not accepted")]
    ProbeClaims(#[source] ClaimsError),
    /// Cases that came out otherwise than they say.
    #[error("{} of {cases} cases failed, first {}", failures.len(), first(failures))]
    Cases {
        /// How many there were.
        cases: usize,
        /// The failed ones.
        failures: Vec<CaseFailure>,
    },
}

fn first(failures: &[CaseFailure]) -> String {
    failures.first().map(ToString::to_string).unwrap_or_default()
}

/// A case that came out otherwise than it says.
#[derive(Debug, thiserror::Error)]
#[error("`{case}`: expected {expected}, got {got}")]
pub struct CaseFailure {
    /// The case's name.
    pub case: String,
    /// What it says.
    pub expected: String,
    /// What was decided.
    pub got: String,
}

/// Claims and facts with the decision they must lead to, under the settings of the release.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique in its list.
    pub name: String,
    /// The claims set of a token.
    pub claims: Map<String, Value>,
    /// The facts passed with it.
    #[serde(default)]
    pub facts: Map<String, Value>,
    /// The time of the decision, seconds since 1970.
    pub now: u64,
    /// What must come out.
    pub expect: Expectation,
}

/// What a case must lead to. Members left out are not looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// `allow`, `ask`, `deny` or `invalid`.
    pub outcome: String,
    /// The reason code.
    pub reason: Option<String>,
    /// Members the identity must have; `null` for one it must not have.
    #[serde(default)]
    pub identity: Map<String, Value>,
    /// The facts asked for, in order.
    pub asks: Option<Vec<String>>,
}

/// A release that has shown what it does, and can be activated.
#[derive(Debug)]
pub struct Rehearsed {
    release: Release,
}

impl Rehearsed {
    /// Makes one probe decision and decides the cases.
    ///
    /// # Errors
    ///
    /// [`RehearseError`]; failed cases are all listed.
    pub fn new(
        sealed: Sealed,
        verification: &Verification,
        cases: &[Case],
    ) -> Result<Self, RehearseError> {
        let release = link(sealed);
        release.rehearse(verification, cases)?;
        Ok(Self { release })
    }

    /// The release.
    pub fn into_release(self) -> Release {
        self.release
    }
}

impl Release {
    /// Makes one probe decision and decides the cases.
    ///
    /// # Errors
    ///
    /// [`RehearseError`]; failed cases are all listed.
    pub fn rehearse(
        &self,
        verification: &Verification,
        cases: &[Case],
    ) -> Result<(), RehearseError> {
        probe(self, verification)?;
        let failures: Vec<_> =
            cases.iter().filter_map(|case| run(self, verification, case).err()).collect();
        if failures.is_empty() {
            return Ok(());
        }
        Err(RehearseError::Cases { cases: cases.len(), failures })
    }
}

fn link(sealed: Sealed) -> Release {
    let Sealed { inspected, settings, entry } = sealed;
    let digest = release_digest(&inspected.policy.digest, &settings);
    Release {
        runtime: inspected.runtime,
        policy: inspected.policy,
        digest,
        description: inspected.description,
        settings,
        entry,
    }
}

/// Any answer that the contract allows will do.
fn probe(release: &Release, verification: &Verification) -> Result<(), RehearseError> {
    const NOW: u64 = 1_700_000_000;
    const NIL: &str = "00000000-0000-0000-0000-000000000000";
    let issuer = verification.cloud().issuer(TokenVersion::V2, NIL);
    let claims = json!({
        "aud": NIL, "iss": issuer, "iat": NOW, "nbf": NOW, "exp": NOW + 3_600,
        "tid": NIL, "oid": NIL, "sub": "probe", "ver": "2.0", "scp": "probe",
    });
    let claims = VerifiedClaims::vouched(claims.to_string().as_bytes(), verification, NOW)
        .map_err(RehearseError::ProbeClaims)?;
    release.evaluate(&claims, &Facts::default(), NOW, true).map(drop).map_err(RehearseError::Probe)
}

/// What came out of a case, as far as expectations can speak of it.
#[derive(Debug, Default, PartialEq)]
struct Came {
    outcome: String,
    reason: Option<String>,
    identity: Map<String, Value>,
    asks: Vec<String>,
}

fn run(release: &Release, verification: &Verification, case: &Case) -> Result<(), CaseFailure> {
    let failure = |got: String| CaseFailure {
        case: case.name.clone(),
        expected: expected(&case.expect),
        got,
    };
    let came = decide(release, verification, case).map_err(|error| failure(error.to_string()))?;
    if case.expect.is_met_by(&came) { Ok(()) } else { Err(failure(came.to_string())) }
}

fn decide(
    release: &Release,
    verification: &Verification,
    case: &Case,
) -> Result<Came, CaseRunError> {
    let facts = Facts::from_json(case.facts.clone()).map_err(CaseRunError::Facts)?;
    let claims = Value::Object(case.claims.clone()).to_string();
    let claims = match VerifiedClaims::vouched(claims.as_bytes(), verification, case.now) {
        Ok(claims) => claims,
        Err(error) => return Ok(Came::new(Outcome::Invalid, Some(error.code()))),
    };
    let (verdict, _) =
        release.evaluate(&claims, &facts, case.now, false).map_err(CaseRunError::Decide)?;
    Ok(Came::from(verdict))
}

#[derive(Debug, thiserror::Error)]
enum CaseRunError {
    #[error(transparent)]
    Facts(FactsError),
    #[error(transparent)]
    Decide(DecideError),
}

impl Came {
    fn new(outcome: Outcome, reason: Option<&str>) -> Self {
        let (outcome, reason) = (outcome.as_str().to_owned(), reason.map(str::to_owned));
        Self { outcome, reason, ..Self::default() }
    }

    fn identified(outcome: Outcome, identity: &crate::decision::Identity) -> Self {
        let identity = match serde_json::to_value(identity) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        Self { identity, ..Self::new(outcome, None) }
    }
}

impl From<Verdict<'_>> for Came {
    fn from(verdict: Verdict<'_>) -> Self {
        match verdict {
            Verdict::Allow(identity) => Self::identified(Outcome::Allow, &identity),
            Verdict::Ask(identity, asks) => {
                Self { asks, ..Self::identified(Outcome::Ask, &identity) }
            }
            Verdict::Deny(reason, _) => Self::new(Outcome::Deny, Some(&reason.code)),
        }
    }
}

impl std::fmt::Display for Came {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.outcome)?;
        if let Some(reason) = &self.reason {
            write!(f, " `{reason}`")?;
        }
        if !self.asks.is_empty() {
            write!(f, " for {}", self.asks.join(", "))?;
        }
        Ok(())
    }
}

impl Expectation {
    fn is_met_by(&self, came: &Came) -> bool {
        let identity = self.identity.iter().all(|(name, value)| match came.identity.get(name) {
            Some(member) => member == value,
            None => value.is_null(),
        });
        self.outcome == came.outcome
            && identity
            && (self.reason.is_none() || self.reason == came.reason)
            && self.asks.as_ref().is_none_or(|asks| *asks == came.asks)
    }
}

fn expected(expect: &Expectation) -> String {
    let mut text = expect.outcome.clone();
    if let Some(reason) = &expect.reason {
        text.push_str(&format!(" `{reason}`"));
    }
    if !expect.identity.is_empty() {
        text.push_str(" with the identity members it lists");
    }
    if let Some(asks) = &expect.asks {
        text.push_str(&format!(" for {}", asks.join(", ")));
    }
    text
}
