//! Components of a gate: inspected once, remembered for roll-back.

use admit::decision::PolicyRef;
use admit::lock::Lock;
use admit::release::{InspectError, Inspected, component_digest};
use admit::runtime::Runtime;

/// Components that are remembered: as many as the engine keeps releases, and the active one.
const REMEMBERED: usize = 6;

/// Bytes of them together; the last one is remembered however large it is.
const REMEMBERED_BYTES: usize = 32 * 1024 * 1024;

/// The components inspected last, so that going back to one compiles nothing.
#[derive(Debug, Default)]
pub(super) struct Inspections(Lock<Vec<Inspected>>);

impl Inspections {
    /// Inspects a component, unless that was done lately.
    pub(super) fn get(&self, runtime: &Runtime, bytes: &[u8]) -> Result<Inspected, InspectError> {
        let digest = component_digest(bytes);
        if let Some(known) = self.take(&digest) {
            self.put(known.clone());
            return Ok(known);
        }
        let inspected = Inspected::new(runtime, bytes)?;
        self.put(inspected.clone());
        Ok(inspected)
    }

    fn take(&self, digest: &str) -> Option<Inspected> {
        let mut known = self.0.lock();
        let index = known.iter().position(|known| *known.policy().digest == *digest)?;
        Some(known.remove(index))
    }

    fn put(&self, inspected: Inspected) {
        self.put_within(inspected, REMEMBERED_BYTES);
    }

    fn put_within(&self, inspected: Inspected, most_bytes: usize) {
        let mut known = self.0.lock();
        known.insert(0, inspected);
        known.truncate(REMEMBERED);
        let mut bytes = 0;
        let fit = known.iter().take_while(|inspected| {
            bytes += inspected.kept_bytes();
            bytes <= most_bytes
        });
        let fit = fit.count().max(1);
        known.truncate(fit);
    }
}

/// The digest of the policy of this name and version that comes with this program; absent when none
/// does.
pub(super) fn bundled_digest(policy: &PolicyRef) -> Option<String> {
    let bundled = admit_policies::find(&format!("{}@{}", policy.name, policy.version))?;
    Some(component_digest(bundled.component).to_string())
}

#[cfg(test)]
mod tests {
    use admit_policies::{INTUNE_MAM, WINDOWS_MDM_1, WINDOWS_MDM_2};

    use super::*;

    #[test]
    fn the_last_components_are_remembered_as_far_as_their_bytes_go() {
        let runtime = Runtime::new().unwrap();
        let all = [WINDOWS_MDM_1, WINDOWS_MDM_2, INTUNE_MAM];
        let all = all.map(|policy| Inspected::new(&runtime, policy.component).unwrap());
        let [first, second, third] = &all;
        let remembered = |most_bytes| {
            let inspections = Inspections::default();
            for inspected in &all {
                inspections.put_within(inspected.clone(), most_bytes);
            }
            let known = inspections.0.lock();
            known.iter().map(|known| known.policy().name.to_string()).collect::<Vec<_>>()
        };
        let two = third.kept_bytes() + second.kept_bytes();
        assert_eq!(remembered(two + first.kept_bytes()).len(), 3);
        assert_eq!(remembered(two), ["intune-mam", "windows-mdm"]);
        assert_eq!(remembered(two - 1), ["intune-mam"]);
        assert_eq!(remembered(0), ["intune-mam"], "the last one, however large it is");
        assert!(third.kept_bytes() > third.bytes().len(), "what is compiled counts");
    }
}
