//! The releases of the logs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use admit::claims::{MAX_LEEWAY, Verification};
use admit::cloud::{Cloud, TokenVersion};
use admit_api::log::{Decision, Release};
use serde_json::{Map, Value};

/// Longer than any token lives.
const ANY_LIFETIME: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// What a decision was made with.
#[derive(Debug, PartialEq)]
pub(super) struct LoggedRelease {
    policy_digest: Option<Arc<str>>,
    pub(super) settings: Map<String, Value>,
    pub(super) verification: Verification,
    /// The claims that the log has, at least by their kind.
    pub(super) known_claims: Vec<String>,
}

/// Where to look for the release of a decision.
#[derive(Clone, Copy, Debug)]
pub(super) enum Where {
    /// In this log, where it was written last.
    InLog(usize),
    /// In any log: the last one that was written.
    Anywhere,
}

/// The releases that were read so far, each time it was logged.
#[derive(Debug, Default)]
pub(super) struct Releases {
    /// By gate and generation, with the number of the log.
    by_gate: HashMap<Key, Vec<(usize, LoggedRelease)>>,
}

/// A gate and a generation of it.
pub(super) type Key = (String, u64);

impl Releases {
    /// Adds a release of the log with this number; says of which decisions it may be.
    pub(super) fn add(&mut self, log: usize, release: Release) -> Option<Key> {
        let key = (release.gate.clone(), release.generation);
        let release = logged(release)?;
        let all = self.by_gate.entry(key.clone()).or_default();
        // A log begins anew with every start of the server, and repeats its releases.
        if all.last().is_none_or(|(of, last)| *of != log || *last != release) {
            all.push((log, release));
        }
        Some(key)
    }

    /// The release that made a decision, as far as it was read.
    pub(super) fn of(&self, decision: &Decision, place: Where) -> Option<&LoggedRelease> {
        let key = key(decision)?;
        let digest = decision.policy.as_ref().map(|policy| &policy.digest);
        let is_there = |log: usize| match place {
            Where::InLog(wanted) => log == wanted,
            Where::Anywhere => true,
        };
        // Servers whose logs are read together may have given the same number to something else.
        let fits = |release: &LoggedRelease| match (&release.policy_digest, digest) {
            (Some(of_release), Some(of_decision)) => of_release == of_decision,
            _ => true,
        };
        let mut all = self.by_gate.get(&key)?.iter().rev();
        all.find(|(log, release)| is_there(*log) && fits(release)).map(|(_, release)| release)
    }
}

/// The gate and the generation that made a decision.
pub(super) fn key(decision: &Decision) -> Option<Key> {
    Some((decision.gate.to_string(), decision.generation?))
}

/// What a decision is replayed with whose release no log has: these settings, and the checks of the
/// host that it passed.
pub(super) fn given(settings: &Map<String, Value>, decision: &Decision) -> LoggedRelease {
    let claims = decision.claims.as_ref();
    let verification = Verification::new(claims.and_then(cloud).unwrap_or_default());
    LoggedRelease {
        policy_digest: None,
        settings: settings.clone(),
        verification: verification
            .with_leeway(MAX_LEEWAY)
            .unwrap_or(verification)
            .with_max_lifetime(ANY_LIFETIME),
        known_claims: claims.into_iter().flat_map(Map::keys).cloned().collect(),
    }
}

/// The cloud whose tokens have this issuer.
fn cloud(claims: &Map<String, Value>) -> Option<Cloud> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let (issuer, tenant) = (text("iss")?, text("tid")?);
    let version = if text("ver")? == "1.0" { TokenVersion::V1 } else { TokenVersion::V2 };
    Cloud::ALL.into_iter().find(|cloud| cloud.issuer(version, tenant) == issuer)
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
    let policy_digest = Some(release.policy.digest);
    Some(LoggedRelease { policy_digest, settings, verification, known_claims })
}
