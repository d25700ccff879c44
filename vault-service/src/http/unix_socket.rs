//! SDS for Envoys of this machine: a Unix socket. There is no TLS: the kernel says which user is at
//! the other end, and the settings say which gateway that is.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as BlockingUnixStream;
use std::path::{Path, PathBuf};

use axum::Router;
use sallyport_model::GatewayIdentity;
use thiserror::Error;
use tokio::net::UnixListener;
use tokio::sync::watch;
use tracing::{debug, warn};

use super::accept::accept;
use super::listener::{Connection, Limits, Protocol, converse};
use crate::provider::Credential;

/// Connections open at the same time: an Envoy opens one for each of its workers, at most.
const CONNECTIONS: usize = 1_024;

/// Where the socket is, and who may use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketSettings {
    /// The socket.
    pub path: PathBuf,
    /// Its permissions.
    pub access: SocketAccess,
    /// Gateways by user id.
    pub gateways: BTreeMap<u32, GatewayIdentity>,
}

/// Who may connect at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SocketAccess {
    /// The service's own user, mode 0600.
    #[default]
    Owner,
    /// And its group, mode 0660.
    Group,
}

/// Why there is no socket.
#[derive(Debug, Error)]
pub enum SocketError {
    /// There is something else.
    #[error("{} is there already and is no socket", .0.display())]
    NotASocket(PathBuf),
    /// Somebody listens there.
    #[error("somebody listens at {} already", .0.display())]
    InUse(PathBuf),
    /// The system refuses.
    #[error("cannot listen at {}", .path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl SocketAccess {
    const fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Group => 0o660,
        }
    }
}

/// Listens. A socket that a service left behind when it was killed is taken over.
///
/// # Errors
/// See [`SocketError`].
pub fn bind(settings: &SocketSettings) -> Result<UnixListener, SocketError> {
    let path = &settings.path;
    let io = |source| SocketError::Io {
        path: path.clone(),
        source,
    };
    remove_left_behind(path)?;
    let listener = UnixListener::bind(path).map_err(io)?;
    // Whoever is faster than this is turned away by user id.
    let permissions = fs::Permissions::from_mode(settings.access.mode());
    fs::set_permissions(path, permissions).map_err(io)?;
    Ok(listener)
}

fn remove_left_behind(path: &Path) -> Result<(), SocketError> {
    let io = |source| SocketError::Io {
        path: path.to_owned(),
        source,
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(SocketError::NotASocket(path.to_owned()));
        }
        Ok(_) => {}
    }
    match BlockingUnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(io)
        }
        Err(error) => Err(io(error)),
        Ok(_) => Err(SocketError::InUse(path.to_owned())),
    }
}

/// Serves until `stop` says so. A user that is no gateway is turned away before it can say anything.
pub async fn serve(
    listener: UnixListener,
    gateways: BTreeMap<u32, GatewayIdentity>,
    router: Router,
    stop: watch::Receiver<bool>,
) {
    let asked = stop.clone();
    accept(listener, CONNECTIONS, stop, |stream, _| {
        let user = stream.peer_cred().map(|credentials| credentials.uid());
        let gateway = user.as_ref().ok().and_then(|user| gateways.get(user));
        let Some(gateway) = gateway.cloned() else {
            match user {
                Ok(user) => warn!(user, "a connection of a user that is no gateway"),
                Err(error) => warn!(%error, "a connection of nobody knows whom"),
            }
            return None;
        };
        debug!(%gateway, "a gateway of this machine");
        let (router, stop) = (router.clone(), asked.clone());
        Some(async move {
            let peer = Credential::Process(gateway);
            let connection = Connection {
                stream,
                protocol: Protocol::Http2,
                until: None,
            };
            converse(connection, peer, router, Limits::INTERNAL, stop).await;
        })
    })
    .await;
}
