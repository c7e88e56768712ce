//! The Rust side of `wit/`: one module per published version of the contract.
//!
//! The rest of the crate speaks the newest version only. When a second one is published, the older
//! module gains a conversion to the newer.

/// `admit:policy@0.1.0`.
pub mod v0_1 {
    #![expect(missing_docs, reason = "documented item by item in wit/policy.wit")]

    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "admit:policy/token-policy",
        ownership: Borrowing { duplicate_if_necessary: true },
        additional_derives: [PartialEq],
    });
}

pub use v0_1::exports::admit::policy::policy as types;
pub use v0_1::{TokenPolicy, TokenPolicyPre};

/// The interfaces a component may export to be a policy, newest first.
pub const SUPPORTED_INTERFACES: &[&str] = &["admit:policy/policy@0.1.0"];

/// The package whose interfaces are policies, in whatever version.
pub const INTERFACE_PREFIX: &str = "admit:policy/policy@";
