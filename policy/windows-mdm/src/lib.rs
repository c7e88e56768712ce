//! The versions of the policy `windows-mdm`: Windows MDM enrolment with an Entra token.
//!
//! Each version is a module that uses the one before and says what differs. The crates beside this
//! one make a version a component. They are of their own because a component exports one policy: a
//! crate that exports cannot be what another version builds on.

pub mod answers;
pub mod claims;
pub mod host;
pub mod v1;
pub mod v2;

mod audience;
