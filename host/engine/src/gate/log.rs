//! What a gate logs of its decisions: never the token, a part of it, or a name of a person.
//!
//! Whoever sends bad tokens must not fill the log: refusals are told as [`Repeats`] says, by reason. Each
//! is written at `debug`.

mod line;

use std::time::Instant;

use line::Line;

use super::error::RequestError;
use crate::claims::VerifiedClaims;
use crate::decision::{Decision, Outcome};
use crate::repeats::Repeats;

/// What a gate logged lately, and what it did not.
#[derive(Debug, Default)]
pub(super) struct Log(Repeats<Reason, Line>);

type Reason = (Outcome, String);

impl Log {
    /// Logs a decision that was made at `now`.
    pub(super) fn decided(
        &self,
        decision: &Decision,
        claims: Option<&VerifiedClaims>,
        error: Option<&RequestError>,
        now: Instant,
    ) {
        if matches!(decision.outcome(), Outcome::Allow | Outcome::Ask) {
            return line::admitted(decision);
        }
        let reason = (decision.outcome(), decision.reason().unwrap_or_default().to_owned());
        match self.0.count(reason, now, || Line::new(decision, claims, error)) {
            Some(count) => Line::new(decision, claims, error).say(Some(count)),
            None if tracing::enabled!(tracing::Level::DEBUG) => {
                Line::new(decision, claims, error).say(None);
            }
            None => {}
        }
    }

    /// Writes the lines that are due at `now`; all that is counted when there is no later.
    pub(super) fn say_counted(&self, now: Option<Instant>) {
        let mut due = now.map_or_else(|| self.0.all(), |now| self.0.due(now));
        due.sort_by_key(|(example, _)| example.decision_id);
        due.into_iter().for_each(|(example, count)| example.say(Some(count)));
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.say_counted(None);
    }
}
