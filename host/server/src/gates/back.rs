//! The way back: by an administrator, or by itself from a release that keeps failing.

use std::sync::Arc;

use super::commit::Committing;
use super::report::{ChangeError, Report, Step};
use super::served::{Selected, ServedGate};
use crate::actor::Actor;
use crate::store::{Action, StoredRelease};

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
        let gate = Arc::clone(self);
        let back = crate::blocking::run(move || gate.back(Action::Rollback, &actor, now));
        back.await.unwrap_or(Err(ChangeError::Broken))
    }

    /// Goes back from a generation whose policy keeps failing, unless it was replaced meanwhile.
    pub(super) async fn revert(self: Arc<Self>, generation: u64) {
        let name = self.name().to_owned();
        let reverted = crate::blocking::run(move || {
            if self.gate.generation() != generation {
                return Ok(None);
            }
            self.back(Action::Revert, &Actor::server(), admit::gate::now()).map(Some)
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

    fn back(&self, action: Action, actor: &Actor, now: u64) -> Result<Report, ChangeError> {
        let result = self.back_alone(action, actor, now);
        self.write_refusal(&result, action, actor, now);
        result
    }

    fn back_alone(&self, action: Action, actor: &Actor, now: u64) -> Result<Report, ChangeError> {
        let nothing = || ChangeError::NothingKept(self.name().to_owned());
        let before = self.selected().ok_or_else(nothing)?;
        let previous = before.previous.ok_or_else(nothing)?;
        let target = self.wait(self.store.release(previous))?.ok_or_else(nothing)?;
        let started = std::time::Instant::now();
        let inspected = self.inspections.get(&self.runtime, &target.component);
        let inspected = inspected.map_err(|_| nothing())?;
        let inspect = Step::done("inspect", started.elapsed());
        let settings = settings_of(&target, &before, &inspected);
        // The operator's cases do not count: they may be about what has just been left.
        let mut planned = self.prepare(inspected, settings, &[])?;
        planned.steps.insert(0, inspect);
        let (previous, since) = (target.previous, before.revision);
        self.commit(planned, &Committing { action, actor, now, previous, since })
    }
}

/// The settings that the release was sealed with, and those that its policy does not know as they
/// are now: they are not lost.
fn settings_of(
    target: &StoredRelease,
    before: &Selected,
    inspected: &admit::release::Inspected,
) -> serde_json::Map<String, serde_json::Value> {
    let known = &inspected.description().settings;
    let now = before.settings.iter();
    let kept = now.filter(|(name, _)| !known.iter().any(|setting| setting.name == **name));
    let kept = kept.map(|(name, value)| (name.clone(), value.clone()));
    target.settings.clone().into_iter().chain(kept).collect()
}
