//! Ports: never chosen here, always by the listener itself, so that no two runs collide.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::{Error, Result};

/// Any port of the loopback interface, for listeners that choose themselves.
pub const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A listener on any port, and its address.
pub async fn listener() -> Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(ANY)
        .await
        .map_err(Error::connection(ANY))?;
    let address = listener.local_addr().map_err(Error::connection(ANY))?;
    Ok((listener, address))
}
