//! Stage three: the configured memory becomes part of the component.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wasmtime::component::{ComponentExportIndex, Instance, InstancePre, Lift, WasmList};
use wasmtime::{AsContextMut, Store};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

use super::configure::Configured;
use super::inspect::{InspectError, Inspected, link};
use crate::failure::{CallError, Cause, error_line};
use crate::limits::StoreState;
use crate::settings::Settings;

/// Why a configured policy could not be sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The snapshot could not be taken.
    #[error("the configured policy could not be snapshotted: {0}")]
    Snapshot(String),
    /// The state of the configured instance could not be read.
    #[error("the state of the configured policy could not be read")]
    Read(#[source] CallError),
    /// The sealed component does not compile or link.
    #[error("the sealed component was not accepted")]
    Link(#[source] InspectError),
    /// The sealed component has lost its function.
    #[error("the sealed component exports no `decide`")]
    NoDecide,
}

impl SealError {
    /// Whether the compilation of what was sealed was given up, and goes on.
    pub fn goes_on(&self) -> bool {
        matches!(self, Self::Link(error) if error.goes_on())
    }

    /// What would have to change for the policy to be sealed.
    pub fn cause(&self) -> Cause {
        let by_host = match self {
            Self::Snapshot(_) | Self::NoDecide => false,
            Self::Read(error) => error.cause() == Cause::Host,
            Self::Link(error) => error.cause() == Cause::Host,
        };
        // What is sealed is the component with what its settings left in memory.
        if by_host { Cause::Host } else { Cause::Gate }
    }
}

/// A policy whose settings are part of its initial memory: every new instance is configured.
pub struct Sealed {
    pub(super) inspected: Inspected,
    pub(super) settings: Settings,
    pub(super) entry: Entry,
}

/// Where a decision enters a sealed component.
///
/// The generated bindings would look up and type-check every function of the interface for every
/// instance, of which a decision calls one.
pub(super) struct Entry {
    pub(super) pre: InstancePre<StoreState>,
    pub(super) decide: ComponentExportIndex,
}

impl Sealed {
    /// Snapshots the configured instance and compiles the result.
    pub fn new(configured: Configured) -> Result<Self, SealError> {
        let Configured { inspected, settings, store, instance } = configured;
        let sealed = snapshot(&inspected, store, instance)?;
        let (component, pre) = link(&inspected.runtime, sealed).map_err(SealError::Link)?;
        let interface = component.get_export_index(None, inspected.interface());
        let decide = component.get_export_index(interface.as_ref(), "decide");
        let decide = decide.ok_or(SealError::NoDecide)?;
        let entry = Entry { pre: pre.instance_pre().clone(), decide };
        Ok(Self { inspected, settings, entry })
    }
}

fn snapshot(
    inspected: &Inspected,
    mut store: Store<StoreState>,
    instance: Instance,
) -> Result<Vec<u8>, SealError> {
    let failed = |error: wasmtime::Error| SealError::Snapshot(error_line(&error));
    let limits = inspected.runtime.limits();
    // What is read here is the guest's whole memory, not an answer of the policy.
    store.set_hostcall_fuel(limits.memory_bytes.saturating_mul(2));
    store.set_fuel(limits.setup_fuel).map_err(failed)?;
    let wizer = Wizer::new();
    let (context, _) = wizer.instrument_component(&inspected.bytes).map_err(failed)?;
    let mut reader = MemoryReader { store, instance, error: None };
    let sealed = ready(wizer.snapshot_component(&context, &mut reader));
    match reader.error {
        Some(error) => Err(SealError::Read(CallError::from_wasmtime(&error))),
        None => sealed.map_err(failed),
    }
}

/// Reads the state of an instance for the snapshot; keeps the first error, since wizer has no way
/// to hear of one.
struct MemoryReader {
    store: Store<StoreState>,
    instance: Instance,
    error: Option<wasmtime::Error>,
}

impl MemoryReader {
    fn read<R: Lift + Send + Sync + 'static>(
        &mut self,
        instance: &str,
        function: &str,
    ) -> Option<R> {
        match self.call(instance, function) {
            Ok(value) => Some(value),
            Err(error) => {
                self.error.get_or_insert(error);
                None
            }
        }
    }

    fn call<R: Lift + Send + Sync + 'static>(
        &mut self,
        instance: &str,
        function: &str,
    ) -> wasmtime::Result<R> {
        let missing = || wasmtime::format_err!("`{instance}` has no `{function}`");
        let mut store = self.store.as_context_mut();
        let export = self.instance.get_export_index(&mut store, None, instance);
        let export = export.ok_or_else(missing)?;
        let index = self.instance.get_export_index(&mut store, Some(&export), function);
        let index = index.ok_or_else(missing)?;
        let function = self.instance.get_typed_func::<(), (R,)>(&mut store, index)?;
        Ok(function.call(&mut store, ())?.0)
    }
}

impl ComponentInstanceState for MemoryReader {
    async fn call_func_ret_list_u8(
        &mut self,
        instance: &str,
        func: &str,
        contents: impl FnOnce(&[u8]) + Send,
    ) {
        match self.read::<WasmList<u8>>(instance, func) {
            Some(list) => contents(list.as_le_slice(&self.store)),
            None => contents(&[]),
        }
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.read(instance, func).unwrap_or_default()
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.read(instance, func).unwrap_or_default()
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.read(instance, func).map_or(0, f32::to_bits)
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.read(instance, func).map_or(0, f64::to_bits)
    }
}

/// The output of a future that never waits: [`MemoryReader`] answers at once.
fn ready<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).as_mut().poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("`MemoryReader` has nothing to wait for"),
    }
}
