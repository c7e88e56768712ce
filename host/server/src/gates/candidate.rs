//! A candidate: a release that decides the same requests in the shadow of the active one.

use std::sync::Arc;

use admit::decision::{Expected, PolicyRef};
use admit::release::{Inspected, Release};
use admit_api::activation::ActivationResult;
use serde_json::{Map, Value};
use tokio::sync::OwnedMutexGuard;

use super::activities;
use super::gate::Gate;
use super::owner::Owned;
use super::plan::Planned;
use super::report::{ChangeError, Report};
use super::settings::Configured;
use super::view::{Shadowing, View};
use crate::access::Right;
use crate::authority::{Authority, Granted};
use crate::shadow::Shadow;
use crate::store::{CandidateRow, Store};

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
    /// Absent while it is being dropped.
    shadow: Option<Shadow>,
}

impl Candidate {
    /// The candidate at work.
    pub(super) fn shadow(&self) -> &Shadow {
        self.shadow.as_ref().expect("`drop` alone takes it")
    }
}

/// Dropping the last clone does not wait for its thread.
impl Drop for Candidate {
    fn drop(&mut self) {
        let shadow = self.shadow.take();
        if let Ok(tokio) = tokio::runtime::Handle::try_current() {
            tokio.spawn_blocking(move || drop(shadow));
        }
    }
}

impl View {
    fn candidate(&self) -> Option<&Arc<Candidate>> {
        match &self.candidate {
            Shadowing::Candidate(candidate) => Some(candidate),
            Shadowing::Starting | Shadowing::Nothing => None,
        }
    }

    /// What the candidate of this gate found so far.
    ///
    /// # Errors
    ///
    /// [`ChangeError::NoCandidate`], [`ChangeError::CandidateStarting`].
    pub fn expect_shown_candidate(
        &self,
        gate: &str,
    ) -> Result<admit_api::candidate::Candidate, ChangeError> {
        let candidate = self.expect_candidate(gate)?;
        Ok(admit_api::candidate::Candidate {
            gate: gate.to_owned(),
            policy: candidate.release.policy().clone(),
            release: candidate.release.digest().to_string(),
            since: crate::time::rfc3339(candidate.since),
            stale: candidate.revision != self.revision(),
            dropped: candidate.dropped.clone(),
            restored: candidate.restored.clone(),
            found: candidate.shadow().report().found,
        })
    }

    /// What the candidate did so far, with what only the metrics show; absent when there is none.
    pub fn candidate_report(&self) -> Option<crate::shadow::Report> {
        self.candidate().map(|candidate| candidate.shadow().report())
    }
}

impl Gate {
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
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let gate = Arc::clone(self);
        let ended = crate::blocking::to_end(async move {
            let _turn = turn;
            authority.check()?;
            let mut owned = gate.owned.lock().await;
            forget(&mut owned, &gate.store, gate.name(), &authority, now).await
        });
        ended.await.unwrap_or(Err(ChangeError::Broken))
    }

    /// Starts the candidate again that the gate had before the server ended, with counts from zero. If it
    /// cannot start, the server drops it, records an activity, and serves without it.
    pub(super) async fn resume_candidate(self: &Arc<Self>, turn: OwnedMutexGuard<()>, now: u64) {
        let gate = Arc::clone(self);
        let resumed = crate::blocking::to_end(async move {
            let _turn = turn;
            gate.resume_candidate_in_turn(now).await
        });
        let (candidate, error) = match resumed.await.unwrap_or(Err(ChangeError::Broken)) {
            Ok(candidate) => (candidate, None),
            Err(error) => (None, Some(error.reason())),
        };
        let candidate = candidate.map(Arc::new);
        let shown = candidate.map_or(Shadowing::Nothing, Shadowing::Candidate);
        self.publish(|view| view.candidate = shown).await;
        if let Some(error) = error {
            let gate = self.name();
            tracing::error!(gate, error, "the candidate could not be started again");
        }
    }

    async fn resume_candidate_in_turn(&self, now: u64) -> Result<Option<Candidate>, ChangeError> {
        let row = match self.store.candidate(self.name()).await {
            Ok(None) => return Ok(None),
            Ok(Some(row)) => Ok(row),
            Err(error) => Err(ChangeError::from(error)),
        };
        let mut policy = None;
        let again = match row {
            Ok(row) => self.candidate_again(row, &mut policy, now).await,
            Err(error) => Err(error),
        };
        match again {
            Ok(candidate) => Ok(Some(candidate)),
            // What says nothing about the candidate may be over at the next start.
            Err(error) if error.is_hosts() && !error.is_damage() => Err(error),
            Err(error) => {
                let activity = activities::candidate_lost(policy.as_ref(), &error.reason());
                let by = Granted::server();
                self.store.end_candidate(self.name(), &activity, &by, now).await?;
                Err(error)
            }
        }
    }

    async fn candidate_again(
        &self,
        row: CandidateRow,
        policy: &mut Option<PolicyRef>,
        now: u64,
    ) -> Result<Candidate, ChangeError> {
        let (inspected, _) = self.builder.inspect_beside(row.component.into()).await?;
        *policy = Some(inspected.policy().clone());
        if row.revision == 0 {
            // It was made from what the gate was configured with then.
            return Err(ChangeError::StaleCandidate);
        }
        // The operator's cases do not count: they may have changed since.
        let configured = Configured::known(row.settings, inspected.description());
        let base = self.view();
        let planned = self.builder.prepare_beside(inspected, configured, &base).await?;
        self.candidate_of(planned, &base, row.revision, now)
    }

    /// Lets a release decide in the shadow; one that was there before ends.
    pub(super) async fn start_candidate(
        &self,
        planned: Planned,
        base: &Arc<View>,
        authority: &Authority,
        now: u64,
    ) -> Result<Report, ChangeError> {
        let mut report = planned.report(self.name(), ActivationResult::Candidate, base);
        let candidate = self.candidate_of(planned, base, base.revision(), now)?;
        let mut owned = self.owned.lock().await;
        let before = owned.expect_unchanged(base)?;
        let row = CandidateRow {
            component: candidate.inspected.bytes().to_vec(),
            settings: candidate.settings.clone(),
            revision: candidate.revision,
        };
        let ended = before.candidate();
        let ended = ended.map(|ended| activities::candidate_ended(ended.release.policy()));
        let activities: Vec<_> = ended
            .into_iter()
            .chain([activities::candidate_started(&report.activation.policy)])
            .collect();
        let by = authority.grant(Right::Write).await?;
        self.store.keep_candidate(self.name(), &row, &activities, &by, now).await?;
        self.deciding.metrics().changed_nothing(report.activation.result.as_str());
        let candidate = Shadowing::Candidate(Arc::new(candidate));
        report.view = owned.publish(|view| view.candidate = candidate);
        Ok(report)
    }

    fn candidate_of(
        &self,
        planned: Planned,
        base: &View,
        revision: u64,
        since: u64,
    ) -> Result<Candidate, ChangeError> {
        let (dropped, restored) = (planned.dropped(), planned.restored(base));
        let Planned { inspected, configured, release, .. } = planned;
        let settings = configured.all;
        let shadow = Shadow::start(Arc::clone(&release), self.options.shadow.clone());
        let shadow = Some(shadow.map_err(|_| ChangeError::Broken)?);
        Ok(Candidate { release, inspected, settings, revision, since, dropped, restored, shadow })
    }
}

/// Ends the candidate, and writes that down first.
pub(super) async fn forget(
    owned: &mut Owned,
    store: &Store,
    gate: &str,
    authority: &Authority,
    now: u64,
) -> Result<(), ChangeError> {
    let view = owned.view();
    let candidate = view.expect_candidate(gate)?;
    let activity = activities::candidate_ended(candidate.release.policy());
    let by = authority.grant(Right::Write).await?;
    store.end_candidate(gate, &activity, &by, now).await?;
    owned.publish(|view| view.candidate = Shadowing::Nothing);
    Ok(())
}
