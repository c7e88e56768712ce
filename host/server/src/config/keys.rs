//! Where the keys of a cloud come from.

use std::path::PathBuf;
use std::time::Duration;

use admit::cases::strict::{
    Form, Found, Member, Section, Shape, Wrong, named, null_or, path, seconds, text_of, with_member,
};
use admit::cases::{shape, suggest};
use admit::cloud::Cloud;
use admit::keys::{RemoteKeys, RemoteOptions};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

/// What says how a set is fetched.
const FETCHING: [&str; 5] = [
    "cool_down_seconds",
    "refresh_after_seconds",
    "max_age_seconds",
    "keep_vanished_seconds",
    "timeout_seconds",
];

/// The keys of one cloud, for all its gates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysConfig {
    /// A JWK Set in a file, read at the start.
    File(PathBuf),
    /// A JWK Set, or a discovery document, that is fetched.
    Remote {
        /// An https address, or an http address of this machine; the cloud's own by default.
        address: String,
        /// How it is fetched: `max_age` is not below `refresh_after` and `keep_vanished`.
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
        let keys = KeysSection::read(section);
        let options = keys.options(section);
        let Some(file) = keys.file else {
            let address = keys.address.unwrap_or_else(|| cloud.key_set_address().to_owned());
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

    fn write(&self) -> Json {
        let (address, options) = match self {
            Self::File(file) => return json!({"file": file.display().to_string()}),
            Self::Remote { address, options } => (Some(address.clone()), options),
        };
        let RemoteOptions { cool_down, refresh_after, max_age, timeout, keep_vanished } = *options;
        let file = None;
        let keys = KeysSection {
            address,
            file,
            cool_down,
            refresh_after,
            max_age,
            keep_vanished,
            timeout,
        };
        keys.write()
    }
}

shape! {
    /// The keys of one cloud: at an address, or in a file.
    struct KeysSection () {
        /// A JWK Set, or a discovery document: https, or http to this machine. The cloud's own address when
        /// absent.
        address: Option<String> = "address", address_form().optional();
        /// A JWK Set in a file, read at the start; instead of an address.
        file: Option<PathBuf> = "file", path().optional();
        /// Least time from one fetch to the next.
        cool_down: Duration = FETCHING[0], seconds(1..=3_600).or(usual().cool_down);
        /// Age from which a set is refreshed in the background; at most `max_age_seconds`.
        refresh_after: Duration = FETCHING[1], seconds(1..=86_400).or(usual().refresh_after);
        /// Age up to which a set is used when no newer one can be had.
        max_age: Duration = FETCHING[2], seconds(1..=604_800).or(usual().max_age);
        /// How long a key still counts after an answer first lacked it, 0 for not at all; at most
        /// `max_age_seconds`.
        keep_vanished: Duration = FETCHING[3], seconds(0..=3_600).or(usual().keep_vanished);
        /// Most time for each document of a fetch: the key set, and before it the discovery document, if there
        /// is one.
        timeout: Duration = FETCHING[4], seconds(1..=60).or(usual().timeout);
    }
}

fn usual() -> RemoteOptions {
    RemoteOptions::default()
}

/// Where the keys of each cloud come from.
pub(super) fn keys() -> Member<IndexMap<Cloud, KeysConfig>> {
    let read = |section: &mut Section<'_>, key| section.section(key, read);
    Member::new(schema_of_keys, read, |keys: &IndexMap<Cloud, KeysConfig>| {
        let of_cloud =
            |cloud| keys.get(&cloud).cloned().unwrap_or_else(|| KeysConfig::of_cloud(cloud));
        let each =
            Cloud::ALL.into_iter().map(|cloud| (cloud.name().to_owned(), of_cloud(cloud).write()));
        Some(Json::Object(each.collect()))
    })
}

fn schema_of_keys() -> Json {
    let absent =
        ["address"].into_iter().chain(FETCHING).map(|name| (name.to_owned(), false.into()));
    let absent = json!({"file": {"properties": absent.collect::<Map<_, _>>()}});
    let keys = with_member(null_or(KeysSection::schema()), "dependentSchemas", absent);
    let of_cloud =
        |about: &str| with_member(named("keys", keys.clone()), "description", about.into());
    json!({
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "public": of_cloud("The keys of the worldwide cloud."),
            "us-gov": of_cloud("The keys of the cloud of the United States government."),
            "china": of_cloud("The keys of the cloud in China."),
        },
    })
}

/// Reads the section: a section per cloud.
fn read(section: &mut Section<'_>) -> IndexMap<Cloud, KeysConfig> {
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

impl KeysSection {
    /// How a set is fetched. Reports times that contradict each other.
    fn options(&self, section: &Section<'_>) -> RemoteOptions {
        let Self { cool_down, refresh_after, max_age, keep_vanished, timeout, .. } = *self;
        let (refresh, keep, age) =
            (refresh_after.as_secs(), keep_vanished.as_secs(), max_age.as_secs());
        if section.has(FETCHING[3]) && keep > age {
            section.refuse(
                FETCHING[3],
                format!("a set is used for {age} s and a vanished key for {keep} s; expected less"),
            );
        }
        if refresh > age {
            let name = if section.has(FETCHING[2]) { FETCHING[2] } else { FETCHING[1] };
            section.refuse(
                name,
                format!(
                    "a set is used for {age} s and refreshed after {refresh} s; expected sooner"
                ),
            );
        }
        RemoteOptions { cool_down, refresh_after, max_age, timeout, keep_vanished }
    }
}

fn address_form() -> Form<String> {
    let schema = || {
        json!({
            "type": "string", "maxLength": 2048, "pattern": "^https?://[^@#\\\\\\s]+$",
        })
    };
    Form::new(schema, address).written(|address| address.as_str().into())
}

fn address(found: &Found<'_>) -> Result<String, Wrong> {
    let text = text_of(found)?;
    match RemoteKeys::check_address(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(error) => Err(Wrong::Because(error.to_string())),
    }
}
