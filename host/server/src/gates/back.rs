//! The way back: by an administrator, or by itself from a release that keeps failing.

use std::sync::Arc;

use super::commit::Committing;
use super::report::{ChangeError, Report, Step};
use super::served::ServedGate;
use super::settings::restored;
use super::state::Selected;
use crate::actor::Actor;
use crate::store::Action;

impl ServedGate {
    /// Goes back to the release before. Does not wait for a change that is under way; that one fails.
    ///
    /// # Errors
    ///
    /// [`ChangeError`]; then nothing is changed.
    pub async fn roll_back(
        self: &Arc<Self>,
        actor: Actor,
        now: u64,
    ) -> Result<Report, ChangeError> {
        self.expect_started()?;
        let gate = Arc::clone(self);
        let back =
            crate::blocking::run(move || gate.back(gate.selected(), Action::Rollback, &actor, now));
        back.await.unwrap_or(Err(ChangeError::Broken))
    }

    /// Goes back from a generation whose policy keeps failing, unless it was replaced meanwhile.
    pub(super) async fn revert(self: Arc<Self>, generation: u64) {
        let name = self.name().to_owned();
        let reverted = crate::blocking::run(move || {
            loop {
                match self.revert_alone(generation) {
                    // Only another generation is no longer to be reverted.
                    Err(ChangeError::Overtaken(_)) => {}
                    reverted => break reverted,
                }
            }
        });
        match reverted.await.unwrap_or(Err(ChangeError::Broken)) {
            Ok(None) => {}
            Ok(Some(report)) => tracing::error!(
                gate = name,
                generation,
                policy.version = &*report.policy.version,
                "the policy kept failing: went back to the release before"
            ),
            Err(error) => tracing::error!(
                gate = name,
                generation,
                error = admit::failure::error_chain(&error),
                "the policy keeps failing, and there is no way back"
            ),
        }
    }

    /// Goes back from what the gate has if the generation made it; what is committed after this was
    /// read overtakes it.
    fn revert_alone(&self, generation: u64) -> Result<Option<Report>, ChangeError> {
        let before = self.selected();
        let Some(active) = before.as_ref().and_then(|before| before.active) else {
            return Ok(None);
        };
        // The engine's generation may be one behind what is selected.
        match self.wait(self.store.release(active))? {
            Some(active) if active.generation == generation => {
                let (actor, now) = (Actor::server(), admit::gate::now());
                self.back(before, Action::Revert, &actor, now).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn back(
        &self,
        before: Option<Arc<Selected>>,
        action: Action,
        actor: &Actor,
        now: u64,
    ) -> Result<Report, ChangeError> {
        let result = self.back_alone(before, action, actor, now);
        self.write_refusal(&result, None, action, actor, now);
        result
    }

    fn back_alone(
        &self,
        before: Option<Arc<Selected>>,
        action: Action,
        actor: &Actor,
        now: u64,
    ) -> Result<Report, ChangeError> {
        let nothing = || ChangeError::NothingKept(self.name().to_owned());
        let before = before.ok_or_else(nothing)?;
        let previous = before.previous.ok_or_else(nothing)?;
        let target = self.wait(self.store.release(previous))?.ok_or_else(nothing)?;
        let started = std::time::Instant::now();
        let inspected = self.inspect_stored(&target.component)?;
        let inspect = Step::done("inspect", started.elapsed());
        let settings = restored(&target.settings, &before.settings, inspected.description());
        // The operator's cases do not count: they may be about what has just been left.
        let mut planned = self.prepare(inspected, settings, &[])?;
        planned.steps.insert(0, inspect);
        let (previous, since) = (target.previous, before.revision);
        self.commit(planned, &Committing { action, actor, now, previous, since })
    }
}

#[cfg(test)]
mod tests;
