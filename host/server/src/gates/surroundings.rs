//! What a source depends on besides the component it holds.

use std::sync::Arc;

use admit::cases::MAX_CASE_FILE_BYTES;
use admit::failure::error_chain;
use admit::release::component_digest;

use super::change::Change;
use super::gate::ServedGate;
use super::report::{ChangeError, Report};
use super::settings::Configured;
use super::state::Selected;
use crate::store::Action;
use admit_api::activity::Actor;

/// All that a refusal may have depended on, other than the component and the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The gate's revision, which each change of policy or settings raises.
    pub revision: u64,
    /// The release that decides.
    pub release: Option<Arc<str>>,
    /// What the file of the operator's cases holds, by digest; or why it cannot be read.
    pub cases: Option<Arc<str>>,
}

impl ServedGate {
    /// What there is now. Reads a file.
    pub fn surroundings(&self) -> Surroundings {
        let cases = self.options.cases.as_deref().map(|path| {
            let read = crate::source::read_file(path, MAX_CASE_FILE_BYTES + 1);
            read.map_or_else(|error| error_chain(&error).into(), |bytes| component_digest(&bytes))
        });
        let release = self.gate.release().map(|release| Arc::clone(release.digest()));
        Surroundings { revision: self.view().revision(), release, cases }
    }

    /// Whether the gate decides with the component of this digest.
    pub fn decides_with(&self, component: &str) -> bool {
        let release = self.gate.release();
        release.is_some_and(|release| *release.policy().digest == *component)
    }

    /// Lets a gate that never had a release know the policy of its source, if only settings are
    /// missing: then they can be given to it.
    pub(super) fn know_policy_of_source(
        &self,
        change: &Change,
        result: &Result<Report, ChangeError>,
    ) {
        let Err(
            error @ (ChangeError::Invalid(_)
            | ChangeError::TooLarge(_)
            | ChangeError::Misfits(_)
            | ChangeError::Dropped { .. }),
        ) = result
        else {
            return;
        };
        let base = self.view();
        let had_release = base.selected().is_some_and(|before| before.active.is_some());
        if had_release || base.revision() > 0 {
            return;
        }
        let bytes = change.component.as_ref().map(|component| &component.bytes);
        let inspected = bytes.and_then(|bytes| self.inspections.get(&self.runtime, bytes).ok());
        let Some(inspected) = inspected else { return };
        let all = base.settings().clone();
        let Configured { all: settings, counting } =
            Configured::known(all, inspected.description());
        let selected = Selected {
            inspected,
            settings,
            counting,
            revision: base.revision(),
            release: None,
            active: None,
            previous: None,
            made: (Action::Source, Actor::source()),
        };
        let unreleased = self.unreleased_by(error);
        self.select_unreleased(Some(selected), unreleased);
    }
}
