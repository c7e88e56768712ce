//! Another policy for a gate, as it is sent.

use std::path::Path;
use std::sync::Arc;

use admit::limits::Limits;
use admit::release::component_digest;
use admit_api::activation;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::client::Call;
use crate::error::CliError;
use crate::files;
use crate::text::clean;

#[derive(Clone)]
pub(crate) enum NewPolicy {
    /// One that comes with the server, `NAME` or `NAME@VERSION`.
    Bundled(String),
    Component {
        /// The file it is from.
        path: String,
        /// In binary form.
        bytes: Arc<[u8]>,
    },
}

impl NewPolicy {
    /// A name that comes with the server, or a file.
    pub(super) fn of(reference: &str) -> Result<Self, CliError> {
        let path = Path::new(reference);
        let is_name = !reference.contains(['/', '\\'])
            && !reference.ends_with(".wasm")
            && !files::is_stdin(path);
        if admit_policies::find(reference).is_some() || is_name && !path.exists() {
            return Ok(Self::Bundled(reference.to_owned()));
        }
        Self::in_file(path)
    }

    pub(crate) fn in_file(path: &Path) -> Result<Self, CliError> {
        let bytes = files::read(path, Limits::default().component_bytes as u64)?;
        Ok(Self::Component { path: files::called(path).display().to_string(), bytes: bytes.into() })
    }

    /// What people call it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Bundled(name) => clean(name),
            Self::Component { path, .. } => clean(path),
        }
    }

    /// The digest of the component; absent when only the server has it.
    pub(crate) fn digest(&self) -> Option<Arc<str>> {
        match self {
            Self::Bundled(_) => None,
            Self::Component { bytes, .. } => Some(component_digest(bytes)),
        }
    }

    /// The call that gives a gate this policy, and changes settings with it.
    pub(crate) fn call(&self, gate: &str, settings: Map<String, Value>) -> Call {
        let call = Call::of_gate("POST", gate, "policy");
        match self {
            Self::Bundled(name) => {
                call.json(&activation::NewPolicy::Bundled { policy: name.clone(), settings })
            }
            Self::Component { bytes, .. } if settings.is_empty() => call.component(bytes.to_vec()),
            Self::Component { bytes, .. } => {
                let component = STANDARD.encode(bytes);
                call.json(&activation::NewPolicy::Component { component, settings })
            }
        }
    }
}
