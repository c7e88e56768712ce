//! What works natively and not in a component, looked for in the sources of the crate under test: no
//! native run could tell.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// What a component does not have: how it is written, and what to do instead.
const LACKING: [(&str, &str); 9] = [
    ("SystemTime::now", "reads the clock, which panics in a component; the time is `token.now()`"),
    ("Instant::now", "reads the clock, which panics in a component; the time is `token.now()`"),
    ("Utc::now", "reads the clock, which panics in a component; the time is `token.now()`"),
    ("Timestamp::now", "reads the clock, which panics in a component; the time is `token.now()`"),
    ("thread::spawn", "starts a thread, which panics in a component"),
    ("thread::sleep", "waits, which panics in a component"),
    ("env::var", "reads the environment, which is empty in a component; declare a setting"),
    ("fs::read", "reads a file, which fails in a component; use `include_bytes!` or a setting"),
    ("File::open", "reads a file, which fails in a component; use `include_bytes!` or a setting"),
];

/// What the sources of the policy's crate use that a component lacks; nothing where Cargo does not
/// say which crate is under test, or the policy is of another one.
pub(super) fn of<P>() -> Vec<String> {
    match (env::var("CARGO_PKG_NAME"), env::var_os("CARGO_MANIFEST_DIR")) {
        (Ok(package), Some(folder)) => of_package::<P>(&package, folder.as_ref()),
        _ => Vec::new(),
    }
}

fn of_package<P>(package: &str, folder: &Path) -> Vec<String> {
    let own = format!("{}::", package.replace('-', "_"));
    if !std::any::type_name::<P>().starts_with(&own) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for file in files(&folder.join("src")) {
        let name = file.strip_prefix(folder).unwrap_or(&file).display().to_string();
        faults.extend(lacking(&name, &fs::read_to_string(&file).unwrap_or_default()));
    }
    faults
}

/// The Rust files below a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    let files = paths.into_iter().flat_map(below);
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// What a file uses, up to its unit tests; comments do not count.
fn lacking(file: &str, text: &str) -> Vec<String> {
    let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
    let found = lines.enumerate().filter_map(|(index, line)| {
        let code = line.split("//").next().unwrap_or_default();
        let (used, why) = LACKING.iter().find(|(used, _)| code.contains(used))?;
        Some(format!("{file}:{}: `{used}` {why}", index + 1))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::{lacking, of_package};

    #[test]
    fn a_clock_is_found_where_it_is_read() {
        let file = "use std::time::SystemTime;\n// SystemTime::now() in a comment\n\
                    let now = SystemTime::now();\n#[cfg(test)]\nmod tests { Instant::now() }\n";
        let expected = "src/lib.rs:3: `SystemTime::now` reads the clock, which panics in a component; the \
                        time is `token.now()`";
        assert_eq!(lacking("src/lib.rs", file), [expected]);
    }

    #[test]
    fn the_crate_under_test_is_searched_and_no_other() {
        struct Own;
        let (package, folder) = (env!("CARGO_PKG_NAME"), env!("CARGO_MANIFEST_DIR"));
        // This crate's own sources name what they look for.
        let found = of_package::<Own>(package, folder.as_ref());
        assert!(
            found.iter().any(|fault| fault.starts_with("src/testing/sources.rs:")),
            "{found:?}"
        );
        assert!(of_package::<String>(package, folder.as_ref()).is_empty());
    }
}
