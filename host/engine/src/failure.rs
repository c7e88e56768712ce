//! What a failed call into a policy means.

use wasmtime::Trap;

use crate::limits::Limit;

/// Why a call into a policy gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// A limit was reached.
    #[error("the policy {0}")]
    Limit(Limit),
    /// The policy trapped: an abort, an access outside its memory, an ill-formed value.
    #[error("the policy trapped: {0}")]
    Trap(String),
}

impl CallError {
    /// The reason code of a decision that failed this way.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Limit(limit) => limit.code(),
            Self::Trap(_) => "policy.failed",
        }
    }

    /// Reads Wasmtime's error.
    pub(crate) fn from_wasmtime(error: &wasmtime::Error) -> Self {
        if let Some(limit) = error.downcast_ref::<Limit>() {
            return Self::Limit(*limit);
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Self::Limit(Limit::Fuel),
            Some(Trap::Interrupt) => Self::Limit(Limit::Time),
            Some(Trap::StackOverflow) => Self::Limit(Limit::Stack),
            Some(trap) => Self::Trap(trap.to_string()),
            None => Self::without_trap(error),
        }
    }

    fn without_trap(error: &wasmtime::Error) -> Self {
        if error.is::<wasmtime::PoolConcurrencyLimitError>() {
            return Self::Limit(Limit::Instances);
        }
        let text = error.root_cause().to_string();
        if is_transfer_exhausted(&text) {
            return Self::Limit(Limit::Transfer);
        }
        Self::Trap(error_line(error))
    }
}

/// Wasmtime 48 keeps the type of this error to itself; the test of the oversized answer fails when
/// its text changes.
fn is_transfer_exhausted(text: &str) -> bool {
    text.starts_with("too much data is being copied between the host and the guest")
}

/// An error and its causes, outermost first, in one line. A cause that its error quotes is not said
/// again.
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// The causes of an error of Wasmtime in one line of bounded length, outermost first.
pub(crate) fn error_line(error: &wasmtime::Error) -> String {
    let causes: Vec<_> = error.chain().map(ToString::to_string).collect();
    let line = causes.join(": ");
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}
