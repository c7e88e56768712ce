//! A clone to work in.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The workspace's root.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What a clone has that a reader of the documents uses.
const ALWAYS: [&str; 8] =
    ["README.md", "CHANGELOG.md", "Makefile", "Cargo.toml", "Cargo.lock", "docs", "policy", "wit"];

/// A folder with files of the workspace, and with the binaries of this build.
///
/// It stays in the target directory: what Cargo builds in it is found again by the next run.
pub(super) struct Tree(PathBuf);

impl Tree {
    /// A tree with `more` of the workspace's folders.
    pub(super) fn of(name: &str, more: &[&str]) -> Self {
        let test = std::env::current_exe().unwrap();
        let target = test.ancestors().nth(3).unwrap();
        let tree = Self(target.join("documents").join(name));
        if tree.0.exists() {
            fs::remove_dir_all(&tree.0).unwrap();
        }
        fs::create_dir_all(tree.path("target")).unwrap();
        for name in ALWAYS.iter().chain(more) {
            copy(&Path::new(ROOT).join(name), &tree.path(name));
        }
        std::os::unix::fs::symlink(test.ancestors().nth(2).unwrap(), tree.path("target/debug"))
            .unwrap();
        tree
    }

    pub(super) fn root(&self) -> &Path {
        &self.0
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn append(&self, name: &str, text: &str) {
        let mut file = fs::File::options().append(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}
