//! A policy that misbehaves on demand, for tests of the host.
//!
//! The claim `mode` of a token says what `decide` does, the setting `mode` what `configure` does;
//! without one it is a good policy that admits everybody. What Rust cannot be made to do, the tests
//! patch into the core module.

mod about;
mod answers;
mod bindings;
mod memory;
mod resources;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::bindings::contract::{
    Decision, Description, Field, Guest, Request, SettingError, Value,
};

/// The policy.
#[derive(Debug)]
pub struct Misbehave;

/// What a policy must not be able to keep: how often it was called, and for whom.
static CALLS: AtomicU32 = AtomicU32::new(0);
static SEEN: RwLock<String> = RwLock::new(String::new());

impl Guest for Misbehave {
    fn describe() -> Description {
        about::description()
    }

    fn configure(settings: Vec<Field>) -> Result<(), Vec<SettingError>> {
        let mode = text(&settings, "mode").unwrap_or_default();
        resources::use_up(mode);
        answers::refusals(mode)
    }

    fn decide(request: Request) -> Decision {
        let mode = text(&request.claims, "mode").unwrap_or_default();
        let is_first = is_first_call(text(&request.claims, "oid").unwrap_or_default());
        resources::use_up(mode);
        answers::decision(mode, &request, is_first)
    }
}

/// Whether this instance has never been called before. Remembers the caller.
fn is_first_call(oid: &str) -> bool {
    let calls = CALLS.fetch_add(1, Ordering::Relaxed);
    let mut seen = SEEN.write().unwrap_or_else(PoisonError::into_inner);
    let is_first = calls == 0 && seen.is_empty();
    seen.push_str(oid);
    is_first
}

fn text<'a>(fields: &'a [Field], name: &str) -> Option<&'a str> {
    match &fields.iter().find(|field| field.name == name)?.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
