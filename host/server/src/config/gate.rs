//! What a gate starts with.

use std::path::PathBuf;
use std::time::Duration;

use admit::claims::{MAX_LEEWAY, Verification};
use admit::cloud::Cloud;
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::read::{Found, Section, Wrong, expected};
use super::tree::Value;
use super::values;

/// The gates where none are configured.
const EMBEDDED: [&str; 2] = ["windows-mdm", "intune-mam"];

/// The most bytes of a gate's name.
const MAX_NAME_BYTES: usize = 64;

/// One point of admission.
#[derive(Clone, Debug, PartialEq)]
pub struct GateConfig {
    /// The policy before anything was activated. By default the newest embedded policy with the
    /// gate's name; absent when there is none.
    pub policy: Option<PolicyReference>,
    /// The settings before anything was activated; afterwards the stored ones count. Texts, whole
    /// numbers, true or false, and lists of texts; checked by the policy. Empty by default.
    pub settings: Map<String, Json>,
    /// The cloud whose tokens are accepted; the worldwide one by default.
    pub cloud: Cloud,
    /// Time after `exp`, and before `nbf` and `iat`, in which a token is still accepted. Whole
    /// seconds, 0 to 300; 60 by default.
    pub leeway: Duration,
    /// The longest time from `iat` to `exp`; the five minutes by which the issuer sets `iat` back, and
    /// the leeway, are added. Whole seconds, 1 to 604800; 100800 (28 hours) by
    /// default.
    pub max_lifetime: Duration,
    /// A case file that every release must pass; absent unless configured.
    pub cases: Option<PathBuf>,
    /// What is watched for new policies; absent unless configured.
    pub source: Option<SourceConfig>,
}

/// A policy by name, or in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyReference {
    /// `NAME`, `NAME@VERSION` or the first numbers of a version, known to `admit_policies::find`.
    Embedded(String),
    /// A component in a file.
    File(PathBuf),
}

/// A file or folder that is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceConfig {
    /// A component, or a folder that holds one.
    pub path: PathBuf,
    /// How often it is looked at. Whole seconds, 1 to 3600; 5 by default.
    pub interval: Duration,
    /// Whether a symbolic link may lead out of the folder of `path`; not by default.
    pub follow_links_outside: bool,
}

/// The gates where none are configured: one for each embedded policy.
pub(super) fn embedded() -> IndexMap<String, GateConfig> {
    EMBEDDED.iter().map(|name| ((*name).to_owned(), GateConfig::named(name))).collect()
}

/// Reads the section: a section per gate.
pub(super) fn read(section: &mut Section<'_>) -> IndexMap<String, GateConfig> {
    let mut gates = IndexMap::new();
    for (entry, found) in section.each() {
        if !is_name(&entry.name) {
            found.refuse_name(entry, "a gate is named with 1 to 64 of `a-z`, `0-9` and `-`");
        }
        let config = found.section(|section| GateConfig::read(section, &entry.name));
        gates.insert(entry.name.clone(), config);
    }
    if gates.is_empty() {
        section.refuse_whole("at least one gate, or no `gates` at all");
    }
    gates
}

impl GateConfig {
    /// A gate that nothing is said about.
    fn named(name: &str) -> Self {
        let verification = Verification::default();
        let policy = admit_policies::find(name);
        Self {
            policy: policy.map(|_| PolicyReference::Embedded(name.to_owned())),
            settings: Map::new(),
            cloud: verification.cloud(),
            leeway: verification.leeway(),
            max_lifetime: verification.max_lifetime(),
            cases: None,
            source: None,
        }
    }

    fn read(section: &mut Section<'_>, name: &str) -> Self {
        let usual = Self::named(name);
        let leeway = values::seconds(0..=MAX_LEEWAY.as_secs());
        let lifetime = values::seconds(1..=604_800);
        Self {
            policy: section.value("policy", policy).or(usual.policy),
            settings: section.section("settings", settings),
            cloud: section.value_or("cloud", usual.cloud, cloud),
            leeway: section.value_or("leeway_seconds", usual.leeway, leeway),
            max_lifetime: section.value_or("max_lifetime_seconds", usual.max_lifetime, lifetime),
            cases: section.value("cases", values::path),
            source: section.optional("source", SourceConfig::read).flatten(),
        }
    }
}

impl SourceConfig {
    fn read(section: &mut Section<'_>) -> Option<Self> {
        let (interval, outside) = (Duration::from_secs(5), false);
        let path = section.required("path", "a file or folder", values::path);
        let range = values::seconds(1..=3_600);
        let interval = section.value_or("interval_seconds", interval, range);
        let outside = section.value_or("follow_links_outside", outside, values::boolean);
        Some(Self { path: path?, interval, follow_links_outside: outside })
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(allowed)
}

fn policy(found: &Found<'_>) -> Result<PolicyReference, Wrong> {
    let text = values::text(found)?;
    if admit_policies::find(text).is_some() {
        return Ok(PolicyReference::Embedded(text.to_owned()));
    }
    if text.contains(['/', '\\']) || text.ends_with(".wasm") {
        return values::path(found).map(PolicyReference::File);
    }
    expected(format!("{}, or a file (`./NAME.wasm`)", admit_policies::names()))
}

fn cloud(found: &Found<'_>) -> Result<Cloud, Wrong> {
    const CLOUDS: &[(&str, Cloud)] =
        &[("public", Cloud::Public), ("us-gov", Cloud::UsGov), ("china", Cloud::China)];
    values::choice(CLOUDS)(found)
}

fn settings(section: &mut Section<'_>) -> Map<String, Json> {
    let mut settings = Map::new();
    for (entry, found) in section.each() {
        if let Some(value) = found.reported(setting(&found).and_then(small)) {
            settings.insert(entry.name.clone(), value);
        }
    }
    for refusal in admit::settings::out_of_bounds(&settings) {
        section.refuse(&refusal.name, refusal.reason);
    }
    settings
}

/// A value that is not too large for a setting.
fn small(value: Json) -> Result<Json, Wrong> {
    match admit::settings::value_problem(&value) {
        Some(problem) => Err(Wrong::Because(problem)),
        None => Ok(value),
    }
}

/// A value of a type that some setting may have.
fn setting(found: &Found<'_>) -> Result<Json, Wrong> {
    match &found.node.value {
        Value::Text(text) => Ok(text.as_str().into()),
        Value::Boolean(boolean) => Ok((*boolean).into()),
        Value::Integer(number) => match i64::try_from(*number) {
            Ok(number) => Ok(number.into()),
            Err(_) => expected("a whole number of 64 bits"),
        },
        Value::List(_) => {
            let text = |item: &Found<'_>| values::text(item).map(str::to_owned);
            Ok(found.items(text)?.into())
        }
        Value::Number(_) => expected("a text or a whole number; put a text in quotes"),
        _ => expected("a text, a whole number, true or false, or a list of texts"),
    }
}
