//! What a failed call into a policy means, and whose fault it is.
//!
//! The policy's faults are recognised: a trap, a limit, an ill-formed answer. Everything else is the
//! host's fault: an error of an unknown kind must not take back what an administrator did.

mod guest;

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
    /// This machine could not run it: no memory, no address space, no thread.
    #[error("this machine could not run the policy: {0}")]
    Host(String),
}

impl CallError {
    /// The reason code of a decision that failed this way.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Limit(limit) => limit.code(),
            Self::Trap(_) => "policy.failed",
            Self::Host(_) => "host.resources",
        }
    }

    /// Whether the host is to blame, and the same call may succeed in a moment.
    pub fn is_hosts(&self) -> bool {
        matches!(self, Self::Limit(Limit::Instances) | Self::Host(_))
    }

    /// What would have to change for a call that does not depend on settings to succeed.
    pub(crate) fn cause(&self) -> Cause {
        if self.is_hosts() { Cause::Host } else { Cause::Component }
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
            Some(trap @ Trap::UnreachableCodeReached) => Self::Trap(format!("{trap}; {GAVE_UP}")),
            Some(trap) => Self::Trap(trap.to_string()),
            None => Self::without_trap(error),
        }
    }

    fn without_trap(error: &wasmtime::Error) -> Self {
        if error.is::<wasmtime::PoolConcurrencyLimitError>() {
            Self::Limit(Limit::Instances)
        } else if guest::handed_over_too_much(error) {
            Self::Limit(Limit::Transfer)
        } else if guest::is_ill_formed(error) {
            Self::Trap(error_line(error))
        } else {
            Self::Host(error_line(error))
        }
    }
}

/// What stands behind an `unreachable` that a policy comes to: what Rust and others compile a panic to.
const GAVE_UP: &str = "it panicked or aborted, or used what a policy does not have, such as a clock or \
                       a thread; the policy's native tests show the message";

/// What would have to change for a refused policy to be accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cause {
    /// The component: this one is refused whatever else changes.
    Component,
    /// What the gate has: its settings, or the policy before.
    Gate,
    /// The operator's cases.
    Cases,
    /// The host: its memory, its load, its disk. The same may succeed later.
    Host,
}

/// An error and its causes, outermost first, in one line. A cause that its error already quotes is left
/// out.
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
    crate::text::error_line(&causes.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(error: wasmtime::Error) -> (&'static str, Cause) {
        let error = CallError::from_wasmtime(&error);
        (error.code(), error.cause())
    }

    #[test]
    fn what_is_not_recognised_is_the_hosts() {
        let full = std::io::Error::from_raw_os_error(12);
        let errors = [
            wasmtime::Error::from(full).context("mmap failed to reserve 0x100000 bytes"),
            wasmtime::format_err!("an error of an unknown kind"),
            wasmtime::format_err!("a pointer not aligned, said in other words"),
        ];
        for error in errors {
            let shown = error.to_string();
            assert_eq!(code(error), ("host.resources", Cause::Host), "{shown}");
        }
    }

    #[test]
    fn a_panic_and_a_loop_are_explained() {
        let said = |trap: Trap| CallError::from_wasmtime(&trap.into()).to_string();
        assert_eq!(
            said(Trap::UnreachableCodeReached),
            "the policy trapped: wasm trap: wasm `unreachable` instruction executed; it panicked or \
             aborted, or used what a policy does not have, such as a clock or a thread; the policy's \
             native tests show the message"
        );
        let fuel = said(Trap::OutOfFuel);
        let expected = "the policy used more instructions than a call may, perhaps in a loop that \
                        does not end";
        assert_eq!(fuel, expected);
        assert_eq!(said(Trap::Interrupt), expected.replace("instructions", "time"));
    }

    #[test]
    fn traps_limits_and_ill_formed_values_are_the_policys() {
        let not_utf8 = String::from_utf8(vec![0xff]).unwrap_err().utf8_error();
        let errors = [
            (Trap::UnreachableCodeReached.into(), "policy.failed"),
            (Trap::StackOverflow.into(), "policy.limit.stack"),
            (wasmtime::Error::from(Limit::Memory).context("while growing"), "policy.limit.memory"),
            (wasmtime::Error::from(not_utf8), "policy.failed"),
            (wasmtime::format_err!("unknown handle index 7"), "policy.failed"),
        ];
        for (error, expected) in errors {
            assert_eq!(code(error), (expected, Cause::Component));
        }
    }
}
