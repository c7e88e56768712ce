//! What a policy of Admit is written with.
//!
//! A policy is one type that implements [`Policy`]: a table that says what it is ([`About`]), how
//! it reads its settings, and who a token names. The rules in the table are plain functions of the
//! policy and a [`Token`]; the description, the decision and its trace all come from that table.
//!
//! # Example
//!
//! ```
//! use admit_guest::{
//!     About, Absent, Denial, Finding, Guid, Kind, Policy, Presentation, Principal, Reason, Retry,
//!     Rule, Setting, Settings, Token,
//! };
//!
//! /// Admits the users of one tenant.
//! struct OneTenant {
//!     tenant: Guid,
//! }
//!
//! const TENANT: Setting = Setting {
//!     name: "tenant_id",
//!     title: "Tenant ID",
//!     help: "The tenant whose users are admitted. Portal: Microsoft Entra ID > Overview.",
//!     kind: Kind::Guid,
//!     absent: Absent::Refused,
//! };
//!
//! const OTHER_TENANT: Reason = Reason {
//!     code: "tenant_not_authorized",
//!     title: "The token was issued by another tenant.",
//!     remedy: "If users of that tenant are to be admitted, set `tenant_id` to the value of `tid`.",
//!     presentation: Presentation {
//!         error_id: "one_tenant.tenant",
//!         http_status: 403,
//!         user_message: "Your organisation is not admitted here.",
//!         retry: Retry::No,
//!         fallback: None,
//!         mdm_fault: None,
//!     },
//! };
//!
//! const NO_OBJECT_ID: Reason = Reason {
//!     code: "object_id_missing",
//!     title: "The token does not name the user: `oid` is missing or not a GUID.",
//!     remedy: "Let the client ask for the scope `profile` too; Entra adds `oid` to user tokens then.",
//!     presentation: Presentation {
//!         error_id: "one_tenant.object_id",
//!         http_status: 400,
//!         user_message: "Your sign-in is incomplete.",
//!         ..OTHER_TENANT.presentation
//!     },
//! };
//!
//! const TENANT_REFUSED: Denial = OTHER_TENANT.denial().claims(&["tid"]).settings(&["tenant_id"]);
//!
//! const USER_UNNAMED: Denial = NO_OBJECT_ID.denial().claims(&["oid"]);
//!
//! impl Policy for OneTenant {
//!     const ABOUT: About<Self> = About {
//!         name: "one-tenant",
//!         version: "1.0.0",
//!         summary: "Admits the users of one tenant.",
//!         claims: &["tid", "oid"],
//!         facts: &[],
//!         settings: &[TENANT],
//!         rules: &[
//!             Rule {
//!                 name: "tenant",
//!                 summary: "The token was issued by the configured tenant.",
//!                 check: |policy, token| {
//!                     Finding::require(token.guid("tid") == Some(policy.tenant), TENANT_REFUSED)
//!                 },
//!             },
//!             Rule {
//!                 name: "object_id",
//!                 summary: "The token names its user.",
//!                 check: |_, token| Finding::require(token.guid("oid").is_some(), USER_UNNAMED),
//!             },
//!         ],
//!         reasons: &[OTHER_TENANT, NO_OBJECT_ID],
//!         host_reasons: &[],
//!     };
//!
//!     fn configure(settings: &mut Settings<'_>) -> Option<Self> {
//!         Some(Self { tenant: settings.guid(&TENANT)? })
//!     }
//!
//!     fn principal(&self, _: &Token<'_>) -> Principal {
//!         Principal::of_user()
//!     }
//! }
//!
//! admit_guest::export!(OneTenant);
//!
//! // The same type answers natively, so its rules are tested without a component.
//! use admit_guest::contract::{Field, Request, Value, Verdict};
//!
//! let text = |name: &str, value: &str| Field { name: name.into(), value: Value::Text(value.into()) };
//! let tenant = "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53";
//! let policy = OneTenant::configured(&[text("tenant_id", tenant)]).unwrap();
//! let claims = vec![text("tid", tenant), text("oid", "91b7e0c4-2d36-4f58-8a9b-c0d1e2f3a4b5")];
//! let decision = policy.decide(&Request { claims, facts: vec![], now: 0, trace: false });
//! assert!(matches!(decision.verdict, Verdict::Allow(_)));
//! ```

#![warn(missing_docs)]

mod about;
mod declared;
mod describe;
mod fault;
mod finding;
mod json;
mod names;
mod next;
mod policy;
mod principal;
mod read;
mod settings;
mod token;

mod export;

#[cfg(feature = "testing")]
pub mod testing;

#[doc(hidden)]
pub mod bindings;

/// The types of `wit/policy.wit`: what goes in and out of a policy.
pub mod contract {
    pub use crate::bindings::exports::admit::policy::policy::{
        Attribute, Decision, Denial, Description, Entry, Fact, FactKind, Field, MdmFault, Outcome,
        Presentation, Principal, Question, Reason, Request, Retry, Rule, Setting, SettingError,
        SettingKind, Step, Value, Verdict,
    };
}

pub use about::{About, Absent, Entry, Fact, Kind, MdmFault, Presentation, Reason, Rule, Setting};
pub use admit_rules as rules;
pub use admit_rules::{Audience, Guid, GuidSet, HttpsUrl, TokenVersion};
pub use contract::{FactKind, Retry};
pub use fault::{Fault, check, fault};
pub use finding::{Denial, Finding};
pub use json::Json;
#[doc(hidden)]
pub use next::{Table, last_of};
pub use policy::Policy;
pub use principal::Principal;
pub use read::{read_guid, read_scope, read_tenant, read_url, says};
pub use settings::Settings;
pub use token::Token;

/// The examples of the authors' guide, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
