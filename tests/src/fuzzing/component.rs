//! Components.

use std::sync::OnceLock;

use admit::release::Inspected;
use admit::runtime::Runtime;
use admit_cases::section::{self, PackedFile};
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};

use super::refused;
use crate::guests::CoreModule;

/// Bytes as a component.
///
/// What passes inspection is a valid component that imports nothing. Case files that are packed
/// into what can be packed come out as they went in, and nothing else of it changes.
pub fn component_bytes(bytes: &[u8]) -> bool {
    check_packing(bytes);
    match Inspected::new(runtime(), bytes) {
        Ok(_) => check(bytes),
        Err(error) => refused(&error),
    }
}

fn check(bytes: &[u8]) -> bool {
    let valid = Validator::new_with_features(WasmFeatures::all()).validate_all(bytes);
    assert!(valid.is_ok(), "what passed is not valid: {:?}", valid.err());
    let mut depth = 0_usize;
    for (place, payload) in Parser::new(0).parse_all(bytes).enumerate() {
        match payload.expect("what is valid can be read") {
            Payload::Version { encoding, .. } if place == 0 => {
                assert_eq!(encoding, Encoding::Component);
            }
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) => {
                assert!(depth > 0 || imports.count() == 0, "what passed imports something");
            }
            _ => {}
        }
    }
    true
}

fn check_packing(bytes: &[u8]) {
    let Ok(before) = section::read(bytes) else { return };
    let file = PackedFile { name: "a.yaml".to_owned(), bytes: b"policy: a".to_vec() };
    let packed = section::write(bytes, std::slice::from_ref(&file)).expect("it could be read");
    assert_eq!(section::read(&packed).expect("it was packed"), [file]);
    let emptied = section::write(&packed, &[]).expect("it was packed");
    assert_eq!(section::read(&emptied).expect("it was emptied"), []);
    if before.is_empty() {
        assert_eq!(emptied, bytes, "packing changed the component");
    }
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("a runtime with the default limits"))
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let module = CoreModule::misbehave();
    let policy = module.component();
    let file = PackedFile { name: "a.yaml".to_owned(), bytes: b"policy: a\ncases: []".to_vec() };
    let packed = section::write(&policy, &[file]).unwrap_or_default();
    vec![policy, packed, module.binary()]
}
