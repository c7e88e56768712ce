//! Builds policies: a Rust crate becomes a WebAssembly component.
//!
//! Three steps: find a [`toolchain`] that compiles for WebAssembly, [`compile`] the crates to core
//! [`module`]s, encode each as a [`component`]. The result depends on the sources,
//! `Cargo.lock` and the compiler's version alone, not on where the checkout or the home directory
//! is.
//!
//! What a host would refuse at the step `inspect` is said here: the guest library's `export!` checks
//! the description while the crate compiles, [`component::check`] what is around it.
//!
//! The build script of `admit-policies` uses this library; policy authors use the binary:
//! `admit-build CRATE_DIR OUT.wasm`.

pub mod compile;
pub mod component;
pub mod module;
pub mod toolchain;

use std::{fs, io, path::PathBuf};

pub use crate::{
    compile::{CompileError, Request},
    component::{EncodeError, PolicyError},
    module::Module,
    toolchain::{Toolchain, ToolchainError},
};

/// A built policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The name of the library it was built from, for example `windows_mdm_1`.
    pub library: String,
    /// The component, in binary form.
    pub bytes: Vec<u8>,
}

/// Builds the crates of `request`, in the order of `request.packages`.
///
/// # Errors
///
/// One variant per step: no usable toolchain, a crate that does not compile, a core module that is
/// not a policy.
pub fn build(request: &Request) -> Result<Vec<Component>, BuildError> {
    let toolchain = Toolchain::find()?;
    let modules = compile::compile(&toolchain, request)?;
    modules.into_iter().map(encode).collect()
}

fn encode(module: Module) -> Result<Component, BuildError> {
    let Module { library, path, .. } = module;
    let core_module = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(BuildError::Read { path, source }),
    };
    let bytes = match component::encode(&core_module) {
        Ok(bytes) => bytes,
        Err(source) => return Err(BuildError::Encode { library, source }),
    };
    match component::check(&bytes) {
        Ok(()) => Ok(Component { library, bytes }),
        Err(source) => Err(BuildError::Refused { library, source }),
    }
}

/// Why a policy could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error("failed to read the core module `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{library}` does not make a component")]
    Encode { library: String, source: EncodeError },
    #[error("a host would refuse the component of `{library}`")]
    Refused { library: String, source: PolicyError },
}
