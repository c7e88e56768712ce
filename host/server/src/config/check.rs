//! What values must be together.

use std::path::{Path, PathBuf};

use admit::cases::strict::{Node, Origin, ProblemKind, Reader};

use super::decision_log::DecisionLogTarget;
use super::keys::KeysConfig;
use super::listener::{Listen, ServiceAccess, collide};
use super::{Config, DecisionLogConfig, PolicyReference};

/// Checks values of different sections, and such as variables and flags can change.
pub(super) fn across(reader: &Reader<'_>, tree: &Node, config: &Config, file: Option<&Path>) {
    let refuse = |path: &str, reason: String| {
        let origin = tree.find(path).map_or(&Origin::Nowhere, |node| &node.origin);
        reader.report(origin, ProblemKind::Refused { path: path.to_owned(), reason });
    };
    let listen = &config.service.listen;
    if config.service.access == ServiceAccess::None && !listen.is_local() {
        let reason = format!(
            "`none` lets everybody decide who reaches `{listen}`; expected `required`, or \
             `service.listen` on a loopback address or a Unix socket"
        );
        refuse("service.access", reason);
    }
    if let Some(reason) = collide(listen, config.admin.listen) {
        let path =
            if tree.find("admin.listen").is_some() { "admin.listen" } else { "service.listen" };
        refuse(path, reason);
    }
    for (path, reason) in shared_paths(file, config) {
        refuse(path, reason);
    }
}

/// Files of the store, in the data directory.
const OF_STORE: [&str; 4] = ["admit.db", "admit.db-wal", "admit.db-shm", "admit.lock"];

/// Paths that the server writes and that are something else which it writes or reads as well.
fn shared_paths(file: Option<&Path>, config: &Config) -> Vec<(&'static str, String)> {
    let data = absolute(&config.data_dir);
    let mut known = vec![("the data directory", data.clone())];
    known.extend(OF_STORE.map(|name| ("a file of the store", data.join(name))));
    known.extend(file.map(|file| ("this configuration", absolute(file))));
    let keys = config.keys.values().filter_map(|keys| match keys {
        KeysConfig::File(path) => Some(("a file of keys", absolute(path))),
        KeysConfig::Remote { .. } => None,
    });
    known.extend(keys);
    let cases = config.gates.values().filter_map(|gate| gate.cases.as_deref());
    known.extend(cases.map(|path| ("a file of cases", absolute(path))));
    let policies = config.gates.values().filter_map(|gate| match &gate.policy {
        Some(PolicyReference::File(path)) => Some(("a file of a policy", absolute(path))),
        _ => None,
    });
    known.extend(policies);
    let sources = config.gates.values().filter_map(|gate| gate.source.as_ref());
    known.extend(sources.map(|source| ("the source of a gate", absolute(&source.path))));

    let mut shared = Vec::new();
    for (key, path) in written(config) {
        let path = absolute(path);
        if let Some((what, _)) = known.iter().find(|(_, other)| *other == path) {
            let path = path.display();
            shared.push((key, format!("`{path}` is {what} too; expected a path of its own")));
        }
        known.push((if key == "service.listen" { "a socket" } else { "the decision log" }, path));
    }
    shared
}

/// What the server makes or appends to, besides the store.
fn written(config: &Config) -> impl Iterator<Item = (&'static str, &Path)> {
    let socket = match &config.service.listen {
        Listen::Unix(path) => Some(("service.listen", path.as_path())),
        Listen::Tcp(_) => None,
    };
    let log = match &config.decision_log {
        Some(DecisionLogConfig { to: DecisionLogTarget::File(path), .. }) => {
            Some(("decision_log.to", path.as_path()))
        }
        _ => None,
    };
    socket.into_iter().chain(log)
}

/// The path without `.` and without links, as far as it is there.
fn absolute(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = whole.parent().and_then(|folder| folder.canonicalize().ok());
    match (whole.canonicalize(), folder, whole.file_name()) {
        (Ok(real), ..) => real,
        (Err(_), Some(folder), Some(name)) => folder.join(name),
        _ => whole,
    }
}
