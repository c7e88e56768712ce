//! What a component comes to once every component in it is instantiated.
//!
//! Wasmtime inlines each instance of a component: one nested eight deep whose levels instantiate the
//! next one eight times is 343 bytes, and 16 million instances. So what a component has is counted as
//! often as it is instantiated.
//!
//! INVARIANT: a component that is instantiated is defined in the file, in this component or in one
//! around it. One that is imported, exported, or taken from an instance is refused, since what it
//! comes to would not be known where it is instantiated; the usual tools make none.

use wasmparser::{
    BinaryReaderError, CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentTypeRef, Instance, Payload,
};

/// What a component comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Expanded {
    /// Instances, aliases, exports, imports, functions, and the arguments of instances.
    pub(super) items: u64,
    /// Functions that core modules import of components, each of which is compiled.
    pub(super) lowerings: u64,
}

/// Why a component cannot be counted.
#[derive(Debug)]
pub(super) enum Uncounted {
    Malformed(BinaryReaderError),
    /// A component that is imported, exported or aliased.
    Passed,
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
    /// What it comes to, by what was read so far.
    so_far: Expanded,
    /// Its index space of components.
    components: Vec<Expanded>,
}

/// Reads what components come to, from the payloads of a file in their order.
#[derive(Debug, Default)]
pub(super) struct Reading {
    scopes: Vec<Scope>,
}

impl Reading {
    /// Reads one payload; answers what the component that it is in comes to so far.
    pub(super) fn read(&mut self, payload: &Payload<'_>) -> Result<Expanded, Uncounted> {
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
                    self.add(items.saturating_add(1), 0);
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
                    let is_lowering = matches!(function?, CanonicalFunction::Lower { .. });
                    self.add(1, is_lowering.into());
                }
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports.clone() {
                    if let ComponentTypeRef::Component(_) = import?.ty {
                        return Err(Uncounted::Passed);
                    }
                    self.add(1, 0);
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports.clone() {
                    refuse_component(export?.kind)?;
                    self.add(1, 0);
                }
            }
            _ => {}
        }
        Ok(self.scopes.last().map(|scope| scope.so_far).unwrap_or_default())
    }

    /// Ends a component, which the one around it may now instantiate.
    fn end(&mut self) -> Expanded {
        let Some(ended) = self.scopes.pop() else { return Expanded::default() };
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
                self.add(args.len().saturating_add(1), 0);
                self.sum(of);
            }
            ComponentInstance::FromExports(exports) => {
                for export in exports {
                    refuse_component(export.kind)?;
                }
                self.add(exports.len().saturating_add(1), 0);
            }
        }
        Ok(())
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) -> Result<(), Uncounted> {
        self.add(1, 0);
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
    fn component(&self, outward: u32, index: u32) -> Option<Expanded> {
        let scope = self.scopes.iter().rev().nth(usize::try_from(outward).ok()?)?;
        scope.components.get(usize::try_from(index).ok()?).copied()
    }

    fn add(&mut self, items: usize, lowerings: u64) {
        self.sum(Expanded { items: u64::try_from(items).unwrap_or(u64::MAX), lowerings });
    }

    fn sum(&mut self, more: Expanded) {
        if let Some(Scope { so_far, .. }) = self.scopes.last_mut() {
            so_far.items = so_far.items.saturating_add(more.items);
            so_far.lowerings = so_far.lowerings.saturating_add(more.lowerings);
        }
    }
}

fn refuse_component(kind: ComponentExternalKind) -> Result<(), Uncounted> {
    match kind {
        ComponentExternalKind::Component => Err(Uncounted::Passed),
        _ => Ok(()),
    }
}
