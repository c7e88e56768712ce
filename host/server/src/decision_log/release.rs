//! The line of a release: what one needs to replay its decisions.

use admit::claims::Verification;
use admit::decision::PolicyRef;
use admit::release::Release;
use serde::Serialize;
use serde_json::{Map, Value};

use super::entry::timestamp;

/// A gate's release as it is logged.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ReleaseLine {
    r#type: &'static str,
    at: String,
    pub(super) gate: String,
    generation: u64,
    policy: PolicyRef,
    release: String,
    settings: Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    kept_settings: Map<String, Value>,
    cloud: String,
    leeway_seconds: u64,
    max_lifetime_seconds: u64,
    wanted_claims: Vec<String>,
    logged_claims: Vec<String>,
}

impl ReleaseLine {
    pub(super) fn new(
        gate: &str,
        generation: u64,
        release: &Release,
        kept_settings: &Map<String, Value>,
        verification: &Verification,
        logged_claims: &[String],
        at: u64,
    ) -> Self {
        Self {
            r#type: "release",
            at: timestamp(at, 0),
            gate: gate.to_owned(),
            generation,
            policy: release.policy().clone(),
            release: release.digest().to_string(),
            settings: release.settings().as_json().clone(),
            kept_settings: kept_settings.clone(),
            cloud: verification.cloud().to_string(),
            leeway_seconds: verification.leeway().as_secs(),
            max_lifetime_seconds: verification.max_lifetime().as_secs(),
            wanted_claims: release.description().claims.clone(),
            logged_claims: logged_claims.to_vec(),
        }
    }
}
