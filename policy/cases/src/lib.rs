//! Unit tests of a policy as data: what a case file holds, and what its cases expect.
//!
//! A case file names a policy, its settings, the time, and sets of claims to start from. Each case
//! changes some of that and says what must come out. The host runs cases in the sandbox
//! (`admit test`, and before a release is activated), `admit_guest::testing` runs them natively.
//!
//! ```
//! let file = admit_cases::CaseFile::parse(r#"
//! policy: windows-mdm
//! settings:
//!   server_url: https://mdm.example.com
//!   windows_entra_tenant_ids: [3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53]
//! base: entra-v1
//! cases:
//!   - name: the tenant is configured
//!     expect: {allow: {user_name: dana@example.com, user_name_claim: upn}}
//!   - name: another tenant
//!     matrix:
//!       letter case:
//!         lower: {claims: {tid: b7c4d5e6-1f20-4a3b-9c8d-0e1f2a3b4c5d}}
//!         upper: {claims: {tid: B7C4D5E6-1F20-4A3B-9C8D-0E1F2A3B4C5D}}
//!     expect: {deny: tenant_not_authorized, claims: [tid]}
//! "#)?;
//! let cases = file.cases()?;
//! let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
//! assert_eq!(names, ["the tenant is configured", "another tenant [lower]", "another tenant [upper]"]);
//! assert_eq!(cases[1].claims["iss"], admit_cases::ISSUER);
//! # Ok::<(), admit_cases::CaseError>(())
//! ```
//!
//! The whole form is in `docs/cases.schema.json`.

#![warn(missing_docs)]

pub mod document;
mod file;
mod error;
mod base;
mod budget;
mod expand;
mod case;
mod expect;
mod came;
mod moment;
pub mod placeholder;
pub mod section;
pub mod suggest;
pub mod text;
pub mod strict;

pub use base::{BUILT_IN_BASES, ISSUER};
pub use came::Came;
pub use case::{Case, CaseSet};
pub use error::CaseError;
pub use expect::{Expectation, Identity, IdentityField};
pub use file::{CaseFile, MAX_CASE_FILE_BYTES};
pub use moment::{Moment, MomentError};
