//! The policy that a gate is configured with, until something was activated.
//!
//! A file that ends the server while it is tried would end it at each start, and all other gates with it. So
//! it is written down before it is tried, and what a start finds written down is set aside: that gate alone
//! fails. What comes with this program is tried without that.

use std::path::PathBuf;
use std::sync::Arc;

use admit::failure::error_chain;
use admit::limits::Limits;
use admit::lock::Lock;
use admit::release::component_digest;
use serde_json::json;

use super::report::ChangeError;
use crate::store::{FirstTry, NewActivity, Store, StoreError, Trying};
use crate::time::rfc3339;

/// The policy of a gate to which none was ever given.
#[derive(Clone, Debug)]
pub enum FirstComponent {
    /// One that comes with this program.
    Bundled(&'static [u8]),
    /// What a file holds. It is read only if it is needed: the gate may have had other policies since,
    /// and the file be gone.
    File(PathBuf),
}

impl FirstComponent {
    /// The component in binary form, or why it cannot be read.
    pub(super) async fn read(&self) -> Result<Arc<[u8]>, String> {
        let this = self.clone();
        crate::blocking::beside(move || this.read_now()).await
    }

    fn read_now(&self) -> Result<Arc<[u8]>, String> {
        match self {
            Self::Bundled(component) => Ok(Arc::from(*component)),
            Self::File(path) => {
                let read = crate::source::read_file(path, Limits::default().component_bytes);
                read.map(Arc::from).map_err(|error| error_chain(&error))
            }
        }
    }
}

/// What is written down of the file that a gate tries as its first policy.
#[derive(Debug)]
pub(super) struct FirstTries {
    gate: String,
    store: Store,
    noted: Lock<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    /// Whether this process has written it down: what is found then did not end an earlier run.
    is_ours: bool,
    /// Whether the compilation was given up and goes on: it may still end this process.
    compiles_on: bool,
}

impl FirstTries {
    /// None yet of this process.
    pub(super) fn new(gate: &str, store: Store) -> Self {
        Self { gate: gate.to_owned(), store, noted: Lock::default() }
    }

    /// Writes down that the configured policy is tried; or says why it is not. When somebody `asked`, it is
    /// tried whatever happened before.
    pub(super) async fn begin(
        &self,
        first: &FirstComponent,
        bytes: &[u8],
        asked: bool,
        now: u64,
    ) -> Result<Option<String>, StoreError> {
        let FirstComponent::File(path) = first else { return Ok(None) };
        let digest = component_digest(bytes).to_string();
        let found = self.store.first_try(&self.gate).await?;
        let found = found.filter(|found| found.trying.digest == digest && !asked);
        let is_ours = self.noted.lock().is_ours;
        if let Some(found) = found.filter(|found| found.is_set_aside || !is_ours) {
            return self.set_aside(path, &found, now).await.map(Some);
        }
        self.store.begin_first_try(&self.gate, &Trying { digest, since: now }).await?;
        self.noted.lock().is_ours = true;
        Ok(None)
    }

    /// Writes down that the configured policy is no longer tried, unless it still compiles; `compiles_on`
    /// says whether anything does.
    pub(super) async fn end(
        &self,
        first: &FirstComponent,
        error: Option<&ChangeError>,
        compiles_on: bool,
    ) {
        let FirstComponent::File(_) = first else { return };
        let is_given_up = error.is_some_and(ChangeError::compiles_on);
        let goes_on = {
            let noted = &mut *self.noted.lock();
            noted.compiles_on = is_given_up || (noted.compiles_on && compiles_on);
            noted.compiles_on
        };
        if goes_on {
            return;
        }
        if let Err(error) = self.store.end_first_try(&self.gate).await {
            let (gate, error) = (&self.gate, error_chain(&error));
            tracing::error!(
                gate,
                error,
                "that the first policy was tried could not be written down"
            );
        }
    }

    /// Sets the configured policy aside. Answers why, and what can be done.
    async fn set_aside(
        &self,
        path: &std::path::Path,
        found: &FirstTry,
        now: u64,
    ) -> Result<String, StoreError> {
        let FirstTry { trying: Trying { digest, since }, is_set_aside } = found;
        let (path, since) = (path.display().to_string(), rfc3339(*since));
        let error = format!(
            "the server ended while it tried the configured policy `{path}` ({digest}), which it began \
             at {since}: it may be what ended it, and is not tried again by itself; to try it, send \
             SIGHUP; else put another component there, or upload one"
        );
        tracing::error!(gate = self.gate, policy.digest = digest, "{error}");
        if !is_set_aside {
            let details = json!({"digest": digest, "file": path, "since": since, "error": error});
            let activity = NewActivity::new("set_aside_policy", details);
            self.store.set_aside_first(&self.gate, &activity, now).await?;
        }
        Ok(error)
    }
}
