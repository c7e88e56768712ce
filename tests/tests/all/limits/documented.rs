//! What can be refused for its size or number is in `docs/limits.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each bound of the sources, by file and name, with what the page says of it.
type Bounds = BTreeMap<String, BTreeMap<String, String>>;

/// Says of a bound that less is shown, kept or guessed; nothing is refused.
const CUTS: &str = "cuts";

fn bounds() -> Bounds {
    serde_saphyr::from_str(&std::fs::read_to_string(root().join("tests/limits.yaml")).unwrap())
        .unwrap()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every constant `MAX_…` at the top of a source file, by file and name, but for tests.
fn found(folder: &str) -> BTreeSet<(String, String)> {
    let (mut found, mut folders) = (BTreeSet::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.file_stem().is_some_and(|name| name == "tests") {
                continue;
            }
            match path.is_dir() {
                true => folders.push(path),
                false if path.ends_with("tests.rs") => {}
                false if path.extension().is_some_and(|extension| extension == "rs") => {
                    found.extend(bounds_of(&path));
                }
                false => {}
            }
        }
    }
    found
}

fn bounds_of(path: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let file = path.strip_prefix(root()).unwrap().display().to_string();
    let name = |line: &str| {
        let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        let line = line.trim_start_matches("pub(super) ").strip_prefix("const MAX_")?;
        Some(format!("MAX_{}", line.split(':').next()?))
    };
    text.lines().filter_map(name).map(|name| (file.clone(), name)).collect()
}

#[test]
fn every_bound_that_can_refuse_something_is_documented() {
    let sources =
        ["host/api/src", "host/engine/src", "host/server/src", "host/cli/src", "policy/cases/src"];
    let found: BTreeSet<_> = sources.into_iter().flat_map(found).collect();
    let bounds = bounds();
    let is_known = |(file, name): &&(String, String)| {
        bounds.get(file).is_some_and(|of_file| of_file.contains_key(name))
    };
    let unknown: Vec<_> = found.iter().filter(|bound| !is_known(bound)).collect();
    assert!(
        unknown.is_empty(),
        "say in docs/limits.md what these refuse, and in tests/limits.yaml: {unknown:?}"
    );
    let page = std::fs::read_to_string(root().join("docs/limits.md")).unwrap();
    for (file, names) in bounds {
        for (name, words) in names {
            assert!(found.contains(&(file.clone(), name.clone())), "gone: {file}, {name}");
            assert!(words == CUTS || page.contains(&words), "{file}, {name}: `{words}`");
        }
    }
}
