//! The releases of a log.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use admit::claims::Verification;
use serde_json::{Map, Value};

use super::log::{Decision, Line, Lines, Release};
use crate::error::CliError;

/// What a decision was made with.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) settings: Map<String, Value>,
    pub(super) verification: Verification,
    /// The claims that the log has, at least by their kind.
    pub(super) known_claims: Vec<String>,
}

/// Every release of a log, each time it was logged.
pub(super) struct Releases {
    /// By gate and generation, with the number of the line.
    by_gate: HashMap<(String, u64), Vec<(u64, Seen)>>,
    /// What counts whatever the log says.
    settings: Option<Map<String, Value>>,
}

impl Releases {
    /// Reads the releases of the log; `settings` take the place of theirs.
    pub(super) fn read(
        path: &Path,
        settings: Option<Map<String, Value>>,
    ) -> Result<Self, CliError> {
        let mut by_gate: HashMap<_, Vec<_>> = HashMap::new();
        let mut lines = Lines::open(path)?;
        while let Some((number, line)) = lines.next()? {
            let Some(Line::Release(release)) = line else {
                continue;
            };
            let key = (release.gate.clone(), release.generation);
            let Some(seen) = seen(*release) else {
                continue;
            };
            let all = by_gate.entry(key).or_default();
            // A log begins anew with every start of the server.
            if all.last().is_none_or(|(_, last)| *last != seen) {
                all.push((number, seen));
            }
        }
        Ok(Self { by_gate, settings })
    }

    /// The release that made a decision: the last one logged before it, else the first one after,
    /// since both may be logged at the same time.
    pub(super) fn of(&self, number: u64, decision: &Decision) -> Option<&Seen> {
        let key = (decision.gate.clone(), decision.generation?);
        let all = self.by_gate.get(&key)?;
        let before = all.iter().rev().find(|(line, _)| *line < number);
        before.or_else(|| all.first()).map(|(_, seen)| seen)
    }

    /// The settings to replay its decisions with.
    pub(super) fn settings<'a>(&'a self, seen: &'a Seen) -> &'a Map<String, Value> {
        self.settings.as_ref().unwrap_or(&seen.settings)
    }
}

/// Absent when the cloud or the leeway are none.
fn seen(release: Release) -> Option<Seen> {
    let verification = Verification::new(release.cloud.parse().ok()?)
        .with_leeway(Duration::from_secs(release.leeway_seconds))
        .ok()?
        .with_max_lifetime(Duration::from_secs(release.max_lifetime_seconds));
    let mut known_claims = release.wanted_claims;
    known_claims.extend(release.logged_claims);
    Some(Seen { settings: release.settings, verification, known_claims })
}
