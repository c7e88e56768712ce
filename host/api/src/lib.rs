//! Every shape of Admit that crosses a wire, a file or a process, declared once.
//!
//! The server writes these shapes, the command line reads and prints them, a platform that embeds the
//! engine gets them from it.

pub mod bounded;
pub mod decision;
