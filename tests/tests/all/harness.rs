//! What tests of a server stand on: servers, clients of theirs, the command line, and things that stand in a
//! server's place.

pub(crate) mod client;
pub(crate) mod server;
pub(crate) mod shell;
pub(crate) mod stub;
pub(crate) mod wire;
