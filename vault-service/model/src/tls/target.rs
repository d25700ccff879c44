//! Targets: who a TLS context is for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The consumer a TLS context is made for. It decides which fields the context has and which types
/// of keystores and truststores fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TlsTarget {
    /// Envoy based gateways.
    FlexGateway,
    /// Mule applications and proxies.
    Mule,
    /// Runtime Fabric ingress ("Anypoint Security").
    SecurityFabric,
}

impl TlsTarget {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FlexGateway => "FlexGateway",
            Self::Mule => "Mule",
            Self::SecurityFabric => "SecurityFabric",
        }
    }
}

impl fmt::Display for TlsTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
