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
pub(super) struct LoggedRelease {
    pub(super) settings: Map<String, Value>,
    pub(super) verification: Verification,
    /// The claims that the log has, at least by their kind.
    pub(super) known_claims: Vec<String>,
}

/// Every release of a log, each time it was logged.
pub(super) struct Releases {
    /// By gate and generation, with the number of the line.
    by_gate: HashMap<(String, u64), Vec<(u64, LoggedRelease)>>,
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
            let Some(release) = logged(*release) else {
                continue;
            };
            let all = by_gate.entry(key).or_default();
            // A log begins anew with every start of the server.
            if all.last().is_none_or(|(_, last)| *last != release) {
                all.push((number, release));
            }
        }
        Ok(Self { by_gate, settings })
    }

    /// The release that made a decision: the last one logged before it, else the first one after,
    /// since both may be logged at the same time.
    pub(super) fn of(&self, number: u64, decision: &Decision) -> Option<&LoggedRelease> {
        let key = (decision.gate.clone(), decision.generation?);
        let all = self.by_gate.get(&key)?;
        let before = all.iter().rev().find(|(line, _)| *line < number);
        before.or_else(|| all.first()).map(|(_, release)| release)
    }

    /// The settings to replay its decisions with.
    pub(super) fn settings<'a>(&'a self, release: &'a LoggedRelease) -> &'a Map<String, Value> {
        self.settings.as_ref().unwrap_or(&release.settings)
    }
}

/// Absent when the cloud or the leeway are none.
fn logged(release: Release) -> Option<LoggedRelease> {
    let verification = Verification::new(release.cloud.parse().ok()?)
        .with_leeway(Duration::from_secs(release.leeway_seconds))
        .ok()?
        .with_max_lifetime(Duration::from_secs(release.max_lifetime_seconds));
    let mut known_claims = release.wanted_claims;
    known_claims.extend(release.logged_claims);
    let settings = release.settings.into_iter().chain(release.kept_settings).collect();
    Some(LoggedRelease { settings, verification, known_claims })
}
