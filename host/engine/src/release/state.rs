//! Whether what a module keeps can be read from outside.
//!
//! To seal a policy, wizer exports each mutable global of its modules, in the section of exports that a
//! module has. Where there is none it panics over the first such global.

use wasmparser::{BinaryReaderError, Payload};

/// What the module that is being read has.
#[derive(Debug, Default)]
pub(super) struct State {
    has_mutable_globals: bool,
    has_exports: bool,
}

impl State {
    /// Reads one payload of a file, all in their order; answers at the end of a module whether it keeps
    /// what cannot be read.
    pub(super) fn read(&mut self, payload: &Payload<'_>) -> Result<bool, BinaryReaderError> {
        match payload {
            Payload::Version { .. } => *self = Self::default(),
            Payload::GlobalSection(globals) => {
                for global in globals.clone() {
                    self.has_mutable_globals |= global?.ty.mutable;
                }
            }
            Payload::ExportSection(_) => self.has_exports = true,
            Payload::End(_) => {
                let Self { has_mutable_globals, has_exports } = std::mem::take(self);
                return Ok(has_mutable_globals && !has_exports);
            }
            _ => {}
        }
        Ok(false)
    }
}
