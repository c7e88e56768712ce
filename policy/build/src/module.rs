//! The core modules that Cargo made, read from its messages.

use std::path::PathBuf;

use serde::Deserialize;

use crate::compile::{CompileError, Request};

/// A core module that Cargo made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The name of the library, for example `windows_mdm_1`.
    pub library: String,
    pub manifest: PathBuf,
    pub path: PathBuf,
}

/// Reads Cargo's messages, one JSON object per line, and keeps those about core modules.
pub(crate) fn read(messages: &str) -> Vec<Module> {
    messages.lines().filter_map(module).collect()
}

/// Picks the modules that were asked for: a policy that another one is based on is built too.
pub(crate) fn select(request: &Request, made: &[Module]) -> Result<Vec<Module>, CompileError> {
    if request.packages.is_empty() {
        let manifest = request.dir.join("Cargo.toml");
        let module = made.iter().find(|module| module.manifest == manifest);
        return Ok(vec![found(module, &manifest.to_string_lossy())?]);
    }
    let by_name = |package: &String| {
        let library = package.replace('-', "_");
        found(made.iter().find(|module| module.library == library), package)
    };
    request.packages.iter().map(by_name).collect()
}

fn found(module: Option<&Module>, package: &str) -> Result<Module, CompileError> {
    module.cloned().ok_or_else(|| CompileError::NoModule { package: package.to_owned() })
}

/// Reads one line of Cargo's messages; absent if it is not about a core module.
fn module(line: &str) -> Option<Module> {
    let Message { manifest_path, target, filenames } = serde_json::from_str(line).ok()?;
    let path = filenames.into_iter().find(|name| name.extension() == Some("wasm".as_ref()))?;
    Some(Module { library: target.name, manifest: manifest_path, path })
}

/// The part of Cargo's `compiler-artifact` message that matters here.
#[derive(Deserialize)]
struct Message {
    manifest_path: PathBuf,
    target: Target,
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Module, module, select};
    use crate::compile::{CompileError, Request};

    fn made(library: &str) -> Module {
        let manifest = PathBuf::from(format!("/policies/{library}/Cargo.toml"));
        Module { library: library.to_owned(), manifest, path: format!("/{library}.wasm").into() }
    }

    fn request(dir: &str, packages: &[&str]) -> Request {
        Request {
            dir: dir.into(),
            packages: packages.iter().map(|&package| package.to_owned()).collect(),
            target_dir: "/target".into(),
            locked: true,
        }
    }

    #[test]
    fn the_core_module_is_read_from_the_messages_of_cargo() {
        let line = r#"{"reason":"compiler-artifact","manifest_path":"/p/a-b/Cargo.toml",
            "target":{"name":"a_b","kind":["cdylib","rlib"]},"filenames":["/t/liba_b.rlib","/t/a_b.wasm"]}"#;
        let expected = Module {
            library: "a_b".into(),
            manifest: "/p/a-b/Cargo.toml".into(),
            path: "/t/a_b.wasm".into(),
        };
        assert_eq!(module(line), Some(expected));
        assert_eq!(module(&line.replace("a_b.wasm", "liba_b.rmeta")), None);
        assert_eq!(module(r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(module("not JSON"), None);
    }

    #[test]
    fn modules_come_in_the_order_asked_for() {
        let modules = [made("a"), made("b_c"), made("d")];
        let selected = select(&request("/policies", &["d", "b-c"]), &modules).unwrap();
        assert_eq!(selected, [made("d"), made("b_c")]);
    }

    #[test]
    fn without_packages_the_crate_of_the_directory_counts() {
        let modules = [made("a"), made("b_c")];
        let selected = select(&request("/policies/b_c", &[]), &modules).unwrap();
        assert_eq!(selected, [made("b_c")]);
    }

    #[test]
    fn a_crate_without_a_core_module_is_named() {
        let error = select(&request("/policies", &["a", "e"]), &[made("a")]).unwrap_err();
        assert!(matches!(&error, CompileError::NoModule { package } if package == "e"), "{error}");
    }
}
