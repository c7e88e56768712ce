//! The contract, generated here and not taken from `admit-guest`, so that nothing which is done for
//! good policies (their allocator, for one) stands in the way of a bad one.
#![cfg_attr(target_family = "wasm", expect(unsafe_code, reason = "generated"))]

wit_bindgen::generate!({
    path: "../../../wit",
    world: "token-policy",
    additional_derives: [Clone],
});

pub(crate) use exports::admit::policy::policy as contract;

#[cfg(target_family = "wasm")]
export!(Misbehave with_types_in self);

#[cfg(target_family = "wasm")]
use crate::Misbehave;
