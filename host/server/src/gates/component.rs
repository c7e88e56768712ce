//! Components of a gate: inspected once, remembered for roll-back.

use admit::decision::PolicyRef;
use admit::lock::Lock;
use admit::release::{InspectError, Inspected, component_digest};
use admit::runtime::Runtime;

use super::recent::Recent;

/// Components that are remembered: those of the releases that are kept, and the active one.
const REMEMBERED: usize = 6;

/// The components inspected last, so that going back to one compiles nothing.
#[derive(Debug)]
pub(super) struct Inspections(Lock<Recent<Inspected>>);

impl Default for Inspections {
    fn default() -> Self {
        Self(Lock::new(Recent::new(REMEMBERED)))
    }
}

impl Inspections {
    /// Inspects a component, unless that was done lately.
    pub(super) fn get(&self, runtime: &Runtime, bytes: &[u8]) -> Result<Inspected, InspectError> {
        let known = self.0.lock().get(&component_digest(bytes)).cloned();
        let inspected = known.map_or_else(|| Inspected::new(runtime, bytes), Ok)?;
        self.0.lock().keep(inspected.clone());
        Ok(inspected)
    }
}

/// The digest of the policy of this name and version that comes with this program; absent when none
/// does.
pub(super) fn bundled_digest(policy: &PolicyRef) -> Option<String> {
    let bundled = admit_policies::find(&format!("{}@{}", policy.name, policy.version))?;
    Some(component_digest(bundled.component).to_string())
}
