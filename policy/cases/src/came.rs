//! What came out of a case.

use std::fmt;

use serde_json::{Map, Value};

/// A decision, as far as expectations can speak of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Came {
    /// `allow`, `ask`, `deny`, `invalid` or `failed`.
    pub outcome: &'static str,
    /// The policy's reason on `deny`, the host's code on `invalid` and `failed`.
    pub reason: Option<String>,
    /// What a code does not say: the host's finding on `invalid` and `failed`.
    pub detail: Option<String>,
    /// The identity on `allow` and `ask`, by field.
    pub identity: Map<String, Value>,
    /// The facts asked for on `ask`.
    pub asks: Vec<String>,
    /// The claims that a refusal points at.
    pub claims: Vec<String>,
    /// The settings that a refusal points at.
    pub settings: Vec<String>,
    /// The facts that a refusal points at.
    pub facts: Vec<String>,
}

/// Names what came; the values of an identity, and what the host found in claims, only in the
/// alternate form (`{:#}`), since they may be names of people.
impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.outcome)?;
        if let Some(reason) = &self.reason {
            write!(f, " {reason}")?;
        }
        if !self.asks.is_empty() {
            write!(f, " for {}", self.asks.join(", "))?;
        }
        let points =
            [("claims", &self.claims), ("settings", &self.settings), ("facts", &self.facts)];
        for (what, names) in points {
            if !names.is_empty() {
                write!(f, "; {what}: {}", names.join(", "))?;
            }
        }
        for (field, value) in &self.identity {
            match value.as_str() {
                _ if !f.alternate() => write!(f, "; {field}")?,
                Some(text) => write!(f, "; {field}: {text}")?,
                None => write!(f, "; {field}: {value}")?,
            }
        }
        match &self.detail {
            Some(detail) if f.alternate() || self.outcome == "failed" => write!(f, " ({detail})"),
            _ => Ok(()),
        }
    }
}
