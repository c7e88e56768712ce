//! The rules of Admit's policies as plain Rust.
//!
//! Each rule is a small pure function over text that came out of a verified token. Nothing here
//! allocates per call, knows a setting's name or depends on another crate, so a rule can be read,
//! tested and fuzzed by itself.
//!
//! The modules, in reading order: the two value types ([`Guid`], [`HttpsUrl`]), then one module
//! per question a policy asks about a token.

#![warn(missing_docs)]

mod guid;
mod url;

pub mod app;
pub mod audience;
pub mod guest;
pub mod identity;
pub mod pairing;
pub mod scope;
pub mod tenant;
pub mod version;

pub use audience::Audience;
pub use guid::{Guid, GuidSet, NotAGuid, is_of_guids};
pub use pairing::Pair;
pub use url::{HttpsUrl, UrlFault};
pub use version::TokenVersion;
