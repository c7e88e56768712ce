//! What a component is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::description::Description;
use crate::text;

/// What `admit inspect --output json` prints: what a component is, and what the policy in it says of
/// itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Inspection {
    /// The name the policy gives itself, for example `windows-mdm`.
    #[schemars(with = "text::Name")]
    pub name: String,
    /// The version the policy gives itself, for example `2.0.0`.
    #[schemars(with = "text::Version")]
    pub version: String,
    /// The SHA-256 of the component; decisions name it.
    #[schemars(with = "text::Digest")]
    pub digest: String,
    /// The size of the component in bytes.
    #[schemars(range(min = 8))]
    pub size_bytes: usize,
    /// The world of the contract that the component implements, with its version.
    #[schemars(regex(pattern = r"^admit:policy/token-policy@[0-9]+\.[0-9]+\.[0-9]+$"))]
    pub world: String,
    /// What the component imports. Always empty: a component with imports is no policy.
    #[schemars(length(max = 0))]
    pub imports: Vec<String>,
    /// Everything the component exports. What is not the interface of the contract is never called.
    #[schemars(length(min = 1))]
    pub exports: Vec<String>,
    /// What the policy says of itself.
    pub description: Description,
    /// The cases that the component carries; a release is activated only after they came out as they say.
    pub cases: Vec<CaseName>,
}

/// A case by its name.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseName {
    /// The case file it is from.
    pub file: String,
    /// Its name, unique in its file.
    pub name: String,
}
