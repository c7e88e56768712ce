//! A candidate becomes the active release.

use std::sync::Arc;

use admit::release::Built;
use admit_api::activation::ActivationResult;

use super::candidate::forget;
use super::cases::rehearsed;
use super::change::MayDrop;
use super::gate::Gate;
use super::owner::Committing;
use super::plan::{Planned, expect_named};
use super::report::{ChangeError, Report, steps};
use super::revision::{Tags, check_revision};
use super::settings::Configured;
use super::view::View;
use crate::authority::Authority;
use crate::shadow::Shadow;
use crate::store::Action;

/// What is asked of a promotion.
struct Wanted {
    max_differences: Option<u64>,
    drop: MayDrop,
    force: bool,
    revision: Option<Tags>,
}

impl Gate {
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
        let wanted = Wanted { max_differences, drop, force, revision };
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let gate = Arc::clone(self);
        let promoted = crate::blocking::to_end(async move {
            let _turn = turn;
            let promoted = gate.promote_in_turn(&wanted, &authority, now).await;
            gate.write_refusal(&promoted, None, Action::Promote, &authority, now).await;
            promoted
        });
        promoted.await.unwrap_or(Err(ChangeError::Broken))
    }

    async fn promote_in_turn(
        &self,
        wanted: &Wanted,
        authority: &Authority,
        now: u64,
    ) -> Result<Report, ChangeError> {
        authority.check()?;
        let base = &self.view();
        let candidate = base.expect_candidate(self.name())?;
        check_revision(wanted.revision.as_ref(), base.revision())?;
        if base.revision() != candidate.revision {
            return Err(ChangeError::StaleCandidate);
        }
        if let Some(allowed) = wanted.max_differences {
            self.check_differences(candidate.shadow(), allowed)?;
        }
        let planned = self.plan_promotion(base).await?;
        expect_named(&planned.dropped, &wanted.drop, candidate.inspected.policy())?;
        let previous = base.policy().and_then(|before| before.attempt);
        let (action, force, taken_back) = (Action::Promote, wanted.force, None);
        let committing = Committing { action, authority, now, previous, base, force, taken_back };
        let mut owned = self.owned.lock().await;
        let report = owned.commit(planned, &committing).await?;
        if report.activation.result == ActivationResult::Unchanged && !report.saved {
            // Nothing was written down, so that nothing ended it.
            forget(&mut owned, &self.store, self.name(), authority, now).await?;
        }
        Ok(report)
    }

    /// The candidate's release, rehearsed again with the operator's cases as they are now.
    async fn plan_promotion(&self, base: &Arc<View>) -> Result<Planned, ChangeError> {
        let (builder, base) = (Arc::clone(&self.builder), Arc::clone(base));
        let candidate = Arc::clone(base.expect_candidate(self.name())?);
        let planned = crate::blocking::beside(move || {
            let policy = candidate.inspected.policy();
            let cases = builder.cases.read_for(policy)?;
            let again = builder.rehearse(Arc::clone(&candidate.release), &cases);
            let again = again.map_err(|error| builder.cases.refused_by(error, policy));
            let Built { release, stages } = again?;
            let all = candidate.settings.clone();
            let counting = release.settings().as_json().clone();
            let configured = Configured { all, counting };
            Ok(Planned {
                inspected: candidate.inspected.clone(),
                dropped: base.configured().dropped(&configured),
                configured,
                steps: steps(&stages),
                rehearsed: rehearsed(&candidate.inspected, &cases),
                release,
            })
        });
        planned.await
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
