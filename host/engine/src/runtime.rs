//! The one place that configures Wasmtime.
//!
//! A [`Runtime`] is the process's engine: compiler, instance pool and the ticker behind the
//! deadline. Clones share it. Every call into a policy runs in a store of its own, with the limits
//! of [`Limits`].

mod clock;
mod compile;
mod functions;
mod space;

use std::sync::Arc;
use std::time::Duration;

use compile::Compiler;
use functions::Functions;

use wasmtime::component::Linker;
use wasmtime::{
    Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, OptLevel,
    PoolingAllocationConfig, Store, UpdateDeadline,
};

pub(crate) use compile::CompileError;

use crate::limits::{Limits, StoreState};

/// Core instances a component may be made of.
const MAX_CORE_INSTANCES: u32 = 8;

/// Memory of a used slot that is reset by copying instead of being given back to the kernel.
///
/// More than a policy touches, so that a decision takes no page fault in a used slot.
const KEEP_RESIDENT_BYTES: usize = 512 * 1024;

/// Stack a policy may use of the calling thread's, small enough for threads of a linking platform.
const MAX_WASM_STACK_BYTES: usize = 128 * 1024;

/// How often the deadline is looked at.
const TICK: Duration = Duration::from_millis(5);

/// Why there is no runtime.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// Neither the pooling nor the on-demand engine could be made.
    #[error("failed to set up the WebAssembly engine")]
    Engine(#[source] wasmtime::Error),
    /// The thread that drives deadlines could not be started.
    #[error("failed to start the deadline thread")]
    Ticker(#[source] std::io::Error),
}

/// The WebAssembly engine of this process and the limits policies run under.
///
/// Make one and share it: clones are cheap and refer to the same engine.
#[derive(Clone)]
pub struct Runtime {
    engine: Engine,
    linker: Arc<Linker<StoreState>>,
    limits: Arc<Limits>,
    compiler: Arc<Compiler>,
    instances: u32,
}

impl Runtime {
    /// Sets up the engine with the default limits.
    ///
    /// Uses pooled instances with as much address space for each as makes decisions fast. Where the
    /// process may not have that much, as under `ulimit -v`, instances have only what they need, and
    /// there are as many as fit: [`Runtime::instances`]. Where nothing can be had in advance,
    /// instances are made on demand. Both are slower, and said in a warning.
    ///
    /// # Errors
    ///
    /// [`RuntimeError`] when no engine can be had at all.
    pub fn new() -> Result<Self, RuntimeError> {
        Self::with_limits(Limits::default())
    }

    /// Sets up the engine with other limits.
    ///
    /// # Errors
    ///
    /// As [`Runtime::new`].
    pub fn with_limits(limits: Limits) -> Result<Self, RuntimeError> {
        let (engine, instances) = engine(&limits)?;
        start_ticker(engine.weak()).map_err(RuntimeError::Ticker)?;
        let linker = Arc::new(Linker::new(&engine));
        let (limits, compiler) = (Arc::new(limits), Arc::default());
        Ok(Self { engine, linker, limits, compiler, instances })
    }

    /// How many decisions can be under way at the same time: [`Limits::instances`], or fewer where
    /// the address space of this process is limited.
    pub fn instances(&self) -> u32 {
        self.instances
    }

    /// The limits policies run under.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether a compilation goes on that took too long and was given up: none other is begun until
    /// it ends.
    pub fn compiles_on(&self) -> bool {
        self.compiler.goes_on()
    }

    /// The engine, for a platform that runs other WebAssembly in the same process.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A linker with nothing in it: a policy imports nothing.
    pub(crate) fn linker(&self) -> &Linker<StoreState> {
        &self.linker
    }

    /// What compiles components for the engine.
    pub(crate) fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// A store for one decision.
    pub(crate) fn decision_store(&self) -> Store<StoreState> {
        self.store(self.limits.decision_fuel, self.limits.decision_deadline)
    }

    /// A store for `describe` and `configure`, which run once and off the request path.
    pub(crate) fn setup_store(&self) -> Store<StoreState> {
        self.store(self.limits.setup_fuel, self.limits.setup_deadline)
    }

    fn store(&self, fuel: u64, deadline: Duration) -> Store<StoreState> {
        let mut store = Store::new(&self.engine, StoreState::new(&self.limits, deadline));
        store.limiter(|state| state);
        self.arm(&mut store, fuel, deadline);
        store.epoch_deadline_callback(|mut context| {
            context.data_mut().on_deadline()?;
            Ok(UpdateDeadline::Continue(1))
        });
        store
    }

    /// Gives a store in which something was set up the limits of one decision.
    pub(crate) fn arm_for_decision(&self, store: &mut Store<StoreState>) {
        let deadline = self.limits.decision_deadline;
        *store.data_mut() = StoreState::new(&self.limits, deadline);
        self.arm(store, self.limits.decision_fuel, deadline);
    }

    fn arm(&self, store: &mut Store<StoreState>, fuel: u64, deadline: Duration) {
        store.set_fuel(fuel).expect("`consume_fuel` is on in `base_config`");
        store.set_hostcall_fuel(self.limits.transfer_bytes);
        store.set_epoch_deadline(ticks(deadline));
    }

    /// What the one decision in this store has cost.
    pub(crate) fn decision_fuel_used(&self, store: &Store<StoreState>) -> u64 {
        let left = store.get_fuel().expect("`consume_fuel` is on in `base_config`");
        self.limits.decision_fuel.saturating_sub(left)
    }
}

/// Ticks that surely cover `duration`: the first one may come at once.
fn ticks(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis().div_ceil(TICK.as_millis())).unwrap_or(u64::MAX - 1) + 1
}

#[expect(clippy::disallowed_methods, reason = "the one place that configures Wasmtime")]
fn base_config() -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(MAX_WASM_STACK_BYTES)
        .cranelift_opt_level(OptLevel::Speed)
        // Equal arguments give equal decisions, on every processor.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        // What policies may be made of is said once more in `release/artefact.rs`.
        .wasm_tail_call(false)
        .wasm_multi_value(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        // An activation may take one processor, not all: the others decide.
        .parallel_compilation(false)
        .wasm_component_model(true)
        // Policies are plain functions; without async there is less to set up per store.
        .concurrency_support(false)
        // A trap is reported by its code; symbolised frames would cost and could carry data.
        .wasm_backtrace_max_frames(None)
        .enable_incremental_compilation(Arc::new(Functions::default()))?;
    Ok(config)
}

/// An engine for as many instances as the address space allows.
fn engine(limits: &Limits) -> Result<(Engine, u32), RuntimeError> {
    let base = base_config().map_err(RuntimeError::Engine)?;
    let left = space::left();
    if left.is_none() {
        match Engine::new(&pooling_config(&base, limits, limits.instances)) {
            Ok(engine) => return Ok((engine, limits.instances)),
            Err(error) => tracing::debug!(%error, "no address space for fast instances"),
        }
    }
    let compact = compact_config(&base, limits);
    let mut instances = space::instances(left, limits);
    while instances > 0 {
        if let Ok(engine) = Engine::new(&pooling_config(&compact, limits, instances)) {
            tracing::warn!(
                instances,
                wanted = limits.instances,
                "the address space of this process is limited: only this many decisions can be under \
                 way at the same time, and each is slower; raise `ulimit -v`"
            );
            return Ok((engine, instances));
        }
        instances /= 2;
    }
    tracing::warn!("no address space for pooled instances: decisions will be slower, and may fail");
    let engine = Engine::new(&compact).map_err(RuntimeError::Engine)?;
    Ok((engine, space::instances(left, limits).max(1)))
}

/// Instances that take no more address space than they may use as memory. What they access is then
/// checked by instructions, which costs time.
fn compact_config(base: &Config, limits: &Limits) -> Config {
    let mut config = base.clone();
    config
        .memory_reservation(u64::try_from(limits.memory_bytes).unwrap_or(u64::MAX))
        .memory_reservation_for_growth(0)
        .memory_guard_size(space::GUARD_BYTES)
        .guard_before_linear_memory(false);
    config
}

fn pooling_config(base: &Config, limits: &Limits, instances: u32) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(MAX_CORE_INSTANCES))
        .total_memories(instances)
        .total_tables(instances)
        .max_core_instances_per_component(MAX_CORE_INSTANCES)
        .max_memories_per_component(1)
        .max_tables_per_component(1)
        .max_memory_size(limits.memory_bytes)
        .table_elements(limits.table_elements)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(KEEP_RESIDENT_BYTES)
        .pagemap_scan(Enabled::Auto);
    let mut config = base.clone();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// Starts the thread that moves the engine's epoch; it ends with the engine.
fn start_ticker(engine: EngineWeak) -> std::io::Result<()> {
    std::thread::Builder::new().name("admit-deadline".into()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::park_timeout(TICK);
        }
    })?;
    Ok(())
}
