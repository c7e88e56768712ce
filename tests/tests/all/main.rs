//! All integration tests in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests stop at the first surprise, in what they share too"
)]

mod artefacts;
mod cases;
mod cli;
mod documents;
mod fuzz;
mod harness;
mod keys;
mod limits;
mod packed;
mod properties;
mod published_holes;
mod reasons;
mod run;
mod server;
mod swap;
mod tokens;
mod undeclared;
mod vectors;
