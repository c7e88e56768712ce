//! A folder for one server: configuration, keys, the body of a request.

use std::path::Path;

use admit_tests::fixture::{CLIENT, TID, issuer};
use serde_json::{Value, json};

pub(crate) const GATE: &str = "windows-mdm";

/// The file with a request that is allowed.
pub(crate) const BODY: &str = "body.json";

/// The file with a request whose token has expired: refused when its signature is verified, without
/// asking the policy.
pub(crate) const EXPIRED: &str = "expired.json";

pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The settings of the gate that is measured.
pub(crate) fn settings() -> Value {
    json!({
        "server_url": "https://mdm.example.com",
        "windows_entra_tenant_ids": [TID],
        "windows_entra_client_ids": [CLIENT],
    })
}

/// Writes the configuration of a server with both bundled gates; with a decision log if `log`.
pub(crate) fn write(directory: &Path, log: Option<f64>) -> Result<()> {
    let mut config = json!({
        "service": {"listen": "127.0.0.1:0"},
        "admin": {"listen": "127.0.0.1:0"},
        "data_dir": "data",
        "log": {"level": "warn"},
        "keys": {"public": {"file": "keys.json"}},
        "gates": {
            GATE: {"settings": settings()},
            "intune-mam": {
                "settings": {"tenant_id": TID, "client_id": CLIENT, "auth_service": "office365"},
            },
        },
    });
    if let (Some(config), Some(allows)) = (config.as_object_mut(), log) {
        let log = json!({"to": "decisions.jsonl", "allows": allows});
        config.insert("decision_log".to_owned(), log);
    }
    std::fs::write(directory.join("admit.yaml"), config.to_string())?;
    std::fs::write(directory.join("keys.json"), issuer().jwk_set().to_string())?;
    let now = admit::gate::now();
    for (file, issued) in [(BODY, now), (EXPIRED, now - 24 * 60 * 60)] {
        let token = issuer().sign(&issuer().claims_v2(TID, CLIENT, issued));
        std::fs::write(directory.join(file), json!({"token": token}).to_string())?;
    }
    Ok(())
}
