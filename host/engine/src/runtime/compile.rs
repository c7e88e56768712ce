//! Compilation, bounded in time.
//!
//! A compilation cannot be interrupted. One that is given up goes on in its thread; until it ends
//! no other is started, so that at most one such thread exists.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::Engine;
use wasmtime::component::Component;

use super::clock::ThreadClock;
use crate::failure::error_line;
use crate::lock::Lock;

/// Why a component was not compiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// Cranelift or the validator refused it.
    #[error("the component does not compile: {0}")]
    Refused(String),
    /// This machine could not compile it: no memory or no address space for the code.
    #[error("this machine could not compile the component: {0}")]
    Host(String),
    /// It took too long, and still goes on.
    #[error("compilation took longer than {} s{}", .deadline.as_secs_f32(), on_a_processor(*.used))]
    TimedOut {
        deadline: Duration,
        /// How long of that it was on a processor; absent where that cannot be read.
        used: Option<Duration>,
    },
    /// An earlier compilation that took too long is still running.
    #[error("an earlier compilation that took too long is still running")]
    Busy,
    /// The compiler panicked over it.
    #[error("the compiler broke over the component")]
    Broke,
    /// The compiler's thread could not be started.
    #[error("no thread could be started to compile the component")]
    Thread(#[source] std::io::Error),
}

impl CompileError {
    /// Whether this component is refused whatever else changes.
    pub(crate) fn is_by_content(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Broke => true,
            Self::TimedOut { used, .. } => used.is_some_and(|used| used >= ENOUGH),
            _ => false,
        }
    }

    /// Whether the compilation of this component goes on after its caller gave up.
    pub(crate) fn goes_on(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }

    /// Reads Wasmtime's error; what is not known to be about the component is the host's.
    fn from_wasmtime(error: &wasmtime::Error) -> Self {
        let of_component = error.chain().any(|cause| {
            let text = cause.to_string();
            OF_COMPONENT.iter().any(|start| text.starts_with(start))
        });
        let line = error_line(error);
        if of_component { Self::Refused(line) } else { Self::Host(line) }
    }
}

/// The time on a processor within which every component is compiled that passes the bounds; one that
/// takes longer is too dear, however busy the machine is.
const ENOUGH: Duration = Duration::from_secs(10);

/// How much of the time that a compilation took is the component's.
fn on_a_processor(used: Option<Duration>) -> String {
    let used = used.filter(|used| *used >= ENOUGH);
    let used = used.map(|used| format!(", {} s of them on a processor", used.as_secs()));
    used.unwrap_or_default()
}

/// How Wasmtime's errors about what is compiled begin; they have no type of their own.
const OF_COMPONENT: &[&str] = &[
    "failed to parse WebAssembly module",
    "WebAssembly translation error",
    "Compilation error: ",
    "The component transitively contains ",
    "instance allocation for this ",
    "module memory does not fit ",
    "module table does not fit ",
];

/// Compiles one component at a time.
#[derive(Debug, Default)]
pub(crate) struct Compiler {
    /// Held while a caller waits for its compilation.
    one: Lock<()>,
    /// The thread whose caller gave up.
    given_up: Lock<Option<JoinHandle<()>>>,
}

impl Compiler {
    /// Whether a compilation goes on that was given up.
    pub(crate) fn goes_on(&self) -> bool {
        let given_up = self.given_up.lock();
        given_up.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Compiles in a thread and waits for at most `deadline`, not counting the wait for others.
    pub(crate) fn compile(
        &self,
        engine: &Engine,
        bytes: Vec<u8>,
        deadline: Duration,
    ) -> Result<Component, CompileError> {
        let _one = self.one.lock();
        if self.goes_on() {
            return Err(CompileError::Busy);
        }
        let (sender, receiver) = channel();
        let clock = Arc::new(OnceLock::new());
        let threads_clock = Arc::clone(&clock);
        let engine = engine.clone();
        let thread = std::thread::Builder::new()
            .name("admit-compile".into())
            .spawn(move || {
                _ = threads_clock.set(ThreadClock::of_this_thread());
                let compiled = Component::from_binary(&engine, &bytes);
                // The receiver is gone when the caller gave up.
                drop(sender.send(compiled));
            })
            .map_err(CompileError::Thread)?;
        match receiver.recv_timeout(deadline) {
            Ok(Ok(component)) => Ok(component),
            Ok(Err(error)) => Err(CompileError::from_wasmtime(&error)),
            Err(RecvTimeoutError::Timeout) => {
                *self.given_up.lock() = Some(thread);
                let used = clock.get().and_then(ThreadClock::read);
                Err(CompileError::TimedOut { deadline, used })
            }
            // Only a panic ends the thread without a result.
            Err(RecvTimeoutError::Disconnected) => Err(CompileError::Broke),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_out_is_by_content_when_a_processor_was_busy_with_it() {
        let of = |used| CompileError::TimedOut { deadline: Duration::from_secs(30), used };
        let text = "compilation took longer than 30 s";
        for used in [None, Some(Duration::ZERO), Some(Duration::from_millis(9_999))] {
            assert!(!of(used).is_by_content(), "{used:?}");
            assert_eq!(of(used).to_string(), text);
        }
        let busy = of(Some(Duration::from_millis(28_600)));
        assert!(busy.is_by_content() && busy.goes_on());
        assert_eq!(busy.to_string(), format!("{text}, 28 s of them on a processor"));
        assert!(!CompileError::Busy.is_by_content() && !CompileError::Busy.goes_on());
    }
}
