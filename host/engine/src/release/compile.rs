//! Compilation, bounded in time.
//!
//! A compilation cannot be interrupted. One that is given up goes on in its thread; until it ends
//! no other is started, so that at most one such thread exists.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::failure::error_line;

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
    /// It took too long.
    #[error("compilation took longer than {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// An earlier compilation that took too long is still running.
    #[error("an earlier compilation that took too long is still running")]
    Busy,
    /// The compiler's thread could not be started, or ended without a result.
    #[error("the compiler ended without a result")]
    Ended,
}

impl CompileError {
    /// Whether this component is refused whatever else changes.
    pub(super) fn is_by_content(&self) -> bool {
        matches!(self, Self::Refused(_))
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
    /// Held while compiling; holds the thread whose caller gave up, until that ends.
    given_up: Mutex<Option<JoinHandle<()>>>,
}

impl Compiler {
    /// Compiles in a thread and waits for at most `deadline`, not counting the wait for others.
    pub(crate) fn compile(
        &self,
        engine: &Engine,
        bytes: Vec<u8>,
        deadline: Duration,
    ) -> Result<Component, CompileError> {
        let mut given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        if given_up.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return Err(CompileError::Busy);
        }
        let (sender, receiver) = channel();
        let engine = engine.clone();
        let thread = std::thread::Builder::new()
            .name("admit-compile".into())
            .spawn(move || {
                let compiled = Component::from_binary(&engine, &bytes);
                // Nobody receives when the caller gave up.
                drop(sender.send(compiled));
            })
            .map_err(|_| CompileError::Ended)?;
        match receiver.recv_timeout(deadline) {
            Ok(Ok(component)) => Ok(component),
            Ok(Err(error)) => Err(CompileError::from_wasmtime(&error)),
            Err(RecvTimeoutError::Timeout) => {
                *given_up = Some(thread);
                Err(CompileError::TimedOut(deadline))
            }
            Err(RecvTimeoutError::Disconnected) => Err(CompileError::Ended),
        }
    }
}
