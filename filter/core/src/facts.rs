//! What Envoy shows of a connection, as bytes: read once per stream, judged elsewhere.

/// The client's connection, with the header that goes with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DownstreamFacts {
    /// `connection.mtls`: whether a certificate was presented. Says nothing about its validity.
    pub mtls: Option<bool>,
    /// `connection.tls_version`.
    pub tls_version: Option<Vec<u8>>,
    /// `connection.peer_certificate`: the leaf as PEM.
    pub peer_certificate: Option<Vec<u8>>,
    /// The request's `x-forwarded-client-cert`.
    pub forwarded_client_certificate: Option<Vec<u8>>,
}

/// The connection to the server, as far as it exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UpstreamFacts {
    /// Whether `upstream.cx_pool_ready_duration` is there: Envoy shows it together with the
    /// certificate, so a ready connection without certificate is one without TLS.
    pub ready: bool,
    /// `upstream.tls_version`.
    pub tls_version: Option<Vec<u8>>,
    /// `upstream.peer_certificate`: the leaf as PEM. Absent until the handshake
    /// is done.
    pub peer_certificate: Option<Vec<u8>>,
}

/// Either.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facts {
    /// The client's connection.
    Downstream(DownstreamFacts),
    /// The connection to the server.
    Upstream(UpstreamFacts),
}

impl Facts {
    /// Bytes held by it.
    pub(crate) fn size(&self) -> usize {
        let parts = match self {
            Self::Downstream(facts) => [
                &facts.tls_version,
                &facts.peer_certificate,
                &facts.forwarded_client_certificate,
            ],
            Self::Upstream(facts) => [&facts.tls_version, &facts.peer_certificate, &None],
        };
        parts.into_iter().flatten().map(Vec::len).sum()
    }
}
