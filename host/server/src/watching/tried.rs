//! What came of the component that a source holds, and when it is tried again.

use crate::gates::{ChangeError, Surroundings};
use crate::store::{SourceRow, Verdict};
use crate::time::rfc3339;

/// Seconds until a component is tried again that something other than its content refused.
const FIRST_WAIT: u64 = 30;

/// The most seconds between two tries.
const LONGEST_WAIT: u64 = 15 * 60;

/// What came of the last try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    Nothing,
    /// The gate was given the component, or had it.
    Applied,
    Refused(String),
    /// Something else refused it.
    Waiting(Waiting),
    /// The server ended while it was tried, as this says.
    Ended(String),
}

/// What a component waits for that may be taken another time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    error: String,
    needs: String,
    /// What there was besides the component.
    surroundings: Surroundings,
    tries: u32,
    again_at: u64,
}

impl Tried {
    /// What came of a try at `now`, after `before` came of the one before.
    pub(super) fn new(
        error: Option<&ChangeError>,
        before: &Self,
        surroundings: Surroundings,
        now: u64,
    ) -> Self {
        let Some(error) = error else {
            return Self::Applied;
        };
        let reason = error.reason();
        match error.waits_for() {
            None => Self::Refused(reason),
            Some(needs) => Self::waiting(reason, needs, before, surroundings, now),
        }
    }

    /// Waits, the longer the more often the same was tried among the same surroundings.
    pub(super) fn waiting(
        error: String,
        needs: String,
        before: &Self,
        surroundings: Surroundings,
        now: u64,
    ) -> Self {
        let tries = match before {
            Self::Waiting(before) if before.surroundings == surroundings => before.tries + 1,
            _ => 1,
        };
        let wait = FIRST_WAIT.saturating_mul(1 << (tries - 1).min(16)).min(LONGEST_WAIT);
        Self::Waiting(Waiting { error, needs, surroundings, tries, again_at: now + wait })
    }

    /// What an earlier run of this program, or of another version of it, found of a component that
    /// need not be tried; absent when it has to be.
    pub(super) fn found_before(row: &SourceRow) -> Option<Self> {
        let error = row.error.clone().unwrap_or_default();
        match row.verdict {
            Verdict::Applied => Some(Self::Applied),
            Verdict::Content if row.host == env!("CARGO_PKG_VERSION") => Some(Self::Refused(error)),
            Verdict::Ended => Some(Self::Ended(error)),
            // Another version may take it, and what refused it may have passed.
            Verdict::Content | Verdict::Passing => None,
        }
    }

    /// Whether the same component is to be tried again. `asked`: somebody asked for it.
    pub(super) fn is_due(
        &self,
        asked: bool,
        now: u64,
        surroundings: impl FnOnce() -> Surroundings,
    ) -> bool {
        match self {
            Self::Nothing | Self::Applied => false,
            Self::Refused(_) | Self::Ended(_) => asked,
            Self::Waiting(waiting) => {
                asked || now >= waiting.again_at || surroundings() != waiting.surroundings
            }
        }
    }

    /// What is written down of it.
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self::Nothing | Self::Waiting(_) => Verdict::Passing,
            Self::Applied => Verdict::Applied,
            Self::Refused(_) => Verdict::Content,
            Self::Ended(_) => Verdict::Ended,
        }
    }

    /// Why it was refused; absent when it was not.
    pub(super) fn error(&self) -> Option<&str> {
        match self {
            Self::Nothing | Self::Applied => None,
            Self::Refused(error) | Self::Ended(error) => Some(error),
            Self::Waiting(waiting) => Some(&waiting.error),
        }
    }

    /// What it waits for, and when it is tried again at the latest.
    pub(super) fn waits_for(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::Nothing | Self::Applied => (None, None),
            Self::Refused(_) => (Some("other content".to_owned()), None),
            Self::Ended(_) => {
                let text = "other content, SIGHUP, or an administrator who uploads it";
                (Some(text.to_owned()), None)
            }
            Self::Waiting(Waiting { needs, again_at, .. }) => {
                let at = rfc3339(*again_at);
                let text = format!(
                    "{needs}; tried again when policy, settings or cases of the gate change, at \
                     SIGHUP, or by {at}"
                );
                (Some(text), Some(at))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(revision: u64) -> Surroundings {
        Surroundings { revision, ..Surroundings::default() }
    }

    fn waiting(before: &Tried, revision: u64, now: u64) -> Tried {
        let (error, needs) = ("no room".to_owned(), "room".to_owned());
        Tried::waiting(error, needs, before, surroundings(revision), now)
    }

    #[test]
    fn what_waits_is_due_when_asked_when_something_changed_and_in_time() {
        let waiting = waiting(&Tried::Nothing, 1, 100);
        let is_due = |asked, now, revision| waiting.is_due(asked, now, || surroundings(revision));
        assert!(!is_due(false, 100, 1));
        assert!(!is_due(false, 129, 1));
        assert!(is_due(false, 130, 1), "in time");
        assert!(is_due(false, 101, 2), "another revision");
        assert!(is_due(true, 101, 1), "asked");
    }

    #[test]
    fn the_wait_grows_to_a_bound_and_begins_anew_with_other_surroundings() {
        let mut waits = Vec::new();
        let mut tried = Tried::Nothing;
        for _ in 0..40 {
            tried = waiting(&tried, 1, 0);
            let Tried::Waiting(Waiting { again_at, .. }) = tried else { unreachable!() };
            waits.push(again_at);
        }
        assert_eq!(waits[..6], [30, 60, 120, 240, 480, 900]);
        assert!(waits[6..].iter().all(|wait| *wait == LONGEST_WAIT));
        let Tried::Waiting(Waiting { again_at, .. }) = waiting(&tried, 2, 0) else {
            unreachable!()
        };
        assert_eq!(again_at, 30);
    }

    #[test]
    fn a_verdict_by_content_is_tried_again_when_asked_only_and_an_applied_one_never() {
        let never = || -> Surroundings { unreachable!("it depends on nothing") };
        for (tried, when_asked) in [
            (Tried::Nothing, false),
            (Tried::Applied, false),
            (Tried::Refused(String::new()), true),
            (Tried::Ended(String::new()), true),
        ] {
            assert!(!tried.is_due(false, u64::MAX, never), "{tried:?}");
            assert_eq!(tried.is_due(true, 0, never), when_asked, "{tried:?}");
        }
    }

    #[test]
    fn a_verdict_counts_for_the_version_that_found_it_if_it_is_by_content() {
        let row = |verdict, host: &str| SourceRow {
            digest: String::new(),
            verdict,
            error: Some("why".to_owned()),
            host: host.to_owned(),
            at: 0,
        };
        let this = env!("CARGO_PKG_VERSION");
        let refused = Some(Tried::Refused("why".to_owned()));
        assert_eq!(Tried::found_before(&row(Verdict::Content, this)), refused);
        assert_eq!(Tried::found_before(&row(Verdict::Content, "0.0.0")), None);
        assert_eq!(Tried::found_before(&row(Verdict::Passing, this)), None);
        for host in [this, "0.0.0"] {
            assert_eq!(Tried::found_before(&row(Verdict::Applied, host)), Some(Tried::Applied));
            let ended = Some(Tried::Ended("why".to_owned()));
            assert_eq!(Tried::found_before(&row(Verdict::Ended, host)), ended);
        }
    }
}
