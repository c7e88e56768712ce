//! A gate: one named point of admission.

mod request;
mod decide;
mod settle;
mod log;
mod activation;
mod history;

use std::sync::Arc;

use arc_swap::ArcSwapOption;

pub use crate::clock::now;
pub use activation::{ActivateError, Activated, Activation, Persist, Prepared, StageTime};
pub use decide::Decided;
use history::History;
use log::Log;
pub use request::{Input, Request};

use crate::claims::Verification;
use crate::keys::Keys;
use crate::lock::Lock;
use crate::release::Release;
use crate::runtime::Runtime;

/// Releases kept for roll-back, besides the active one.
const KEPT_RELEASES: usize = 5;

/// One named point of admission: a policy with its settings, and the keys and cloud whose tokens
/// it takes.
///
/// Decisions and activations may run on any number of threads. A decision loads the active release
/// once and uses it to the end; an activation works beside and ends with storing one pointer.
pub struct Gate {
    name: Arc<str>,
    runtime: Runtime,
    keys: Arc<Keys>,
    verification: Verification,
    active: ArcSwapOption<Active>,
    /// Held by an activation from start to end: one at a time.
    activating: Lock<()>,
    /// INVARIANT: `active` is stored only while this is locked, so that generations rise. Never held
    /// while compiling: a roll-back does not wait for an activation.
    history: Lock<History>,
    log: Log,
}

/// What a gate decides with, and since which activation.
pub(crate) struct Active {
    pub(crate) release: Arc<Release>,
    pub(crate) generation: u64,
}

impl Gate {
    /// Makes a gate without a release: every decision fails until one is activated.
    pub fn new(name: &str, runtime: Runtime, keys: Arc<Keys>, verification: Verification) -> Self {
        Self {
            name: name.into(),
            runtime,
            keys,
            verification,
            active: ArcSwapOption::empty(),
            activating: Lock::new(()),
            history: Lock::new(History::new(KEPT_RELEASES)),
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

    /// Lets generations go on after `generation`, the number of the last activation of an earlier
    /// run.
    pub fn go_on_after(&self, generation: u64) {
        self.history.lock().go_on_after(generation);
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
        self.active.load().as_ref().map(|active| Arc::clone(&active.release))
    }

    /// The number of the last activation; 0 before the first.
    pub fn generation(&self) -> u64 {
        self.active.load().as_ref().map_or(0, |active| active.generation)
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("name", &self.name).finish_non_exhaustive()
    }
}
