//! What a server answered.

use serde::de::DeserializeOwned;

use super::error::ClientError;

pub(crate) struct Answer {
    server: String,
    status: u16,
    /// The body, as it came; empty when there was none.
    pub(crate) text: String,
    /// The revision of what the answer shows, as it is sent back in `If-Match`.
    pub(crate) etag: Option<String>,
}

impl Answer {
    pub(super) fn new(server: &str, status: u16, text: String, etag: Option<String>) -> Self {
        Self { server: server.to_owned(), status, text, etag }
    }

    /// Reads the body.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotAdmit`] when it is of another form: somebody else listens there.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_str(&self.text)
            .map_err(|_| ClientError::NotAdmit { server: self.server.clone(), status: self.status })
    }
}
