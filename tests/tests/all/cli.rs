//! The real binary: what each command prints, and its exit code.
//!
//! Cargo brings the binary up to date for `cargo test --workspace`, and for parts of it if `usage`
//! is among them: `cargo test --workspace --test usage --test all -- cli::`.

mod bad_input;
mod case_schema;
mod decide;
mod demo;
mod diff;
mod explain;
mod forms;
mod inspect;
mod issuer;
mod log;
mod marks;
mod next_version;
mod pack;
mod quiet;
mod replay;
mod run;
mod schema;
mod stdin;
mod stream;
mod terminal;
mod test;
