//! The contract `wit/policy.wit` as Rust, generated for the side of the policy.

wit_bindgen::generate!({
    path: "../../wit",
    world: "token-policy",
    pub_export_macro: true,
    default_bindings_module: "admit_guest::bindings",
    additional_derives: [Clone, PartialEq, Eq],
});
