//! What the tests share. See `tests/` for the tests.

pub mod blackhole;
pub mod clock;
pub mod fixture;
pub mod forms;
pub mod fuzzing;
pub mod gates;
pub mod guests;
pub mod heavy;
pub mod key_server;
pub mod vectors;
