//! The private key of the local issuer: a file only its owner can read.

use std::io::{ErrorKind, Write};
use std::path::Path;

use admit::issuer::Issuer;

use crate::error::CliError;
use crate::files;

/// A PKCS #8 file of an RSA key of 2,048 bits has some 1,200 bytes.
const MAX_KEY_BYTES: u64 = 16 * 1024;

pub(super) fn open(path: &Path) -> Result<Issuer, CliError> {
    match files::read(path, MAX_KEY_BYTES) {
        Ok(der) => Issuer::from_der(&der)
            .map_err(|error| files::content("issuer key", &path.display(), error)),
        Err(CliError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => create(path),
        Err(error) => Err(error),
    }
}

fn create(path: &Path) -> Result<Issuer, CliError> {
    let internal = |source| CliError::Internal {
        what: "failed to make an issuer key",
        source: Box::new(source),
    };
    let issuer = Issuer::generate().map_err(internal)?;
    let der = issuer.to_der().map_err(internal)?;
    match write(path, &der) {
        Ok(()) => Ok(issuer),
        // Another run was faster: its key counts.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => open(path),
        Err(source) => Err(CliError::Write { path: path.to_owned(), source }),
    }
}

/// Writes a private file beside and renames it: never half a key under the final name, and never
/// over a key that another run has made meanwhile.
fn write(path: &Path, der: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(der)?;
    file.persist_noclobber(path)?;
    Ok(())
}
