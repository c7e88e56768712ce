//! The last step: a core module becomes a component, and the component is a policy.

use wit_component::{ComponentEncoder, DecodedWasm};

/// The interface that makes a component a policy, as every host supports it.
const INTERFACE: &str = "admit:policy/policy@0.1.0";

/// The largest component that a host takes, in bytes.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// What the standard library says where it has no clock; its being there means that a clock is read.
const NO_CLOCK: &[u8] = b"time not implemented on this platform";

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

/// Checks what a host demands of a component before it runs anything of it: its size, that it exports
/// the interface of a policy, and that it imports nothing.
///
/// # Errors
///
/// [`PolicyError`], by what a host would refuse.
pub fn check(component: &[u8]) -> Result<(), PolicyError> {
    if component.len() > MAX_BYTES {
        return Err(PolicyError::TooLarge { size: component.len() });
    }
    let (imports, exports) = interfaces(component)?;
    if let Some(name) = imports.into_iter().next() {
        return Err(PolicyError::Imports { name });
    }
    if exports.iter().any(|export| export == INTERFACE) {
        return Ok(());
    }
    let exports = exports.iter().map(|export| format!("`{export}`")).collect::<Vec<_>>();
    let exports = if exports.is_empty() { "nothing".to_owned() } else { exports.join(", ") };
    Err(PolicyError::NoPolicy { exports })
}

/// What a policy does that works natively and fails in a component; absent when nothing is found.
#[must_use]
pub fn warning(component: &[u8]) -> Option<&'static str> {
    component.windows(NO_CLOCK.len()).any(|window| window == NO_CLOCK).then_some(
        "the policy, or a library it uses, reads the clock; a component has none, and a decision that \
         comes to it fails (`policy.failed`): the time of a decision is `token.now()`",
    )
}

/// The names of what a component imports and exports.
fn interfaces(component: &[u8]) -> Result<(Vec<String>, Vec<String>), PolicyError> {
    let decoded = wit_component::decode(component);
    let decoded = decoded.map_err(|error| PolicyError::Unreadable(format!("{error:#}")))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(PolicyError::Unreadable("a WIT package, not a component".to_owned()));
    };
    let Some(world) = resolve.worlds.get(world) else {
        return Err(PolicyError::Unreadable("a component without a world".to_owned()));
    };
    let imports = world.imports.keys().map(|key| resolve.name_world_key(key));
    let exports = world.exports.keys().map(|key| resolve.name_world_key(key));
    Ok((imports.collect(), exports.collect()))
}

/// Why a component is no policy that a host takes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    #[error("{size} bytes; expected at most {MAX_BYTES}")]
    TooLarge { size: usize },
    #[error(
        "it imports `{name}`; a policy imports nothing: time, claims, settings and facts are arguments"
    )]
    Imports { name: String },
    #[error(
        "it exports {exports}; expected `{INTERFACE}`: does the crate say `admit_guest::export!`?"
    )]
    NoPolicy { exports: String },
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EncodeError(String);

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, NO_CLOCK, check, encode, warning};

    /// The smallest core module: magic number and version.
    const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";

    /// A component that imports an empty instance: a type section, an import section.
    fn importing(name: &str) -> Vec<u8> {
        let length = u8::try_from(name.len()).unwrap();
        let types = [7, 3, 1, 0x42, 0];
        let import = [10, length + 5, 1, 0, length];
        let instance_of_type_0 = [5, 0];
        let header = b"\0asm\x0d\0\x01\0";
        [header, &types[..], &import, name.as_bytes(), &instance_of_type_0].concat()
    }

    #[test]
    fn bytes_that_are_not_webassembly_are_refused() {
        assert!(encode(b"not webassembly").is_err());
    }

    #[test]
    fn a_module_without_a_world_exports_no_policy() {
        let component = encode(EMPTY_MODULE).unwrap();
        let error = check(&component).unwrap_err().to_string();
        let expected = "it exports nothing; expected `admit:policy/policy@0.1.0`: does the crate say \
                        `admit_guest::export!`?";
        assert_eq!(error, expected);
    }

    #[test]
    fn a_component_that_a_host_would_refuse_is_refused() {
        let error = check(&importing("wasi:clocks/wall-clock@0.2.0")).unwrap_err().to_string();
        assert!(
            error.starts_with("it imports `wasi:clocks/wall-clock@0.2.0`; a policy"),
            "{error}"
        );
        let error = check(&vec![0; MAX_BYTES + 1]).unwrap_err().to_string();
        assert_eq!(error, "2097153 bytes; expected at most 2097152");
        assert!(check(b"not a component").unwrap_err().to_string().contains("cannot be read"));
    }

    #[test]
    fn a_component_that_reads_the_clock_is_noticed() {
        assert!(warning(b"").is_none() && warning(&NO_CLOCK[1..]).is_none());
        let component = [b"before", NO_CLOCK, b"behind"].concat();
        assert!(warning(&component).is_some_and(|text| text.contains("`token.now()`")));
    }
}
