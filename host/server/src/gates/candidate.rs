//! A candidate: a release that decides the same requests in the shadow of the active one.

use std::sync::{Arc, PoisonError};

use admit::decision::{Decision, PolicyRef};
use admit::gate::{Decided, Input, Request};
use admit::release::{Inspected, Release};
use admit::settings::Settings;
use serde::Serialize;
use serde_json::{Map, Value};

use super::commit::Committing;
use super::plan::Planned;
use super::report::{ChangeError, Report, Step};
use super::served::{Selected, ServedGate};
use crate::actor::Actor;
use crate::shadow::{Offer, Shadow};
use crate::store::Action;

/// A release that waits for its promotion.
pub(super) struct Candidate {
    release: Arc<Release>,
    inspected: Inspected,
    settings: Map<String, Value>,
    /// The gate's revision when it was made: its settings are those, with the change.
    revision: u64,
    since: u64,
    shadow: Shadow,
}

/// What a candidate has decided otherwise.
#[derive(Clone, Debug, Serialize)]
pub struct CandidateReport {
    /// The gate.
    pub gate: String,
    /// The candidate's policy.
    pub policy: PolicyRef,
    /// The release's digest.
    pub release: String,
    /// Since when it decides, RFC 3339.
    pub since: String,
    /// What it found.
    #[serde(flatten)]
    pub found: crate::shadow::Report,
}

impl ServedGate {
    /// What the candidate found so far; absent when there is none.
    pub fn candidate(&self) -> Option<CandidateReport> {
        let candidate = self.current_candidate()?;
        Some(CandidateReport {
            gate: self.name().to_owned(),
            policy: candidate.release.policy().clone(),
            release: candidate.release.digest().to_string(),
            since: crate::time::rfc3339(candidate.since),
            found: candidate.shadow.report(),
        })
    }

    /// Ends the candidate; says whether there was one.
    pub fn drop_candidate(&self) -> bool {
        self.replace_candidate(None).is_some()
    }

    /// Makes the candidate the active release, unless it decided more than `max_differences`
    /// requests otherwise.
    ///
    /// # Errors
    ///
    /// [`ChangeError`]; then nothing is changed and the candidate goes on.
    pub async fn promote(
        self: &Arc<Self>,
        max_differences: Option<u64>,
        actor: Actor,
        now: u64,
    ) -> Result<Report, ChangeError> {
        self.expect_started()?;
        let turn = Arc::clone(&self.changing).lock_owned().await;
        let gate = Arc::clone(self);
        let promoted = crate::blocking::run(move || {
            let _turn = turn;
            let promoted = gate.promote_alone(max_differences, &actor, now);
            gate.write_refusal(&promoted, Action::Promote, &actor, now);
            promoted
        });
        promoted.await.unwrap_or(Err(ChangeError::Broken))
    }

    fn promote_alone(
        &self,
        max_differences: Option<u64>,
        actor: &Actor,
        now: u64,
    ) -> Result<Report, ChangeError> {
        let candidate = self.current_candidate();
        let candidate =
            candidate.ok_or_else(|| ChangeError::NoCandidate(self.name().to_owned()))?;
        let before = self.selected();
        let current = before.as_ref().map_or(0, |before| before.revision);
        if current != candidate.revision {
            return Err(ChangeError::StaleCandidate);
        }
        if let Some(allowed) = max_differences {
            self.check_differences(&candidate.shadow, allowed)?;
        }
        let policy = candidate.inspected.policy();
        let failed = |error| ChangeError::from_activation(self.name(), error, Some(policy));
        let cases = self.operator_cases(policy)?;
        let prepared = self.gate.prepare_again(Arc::clone(&candidate.release), &cases);
        let prepared = prepared.map_err(failed)?;
        let settings = Settings::from(candidate.settings.clone());
        let (_, unknown) = settings.split(candidate.inspected.description());
        let planned = Planned {
            inspected: candidate.inspected.clone(),
            settings: candidate.settings.clone(),
            unknown: unknown.as_json().clone(),
            steps: prepared.stages.iter().map(Step::from).collect(),
            prepared,
        };
        let previous = before.as_ref().and_then(|before: &Arc<Selected>| before.active);
        let (action, since) = (Action::Promote, candidate.revision);
        let committing = Committing { action, actor, now, previous, since };
        let report = self.commit(planned, &committing)?;
        self.drop_candidate();
        Ok(report)
    }

    /// Of a candidate that compared nothing, no differences say nothing.
    fn check_differences(&self, shadow: &Shadow, allowed: u64) -> Result<(), ChangeError> {
        let differed = shadow.differed();
        if differed > allowed {
            return Err(ChangeError::TooManyDifferences { differed, allowed });
        }
        match shadow.report().decided {
            0 => Err(ChangeError::NothingCompared(self.name().to_owned())),
            _ => Ok(()),
        }
    }

    /// Lets a release decide in the shadow; one that was there before ends.
    pub(super) fn start_candidate(
        &self,
        planned: Planned,
        revision: u64,
        now: u64,
    ) -> Result<Report, ChangeError> {
        let report = self.report("candidate", &planned);
        self.counters.metrics.changed_nothing(report.result);
        let release = Arc::clone(&planned.prepared.release);
        let shadow = Shadow::start(Arc::clone(&release), self.options.shadow.clone());
        let candidate = Candidate {
            release,
            inspected: planned.inspected,
            settings: planned.settings,
            revision,
            since: now,
            shadow: shadow.map_err(|_| ChangeError::Broken)?,
        };
        drop(self.replace_candidate(Some(Arc::new(candidate))));
        Ok(report)
    }

    /// Hands what was decided to the candidate, which never makes anybody wait.
    pub(super) fn offer_to_candidate(&self, decided: Decided, request: &Request<'_>) -> Decision {
        let Decided { decision, claims, .. } = decided;
        if let (Some(claims), Some(candidate)) = (claims, self.current_candidate()) {
            let (facts, bytes) = (request.facts.clone(), size(request));
            let offer = Offer::new(&decision, claims, facts, request.now, bytes);
            offer.into_iter().for_each(|offer| candidate.shadow.offer(offer));
        }
        decision
    }

    fn current_candidate(&self) -> Option<Arc<Candidate>> {
        self.candidate.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace_candidate(&self, candidate: Option<Arc<Candidate>>) -> Option<Arc<Candidate>> {
        let mut current = self.candidate.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, candidate)
    }
}

/// The size of what is decided on.
fn size(request: &Request<'_>) -> usize {
    match request.input {
        Input::Token(_, bytes) | Input::Claims(bytes) => bytes.len(),
    }
}
