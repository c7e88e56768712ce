//! All integration tests in one binary.

mod cases;
mod cli;
mod keys;
mod limits;
mod swap;
mod tokens;
mod vectors;
