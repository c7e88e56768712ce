//! What a gate starts with.

use std::path::PathBuf;
use std::time::Duration;

use admit::cases::shape;
use admit::cases::strict::{
    Form, Found, Member, Section, Shape, Wrong, boolean, choice, expected, nothing, null_or, path,
    present, seconds, setting, text_of,
};
use admit::claims::{MAX_LEEWAY, Verification};
use admit::cloud::Cloud;
use admit::settings::{MAX_LIST_ENTRIES, MAX_TEXT_BYTES, out_of_bounds, value_problem};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

/// The gates where none are configured.
const EMBEDDED: [&str; 2] = ["windows-mdm", "intune-mam"];

/// The most bytes of a gate's name.
const MAX_NAME_BYTES: usize = 64;

shape! {
    /// One point of admission.
    pub struct GateConfig () {
        /// The policy before anything was activated: an embedded one, as `NAME` for the newest, `NAME@VERSION`, or
        /// `NAME@2` or `NAME@2.0` for the newest of that line, or the path of a component, with a `/` or the
        /// ending `.wasm`. The newest embedded policy with the gate's name when absent; none if there is none.
        pub policy: Option<PolicyReference> = "policy", policy_form().optional();
        /// The settings before anything was activated, by name, as the policy describes them; afterwards the
        /// stored ones count.
        pub settings: Map<String, Json> = "settings", settings_member();
        /// The cloud whose tokens are accepted.
        pub cloud: Cloud = "cloud", choice(CLOUDS).or(usual().cloud());
        /// Time after `exp`, and before `nbf` and `iat`, in which a token is still accepted.
        pub leeway: Duration = "leeway_seconds", seconds(0..=MAX_LEEWAY.as_secs()).or(usual().leeway());
        /// The longest time from `iat` to `exp`; the five minutes by which the issuer sets `iat` back, and the
        /// leeway, are added.
        pub max_lifetime: Duration =
            "max_lifetime_seconds", seconds(1..=604_800).or(usual().max_lifetime());
        /// A case file that every release must pass, as `cases.schema.json` describes it.
        pub cases: Option<PathBuf> = "cases", path().optional();
        /// A file or folder that is watched for a new policy.
        pub source: Option<SourceConfig> = "source", present();
    }

    /// A file or folder that is watched for a new policy.
    pub struct SourceConfig (Eq) {
        /// A component, or a folder that holds one.
        pub path: PathBuf = "path", path().required("a file or folder");
        /// How often it is looked at.
        pub interval: Duration = "interval_seconds", seconds(1..=3_600).or(Duration::from_secs(5));
        /// Whether a symbolic link may lead out of the folder.
        pub follow_links_outside: bool = "follow_links_outside", boolean().or(false);
    }
}

const CLOUDS: &[(&str, Cloud)] =
    &[("public", Cloud::Public), ("us-gov", Cloud::UsGov), ("china", Cloud::China)];

fn usual() -> Verification {
    Verification::default()
}

/// A policy by name, or in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyReference {
    /// `NAME`, `NAME@VERSION` or the first numbers of a version, known to `admit_policies::find`.
    Embedded(String),
    /// A component in a file.
    File(PathBuf),
}

/// The gates where none are configured: one for each embedded policy.
fn embedded() -> IndexMap<String, GateConfig> {
    let gate = |name: &&str| ((*name).to_owned(), nothing::<GateConfig>().or_embedded(name));
    EMBEDDED.iter().map(gate).collect()
}

/// The gates by name.
pub(super) fn gates() -> Member<IndexMap<String, GateConfig>> {
    let schema = || {
        json!({
            "type": "object",
            "minProperties": 1,
            "additionalProperties": false,
            "patternProperties": {"^[a-z0-9-]{1,64}$": null_or(GateConfig::schema())},
        })
    };
    let read =
        |section: &mut Section<'_>, key| section.optional(key, read).unwrap_or_else(embedded);
    Member::new(schema, read, |gates| {
        let gate = |(name, gate): (&String, &GateConfig)| (name.clone(), gate.write());
        Some(Json::Object(gates.iter().map(gate).collect()))
    })
}

/// Reads the section: a section per gate.
fn read(section: &mut Section<'_>) -> IndexMap<String, GateConfig> {
    let mut gates = IndexMap::new();
    for (entry, found) in section.each() {
        if !is_name(&entry.name) {
            found.refuse_name(entry, "a gate is named with 1 to 64 of `a-z`, `0-9` and `-`");
        }
        let gate = found.section(GateConfig::read).or_embedded(&entry.name);
        gates.insert(entry.name.clone(), gate);
    }
    if gates.is_empty() {
        section.refuse_whole("at least one gate, or no `gates` at all");
    }
    gates
}

impl GateConfig {
    /// Without a policy of its own, the embedded one of the gate's name.
    fn or_embedded(mut self, name: &str) -> Self {
        let embedded =
            || admit_policies::find(name).map(|_| PolicyReference::Embedded(name.to_owned()));
        self.policy = self.policy.or_else(embedded);
        self
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(allowed)
}

fn policy_form() -> Form<PolicyReference> {
    let schema = || {
        json!({
            "type": "string",
            "pattern": "^([a-z0-9-]+(@[0-9A-Za-z.+-]+)?|[^\\u0000]*[/\\\\][^\\u0000]*|[^\\u0000]*\\.wasm)$",
            "examples": ["windows-mdm", "windows-mdm@2", "windows-mdm@2.0.0", "./policies/windows-mdm.wasm"],
        })
    };
    Form::new(schema, policy).written(|policy| match policy {
        PolicyReference::Embedded(name) => name.as_str().into(),
        PolicyReference::File(path) => path.display().to_string().into(),
    })
}

fn policy(found: &Found<'_>) -> Result<PolicyReference, Wrong> {
    let text = text_of(found)?;
    if admit_policies::find(text).is_some() {
        return Ok(PolicyReference::Embedded(text.to_owned()));
    }
    if text.contains(['/', '\\']) || text.ends_with(".wasm") {
        return path().read(found).map(PolicyReference::File);
    }
    expected(format!("{}, or a file (`./NAME.wasm`)", admit_policies::names()))
}

fn settings_member() -> Member<Map<String, Json>> {
    let setting = || {
        json!({
            "description": "Numbers that are texts, such as the token version \"2.0\", stand in quotes.",
            "type": ["string", "integer", "boolean", "array"],
            "minimum": i64::MIN,
            "maximum": i64::MAX,
            "maxLength": MAX_TEXT_BYTES,
            "maxItems": MAX_LIST_ENTRIES,
            "items": {"type": "string", "maxLength": MAX_TEXT_BYTES},
        })
    };
    let schema = move || json!({"type": ["object", "null"], "additionalProperties": setting(), "default": {}});
    let read = |section: &mut Section<'_>, key| section.section(key, settings);
    Member::new(schema, read, |settings| Some(Json::Object(settings.clone())))
}

fn settings(section: &mut Section<'_>) -> Map<String, Json> {
    let mut settings = Map::new();
    for (entry, found) in section.each() {
        if let Some(value) = found.reported(setting(&found).and_then(small)) {
            settings.insert(entry.name.clone(), value);
        }
    }
    for refusal in out_of_bounds(&settings) {
        section.refuse(&refusal.name, refusal.reason);
    }
    settings
}

/// A value that is not too large for a setting.
fn small(value: Json) -> Result<Json, Wrong> {
    match value_problem(&value) {
        Some(problem) => Err(Wrong::Because(problem)),
        None => Ok(value),
    }
}
