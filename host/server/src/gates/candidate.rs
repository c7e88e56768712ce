//! A candidate: a release that decides the same requests in the shadow of the active one.

use std::sync::Arc;

use admit::decision::{Decision, Expected};
use admit::gate::{Decided, Input, Request};
use admit::release::{Inspected, Release};
use admit_api::activation::ActivationResult;
use serde_json::{Map, Value};
use tokio::sync::OwnedMutexGuard;

use super::activities;
use super::gate::ServedGate;
use super::plan::Planned;
use super::report::{ChangeError, Report};
use super::settings::Configured;
use super::state::View;
use crate::access::Right;
use crate::authority::{Authority, Granted};
use crate::shadow::{Offer, Shadow};
use crate::store::CandidateRow;

/// A release that waits for its promotion.
pub(super) struct Candidate {
    pub(super) release: Arc<Release>,
    pub(super) inspected: Inspected,
    pub(super) settings: Map<String, Value>,
    /// The gate's revision when it was made: its settings are those, with the change.
    pub(super) revision: u64,
    since: u64,
    /// The settings that count now and no longer would.
    dropped: Vec<Expected>,
    /// The settings that are kept and would count again.
    restored: Vec<Expected>,
    pub(super) shadow: Shadow,
}

impl View {
    /// What the candidate of this gate found so far; absent when there is none.
    pub fn shown_candidate(&self, gate: &str) -> Option<admit_api::candidate::Candidate> {
        let candidate = self.candidate.as_ref()?;
        Some(admit_api::candidate::Candidate {
            gate: gate.to_owned(),
            policy: candidate.release.policy().clone(),
            release: candidate.release.digest().to_string(),
            since: crate::time::rfc3339(candidate.since),
            stale: candidate.revision != self.revision(),
            dropped: candidate.dropped.clone(),
            restored: candidate.restored.clone(),
            found: candidate.shadow.report().found,
        })
    }
}

impl ServedGate {
    /// What the candidate found so far; absent when there is none, or none yet while the gate is being
    /// started.
    pub fn candidate(&self) -> Option<admit_api::candidate::Candidate> {
        self.view().shown_candidate(self.name())
    }

    /// As [`ServedGate::candidate`], with what only the metrics show.
    pub fn candidate_report(&self) -> Option<crate::shadow::Report> {
        self.view().candidate.as_ref().map(|candidate| candidate.shadow.report())
    }

    /// Ends the candidate.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Starting`], [`ChangeError::NoCandidate`], [`ChangeError::Denied`],
    /// [`ChangeError::Store`]; then nothing is changed.
    pub async fn end_candidate(
        self: &Arc<Self>,
        authority: Authority,
        now: u64,
    ) -> Result<(), ChangeError> {
        self.expect_started()?;
        let turn = Arc::clone(&self.changing).lock_owned().await;
        let gate = Arc::clone(self);
        let ended = crate::blocking::run(move || {
            let _turn = turn;
            authority.check()?;
            let candidate = gate.expect_candidate()?;
            gate.forget(&candidate, &authority, now)
        });
        ended.await.unwrap_or(Err(ChangeError::Broken))
    }

    /// Starts the candidate again that the gate had before the server ended, with counts from zero. If it
    /// cannot start, the server drops it, records an activity, and serves without it.
    pub(super) async fn resume_candidate(self: &Arc<Self>, turn: OwnedMutexGuard<()>, now: u64) {
        let gate = Arc::clone(self);
        let resumed = crate::blocking::run(move || {
            let _turn = turn;
            gate.resume_candidate_alone(now)
        });
        let resumed = resumed.await;
        self.candidate_resumed();
        if let Err(error) = resumed.unwrap_or(Err(ChangeError::Broken)) {
            let (gate, error) = (self.name(), error.told());
            tracing::error!(gate, error, "the candidate could not be started again");
        }
    }

    fn resume_candidate_alone(&self, now: u64) -> Result<(), ChangeError> {
        let row = match self.wait(self.store.candidate(self.name())) {
            Ok(None) => return Ok(()),
            Ok(Some(row)) => Ok(row),
            Err(error) => Err(ChangeError::from(error)),
        };
        let mut policy = None;
        let again = row.and_then(|row| {
            let inspected = self.inspect_stored(&row.component)?;
            policy = Some(inspected.policy().clone());
            self.candidate_again(inspected, row, now)
        });
        match again {
            Ok(candidate) => {
                self.publish_candidate(Some(Arc::new(candidate)));
                Ok(())
            }
            // What says nothing about the candidate may be over at the next start.
            Err(error) if error.is_hosts() && !error.is_damage() => Err(error),
            Err(error) => {
                let activity = activities::candidate_lost(policy.as_ref(), &error.told());
                let by = Granted::server();
                self.wait(self.store.end_candidate(self.name(), &activity, &by, now))?;
                Err(error)
            }
        }
    }

    fn candidate_again(
        &self,
        inspected: Inspected,
        row: CandidateRow,
        now: u64,
    ) -> Result<Candidate, ChangeError> {
        if row.revision == 0 {
            // It was made from what the gate was configured with then.
            return Err(ChangeError::StaleCandidate);
        }
        // The operator's cases do not count: they may have changed since.
        let configured = Configured::known(row.settings, inspected.description());
        let planned = self.prepare(inspected, configured, &[])?;
        self.candidate_of(planned, row.revision, now)
    }

    /// Lets a release decide in the shadow; one that was there before ends.
    pub(super) fn start_candidate(
        &self,
        planned: Planned,
        base: &View,
        authority: &Authority,
        now: u64,
    ) -> Result<Report, ChangeError> {
        let (report, revision) =
            (self.report(ActivationResult::Candidate, &planned, base), base.revision());
        let candidate = self.candidate_of(planned, revision, now)?;
        let _ahead = self.wait(self.going_back.read());
        if self.view().revision() != revision {
            return Err(self.overtaken());
        }
        let row = CandidateRow {
            component: candidate.inspected.bytes().to_vec(),
            settings: candidate.settings.clone(),
            revision,
        };
        let before = self.view();
        let ended = before.candidate.as_ref();
        let ended = ended.map(|ended| activities::candidate_ended(ended.release.policy()));
        let activities: Vec<_> = ended
            .into_iter()
            .chain([activities::candidate_started(&report.activation.policy)])
            .collect();
        let by = self.wait(authority.grant(Right::Write))?;
        self.wait(self.store.keep_candidate(self.name(), &row, &activities, &by, now))?;
        self.counters.metrics.changed_nothing(report.activation.result.as_str());
        self.publish_candidate(Some(Arc::new(candidate)));
        Ok(report)
    }

    fn candidate_of(
        &self,
        planned: Planned,
        revision: u64,
        since: u64,
    ) -> Result<Candidate, ChangeError> {
        let (dropped, restored) = (planned.dropped(), planned.restored(&self.view()));
        let Planned { inspected, configured, release, .. } = planned;
        let settings = configured.all;
        let shadow = Shadow::start(Arc::clone(&release), self.options.shadow.clone());
        let shadow = shadow.map_err(|_| ChangeError::Broken)?;
        Ok(Candidate { release, inspected, settings, revision, since, dropped, restored, shadow })
    }

    /// Hands what was decided to the candidate, which never makes anybody wait.
    pub(super) fn offer_to_candidate(&self, decided: Decided, request: &Request<'_>) -> Decision {
        let Decided { decision, claims, .. } = decided;
        if let (Some(claims), Some(candidate)) = (claims, &self.view.load().candidate) {
            let (facts, bytes) = (request.facts.clone(), size(request));
            let offer = Offer::new(&decision, claims, facts, request.now, bytes);
            offer.into_iter().for_each(|offer| candidate.shadow.offer(offer));
        }
        decision
    }

    /// Ends the candidate, and writes that down first.
    pub(super) fn forget(
        &self,
        candidate: &Candidate,
        authority: &Authority,
        now: u64,
    ) -> Result<(), ChangeError> {
        let activity = activities::candidate_ended(candidate.release.policy());
        let by = self.wait(authority.grant(Right::Write))?;
        self.wait(self.store.end_candidate(self.name(), &activity, &by, now))?;
        self.publish_candidate(None);
        Ok(())
    }

    pub(super) fn expect_candidate(&self) -> Result<Arc<Candidate>, ChangeError> {
        let candidate = self.view.load().candidate.clone();
        candidate.ok_or_else(|| ChangeError::NoCandidate(self.name().to_owned()))
    }
}

/// The size of what is decided on.
fn size(request: &Request<'_>) -> usize {
    match request.input {
        Input::Token(_, bytes) | Input::Claims(bytes) => bytes.len(),
    }
}
