//! Ports: never chosen here, always by the listener itself, so that no two runs collide.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Any port of the loopback interface, for listeners that choose themselves.
pub const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
