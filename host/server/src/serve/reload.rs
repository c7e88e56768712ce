//! SIGHUP: what counts at once, and what waits for a restart.

use admit::cloud::Cloud;
use admit::keys::MAX_KEY_SET_BYTES;
use admit::release::component_digest;
use admit::text::visible_line;

use crate::app::App;
use crate::config::{Config, KeysConfig, Sources};

/// The keys that count as soon as they are read.
const AT_ONCE: [&str; 3] = ["service.access", "admin.hosts", "gitops"];

const NOT_RELOADED: &str = "the configuration was not reloaded; the one before stays";

/// What a running server compares the next configuration with.
pub(super) struct Reloading<'a> {
    app: &'a App,
    sources: &'a Sources,
    /// What the server was started with, which counts but for [`AT_ONCE`].
    started: &'a Config,
    /// What was read last without a fault, of which [`AT_ONCE`] counts.
    last: Config,
    /// The digest of each key set in a file, as it was at the start.
    key_sets: Vec<(Cloud, Option<String>)>,
}

impl<'a> Reloading<'a> {
    pub(super) fn new(app: &'a App, started: &'a Config, sources: &'a Sources) -> Self {
        let (last, key_sets) = (started.clone(), key_sets(started));
        Self { app, sources, started, last, key_sets }
    }

    /// Reads the configuration again, and has tried again what was refused.
    pub(super) fn reload(&mut self) {
        if let Some(log) = &self.app.log {
            log.reopen();
        }
        self.app.asked.send_replace(());
        let config = match crate::config::load(self.sources.clone()) {
            Ok(config) => config,
            Err(error) => {
                let error = error.to_string().replace('\n', "; ");
                tracing::error!(error, "{NOT_RELOADED}");
                return;
            }
        };
        match self.app.reload(&config) {
            Ok(()) => self.say(config),
            Err(error) => tracing::error!(%error, "{NOT_RELOADED}"),
        }
    }

    fn say(&mut self, config: Config) {
        let changed = config.differing(&self.last);
        let changed: Vec<_> =
            changed.iter().filter(|key| counts_at_once(key)).map(|key| quoted(key)).collect();
        let waiting = config.differing(self.started);
        let waiting = waiting.into_iter().filter(|key| !counts_at_once(key));
        let (stored, waiting): (Vec<_>, Vec<_>) = waiting.partition(|key| self.is_stored(key));
        let mut waiting: Vec<_> = waiting.iter().map(|key| quoted(key)).collect();
        waiting.extend(self.changed_key_sets());
        let stored: Vec<_> = stored.iter().map(|key| quoted(key)).collect();
        self.last = config;
        let parts = [
            ("changed", changed),
            ("waits for a restart", waiting),
            ("does not count, since the store has policy and settings of the gate", stored),
        ];
        let said = parts.iter().filter(|(_, keys)| !keys.is_empty());
        let said: Vec<_> = said.map(|(what, keys)| format!("{what}: {}", listed(keys))).collect();
        let [_, others @ ..] = &parts;
        match said.join("; ") {
            said if said.is_empty() => tracing::info!("reloaded: nothing changed"),
            said if others.iter().all(|(_, keys)| keys.is_empty()) => {
                tracing::info!("reloaded: {said}");
            }
            said => tracing::warn!("reloaded: {said}"),
        }
    }

    /// Whether a key says what a gate begins with that has begun.
    fn is_stored(&self, key: &str) -> bool {
        let mut parts = key.split('.');
        let (Some("gates"), Some(gate), Some("policy" | "settings")) =
            (parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let view = self.app.gates.get(gate).map(|gate| gate.view());
        let policy = view.as_ref().and_then(|view| view.policy());
        policy.is_some_and(|policy| policy.attempt.is_some())
    }

    /// The key sets in files that hold something else than at the start.
    fn changed_key_sets(&self) -> impl Iterator<Item = String> {
        let now = key_sets(self.started);
        let changed = now.into_iter().filter(|set| !self.key_sets.contains(set));
        changed.map(|(cloud, _)| format!("`keys.{}.file` (what it holds)", cloud.name()))
    }
}

fn counts_at_once(key: &str) -> bool {
    let section = key.split('.').next();
    AT_ONCE.iter().any(|once| key == *once || section == Some(once))
}

fn quoted(key: &str) -> String {
    format!("`{}`", visible_line(key))
}

/// Keys in one line; of very many it says how many more.
fn listed(keys: &[String]) -> String {
    const MAX: usize = 30;
    let more = keys.len().saturating_sub(MAX);
    let more = (more > 0).then(|| format!("and {more} more"));
    keys.iter().take(MAX).cloned().chain(more).collect::<Vec<_>>().join(", ")
}

fn key_sets(config: &Config) -> Vec<(Cloud, Option<String>)> {
    let files = config.keys.iter().filter_map(|(cloud, keys)| match keys {
        KeysConfig::File(path) => Some((*cloud, path)),
        KeysConfig::Remote { .. } => None,
    });
    let digest = |(cloud, path): (Cloud, &std::path::PathBuf)| {
        let bytes = crate::source::read_file(path, MAX_KEY_SET_BYTES).ok();
        (cloud, bytes.map(|bytes| component_digest(&bytes).to_string()))
    };
    files.map(digest).collect()
}
