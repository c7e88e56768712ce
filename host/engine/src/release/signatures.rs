//! How many parameters functions take.
//!
//! For each type of function, and for each function that a table or another module may call, the
//! compiler writes code that passes its parameters.

use wasmparser::{BinaryReaderError, CompositeInnerType, CoreType, Payload, RecGroup, TypeRef};

/// Parameters that a section adds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Added {
    /// All together.
    pub(super) sum: u64,
    /// The most of one type.
    pub(super) most: usize,
}

/// The parameters of the types of the module that is being read.
#[derive(Debug, Default)]
pub(super) struct Signatures {
    params: Vec<usize>,
}

impl Signatures {
    /// Reads one payload of a file; all are read in their order.
    pub(super) fn read(&mut self, payload: &Payload<'_>) -> Result<Added, BinaryReaderError> {
        let mut added = Added::default();
        match payload {
            Payload::Version { .. } => self.params.clear(),
            Payload::TypeSection(types) => {
                for group in types.clone() {
                    self.group(group?, &mut added);
                }
            }
            Payload::CoreTypeSection(types) => {
                // Types of components are named by nothing that is counted here.
                let mut of_component = Self::default();
                for ty in types.clone() {
                    if let CoreType::Rec(group) = ty? {
                        of_component.group(group, &mut added);
                    }
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    if let TypeRef::Func(ty) = import?.ty {
                        self.function(ty, &mut added);
                    }
                }
            }
            Payload::FunctionSection(functions) => {
                for ty in functions.clone() {
                    self.function(ty?, &mut added);
                }
            }
            _ => {}
        }
        Ok(added)
    }

    fn group(&mut self, group: RecGroup, added: &mut Added) {
        for ty in group.into_types() {
            let params = match &ty.composite_type.inner {
                CompositeInnerType::Func(ty) => ty.params().len(),
                _ => 0,
            };
            self.params.push(params);
            added.sum = added.sum.saturating_add(params.try_into().unwrap_or(u64::MAX));
            added.most = added.most.max(params);
        }
    }

    /// A type that does not exist is refused by the validator.
    fn function(&self, ty: u32, added: &mut Added) {
        let params = usize::try_from(ty).ok().and_then(|index| self.params.get(index));
        let params = params.copied().unwrap_or_default();
        added.sum = added.sum.saturating_add(params.try_into().unwrap_or(u64::MAX));
    }
}
