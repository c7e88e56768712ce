//! The real binary: what each command prints, and its exit code.
//!
//! What a command prints for what it gets is in the transcripts (`tests/transcripts`). The tests here have what
//! takes a terminal, a closed pipe, several processes or a library.
//!
//! Cargo brings the binary up to date for `cargo test --workspace`, and for parts of it if `usage`
//! is among them: `cargo test --workspace --test usage --test all -- cli::`.

mod case_schema;
mod demo;
mod files;
mod folder;
mod issuer;
mod marks;
mod next_version;
mod schema;
mod terminal;
mod transcripts;
mod watch;
