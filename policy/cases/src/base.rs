//! Sets of claims to start from.

use serde_json::{Map, Value, json};

use crate::budget;
use crate::error::{CaseError, shown};
use crate::file::CaseFile;

/// The names of the sets every case file has: the access tokens that Entra issues for a user.
pub const BUILT_IN_BASES: [&str; 2] = ["entra-v1", "entra-v2"];

/// The value of `iss` that stands for the issuer of the case's `ver`, `tid` and cloud.
pub const ISSUER: &str = "{issuer}";

/// How many sets may build on one another.
const MAX_CHAIN: usize = 8;

/// More than the built-in sets take.
const BUILT_IN_WEIGHT: usize = 4_096;

const CLIENT_APP: &str = "29d9ed98-a469-4536-ade2-f981bc1d605e";
const AUDIENCE: &str = "6f1d7a2c-93b4-4c1e-8f0a-2b5d9e7c4a31";

/// The claims of a set, by name.
pub(crate) fn claims(
    file: &CaseFile,
    name: &str,
    now: u64,
) -> Result<Map<String, Value>, CaseError> {
    let mut chain = Vec::new();
    let mut next = Some(name);
    let mut claims = Map::new();
    while let Some(name) = next {
        if let Some(built_in) = built_in(name, now) {
            claims = built_in;
            break;
        }
        let Some(base) = file.bases.get(name).filter(|_| chain.len() < MAX_CHAIN) else {
            return Err(missing(file, name, chain.len()));
        };
        chain.push(base);
        next = base.from.as_deref();
    }
    for base in chain.into_iter().rev() {
        change(&mut claims, &base.claims);
    }
    Ok(claims)
}

/// The room that the claims of a set take, and the work of making them.
pub(crate) fn weight(file: &CaseFile, name: &str) -> usize {
    let mut weight = 0;
    let mut next = Some(name);
    for _ in 0..MAX_CHAIN {
        let Some(base) = next.and_then(|name| file.bases.get(name)) else {
            break;
        };
        weight += budget::members(&base.claims);
        next = base.from.as_deref();
    }
    if next.is_some() { weight + BUILT_IN_WEIGHT } else { weight }
}

/// Sets the members of `changes`; `null` removes one.
pub(crate) fn change(members: &mut Map<String, Value>, changes: &Map<String, Value>) {
    // Once for all that are removed: removing one moves all behind it.
    if changes.values().any(Value::is_null) {
        members.retain(|name, _| !changes.get(name).is_some_and(Value::is_null));
    }
    for (name, value) in changes.iter().filter(|(_, value)| !value.is_null()) {
        members.insert(name.clone(), value.clone());
    }
}

fn missing(file: &CaseFile, name: &str, depth: usize) -> CaseError {
    let problem = if depth < MAX_CHAIN {
        let own = file.bases.keys().map(String::as_str);
        let known: Vec<_> = BUILT_IN_BASES.into_iter().chain(own).collect();
        format!("there is no such set of claims; expected one of {}", listed(&known))
    } else {
        format!("more than {MAX_CHAIN} sets that build on one another")
    };
    CaseError::Base { base: shown(name), problem }
}

fn listed(names: &[&str]) -> String {
    const MAX: usize = 12;
    let first: Vec<_> = names.iter().take(MAX).map(|name| shown(name)).collect();
    match names.len().saturating_sub(MAX) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Whether a built-in set has this claim with this value.
pub(crate) fn is_built_in(name: &str, value: &Value) -> bool {
    let has = |base| built_in(base, 0).is_some_and(|claims| claims.get(name) == Some(value));
    BUILT_IN_BASES.into_iter().any(has)
}

/// The claims of a user's access token, as Entra issues it.
///
/// Source: Microsoft Entra "Access token claims reference".
fn built_in(name: &str, now: u64) -> Option<Map<String, Value>> {
    let of_version = match name {
        "entra-v1" => json!({
            "aud": "https://mdm.example.com",
            "acr": "1",
            "amr": ["pwd", "mfa"],
            "appid": CLIENT_APP,
            "appidacr": "0",
            "family_name": "Reed",
            "given_name": "Dana",
            "ipaddr": "192.0.2.10",
            "puid": "10032000A1B2C3D4",
            "unique_name": "dana@example.com",
            "upn": "dana@example.com",
            "ver": "1.0",
        }),
        "entra-v2" => json!({
            "aio": "AWQAm/8XAAAA",
            "aud": AUDIENCE,
            "azp": CLIENT_APP,
            "azpacr": "0",
            "preferred_username": "dana.reed@example.com",
            "upn": "dana@example.com",
            "ver": "2.0",
        }),
        _ => return None,
    };
    let mut claims = json!({
        "iss": ISSUER,
        "iat": now.saturating_sub(60),
        "nbf": now.saturating_sub(60),
        "exp": now.saturating_add(4_200),
        "name": "Dana Reed",
        "oid": "91b7e0c4-2d36-4f58-8a9b-c0d1e2f3a4b5",
        "rh": "0.AAAA.",
        "scp": "mdm_delegation",
        "sub": "kQ3v9ZrT1yXbC5nLwE8sGdH2mJ0pUaOi7fVtYxRzB4M",
        "tid": "3e9a2c71-5b08-4d6f-a1c4-7f2e8b9d0c53",
        "uti": "Zk3bQd1wT0-aaBbCcDdEeQ",
    });
    if let (Value::Object(claims), Value::Object(of_version)) = (&mut claims, of_version) {
        claims.extend(of_version);
    }
    match claims {
        Value::Object(claims) => Some(claims),
        _ => None,
    }
}
