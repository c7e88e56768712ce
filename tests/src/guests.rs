//! Policies for tests: a misbehaving one, as it was built and with hostile functions put into it, one
//! that reads what it does not declare, and the example of a next version.

use admit_build::component::encode;

/// What `guests/misbehave` was compiled to, before it is made a component.
const MISBEHAVE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/misbehave.wasm"));

/// What `guests/undeclared` was compiled to.
const UNDECLARED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/undeclared.wasm"));

/// The policy whose rules read what its tables do not declare, as a component.
///
/// # Panics
///
/// When the build script made no core module.
pub fn undeclared() -> Vec<u8> {
    encode(UNDECLARED).expect("Cargo makes valid core modules")
}

/// What `policy/examples/windows-mdm-3` was compiled to.
const WINDOWS_MDM_3: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/windows_mdm_3.wasm"));

/// The example of a next version, `windows-mdm` 3, as a component; without cases.
///
/// # Panics
///
/// When the build script made no core module.
pub fn windows_mdm_3() -> Vec<u8> {
    encode(WINDOWS_MDM_3).expect("Cargo makes valid core modules")
}

/// The core functions behind the interface's functions.
pub const DESCRIBE: &str = "admit:policy/policy@0.1.0#describe";
/// As [`DESCRIBE`].
pub const CONFIGURE: &str = "admit:policy/policy@0.1.0#configure";
/// As [`DESCRIBE`].
pub const DECIDE: &str = "admit:policy/policy@0.1.0#decide";
/// Called by the host once it has read the answer of `decide`.
pub const POST_DECIDE: &str = "cabi_post_admit:policy/policy@0.1.0#decide";
/// Called by the host for room for arguments.
pub const REALLOC: &str = "cabi_realloc";

/// The core module of the misbehaving policy, as text that can be changed.
#[derive(Clone, Debug)]
pub struct CoreModule(String);

impl CoreModule {
    /// The module as it was built.
    ///
    /// # Panics
    ///
    /// When the build script made no core module.
    pub fn misbehave() -> Self {
        Self::read(MISBEHAVE)
    }

    /// The module with these bytes changed for as many others, for example in its data.
    ///
    /// # Panics
    ///
    /// When the bytes are not there or not as many.
    pub fn with_bytes(from: &str, to: &str) -> Self {
        Self::read(&patched(MISBEHAVE, from, to))
    }

    fn read(bytes: &[u8]) -> Self {
        Self(wasmprinter::print_bytes(bytes).expect("Cargo makes valid core modules"))
    }

    /// Puts `function` in the place of an exported one, which it can call as `$original`.
    ///
    /// # Panics
    ///
    /// When the module exports no such function.
    #[must_use]
    pub fn instead_of(self, export: &str, function: &str) -> Self {
        let start = format!("(export \"{export}\" (func ");
        let (before, rest) = self.0.split_once(&start).expect("the policy exports its interface");
        let (original, after) = rest.split_once(')').expect("an export ends with a parenthesis");
        let name = format!("$instead_of_{original}");
        let function = function.replace("$original", original);
        let function = function.replacen("(func ", &format!("(func {name} "), 1);
        Self(format!("{before}{start}{name}){after}")).with(&function)
    }

    /// Adds fields: functions, globals, memories.
    ///
    /// # Panics
    ///
    /// When this is no module.
    #[must_use]
    pub fn with(self, fields: &str) -> Self {
        let end = self.0.rfind(')').expect("a module ends with a parenthesis");
        Self(format!("{}{fields})", &self.0[..end]))
    }

    /// Changes the text.
    ///
    /// # Panics
    ///
    /// When `from` is not in it.
    #[must_use]
    pub fn replacing(self, from: &str, to: &str) -> Self {
        assert!(self.0.contains(from), "no `{from}` in the core module");
        Self(self.0.replace(from, to))
    }

    /// The module in binary form.
    ///
    /// # Panics
    ///
    /// When the changes do not make a module.
    pub fn binary(&self) -> Vec<u8> {
        wat::parse_str(&self.0).expect("the changed text is a module")
    }

    /// The component of the module.
    ///
    /// # Panics
    ///
    /// When the changes do not make a component.
    pub fn component(&self) -> Vec<u8> {
        encode(&self.binary()).expect("the changed module makes a component")
    }
}

/// `bytes` with every occurrence of a text replaced by another one of the same length.
///
/// # Panics
///
/// When the text is not there, or the other one is not as long.
pub fn patched(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "another length would move everything behind it");
    let mut patched = bytes.to_vec();
    let (mut at, mut count) = (0, 0);
    while let Some(window) = patched.get_mut(at..at + from.len()) {
        if window == from.as_bytes() {
            window.copy_from_slice(to.as_bytes());
            count += 1;
        }
        at += 1;
    }
    assert!(count > 0, "no `{from}` in the bytes");
    patched
}
