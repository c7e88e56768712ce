//! The last step: a core module becomes a component.

use wit_component::ComponentEncoder;

/// Encodes a core module whose bindings `wit-bindgen` made as a component, and validates it.
///
/// The world is read from the custom section that `wit-bindgen` leaves in the module.
///
/// # Errors
///
/// [`EncodeError`] when the module is not WebAssembly, or imports or exports other than its world
/// says.
pub fn encode(core_module: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let component = ComponentEncoder::default()
        .validate(true)
        .module(core_module)
        .and_then(|mut encoder| encoder.encode());
    component.map_err(|error| EncodeError(format!("{error:#}")))
}

/// Why a core module does not make a component; the text is that of `wit-component`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EncodeError(String);

#[cfg(test)]
mod tests {
    use super::encode;

    /// The smallest core module: magic number and version.
    const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn bytes_that_are_not_webassembly_are_refused() {
        assert!(encode(b"not webassembly").is_err());
    }

    #[test]
    fn a_module_without_a_world_exports_no_policy() {
        let component = encode(EMPTY_MODULE).unwrap();
        assert!(!String::from_utf8_lossy(&component).contains("admit:policy"));
    }
}
