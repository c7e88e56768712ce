//! Environment variables and flags, laid over the file.

use std::sync::LazyLock;

use admit::cases::strict::{Node, Origin, ProblemKind, Reader, Shape};
use admit::cases::suggest;
use serde_json::Value;

use super::Config;
use super::links::{Foreign, foreign};

/// The keys that a variable can set: single values outside `keys` and `gates`.
static SETTABLE: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut keys = Vec::new();
    collect(&Config::schema(), "", &mut keys);
    keys
});

fn collect(schema: &Value, path: &str, keys: &mut Vec<String>) {
    for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten()
    {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match member.get("type") {
            _ if ["keys", "gates"].contains(&path.as_str()) => {}
            _ if member.get("properties").is_some() => collect(member, &path, keys),
            Some(kind) if kind == "array" => {}
            _ => keys.push(path),
        }
    }
}

/// What variables of Admit start with.
pub(super) const PREFIX: &str = "ADMIT_";

/// Variables that other parts of Admit read.
const READ_ELSEWHERE: [&str; 4] =
    ["ADMIT_LOG", "ADMIT_SERVER", "ADMIT_ACCESS_TOKEN", "ADMIT_WASM_TOOLCHAIN"];

/// What the command line may say instead of the file and the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--data-dir`: `data_dir`.
    pub data_dir: Option<String>,
    /// `--service`: `service.listen`.
    pub service: Option<String>,
    /// `--admin`: `admin.listen`.
    pub admin: Option<String>,
    /// `--log-level`: `log.level`.
    pub log_level: Option<String>,
    /// `--log-format`: `log.format`.
    pub log_format: Option<String>,
}

/// The variables of this process. What is not UTF-8 has replacement characters.
pub fn process_environment() -> Vec<(String, String)> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

/// Lays variables over the tree. Unknown ones are reported, those of other services left alone.
pub(super) fn variables(reader: &Reader<'_>, tree: &mut Node, environment: &[(String, String)]) {
    for (name, value) in environment {
        if !name.starts_with(PREFIX) || READ_ELSEWHERE.contains(&name.as_str()) {
            continue;
        }
        let origin = Origin::Named(admit::text::Shown::new(name).to_string());
        if let Some(path) = settable(name) {
            tree.set(path, value, &origin);
            continue;
        }
        let hint = match foreign(name, value, environment) {
            Foreign::Link => continue,
            Foreign::Odd(expected) => odd(value, expected),
            Foreign::Unknown => hint(name),
        };
        reader.report(&origin, ProblemKind::UnknownVariable { hint });
    }
}

/// Whether a part of Admit reads this variable.
pub(super) fn is_ours(name: &str) -> bool {
    READ_ELSEWHERE.contains(&name) || settable(name).is_some()
}

/// The key that a variable sets.
fn settable(name: &str) -> Option<&'static str> {
    SETTABLE.iter().map(String::as_str).find(|path| variable(path) == name)
}

/// Lays flags over the tree.
pub(super) fn flags(tree: &mut Node, flags: &Flags) {
    for (flag, path, text) in [
        ("--data-dir", "data_dir", &flags.data_dir),
        ("--service", "service.listen", &flags.service),
        ("--admin", "admin.listen", &flags.admin),
        ("--log-level", "log.level", &flags.log_level),
        ("--log-format", "log.format", &flags.log_format),
    ] {
        if let Some(text) = text {
            tree.set(path, text, &Origin::Named(flag.to_owned()));
        }
    }
}

/// `ADMIT_SERVICE__LISTEN` for `service.listen`.
fn variable(path: &str) -> String {
    format!("{PREFIX}{}", path.to_ascii_uppercase().replace('.', "__"))
}

/// Of a variable that Kubernetes would set to something else.
fn odd(value: &str, expected: &str) -> String {
    let value = admit::text::Shown::new(value);
    format!(
        "`{value}` is not what Kubernetes sets it to ({expected}); where the server listens is set by \
         `ADMIT_SERVICE__LISTEN` and `ADMIT_ADMIN__LISTEN`"
    )
}

fn hint(name: &str) -> String {
    let only_in_file = ["KEYS__", "GATES__", "ADMIN__HOSTS", "DECISION_LOG__CLAIMS"];
    let rest = name.strip_prefix(PREFIX).unwrap_or_default();
    if only_in_file.iter().any(|start| rest.starts_with(start)) {
        return "this can only be set in the file".to_owned();
    }
    let names: Vec<_> = SETTABLE.iter().map(|path| variable(path)).collect();
    let known = names.iter().map(String::as_str).chain(READ_ELSEWHERE);
    match suggest::nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("expected `{PREFIX}` and a key, such as `ADMIT_SERVICE__LISTEN`"),
    }
}
