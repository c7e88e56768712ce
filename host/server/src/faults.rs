//! Whether a release that was just activated is to be reverted: by its own faults, never by how much
//! it denies.

use std::time::Duration;

use admit::decision::{Blame, Decision, Outcome};
use admit::lock::Lock;

/// When a release is reverted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FaultOptions {
    /// Faulty decisions it takes; 0 for never.
    pub faults: u32,
    /// Time after the activation in which they count.
    pub within: Duration,
}

impl Default for FaultOptions {
    fn default() -> Self {
        Self { faults: 5, within: Duration::from_mins(5) }
    }
}

/// Counts the faults of one gate's newest release.
///
/// Times are those of any one clock that never goes back.
#[derive(Debug)]
pub struct FaultWatch {
    options: FaultOptions,
    /// Taken by faulty decisions and activations only.
    watched: Lock<Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    /// The newest generation that was heard of; 0 before the first.
    generation: u64,
    /// Until when its faults count; absent when they do not, or when it is being reverted.
    until: Option<Duration>,
    faults: u32,
}

/// Whether the policy is to blame that there is no decision. Running out of instances is the host's
/// fault; a deny is none.
pub fn is_policy_fault(decision: &Decision) -> bool {
    decision.outcome() == Outcome::Failed && decision.blame() == Some(Blame::Policy)
}

impl FaultWatch {
    /// A watch that waits for an activation.
    pub fn new(options: FaultOptions) -> Self {
        Self { options, watched: Lock::default() }
    }

    /// Starts to count, at `at`, for a release that was activated `age` ago: whatever activated it, a
    /// revert too, so that a chain of broken releases is walked back. A generation that is not newer
    /// than those heard of changes nothing.
    pub fn activated(&self, generation: u64, at: Duration, age: Duration) {
        let mut watched = self.watched.lock();
        if generation > watched.generation {
            let left = self.options.within.checked_sub(age);
            let until = left.map(|left| at.saturating_add(left));
            *watched = Watched { generation, until, faults: 0 };
        }
    }

    /// Counts anew for a release that could not be reverted, as from its activation.
    pub fn not_reverted(&self, generation: u64, at: Duration) {
        let mut watched = self.watched.lock();
        if generation == watched.generation {
            watched.until = Some(at.saturating_add(self.options.within));
            watched.faults = 0;
        }
    }

    /// Takes note of a decision made at `at`; says, once per generation, that its release is to be
    /// reverted. A decision without a fault takes no lock.
    pub fn observe(&self, generation: u64, is_policy_fault: bool, at: Duration) -> bool {
        is_policy_fault && self.count(generation, at)
    }

    fn count(&self, generation: u64, at: Duration) -> bool {
        let mut watched = self.watched.lock();
        let counts = generation == watched.generation;
        if watched.until.filter(|until| counts && at <= *until).is_none() {
            return false;
        }
        watched.faults = watched.faults.saturating_add(1);
        let reverts = watched.faults == self.options.faults;
        if reverts {
            watched.until = None;
        }
        reverts
    }
}

#[cfg(test)]
mod tests {
    use admit::decision::sample;
    use uuid::Uuid;

    use super::*;

    const OPTIONS: FaultOptions = FaultOptions { faults: 3, within: Duration::from_secs(10) };
    const FAULT: bool = true;
    const FINE: bool = false;

    enum Step {
        Activated(u64, u64),
        /// Generation, time and age.
        Resumed(u64, u64, u64),
        NotReverted(u64, u64),
        Decided(u64, bool, u64),
    }
    use Step::{Activated, Decided, NotReverted, Resumed};

    /// The places of the steps that asked for a revert.
    fn reverts(options: FaultOptions, steps: &[Step]) -> Vec<usize> {
        let watch = FaultWatch::new(options);
        let seconds = Duration::from_secs;
        let reverts = |step: &Step| match *step {
            Activated(generation, at) => {
                watch.activated(generation, seconds(at), Duration::ZERO);
                false
            }
            Resumed(generation, at, age) => {
                watch.activated(generation, seconds(at), seconds(age));
                false
            }
            NotReverted(generation, at) => {
                watch.not_reverted(generation, seconds(at));
                false
            }
            Decided(generation, fault, at) => {
                watch.observe(generation, fault, Duration::from_secs(at))
            }
        };
        steps.iter().enumerate().filter(|(_, step)| reverts(step)).map(|(place, _)| place).collect()
    }

    #[test]
    fn a_release_is_reverted_once_by_its_own_faults_soon_after_its_activation() {
        let fault = |generation, at| Decided(generation, FAULT, at);
        let fine = |generation, at| Decided(generation, FINE, at);
        let table: &[(&str, &[Step], &[usize])] = &[
            ("nothing activated", &[fault(1, 1), fault(1, 1), fault(1, 1)], &[]),
            ("too few", &[Activated(1, 0), fault(1, 1), fault(1, 1)], &[]),
            (
                "exactly once",
                &[Activated(1, 0), fault(1, 1), fault(1, 1), fault(1, 1), fault(1, 1), fault(1, 2)],
                &[3],
            ),
            (
                "good decisions between do not help",
                &[Activated(1, 0), fault(1, 1), fine(1, 1), fault(1, 2), fine(1, 3), fault(1, 4)],
                &[5],
            ),
            ("no fault", &[Activated(1, 0), fine(1, 1), fine(1, 1), fine(1, 1)], &[]),
            ("at the end", &[Activated(1, 5), fault(1, 6), fault(1, 14), fault(1, 15)], &[3]),
            ("after the end", &[Activated(1, 5), fault(1, 6), fault(1, 14), fault(1, 16)], &[]),
            (
                "the release before",
                &[Activated(1, 0), Activated(2, 1), fault(1, 2), fault(1, 2), fault(1, 2)],
                &[],
            ),
            (
                "a release not heard of yet",
                &[Activated(1, 0), fault(2, 1), fault(2, 1), fault(2, 1)],
                &[],
            ),
            (
                "counted anew",
                &[
                    Activated(1, 0),
                    fault(1, 1),
                    fault(1, 1),
                    Activated(2, 2),
                    fault(2, 3),
                    fault(2, 3),
                    fault(1, 3),
                    fault(2, 3),
                ],
                &[7],
            ),
            (
                "each once",
                &[
                    Activated(1, 0),
                    fault(1, 1),
                    fault(1, 1),
                    fault(1, 1),
                    Activated(2, 2),
                    fault(2, 3),
                    fault(2, 3),
                    fault(2, 3),
                ],
                &[3, 7],
            ),
            (
                "an activation heard of late",
                &[Activated(2, 1), fault(2, 1), fault(2, 1), Activated(1, 0), fault(2, 1)],
                &[4],
            ),
            (
                "an activation heard of twice",
                &[Activated(1, 0), fault(1, 1), Activated(1, 1), fault(1, 2), fault(1, 2)],
                &[4],
            ),
            (
                "seen before the activation was timed",
                &[Activated(1, 5), fault(1, 4), fault(1, 4), fault(1, 4)],
                &[3],
            ),
            (
                "what a revert brought is reverted as well",
                &[
                    Activated(1, 0),
                    fault(1, 1),
                    fault(1, 1),
                    fault(1, 1),
                    Activated(2, 2),
                    fault(1, 2),
                    fault(2, 2),
                    fault(2, 3),
                    fault(2, 3),
                ],
                &[3, 8],
            ),
            (
                "found at a start, soon after its activation",
                &[Resumed(1, 0, 8), fault(1, 1), fault(1, 2), fault(1, 2)],
                &[3],
            ),
            (
                "found at a start, long after its activation",
                &[Resumed(1, 0, 8), fault(1, 1), fault(1, 2), fault(1, 3)],
                &[],
            ),
            (
                "found at a start, too late for any",
                &[Resumed(1, 0, 11), fault(1, 0), fault(1, 0), fault(1, 0)],
                &[],
            ),
            (
                "a revert that failed is tried again",
                &[
                    Activated(1, 0),
                    fault(1, 1),
                    fault(1, 1),
                    fault(1, 1),
                    NotReverted(1, 30),
                    fault(1, 31),
                    fault(1, 31),
                    fault(1, 31),
                ],
                &[3, 7],
            ),
            (
                "a revert that failed when another release was there",
                &[Activated(1, 0), Activated(2, 1), NotReverted(1, 1), fault(2, 1), fault(1, 1)],
                &[],
            ),
        ];
        for (name, steps, expected) in table {
            assert_eq!(reverts(OPTIONS, steps), *expected, "{name}");
        }
    }

    #[test]
    fn only_a_failure_by_the_policy_is_its_fault() {
        for (outcome, blame, expected) in [
            (Outcome::Failed, Blame::Policy, true),
            (Outcome::Failed, Blame::Host, false),
            (Outcome::Deny, Blame::Caller, false),
            (Outcome::Deny, Blame::Policy, false),
            (Outcome::Invalid, Blame::Caller, false),
            (Outcome::Allow, Blame::Policy, false),
        ] {
            let ruling = sample::ruling(outcome, "", blame);
            let decision = sample::decision("gate", Uuid::nil(), ruling);
            assert_eq!(is_policy_fault(&decision), expected, "{outcome:?} {blame:?}");
        }
    }

    #[test]
    fn no_faults_means_never() {
        let steps = [Activated(1, 0), Decided(1, FAULT, 1), Decided(1, FAULT, 1)];
        assert!(reverts(FaultOptions { faults: 0, ..OPTIONS }, &steps).is_empty());
        assert_eq!(reverts(FaultOptions { faults: 1, ..OPTIONS }, &steps), [1]);
    }

    #[test]
    fn many_threads_are_told_once() {
        let options = FaultOptions { faults: 100, within: Duration::from_secs(1) };
        let watch = FaultWatch::new(options);
        watch.activated(1, Duration::ZERO, Duration::ZERO);
        let faults = || (0..50).filter(|_| watch.observe(1, FAULT, Duration::ZERO)).count();
        let told: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(faults)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
        });
        assert_eq!(told, 1);
    }
}
