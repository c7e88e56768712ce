//! Stage four: the sealed policy decides in the sandbox under production limits, before it decides
//! on a real token.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

use admit_cases::Case;
use serde_json::{Value, json};

use super::evaluate::DecideError;
use super::inspect::Inspected;
use super::play::try_play;
use super::seal::Sealed;
use super::unsealed::Unsealed;
use super::{Release, release_digest};
use crate::claims::{ClaimsError, Verification, VerifiedClaims};
use crate::cloud::TokenVersion;
use crate::facts::Facts;
use crate::failure::{Cause, error_chain};

/// Why a sealed policy was not released.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each message shows its fields")]
pub enum RehearseError {
    /// The probe decision failed.
    #[error("the probe decision failed")]
    Probe(#[source] DecideError),
    /// The probe's own claims do not fit the gate.
    #[error("the probe's claims were not accepted")]
    ProbeClaims(#[source] ClaimsError),
    /// The cases took too long together.
    #[error("the cases took longer than {} s; {cases} of them were played", deadline.as_secs_f32())]
    TimedOut { deadline: Duration, cases: usize },
    /// The machine could not play a case, which says nothing of the policy.
    #[error("case `{case}` could not be played")]
    Machine {
        case: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Cases that came out otherwise than they say.
    #[error("{failed} of {cases} cases failed, first {}", first(failures))]
    Cases {
        cases: usize,
        failed: usize,
        /// The first of them, at most 100.
        failures: Vec<CaseFailure>,
    },
}

impl RehearseError {
    /// What would have to change for the release to be taken.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Probe(error) if error.is_hosts() => Cause::Host,
            Self::Probe(_) | Self::ProbeClaims(_) => Cause::Gate,
            Self::Machine { .. } => Cause::Host,
            // The component's cases carry their own settings.
            Self::Cases { failures, .. } if failures.iter().any(|one| one.file.is_some()) => {
                Cause::Component
            }
            Self::Cases { .. } | Self::TimedOut { .. } => Cause::Cases,
        }
    }
}

fn first(failures: &[CaseFailure]) -> String {
    failures.first().map(ToString::to_string).unwrap_or_default()
}

/// A case that came out otherwise than it says.
#[derive(Debug, thiserror::Error)]
#[error("{}`{case}`: {problem}", place(file.as_deref(), *line))]
pub struct CaseFailure {
    /// The file in the component that holds the case; absent for a case of the operator's.
    pub file: Option<String>,
    /// Its line there; 0 when it is not known.
    pub line: u64,
    /// The case's name.
    pub case: String,
    /// What was expected and what came.
    pub problem: String,
}

fn place(file: Option<&str>, line: u64) -> String {
    match (file, line) {
        (Some(file), line) => format!("{file}:{line} "),
        (None, 0) => String::new(),
        (None, line) => format!("line {line} "),
    }
}

/// A release that has shown what it does, and can be activated.
#[derive(Debug)]
pub struct Rehearsed {
    release: Release,
}

impl Rehearsed {
    /// Makes one probe decision, plays the cases that the component carries, and then those of the
    /// operator.
    ///
    /// The component's cases are played with the settings they carry, and are about tokens of the
    /// public cloud. The operator's cases are played with the settings of the release, and are about
    /// tokens of the cloud of `verification`.
    ///
    /// # Errors
    ///
    /// [`RehearseError`]; the first 100 failed cases are listed.
    pub fn new(
        sealed: Sealed,
        verification: &Verification,
        cases: &[Case],
    ) -> Result<Self, RehearseError> {
        let inspected = sealed.inspected.clone();
        let release = link(sealed);
        probe(&release, verification)?;
        let mut rehearsal = Rehearsal::new(&release);
        rehearsal.play_own(&inspected)?;
        rehearsal.play(cases, &release, verification)?;
        rehearsal.end()?;
        Ok(Self { release })
    }

    /// The release.
    pub fn into_release(self) -> Release {
        self.release
    }
}

impl Release {
    /// Makes one probe decision and plays the operator's cases. Those of the component have passed
    /// when the release was made, and would come out the same.
    ///
    /// # Errors
    ///
    /// [`RehearseError`]; the first 100 failed cases are listed.
    pub fn rehearse(
        &self,
        verification: &Verification,
        cases: &[Case],
    ) -> Result<(), RehearseError> {
        probe(self, verification)?;
        let mut rehearsal = Rehearsal::new(self);
        rehearsal.play(cases, self, verification)?;
        rehearsal.end()
    }
}

pub(super) fn link(sealed: Sealed) -> Release {
    let Sealed { inspected, settings, entry } = sealed;
    let digest = release_digest(&inspected.policy.digest, &settings);
    Release {
        runtime: inspected.runtime.clone(),
        policy: inspected.policy.clone(),
        digest,
        description: inspected.description.clone(),
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

/// Cases that were played, and those that failed.
struct Rehearsal {
    started: Instant,
    deadline: Duration,
    cases: usize,
    failed: usize,
    failures: Vec<CaseFailure>,
}

/// Failures that the error lists.
const MAX_FAILURES: usize = 100;

impl Rehearsal {
    fn new(release: &Release) -> Self {
        let deadline = release.runtime.limits().rehearsal_deadline;
        Self { started: Instant::now(), deadline, cases: 0, failed: 0, failures: Vec::new() }
    }

    /// Plays the component's cases.
    fn play_own(&mut self, inspected: &Inspected) -> Result<(), RehearseError> {
        let mut policies = HashMap::new();
        for set in inspected.cases() {
            for case in &set.cases {
                let settings = case.settings.clone().unwrap_or_default();
                let key = Value::Object(settings.clone()).to_string();
                let policy = match policies.entry(key) {
                    Entry::Occupied(policy) => policy.into_mut(),
                    Entry::Vacant(place) => match Unsealed::new(inspected, settings.into()) {
                        Err(error) if error.cause() == Cause::Host => {
                            return Err(machine(case, error));
                        }
                        configured => place.insert(configured),
                    },
                };
                let problem = match policy {
                    Ok(policy) => try_play(policy, case, &Verification::default())
                        .map_err(|error| machine(case, error))?
                        .failure(case, inspected.description()),
                    Err(error) => Some(error_chain(error)),
                };
                self.note(Some(&set.file), case, problem)?;
            }
        }
        Ok(())
    }

    /// Plays the operator's cases.
    fn play(
        &mut self,
        cases: &[Case],
        release: &Release,
        verification: &Verification,
    ) -> Result<(), RehearseError> {
        for case in cases {
            let problem = match &case.settings {
                None => try_play(release, case, verification)
                    .map_err(|error| machine(case, error))?
                    .failure(case, release.description()),
                Some(_) => Some(CARRIES_SETTINGS.to_owned()),
            };
            self.note(None, case, problem)?;
        }
        Ok(())
    }

    fn note(
        &mut self,
        file: Option<&str>,
        case: &Case,
        problem: Option<String>,
    ) -> Result<(), RehearseError> {
        self.cases += 1;
        if let Some(problem) = problem {
            self.failed += 1;
            if self.failures.len() < MAX_FAILURES {
                let (file, line) = (file.map(str::to_owned), case.line);
                self.failures.push(CaseFailure { file, line, case: case.name.clone(), problem });
            }
        }
        if self.started.elapsed() <= self.deadline {
            return Ok(());
        }
        if self.failed > 0 {
            let (cases, failures) = (self.cases, std::mem::take(&mut self.failures));
            return Err(RehearseError::Cases { cases, failed: self.failed, failures });
        }
        Err(RehearseError::TimedOut { deadline: self.deadline, cases: self.cases })
    }

    fn end(self) -> Result<(), RehearseError> {
        if self.failures.is_empty() {
            return Ok(());
        }
        let Self { cases, failed, failures, .. } = self;
        Err(RehearseError::Cases { cases, failed, failures })
    }
}

fn machine(case: &Case, source: impl std::error::Error + Send + Sync + 'static) -> RehearseError {
    RehearseError::Machine { case: case.name.clone(), source: Box::new(source) }
}

const CARRIES_SETTINGS: &str =
    "carries settings; expected none, since an operator's case is about those of the release";
