//! Errors of Wasmtime 48 that only a guest can cause, and that have no type: recognised by how their
//! text begins. A guest in `tests` causes each kind, so that a text that changes is noticed.

use std::char::{CharTryFromError, DecodeUtf16Error};
use std::str::Utf8Error;

/// Whether the guest handed more to the host than a call may.
pub(super) fn handed_over_too_much(error: &wasmtime::Error) -> bool {
    let text = error.root_cause().to_string();
    text.starts_with("too much data is being copied between the host and the guest")
}

/// Whether the guest returned an ill-formed value, or misused what the component model gives it.
pub(super) fn is_ill_formed(error: &wasmtime::Error) -> bool {
    if error.is::<Utf8Error>() || error.is::<DecodeUtf16Error>() || error.is::<CharTryFromError>() {
        return true;
    }
    let text = error.root_cause().to_string();
    VALUES.iter().chain(HANDLES).any(|start| text.starts_with(start))
}

/// Values of an answer, and the room that the guest gave for an argument.
const VALUES: &[&str] = &[
    "realloc return: ",
    "return pointer not aligned",
    "pointer not aligned",
    "pointer out of bounds",
    "pointer size overflow",
    "string pointer",
    "list pointer",
    "size overflow copying a list",
    "byte length",
    "invalid option discriminant",
    "invalid expected discriminant",
    "unexpected discriminant",
    "invalid utf8 encoding",
    "invalid utf16 encoding",
];

/// Handles of resources that a component keeps for itself.
const HANDLES: &[&str] = &[
    "unknown handle index",
    "index is not a resource",
    "index ",
    "handle is not ",
    "cannot allocate another handle",
    "cannot lend resource",
    "cannot remove owned resource",
    "cannot lift own resource",
    "borrow handles still remain",
    "handle index ",
];
