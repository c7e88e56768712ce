//! From bytes to a release: a type per stage, so that none can be skipped.
//!
//! bytes -> [`Inspected`] (a policy, and what it says of itself) -> [`Configured`] (took the
//! settings) -> [`Sealed`] (memory snapshotted) -> [`Rehearsed`] (cases passed, one probe decision
//! made) -> [`Release`]. [`Built`] does all of it.

mod artefact;
mod bounds;
mod build;
mod configure;
mod depth;
mod effort;
mod evaluate;
mod expanded;
mod inspect;
mod merges;
mod play;
mod rehearse;
mod seal;
mod signatures;
mod state;
mod trial;
mod unsealed;

use std::sync::Arc;

use sha2::{Digest, Sha256};

pub use artefact::ArtefactError;
pub use build::{BuildError, Built, StageTime};
pub use configure::{ConfigureError, Configured};
pub use evaluate::{DecideError, Evaluated, Verdict};
pub use inspect::{InspectError, Inspected};
pub use play::Played;
pub use rehearse::{CaseFailure, RehearseError, Rehearsed};
pub use seal::{SealError, Sealed};
pub use trial::{Trial, TrialError};

use crate::contract::types::Description;
use crate::decision::PolicyRef;
use crate::runtime::Runtime;
use crate::settings::Settings;

/// A policy and its settings, sealed: immutable, named by digest, ready to decide.
pub struct Release {
    runtime: Runtime,
    policy: PolicyRef,
    digest: Arc<str>,
    description: Arc<Description>,
    settings: Settings,
    entry: seal::Entry,
}

impl Release {
    /// The policy and the digest of its component.
    pub fn policy(&self) -> &PolicyRef {
        &self.policy
    }

    /// The digest of component and settings together, `sha256:` and 64 hexadecimal digits.
    pub fn digest(&self) -> &Arc<str> {
        &self.digest
    }

    /// What the policy says of itself.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// About how much memory it keeps: its code and its snapshot.
    pub fn kept_bytes(&self) -> usize {
        inspect::code_bytes(self.entry.pre.component())
    }

    /// The settings it was sealed with, as configured.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

impl std::fmt::Debug for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Release").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// The digest of a component, `sha256:` and 64 hexadecimal digits.
pub fn component_digest(bytes: &[u8]) -> Arc<str> {
    hex(Sha256::digest(bytes).as_slice())
}

/// The digest of a release: of its component's digest and its settings in a fixed order of names.
pub fn release_digest(component: &str, settings: &Settings) -> Arc<str> {
    let mut sorted: Vec<_> = settings.as_json().iter().collect();
    sorted.sort_by_key(|(name, _)| name.as_str());
    let mut hash = Sha256::new();
    hash.update(component);
    for (name, value) in sorted {
        // As JSON text, so that no name or value can look like the end of another.
        hash.update(serde_json::Value::from(name.as_str()).to_string());
        hash.update(value.to_string());
    }
    hex(hash.finalize().as_slice())
}

fn hex(digest: &[u8]) -> Arc<str> {
    use std::fmt::Write;

    let mut text = String::with_capacity(7 + 2 * digest.len());
    text.push_str("sha256:");
    for byte in digest {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    text.into()
}
