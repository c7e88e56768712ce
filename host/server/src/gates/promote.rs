//! A candidate becomes the active release.

use std::sync::Arc;

use admit::release::Built;

use super::cases::rehearsed;
use super::change::MayDrop;
use super::commit::Committing;
use super::gate::ServedGate;
use super::plan::{Planned, expect_named};
use super::report::{ChangeError, Report, steps};
use super::revision::{Tags, check_revision};
use super::settings::Configured;
use crate::authority::Authority;
use crate::shadow::Shadow;
use crate::store::Action;
use admit_api::activation::ActivationResult;

impl ServedGate {
    /// Makes the candidate the active release, unless it decided more than `max_differences`
    /// requests otherwise; if `revision` is given, in the place of that one only. A release that is known
    /// to fail has to be forced.
    ///
    /// # Errors
    ///
    /// [`ChangeError`]; then nothing is changed and the candidate goes on.
    pub async fn promote(
        self: &Arc<Self>,
        max_differences: Option<u64>,
        drop: MayDrop,
        force: bool,
        revision: Option<Tags>,
        authority: Authority,
        now: u64,
    ) -> Result<Report, ChangeError> {
        self.expect_started()?;
        let turn = Arc::clone(&self.changing).lock_owned().await;
        let gate = Arc::clone(self);
        let promoted = crate::blocking::run(move || {
            let _turn = turn;
            let promoted = gate.promote_alone(
                max_differences,
                &drop,
                force,
                revision.as_ref(),
                &authority,
                now,
            );
            gate.write_refusal(&promoted, None, Action::Promote, &authority, now);
            promoted
        });
        promoted.await.unwrap_or(Err(ChangeError::Broken))
    }

    fn promote_alone(
        &self,
        max_differences: Option<u64>,
        may_drop: &MayDrop,
        force: bool,
        revision: Option<&Tags>,
        authority: &Authority,
        now: u64,
    ) -> Result<Report, ChangeError> {
        authority.check()?;
        let candidate = self.expect_candidate()?;
        let base = self.view();
        check_revision(revision, base.revision())?;
        if base.revision() != candidate.revision {
            return Err(ChangeError::StaleCandidate);
        }
        if let Some(allowed) = max_differences {
            self.check_differences(&candidate.shadow, allowed)?;
        }
        let policy = candidate.inspected.policy();
        let failed = |error| self.refused_by(error, Some(policy));
        let cases = self.operator_cases(policy)?;
        let again = Built::again(Arc::clone(&candidate.release), self.verification(), &cases);
        let Built { release, stages } = again.map_err(failed)?;
        let all = candidate.settings.clone();
        let counting = candidate.release.settings().as_json().clone();
        let configured = Configured { all, counting };
        let dropped = base.configured().dropped(&configured);
        expect_named(&dropped, may_drop, policy)?;
        let planned = Planned {
            inspected: candidate.inspected.clone(),
            configured,
            dropped,
            steps: steps(&stages),
            rehearsed: rehearsed(&candidate.inspected, &cases),
            release,
        };
        let previous = base.selected().and_then(|before| before.active);
        let (action, base, taken_back) = (Action::Promote, &*base, None);
        let committing = Committing { action, authority, now, previous, base, force, taken_back };
        let ahead = self.wait(self.going_back.read());
        let report = self.commit(planned, &committing)?;
        drop(ahead);
        if report.activation.result == ActivationResult::Unchanged && !report.saved {
            // Nothing was written down, so that nothing ended it.
            self.forget(&candidate, authority, now)?;
        }
        Ok(report)
    }

    /// Zero differences mean nothing if the candidate has seen no request.
    fn check_differences(&self, shadow: &Shadow, allowed: u64) -> Result<(), ChangeError> {
        let differed = shadow.differed();
        if differed > allowed {
            return Err(ChangeError::TooManyDifferences { differed, allowed });
        }
        match shadow.report().found.decided {
            0 => Err(ChangeError::NothingCompared(self.name().to_owned())),
            _ => Ok(()),
        }
    }
}
