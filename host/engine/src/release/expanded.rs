//! What a component comes to once every component in it is instantiated.
//!
//! Wasmtime inlines each instance of a component: one nested eight deep whose levels instantiate the
//! next one eight times is 343 bytes, and 16 million instances. So what a component has is counted as
//! often as it is instantiated.
//!
//! INVARIANT: a component that is instantiated is defined in the file, in this component or in one
//! around it. One that is imported, exported, or taken from an instance is refused, since what it
//! comes to would not be known where it is instantiated; the usual tools make none. Nor are functions
//! lowered: a policy imports nothing, so a module could call by that only what is in the policy, with code
//! between the two that the engine writes, by types that may be large.

use wasmparser::{
    BinaryReaderError, CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, Instance, Payload,
};

/// Why a component cannot be counted.
#[derive(Debug)]
pub(super) enum Uncounted {
    Malformed(BinaryReaderError),
    /// A component that is imported, exported or aliased.
    Passed,
    /// A function of a component that a module may call.
    Lowered,
}

impl From<BinaryReaderError> for Uncounted {
    fn from(error: BinaryReaderError) -> Self {
        Self::Malformed(error)
    }
}

/// A component that is being read.
#[derive(Debug, Default)]
struct Scope {
    is_component: bool,
    /// What it comes to, by what was read so far: instances, aliases, exports, imports, functions, and the
    /// arguments of instances.
    so_far: u64,
    /// Its index space of components.
    components: Vec<u64>,
}

/// Reads what components come to, from the payloads of a file in their order.
#[derive(Debug, Default)]
pub(super) struct Reading {
    scopes: Vec<Scope>,
}

impl Reading {
    /// Reads one payload; answers what the component that it is in comes to so far.
    pub(super) fn read(&mut self, payload: &Payload<'_>) -> Result<u64, Uncounted> {
        match payload {
            Payload::Version { encoding, .. } => {
                let is_component = *encoding == wasmparser::Encoding::Component;
                self.scopes.push(Scope { is_component, ..Scope::default() });
            }
            Payload::End(_) => return Ok(self.end()),
            Payload::InstanceSection(instances) => {
                for instance in instances.clone() {
                    let items = match instance? {
                        Instance::Instantiate { args, .. } => args.len(),
                        Instance::FromExports(exports) => exports.len(),
                    };
                    self.add(items.saturating_add(1));
                }
            }
            Payload::ComponentInstanceSection(instances) => {
                for instance in instances.clone() {
                    self.instance(&instance?)?;
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases.clone() {
                    self.alias(&alias?)?;
                }
            }
            Payload::ComponentCanonicalSection(functions) => {
                for function in functions.clone() {
                    if let CanonicalFunction::Lower { .. } = function? {
                        return Err(Uncounted::Lowered);
                    }
                    self.add(1);
                }
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports.clone() {
                    if let ComponentTypeRef::Component(_) = import?.ty {
                        return Err(Uncounted::Passed);
                    }
                    self.add(1);
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports.clone() {
                    refuse_component(export?.kind)?;
                    self.add(1);
                }
            }
            _ => {}
        }
        Ok(self.scopes.last().map(|scope| scope.so_far).unwrap_or_default())
    }

    /// Ends a component, which the one around it may now instantiate.
    fn end(&mut self) -> u64 {
        let Some(ended) = self.scopes.pop() else { return 0 };
        if let (Some(outer), true) = (self.scopes.last_mut(), ended.is_component) {
            outer.components.push(ended.so_far);
        }
        ended.so_far
    }

    fn instance(&mut self, instance: &ComponentInstance<'_>) -> Result<(), Uncounted> {
        match instance {
            ComponentInstance::Instantiate { component_index, args } => {
                for arg in args {
                    refuse_component(arg.kind)?;
                }
                // An index that does not exist is refused by the validator.
                let of = self.component(0, *component_index).unwrap_or_default();
                self.add(args.len().saturating_add(1));
                self.sum(of);
            }
            ComponentInstance::FromExports(exports) => {
                for export in exports {
                    refuse_component(export.kind)?;
                }
                self.add(exports.len().saturating_add(1));
            }
        }
        Ok(())
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) -> Result<(), Uncounted> {
        self.add(1);
        match alias {
            ComponentAlias::InstanceExport { kind, .. } => refuse_component(*kind),
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                let of = self.component(*count, *index).unwrap_or_default();
                if let Some(scope) = self.scopes.last_mut() {
                    scope.components.push(of);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A component by its index, some components outward.
    fn component(&self, outward: u32, index: u32) -> Option<u64> {
        let scope = self.scopes.iter().rev().nth(usize::try_from(outward).ok()?)?;
        scope.components.get(usize::try_from(index).ok()?).copied()
    }

    fn add(&mut self, items: usize) {
        self.sum(u64::try_from(items).unwrap_or(u64::MAX));
    }

    fn sum(&mut self, more: u64) {
        if let Some(Scope { so_far, .. }) = self.scopes.last_mut() {
            *so_far = so_far.saturating_add(more);
        }
    }
}

fn refuse_component(kind: ComponentExternalKind) -> Result<(), Uncounted> {
    match kind {
        ComponentExternalKind::Component => Err(Uncounted::Passed),
        _ => Ok(()),
    }
}
