//! The start of a gate with what the store has of it: its last good release, or one before it.

use admit::release::Release;
use admit_api::activity::Actor;

use super::gate::Gate;
use super::owner::Committing;
use super::report::{ChangeError, assignments};
use super::settings::Configured;
use super::view::{GatePolicy, State};
use crate::authority::Authority;
use crate::store::{Action, GateRow, StoreError, StoredRelease};

/// Releases before the last good one that are tried when that one does not start.
const MAX_STEPS_BACK: usize = 5;

/// What can be done about a gate whose rows are damaged.
const REPAIR: &str =
    "give the gate its policy and all its settings again, or restore a copy of the store";

impl Gate {
    /// Starts with a release before the last good one, of which something is damaged.
    pub(super) async fn resume_damaged(&self, row: &GateRow, now: u64) -> Result<(), StoreError> {
        let damage = row.damage.as_deref().unwrap_or("its last good release is gone");
        tracing::error!(gate = self.name(), damage, "the last good release does not start");
        if !self.resume_one_before(row, row.previous, now).await? {
            self.fail(&format!("{damage}; {REPAIR}")).await;
        }
        Ok(())
    }

    /// The last good release, or one before it if it does not start.
    pub(super) async fn resume(
        &self,
        row: &GateRow,
        active: &StoredRelease,
        now: u64,
    ) -> Result<(), StoreError> {
        if !self.options.settings.is_empty() && self.options.settings != row.settings {
            tracing::info!(
                gate = self.name(),
                "the settings in the store count; those of the configuration differ and are not used"
            );
        }
        let taken_back = self.view().why_taken_back(&active.release).cloned();
        let state = match &taken_back {
            // Nothing could take its place.
            Some(taken) => State::taken_back(taken),
            None => match self.resume_last(row, active, now).await {
                Ok(()) => return Ok(()),
                Err(_) if self.view().active().is_some() => return Ok(()),
                Err(error) if error.is_hosts() && !error.is_damage() => {
                    // Another release would fare no better, and going back to one would undo what was
                    // acknowledged.
                    let problem = format!("its last good release cannot be built now: {error}");
                    tracing::error!(gate = self.name(), problem, "the gate is started again later");
                    self.leave_without(None, State::Failed(problem)).await;
                    return Ok(());
                }
                Err(error) => {
                    tracing::error!(gate = self.name(), %error, "the last good release does not start");
                    let repair =
                        if error.is_damage() { format!("; {REPAIR}") } else { String::new() };
                    let problem = format!("no release starts; the last good one: {error}{repair}");
                    State::Failed(problem)
                }
            },
        };
        if self.resume_one_before(row, active.previous, now).await? {
            return Ok(());
        }
        // Other settings may be given to a policy whose release is known to fail.
        let policy = match taken_back {
            Some(_) => self.policy_of(active).await,
            None => None,
        };
        self.leave_without(policy, state).await;
        Ok(())
    }

    /// Starts with the newest release from `previous` on that is not known to fail and that starts;
    /// says whether there is one.
    async fn resume_one_before(
        &self,
        row: &GateRow,
        mut previous: Option<u64>,
        now: u64,
    ) -> Result<bool, StoreError> {
        for _ in 0..MAX_STEPS_BACK {
            let Some(id) = previous else { break };
            // A way back was faster.
            if self.view().active().is_some() {
                return Ok(true);
            }
            let target = match self.store.release(id).await {
                Ok(Some(target)) => target,
                Ok(None) => break,
                Err(error) if error.is_damage() => {
                    previous = self.store.before(id).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            previous = target.previous;
            if self.view().why_taken_back(&target.release).is_some() {
                continue;
            }
            match self.resume_before(&target, row, now).await {
                Ok(()) => return Ok(true),
                Err(ChangeError::Store(error)) if error.is_damage() => {}
                // It may be built later.
                Err(error) if error.is_hosts() => break,
                Err(_) => {}
            }
        }
        Ok(false)
    }

    /// The policy of a release that is not started; absent when it cannot be had.
    async fn policy_of(&self, active: &StoredRelease) -> Option<GatePolicy> {
        let component = active.component.as_slice().into();
        let (inspected, _) = self.builder.inspect_beside(component).await.ok()?;
        Some(GatePolicy {
            inspected,
            counting: active.settings.clone(),
            attempt: Some(active.id),
            previous: active.previous,
            made: (Action::Start, Actor::server()),
        })
    }

    /// Lets the last good release decide as it was, with its generation.
    async fn resume_last(
        &self,
        row: &GateRow,
        active: &StoredRelease,
        now: u64,
    ) -> Result<(), ChangeError> {
        let component = active.component.as_slice().into();
        let (inspected, _) = self.builder.inspect_beside(component).await?;
        // The operator's cases do not count: they may have changed since.
        let (all, counting) = (row.settings.clone(), active.settings.clone());
        let configured = Configured { all, counting };
        let planned = self.builder.prepare_beside(inspected, configured, &self.view()).await?;
        expect_same(&planned.release, active)?;
        let mut owned = self.owned.lock().await;
        let view = owned.view();
        if view.active().is_some() {
            return Err(view.overtaken(self.name()));
        }
        owned.resume(planned, row, active, now);
        Ok(())
    }

    async fn resume_before(
        &self,
        target: &StoredRelease,
        row: &GateRow,
        now: u64,
    ) -> Result<(), ChangeError> {
        let component = target.component.as_slice().into();
        let (inspected, _) = self.builder.inspect_beside(component).await?;
        // What an administrator configured since then counts, if the release can be made with it; what
        // counted neither then nor last does not.
        let mut current = Configured::known(row.settings.clone(), inspected.description());
        let then = current.restored(&target.settings, &[]);
        if let Some(active) = &row.active {
            let counted = |name: &String| {
                active.settings.contains_key(name) || target.settings.contains_key(name)
            };
            current.counting.retain(|name, _| counted(name));
        }
        let base = &self.view();
        if base.active().is_some() {
            return Err(base.overtaken(self.name()));
        }
        let planned = match self.builder.prepare_beside(inspected.clone(), current, base).await {
            Ok(planned) => planned,
            Err(_) => self.builder.prepare_beside(inspected, then, base).await?,
        };
        let dropped = planned.dropped();
        let (action, authority) = (Action::Start, &Authority::server());
        let (previous, force, taken_back) = (target.previous, false, None);
        let committing = Committing { action, authority, now, previous, base, force, taken_back };
        self.owned.lock().await.commit(planned, &committing).await?;
        if !dropped.is_empty() {
            let (gate, dropped) = (self.name(), assignments(&dropped));
            tracing::error!(
                gate,
                settings.no_longer_count = dropped,
                "settings do not count with the release that the gate goes on with"
            );
        }
        Ok(())
    }
}

/// Checks that a release made of what is stored is the one that was activated.
fn expect_same(release: &Release, stored: &StoredRelease) -> Result<(), StoreError> {
    if **release.digest() == *stored.release {
        return Ok(());
    }
    let (found, expected) = (release.digest(), &stored.release);
    let what = format!("settings that make the release {found}; expected {expected}");
    Err(StoreError::Damaged { what })
}
