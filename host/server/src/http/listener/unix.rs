//! The file of a Unix socket: taken over when stale, private from the start, removed at the end.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixSocket, UnixStream};

use super::ListenError;

/// Clients the machine keeps waiting; as the standard library has it for TCP.
const QUEUE: u32 = 1024;

/// Listens on a socket file of mode 0600.
pub(super) async fn bind_socket(path: &Path) -> Result<(UnixListener, SocketFile), ListenError> {
    remove_stale(path).await?;
    listen(path).map_err(|source| refused(path, source))
}

/// Nobody can connect before `listen`, so that the mode is set in time whatever the umask is.
fn listen(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let socket = UnixSocket::new_stream()?;
    socket.bind(path)?;
    let file = SocketFile::new(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok((socket.listen(QUEUE)?, file))
}

/// Finds out whether [`bind_socket`] could make a socket. `made` is a folder that will be there by then.
pub(super) async fn check_socket(path: &Path, made: &Path) -> Result<(), ListenError> {
    is_stale(path).await?;
    crate::writable::file(path, made).map_err(|source| refused(path, source))
}

async fn remove_stale(path: &Path) -> Result<(), ListenError> {
    match is_stale(path).await? {
        true => fs::remove_file(path).map_err(|source| refused(path, source)),
        false => Ok(()),
    }
}

/// Whether there is a socket that nobody listens on.
async fn is_stale(path: &Path) -> Result<bool, ListenError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(refused(path, error)),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(ListenError::NotASocket { path: path.to_owned() });
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(true),
        // A full queue and a missing permission are signs of a listener as well.
        _ => Err(ListenError::InUse { path: path.to_owned() }),
    }
}

fn refused(path: &Path, source: io::Error) -> ListenError {
    ListenError::Refused { address: format!("unix:{}", path.display()), source }
}

/// Removes the file when dropped, unless another process has put its own there.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn new(path: &Path) -> io::Result<Self> {
        let identity = identity(&fs::symlink_metadata(path)?);
        Ok(Self { path: path.to_owned(), identity })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|metadata| identity(&metadata) == self.identity);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "failed to remove the socket");
        }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("service.sock");
        (directory, path)
    }

    #[tokio::test]
    async fn the_socket_is_private_and_goes_with_the_listener() {
        let (_directory, path) = directory();
        let (listener, file) = bind_socket(&path).await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        UnixStream::connect(&path).await.unwrap();
        drop((listener, file));
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_socket_nobody_listens_on_is_replaced() {
        let (_directory, path) = directory();
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let _bound = bind_socket(&path).await.unwrap();
        UnixStream::connect(&path).await.unwrap();
    }

    #[tokio::test]
    async fn a_socket_in_use_is_left_alone() {
        let (_directory, path) = directory();
        let _first = bind_socket(&path).await.unwrap();
        let error = bind_socket(&path).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("failed to listen on `unix:{}`: another process listens there", path.display()),
        );
        UnixStream::connect(&path).await.unwrap();
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_left_alone() {
        let (_directory, path) = directory();
        fs::write(&path, "precious").unwrap();
        let error = bind_socket(&path).await.unwrap_err();
        assert!(matches!(error, ListenError::NotASocket { .. }), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[tokio::test]
    async fn a_link_to_a_stale_socket_is_no_socket() {
        let (directory, path) = directory();
        let target = directory.path().join("other.sock");
        drop(std::os::unix::net::UnixListener::bind(&target).unwrap());
        std::os::unix::fs::symlink(&target, &path).unwrap();
        let error = bind_socket(&path).await.unwrap_err();
        assert!(matches!(error, ListenError::NotASocket { .. }), "{error}");
        assert!(target.exists());
    }

    #[tokio::test]
    async fn a_folder_that_is_missing_is_named() {
        let (directory, _) = directory();
        let path = directory.path().join("missing").join("service.sock");
        let error = bind_socket(&path).await.unwrap_err();
        assert_eq!(error.to_string(), format!("failed to listen on `unix:{}`", path.display()));
    }

    #[tokio::test]
    async fn the_socket_of_a_successor_stays() {
        let (directory, path) = directory();
        let (listener, file) = bind_socket(&path).await.unwrap();
        fs::rename(&path, directory.path().join("moved.sock")).unwrap();
        let _successor = bind_socket(&path).await.unwrap();
        drop((listener, file));
        UnixStream::connect(&path).await.unwrap();
    }
}
