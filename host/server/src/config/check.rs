//! What values must be together.

use super::Config;
use super::listener::{ServiceAccess, collide};
use super::problem::ProblemKind;
use super::read::Reader;
use super::tree::{Node, Origin};

/// Checks values of different sections, and such as variables and flags can change.
pub(super) fn across(reader: &Reader, tree: &Node, config: &Config) {
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
}
