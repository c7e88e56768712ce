//! The key sets of a configuration: made, checked, and described at the start.

use std::sync::Arc;

use admit::cloud::Cloud;
use admit::keys::{KeySet, Keys, MAX_KEY_SET_BYTES, RemoteKeys, SkippedKey};
use indexmap::{IndexMap, IndexSet};

use super::ServeError;
use crate::config::{Config, KeysConfig};

/// The keys of each cloud that a gate takes tokens of.
pub(super) type KeysOfClouds = IndexMap<Cloud, Arc<Keys>>;

/// One key set for each cloud that a gate takes tokens of.
///
/// # Errors
///
/// [`ServeError::KeySet`] for a file that holds no usable key, [`ServeError::KeyAddress`] for an address
/// that keys are not fetched from, or that a proxy which cannot be used is on the way to.
pub(super) fn keys(config: &Config) -> Result<KeysOfClouds, ServeError> {
    each(config).collect()
}

/// As [`keys`], each cloud by itself.
pub(super) fn each(
    config: &Config,
) -> impl Iterator<Item = Result<(Cloud, Arc<Keys>), ServeError>> + '_ {
    let clouds: IndexSet<_> = config.gates.values().map(|gate| gate.cloud).collect();
    let of_cloud = |cloud| Ok((cloud, Arc::new(keys_of(cloud, config.keys_of(cloud))?)));
    clouds.into_iter().map(of_cloud)
}

fn keys_of(cloud: Cloud, keys: KeysConfig) -> Result<Keys, ServeError> {
    match keys {
        KeysConfig::Remote { address, options } => RemoteKeys::new(&address, options)
            .map(Keys::remote)
            .map_err(|source| ServeError::KeyAddress { cloud: cloud.name(), source }),
        KeysConfig::File(path) => {
            let failed = |source: Box<dyn std::error::Error + Send + Sync>| {
                let path = path.display().to_string();
                ServeError::KeySet { cloud: cloud.name(), path, source }
            };
            let bytes = crate::source::read_file(&path, MAX_KEY_SET_BYTES);
            let set = KeySet::parse(&bytes.map_err(|error| failed(error.into()))?);
            let set = set.map_err(|error| failed(error.into()))?;
            set.check_usable().map_err(|error| failed(error.into()))?;
            Ok(Keys::fixed(set))
        }
    }
}

/// A line for each cloud: where its keys come from and how, and which of a file's are not used.
pub(super) fn lines(keys: &KeysOfClouds) -> Vec<String> {
    let line = |(cloud, keys): (&Cloud, &Arc<Keys>)| match &**keys {
        Keys::Fixed(set) => {
            let skipped = match set.skipped() {
                [] => String::new(),
                skipped => format!("; not used: {}", SkippedKey::list(skipped)),
            };
            format!("{}: {} usable, from a file{skipped}", cloud.name(), set.len())
        }
        Keys::Remote(remote) => {
            let address = remote.status().address;
            format!("{}: from {address}, {}", cloud.name(), remote.route())
        }
    };
    keys.iter().map(line).collect()
}

/// Writes to the log what [`lines`] says.
pub(super) fn log(keys: &KeysOfClouds) {
    for (cloud, keys) in keys {
        let cloud = cloud.name();
        match &**keys {
            Keys::Fixed(set) => match set.skipped() {
                [] => {}
                skipped => {
                    let skipped = SkippedKey::list(skipped);
                    tracing::warn!(cloud, skipped, "the key set has keys that are not used");
                }
            },
            Keys::Remote(remote) => {
                let (address, route) = (remote.status().address, remote.route());
                tracing::info!(cloud, address, %route, "keys are fetched");
            }
        }
    }
}
