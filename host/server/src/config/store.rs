//! What the store keeps of what is over.

use std::time::Duration;

use super::read::Section;
use super::values;
use crate::store::{DAY, Retention};

/// Longer than anybody keeps anything.
const MAX_DAYS: u64 = 36_500;

pub(super) fn read(section: &mut Section<'_>) -> Retention {
    let usual = Retention::default();
    let mut whole = |name, usual, range| section.value_or(name, usual, values::whole(range));
    let activities = whole("activities", usual.activities, 100..=10_000_000);
    let attempts = whole("attempts", usual.attempts, 10..=10_000);
    let releases = whole("releases", usual.releases, 2..=200);
    let mut days = |name, usual: Duration| {
        let days = whole(name, usual.as_secs() / DAY, 1..=MAX_DAYS);
        Duration::from_secs(days * DAY)
    };
    Retention {
        activities,
        activity_age: days("activity_days", usual.activity_age),
        attempts,
        releases,
        revoked_access_age: days("revoked_access_days", usual.revoked_access_age),
    }
}
