//! Where the keys of a cloud come from.

use std::path::PathBuf;
use std::time::Duration;

use admit::cases::suggest;
use admit::cloud::Cloud;
use admit::keys::{RemoteKeys, RemoteOptions};
use indexmap::IndexMap;

use super::read::{Found, Section, Wrong};
use super::values;

/// What says how a set is fetched.
const FETCHING: [&str; 5] = [
    "cool_down_seconds",
    "refresh_after_seconds",
    "max_age_seconds",
    "keep_vanished_seconds",
    "timeout_seconds",
];

/// Keys that vanished count no longer than this.
const MAX_KEEP_VANISHED: u64 = 3_600;

/// The keys of one cloud, for all its gates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysConfig {
    /// A JWK Set in a file, read at the start.
    File(PathBuf),
    /// A JWK Set, or a discovery document, that is fetched.
    Remote {
        /// An https address, or an http address of this machine; the cloud's own by default.
        address: String,
        /// How it is fetched: `cool_down` 1 to 3600 s (30 by default), `refresh_after` 1 to 86400 s
        /// (3600), `max_age` 1 to 604800 s (86400) and not below `refresh_after`, `keep_vanished` 0
        /// to 3600 s (600) and not above `max_age`, `timeout` 1 to 60 s (5).
        options: RemoteOptions,
    },
}

impl KeysConfig {
    /// The cloud's own key set.
    pub fn of_cloud(cloud: Cloud) -> Self {
        let address = cloud.key_set_address().to_owned();
        Self::Remote { address, options: RemoteOptions::default() }
    }

    fn read(section: &mut Section<'_>, cloud: Cloud) -> Self {
        let file = section.value("file", values::path);
        let address = section.value("address", address);
        let options = options(section);
        let Some(file) = file else {
            let address = address.unwrap_or_else(|| cloud.key_set_address().to_owned());
            return Self::Remote { address, options };
        };
        if section.has("address") {
            section.refuse("address", "there is a `file` as well; expected one of them");
        }
        for name in FETCHING.into_iter().filter(|name| section.has(name)) {
            section.refuse(name, "there is a `file`, which is not fetched");
        }
        Self::File(file)
    }
}

/// Reads the section: a section per cloud.
pub(super) fn read(section: &mut Section<'_>) -> IndexMap<Cloud, KeysConfig> {
    let mut keys = IndexMap::new();
    for (entry, found) in section.each() {
        match entry.name.parse::<Cloud>() {
            Ok(cloud) => {
                let config = found.section(|section| KeysConfig::read(section, cloud));
                keys.insert(cloud, config);
            }
            Err(_) => {
                found.unknown(entry, &suggest::hint(&entry.name, &Cloud::ALL.map(Cloud::name)))
            }
        }
    }
    keys
}

fn options(section: &mut Section<'_>) -> RemoteOptions {
    let mut seconds =
        |name, usual: Duration, most| section.value_or(name, usual, values::seconds(1..=most));
    let usual = RemoteOptions::default();
    let options = RemoteOptions {
        cool_down: seconds("cool_down_seconds", usual.cool_down, 3_600),
        refresh_after: seconds("refresh_after_seconds", usual.refresh_after, 86_400),
        max_age: seconds("max_age_seconds", usual.max_age, 604_800),
        timeout: seconds("timeout_seconds", usual.timeout, 60),
        keep_vanished: section.value_or(
            FETCHING[3],
            usual.keep_vanished,
            values::seconds(0..=MAX_KEEP_VANISHED),
        ),
    };
    if section.has(FETCHING[3]) && options.keep_vanished > options.max_age {
        let (keep, age) = (options.keep_vanished.as_secs(), options.max_age.as_secs());
        section.refuse(
            FETCHING[3],
            format!("a set is used for {age} s and a vanished key for {keep} s; expected less"),
        );
    }
    if options.refresh_after > options.max_age {
        let (refresh, age) = (options.refresh_after.as_secs(), options.max_age.as_secs());
        let name = if section.has("max_age_seconds") { FETCHING[2] } else { FETCHING[1] };
        section.refuse(
            name,
            format!("a set is used for {age} s and refreshed after {refresh} s; expected sooner"),
        );
    }
    options
}

fn address(found: &Found<'_>) -> Result<String, Wrong> {
    let text = values::text(found)?;
    match RemoteKeys::check_address(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(error) => Err(Wrong::Because(error.to_string())),
    }
}
