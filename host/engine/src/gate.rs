//! A gate: one named point of admission.

mod request;
mod error;
mod decide;
mod settle;
mod log;
mod activation;

use std::sync::Arc;

use arc_swap::ArcSwap;

pub use crate::clock::now;
pub use activation::{ActivateError, Activated, Activation, Overtaken, Swapped};
pub use decide::Decided;
use log::Log;
pub use request::{Input, Request};

use crate::claims::Verification;
use crate::keys::Keys;
use crate::release::Release;
use crate::runtime::Runtime;

/// One named point of admission: a policy with its settings, and the keys and cloud whose tokens
/// it takes.
///
/// Decisions and activations may run on any number of threads. A decision loads the active release
/// once and uses it to the end; an activation works beside and ends with storing one pointer. A gate
/// keeps no release but the active one: an embedding program goes back to one it has kept.
pub struct Gate {
    name: Arc<str>,
    runtime: Runtime,
    keys: Arc<Keys>,
    verification: Verification,
    active: ArcSwap<Active>,
    log: Log,
}

/// What a gate decides with.
#[derive(Default)]
struct Active {
    release: Option<Arc<Release>>,
    /// The number of the last activation.
    generation: u64,
}

impl Gate {
    /// Makes a gate without a release: every decision fails until one is activated.
    pub fn new(name: &str, runtime: Runtime, keys: Arc<Keys>, verification: Verification) -> Self {
        Self {
            name: name.into(),
            runtime,
            keys,
            verification,
            active: ArcSwap::default(),
            log: Log::default(),
        }
    }

    /// Logs the refusals and failures that were counted and have no line yet, where one is due: of
    /// each reason the first one is logged at once, and then one a minute stands for all.
    ///
    /// Without this, they are logged with the next one of their reason, or when the gate is dropped.
    pub fn log_counted(&self) {
        self.log.say_counted(Some(std::time::Instant::now()));
    }

    /// As [`Gate::log_counted`], for a process that ends: all that were counted.
    pub fn log_all_counted(&self) {
        self.log.say_counted(None);
    }

    /// The gate's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What claims are checked against.
    pub fn verification(&self) -> &Verification {
        &self.verification
    }

    /// The keys tokens are verified with.
    pub fn keys(&self) -> &Arc<Keys> {
        &self.keys
    }

    /// The active release; absent before the first activation.
    pub fn release(&self) -> Option<Arc<Release>> {
        self.active.load().release.clone()
    }

    /// The number of the last activation; 0 before the first.
    pub fn generation(&self) -> u64 {
        self.active.load().generation
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("name", &self.name).finish_non_exhaustive()
    }
}
