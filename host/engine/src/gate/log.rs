//! What a gate logs of its decisions: never the token, a part of it, or a name of a person.
//!
//! Whoever sends bad tokens must not fill the log. So of each reason one line is written at once, and
//! then one a minute, with how many there were and one of them; each is written at `debug`.

mod line;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use line::Line;

use super::decide::RequestError;
use crate::claims::VerifiedClaims;
use crate::decision::{Decision, Outcome};

/// How long the refusals of a reason are only counted after a line.
const MINUTE: Duration = Duration::from_secs(60);

/// Reasons that are told apart; a policy describes 128 at most, and the host has some 30.
const MAX_REASONS: usize = 256;

/// What a gate logged lately, and what it did not.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<HashMap<Reason, Counted>>);

type Reason = (Outcome, String);

/// The refusals of a reason since its last line.
#[derive(Debug)]
struct Counted {
    /// When the last line was written.
    at: Instant,
    count: u64,
    /// The first of them.
    example: Option<Line>,
}

impl Log {
    /// Logs a decision that was made at `now`.
    pub(super) fn decided(
        &self,
        decision: &Decision,
        claims: Option<&VerifiedClaims>,
        error: Option<&RequestError>,
        now: Instant,
    ) {
        if matches!(decision.outcome, Outcome::Allow | Outcome::Ask) {
            return line::admitted(decision);
        }
        match self.count(decision, now, || Line::new(decision, claims, error)) {
            Some(count) => Line::new(decision, claims, error).say(Some(count)),
            None if tracing::enabled!(tracing::Level::DEBUG) => {
                Line::new(decision, claims, error).say(None);
            }
            None => {}
        }
    }

    /// Counts a refusal; says how many a line tells of if one is due with it.
    fn count(&self, decision: &Decision, now: Instant, line: impl FnOnce() -> Line) -> Option<u64> {
        let key = (decision.outcome, decision.reason.clone().unwrap_or_default());
        let mut reasons = self.reasons();
        if let Some(counted) = reasons.get_mut(&key) {
            counted.count += 1;
            if now.saturating_duration_since(counted.at) < MINUTE {
                counted.example.get_or_insert_with(line);
                return None;
            }
            let count = counted.count;
            *counted = Counted { at: now, count: 0, example: None };
            return Some(count);
        }
        if reasons.len() < MAX_REASONS {
            reasons.insert(key, Counted { at: now, count: 0, example: None });
        }
        Some(1)
    }

    /// Writes the lines that are due at `now`; all that is counted when there is no later.
    pub(super) fn say_counted(&self, now: Option<Instant>) {
        self.due(now).into_iter().for_each(|(example, count)| example.say(Some(count)));
    }

    fn due(&self, now: Option<Instant>) -> Vec<(Line, u64)> {
        let mut due = Vec::new();
        self.reasons().retain(|_, counted| {
            let is_due = now.is_none_or(|now| now.saturating_duration_since(counted.at) >= MINUTE);
            if !is_due {
                return true;
            }
            let Some(example) = counted.example.take() else { return false };
            due.push((example, std::mem::take(&mut counted.count)));
            counted.at = now.unwrap_or(counted.at);
            true
        });
        due.sort_by_key(|(example, _)| example.decision_id);
        due
    }

    /// The lock guards counts that are valid at every moment, so a poisoned one is fine.
    fn reasons(&self) -> MutexGuard<'_, HashMap<Reason, Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.say_counted(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn refusal(reason: &str, outcome: Outcome) -> Decision {
        Decision {
            id: None,
            decision_id: clock::new_id(),
            outcome,
            reason: Some(reason.to_owned()),
            blame: None,
            identity: None,
            asks: Vec::new(),
            observed: Vec::new(),
            expected: Vec::new(),
            title: None,
            detail: None,
            remedy: None,
            presentation: None,
            gate: "g".into(),
            policy: None,
            generation: None,
            token_version: None,
            signature: None,
            duration_us: 0,
            trace: Vec::new(),
        }
    }

    fn count(log: &Log, decision: &Decision, now: Instant) -> Option<u64> {
        log.count(decision, now, || Line::new(decision, None, None))
    }

    /// The counts that are due, each with the decision that stands for it.
    fn due(log: &Log, now: Option<Instant>) -> Vec<(uuid::Uuid, u64)> {
        log.due(now).into_iter().map(|(line, count)| (line.decision_id, count)).collect()
    }

    #[test]
    fn the_first_refusal_has_a_line_and_then_one_a_minute() {
        let (log, start) = (Log::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let refusal = || refusal("token.expired", Outcome::Invalid);
        assert_eq!(count(&log, &refusal(), at(0)), Some(1));
        let second = refusal();
        assert_eq!(count(&log, &second, at(1)), None);
        for _ in 0..1_000 {
            assert_eq!(count(&log, &refusal(), at(59)), None);
        }
        assert_eq!(due(&log, Some(at(59))), []);
        assert_eq!(due(&log, Some(at(60))), [(second.decision_id, 1_001)]);
        assert_eq!(due(&log, Some(at(60))), []);
        let third = refusal();
        assert_eq!(count(&log, &third, at(61)), None);
        // Where nobody asks, the next one says all.
        assert_eq!(count(&log, &refusal(), at(130)), Some(2));
        assert_eq!(count(&log, &refusal(), at(131)), None);
        assert_eq!(due(&log, None).iter().map(|(_, count)| count).sum::<u64>(), 1);
        // After a minute without any, the next one has a line again.
        assert_eq!(due(&log, Some(at(1_000))), []);
        assert_eq!(count(&log, &refusal(), at(1_001)), Some(1));
    }

    #[test]
    fn reasons_and_outcomes_are_counted_apart_and_bounded() {
        let (log, now) = (Log::default(), Instant::now());
        for outcome in [Outcome::Deny, Outcome::Invalid, Outcome::Failed] {
            for reason in ["a", "b"] {
                assert_eq!(count(&log, &refusal(reason, outcome), now), Some(1));
                assert_eq!(count(&log, &refusal(reason, outcome), now), None);
            }
        }
        assert_eq!(due(&log, None).len(), 6);
        for number in 0..1_000 {
            count(&log, &refusal(&number.to_string(), Outcome::Deny), now);
        }
        assert_eq!(log.reasons().len(), MAX_REASONS);
    }
}
