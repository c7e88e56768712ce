//! What a policy may use, and what happens when it wants more.

use std::time::{Duration, Instant};

use wasmtime::ResourceLimiter;

/// Bounds on what a policy may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Instructions of one decision, in Wasmtime's fuel units; the same on every machine.
    pub decision_fuel: u64,
    /// Time of one decision.
    ///
    /// After this much wall-clock time the decision may go on only until its thread has used as
    /// much processor time again, so that a policy is not blamed for a busy machine.
    pub decision_deadline: Duration,
    /// Instructions of `describe` or `configure`.
    pub setup_fuel: u64,
    /// Time of `describe` or `configure`.
    pub setup_deadline: Duration,
    /// Linear memory of an instance, in bytes.
    pub memory_bytes: usize,
    /// Elements of a table.
    pub table_elements: usize,
    /// What one call may hand to the host, in bytes of host memory.
    pub transfer_bytes: usize,
    /// Decisions that may be under way at the same time; address space is reserved for each.
    pub instances: u32,
    /// Size of a component, in bytes.
    pub component_bytes: usize,
    /// Time of one compilation.
    pub compile_deadline: Duration,
    /// Time in which the component's and the operator's cases must have been played, before a
    /// release is made.
    pub rehearsal_deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            decision_fuel: 10_000_000,
            decision_deadline: Duration::from_millis(10),
            setup_fuel: 1_000_000_000,
            setup_deadline: Duration::from_secs(1),
            memory_bytes: 16 * 1024 * 1024,
            table_elements: 20_000,
            transfer_bytes: 256 * 1024,
            instances: 256,
            component_bytes: 2 * 1024 * 1024,
            compile_deadline: Duration::from_secs(30),
            rehearsal_deadline: Duration::from_secs(10),
        }
    }
}

/// A limit a policy ran into.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Limit {
    /// All fuel used.
    #[error("used more instructions than a call may, perhaps in a loop that does not end")]
    Fuel,
    /// Too much time used.
    #[error("used more time than a call may, perhaps in a loop that does not end")]
    Time,
    /// More memory, or a larger table, wanted.
    #[error("wanted more memory than an instance may have, perhaps in a loop that does not end")]
    Memory,
    /// The call stack is full.
    #[error("called itself too deeply")]
    Stack,
    /// Too large an answer.
    #[error("returned more data than an answer may hold")]
    Transfer,
    /// No instance is free: too many decisions at the same time.
    #[error("too many decisions at the same time")]
    Instances,
}

impl Limit {
    /// The reason code of a decision that failed by this limit.
    pub fn code(self) -> &'static str {
        match self {
            Self::Fuel => "policy.limit.fuel",
            Self::Time => "policy.limit.time",
            Self::Memory => "policy.limit.memory",
            Self::Stack => "policy.limit.stack",
            Self::Transfer => "policy.limit.transfer",
            Self::Instances => "policy.limit.instances",
        }
    }
}

/// What a store keeps about the running call.
pub(crate) struct StoreState {
    memory_bytes: usize,
    table_elements: usize,
    deadline: Duration,
    overdue: Option<Overdue>,
}

/// When the deadline was first seen to be over.
struct Overdue {
    since: Instant,
    cpu_at: Duration,
}

/// Wall-clock time after which no excuse counts, in deadlines.
const HARD_DEADLINES: u32 = 100;

impl StoreState {
    pub(crate) fn new(limits: &Limits, deadline: Duration) -> Self {
        Self {
            memory_bytes: limits.memory_bytes,
            table_elements: limits.table_elements,
            deadline,
            overdue: None,
        }
    }

    /// Called at the deadline, and at every tick from then on.
    ///
    /// Wall-clock time alone would fail good decisions on a machine with more threads than
    /// processors: what counts past the deadline is the processor time of this thread.
    pub(crate) fn on_deadline(&mut self) -> Result<(), Limit> {
        let cpu = thread_cpu_time();
        let overdue =
            self.overdue.get_or_insert_with(|| Overdue { since: Instant::now(), cpu_at: cpu });
        let used = cpu.saturating_sub(overdue.cpu_at);
        let waited = overdue.since.elapsed();
        if used >= self.deadline || waited >= self.deadline * HARD_DEADLINES {
            return Err(Limit::Time);
        }
        Ok(())
    }
}

fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}

impl ResourceLimiter for StoreState {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        within(desired, self.memory_bytes, maximum)
    }

    /// The policy may have grown as it did; what it did not get, this machine did not have.
    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(grow_failed(error))
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(grow_failed(error))
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        within(desired, self.table_elements, maximum)
    }

    fn instances(&self) -> usize {
        8
    }

    fn memories(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        8
    }
}

/// Growth beyond the limit ends the call: a guest that learned of it would only abort, and the abort would
/// hide the reason. Growth beyond the maximum that the guest declared fails inside the guest.
fn within(desired: usize, limit: usize, declared: Option<usize>) -> wasmtime::Result<bool> {
    if desired > limit {
        return Err(Limit::Memory.into());
    }
    Ok(declared.is_none_or(|most| desired <= most))
}

/// Growth to more than can be addressed is the guest's; all other reasons are this machine's.
fn grow_failed(error: wasmtime::Error) -> wasmtime::Error {
    const BEYOND_ALL: [&str; 2] =
        ["memory growth exceeds memory type's limits", "overflow calculating new table size"];
    let text = error.root_cause().to_string();
    if BEYOND_ALL.contains(&&*text) { Limit::Memory.into() } else { error }
}
