//! Admit decides whether a Microsoft Entra access token may enrol a device or sign a user in.
//!
//! The host, this crate, proves *who signed the token*. A sandboxed WebAssembly policy decides
//! *whether to accept it*, and can be replaced while the host serves. A platform makes one
//! [`runtime::Runtime`], one [`keys::Keys`] per cloud and one [`gate::Gate`] per point of admission,
//! activates a policy with its settings, and asks the gate.
//!
//! ```
//! use std::sync::Arc;
//!
//! use admit::claims::Verification;
//! use admit::cloud::Cloud;
//! use admit::decision::Outcome;
//! use admit::facts::Facts;
//! use admit::gate::{Activation, Gate, Request};
//! use admit::issuer::Issuer;
//! use admit::keys::{KeySet, Keys};
//! use admit::runtime::Runtime;
//! use admit::settings::Settings;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! const TENANT: &str = "5a4f1c1e-6a3e-4c57-9d0e-1f2b3c4d5e6f";
//! const CLIENT_ID: &str = "8c9d0e1f-2a3b-4c5d-8e6f-7a8b9c0d1e2f";
//!
//! // A local stand-in for Entra. In production the keys come from the cloud:
//! // `RemoteKeys::new(Cloud::Public.key_set_address(), RemoteOptions::default())`.
//! let entra = Issuer::generate()?;
//! let keys = Keys::fixed(KeySet::parse(entra.jwk_set().to_string().as_bytes())?);
//!
//! let runtime = Runtime::new()?;
//! let gate =
//!     Gate::new("windows-mdm", runtime, Arc::new(keys), Verification::new(Cloud::Public));
//! let settings = serde_json::json!({
//!     "server_url": "https://mdm.example.com",
//!     "windows_entra_tenant_ids": [TENANT],
//!     "windows_entra_client_ids": [CLIENT_ID],
//! });
//! gate.activate(Activation {
//!     component: admit_policies::WINDOWS_MDM_2.component,
//!     settings: Settings::parse(settings.to_string().as_bytes())?,
//!     cases: &[],
//! })?;
//!
//! let facts = Facts::default();
//! let token = entra.sign(&entra.claims_v2(TENANT, CLIENT_ID, admit::gate::now()));
//! let decision = gate.decide(&Request::new(&token, &facts))?;
//! assert_eq!(decision.outcome(), Outcome::Allow);
//! let identity = decision.identity().ok_or("an allow names who was admitted")?;
//! assert_eq!(identity.tenant_id, TENANT);
//!
//! let other = entra.sign(&entra.claims_v2(TENANT, TENANT, admit::gate::now()));
//! let decision = gate.decide(&Request::new(&other, &facts))?;
//! assert_eq!(decision.outcome(), Outcome::Deny);
//! assert_eq!(decision.reason(), Some("audience_not_authorized"));
//! println!("{}", decision.remedy().ok_or("a refusal says what to change")?);
//! # Ok(())
//! # }
//! ```
//!
//! Modules are listed in the order of a request: from token text to decision.

#![warn(missing_docs)]

pub use admit_api::{bounded, decision};
pub use admit_cases as cases;
pub use admit_cases::text;
pub use admit_rules as rules;

pub mod input;
pub mod token;
pub mod keys;
pub mod verify;
pub mod claims;
pub mod cloud;
pub mod contract;
pub mod description;
mod select;
pub mod facts;
pub mod settings;
pub mod runtime;
pub mod limits;
pub mod failure;
pub mod release;
mod answer;
pub mod gate;
pub mod reason;
pub mod issuer;
pub mod json;
pub mod clock;
pub mod outgoing;
pub mod lock;
pub mod repeats;

/// The programs of the guide are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
struct Guide;
