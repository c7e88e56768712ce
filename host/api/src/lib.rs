//! Every shape of Admit that crosses a wire, a file or a process: declared once, with its JSON form
//! and its schema.
//!
//! The server writes these shapes, the command line reads and prints them, a platform that embeds the
//! engine gets them from it. `admit-schemas` makes `docs/*.schema.json` and `docs/openapi.json` of them.
//! A reader takes members that it does not know, so that an older one understands a newer writer.

#![warn(missing_docs)]

mod names;
mod shared;
pub mod text;
pub mod bounded;
pub mod question;
pub mod decision;
pub mod evidence;
pub mod log;
pub mod comparison;
pub mod diff;
pub mod replay;
pub mod test_run;
pub mod explanation;
pub mod description;
pub mod inspection;
pub mod settings;
pub mod activation;
pub mod release;
pub mod candidate;
pub mod activity;
pub mod access;
pub mod status;
pub mod health;
pub mod error;
pub mod endpoint;
pub mod openapi;
pub mod schema;
