//! Environment variables and flags, laid over the file.

use admit::cases::suggest;

use super::links::{Foreign, foreign};
use super::problem::ProblemKind;
use super::read::Reader;
use super::tree::{Node, Origin};

/// The keys that a variable can set: scalars outside `keys` and `gates`.
const SETTABLE: [&str; 27] = [
    "service.listen",
    "service.access",
    "admin.listen",
    "data_dir",
    "log.level",
    "log.format",
    "gitops.repository",
    "limits.body_bytes",
    "limits.header_seconds",
    "limits.idle_seconds",
    "limits.body_seconds",
    "limits.connections",
    "limits.decisions",
    "limits.batch",
    "limits.unready_seconds",
    "limits.drain_seconds",
    "decision_log.to",
    "decision_log.allows",
    "decision_log.when_full",
    "decision_log.buffer",
    "fault_revert.faults",
    "fault_revert.within_seconds",
    "store.activities",
    "store.activity_days",
    "store.attempts",
    "store.releases",
    "store.revoked_access_days",
];

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
pub(super) fn variables(reader: &Reader, tree: &mut Node, environment: &[(String, String)]) {
    for (name, value) in environment {
        if !name.starts_with(PREFIX) || READ_ELSEWHERE.contains(&name.as_str()) {
            continue;
        }
        let origin = Origin::Variable(admit::text::Shown::new(name).to_string());
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
    SETTABLE.into_iter().find(|path| variable(path) == name)
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
            tree.set(path, text, &Origin::Flag(flag));
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
