//! What the versions of the policy `windows-mdm` share: Windows MDM enrolment with an Entra token.
//!
//! A version is a short crate beside this one: it lists the settings, rules and reasons it has, and
//! brings those of its own.

pub mod claims;
pub mod enrolment;
pub mod host;
pub mod reasons;
pub mod rules;
pub mod settings;

mod denials;

pub use enrolment::Enrolment;
