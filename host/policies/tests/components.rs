//! What every embedded component keeps to, whatever its rules are.

use admit_policies::{Embedded, all};
use wasmparser::{Parser, Payload, Validator};

const MAX_BYTES: usize = 150 * 1024;

/// Names of the component's own imports and exports; those of modules inside it do not count.
fn interface(policy: &Embedded) -> wasmparser::Result<(Vec<String>, Vec<String>)> {
    let (mut imports, mut exports, mut depth) = (Vec::new(), Vec::new(), 0);
    for payload in Parser::new(0).parse_all(policy.component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                for item in section {
                    imports.push(item?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for item in section {
                    exports.push(item?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

#[test]
fn a_component_imports_nothing_and_exports_the_policy_interface() {
    for policy in all() {
        let (imports, exports) = interface(policy).unwrap();
        assert!(imports.is_empty(), "{}@{}: {imports:?}", policy.name, policy.version);
        assert_eq!(exports, ["admit:policy/policy@0.1.0"], "{}@{}", policy.name, policy.version);
    }
}

#[test]
fn a_component_is_small() {
    for policy in all() {
        let bytes = policy.component.len();
        assert!(bytes <= MAX_BYTES, "{}@{}: {bytes} bytes", policy.name, policy.version);
    }
}

#[test]
fn a_component_is_valid() {
    for policy in all() {
        let result = Validator::new().validate_all(policy.component);
        assert!(result.is_ok(), "{}@{}: {:?}", policy.name, policy.version, result.err());
    }
}

#[test]
fn a_component_names_no_path_of_the_machine_it_was_built_on() {
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let workspace = std::fs::canonicalize(workspace).unwrap();
    let home = std::env::home_dir().unwrap().join(".cargo");
    for policy in all() {
        let text = String::from_utf8_lossy(policy.component);
        for path in [&workspace, &home] {
            let path = path.to_str().unwrap();
            assert!(!text.contains(path), "{}@{} names {path}", policy.name, policy.version);
        }
    }
}
