//! The one clock. Everything else is passed the time.
//!
//! A machine whose clock was never set may give a time before 1970, on which libraries panic; here it
//! counts as 1970.

use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use uuid::timestamp::context::ContextV7;
use uuid::{Timestamp, Uuid};

/// The time of this machine, seconds since 1970; 0 when its clock is before that.
pub fn now() -> u64 {
    since_1970().as_secs()
}

/// The time of this machine since 1970; zero when its clock is before that.
pub fn since_1970() -> Duration {
    since(system()).unwrap_or_default()
}

/// Whether the clock of this machine is not before 1970. While it is, no certificate can be checked
/// and no HTTP date written: both would panic.
pub fn is_set() -> bool {
    since(system()).is_some()
}

/// A new UUIDv7. Those of one process rise in the order in which they were made.
pub fn new_id() -> Uuid {
    static ORDER: Mutex<ContextV7> = Mutex::new(ContextV7::new());

    let now = since_1970();
    Uuid::new_v7(Timestamp::from_unix(&ORDER, now.as_secs(), now.subsec_nanos()))
}

#[expect(clippy::disallowed_methods, reason = "the one clock; everything else is passed the time")]
fn system() -> SystemTime {
    SystemTime::now()
}

fn since(time: SystemTime) -> Option<Duration> {
    time.duration_since(UNIX_EPOCH).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_before_1970_is_no_time_since() {
        assert_eq!(since(UNIX_EPOCH), Some(Duration::ZERO));
        for before in
            [Duration::from_nanos(1), Duration::from_secs(1), Duration::from_secs(1 << 40)]
        {
            assert_eq!(since(UNIX_EPOCH - before), None, "{before:?}");
        }
    }

    #[test]
    fn ids_rise_and_say_when_they_were_made() {
        let ids: Vec<_> = (0..1_000).map(|_| new_id()).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
        let seconds = ids[0].get_timestamp().unwrap().to_unix().0;
        assert!(now().abs_diff(seconds) < 60);
    }
}
