//! Envoy's attributes of a connection, as facts.

use sallyport_filter_core::config::Place;
use sallyport_filter_core::{Attribute, DownstreamFacts, PeerId, UpstreamFacts};

use crate::host;

/// The client, by Envoy's number for its connection.
pub(crate) fn client() -> Option<PeerId> {
    let number = host::attribute(&["connection", "id"])?;
    let number = u64::from_le_bytes(number.try_into().ok()?);
    Some(PeerId::Connection(number))
}

/// The server. Envoy gives no number for its connection, and addresses come back, so that all is read on
/// which a verdict depends; of the certificate its digest, which Envoy has at hand and which is short.
pub(crate) fn server() -> Option<PeerId> {
    let certificate = host::attribute(&["upstream", "sha256_peer_certificate_digest"])?;
    let tls_version = host::attribute(&["upstream", "tls_version"])?;
    Some(PeerId::Server {
        certificate,
        tls_version,
    })
}

/// Where the request goes: the router's choice at this point of the filter chain.
pub(crate) fn place() -> Place {
    Place {
        peer: None,
        route: host::attribute(&["xds", "route_name"]),
        virtual_host: host::attribute(&["xds", "virtual_host_name"]),
        cluster: host::attribute(&["xds", "cluster_name"]),
        server_name: host::attribute(&["connection", "requested_server_name"]),
    }
}

/// Those of the current request that Envoy has.
pub(crate) fn of(wanted: &[Attribute]) -> Vec<(Attribute, Vec<u8>)> {
    let mut found = Vec::with_capacity(wanted.len());
    for attribute in wanted {
        let path: Vec<&str> = attribute.path().iter().map(String::as_str).collect();
        found.extend(host::attribute(&path).map(|value| (attribute.clone(), value)));
    }
    found
}

/// What is known of a TCP connection's destination: the name that the client asked for.
pub(crate) fn place_of_connection() -> Place {
    Place {
        server_name: host::attribute(&["connection", "requested_server_name"]),
        ..Place::default()
    }
}

/// What is known of the client's handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// It is done.
    Done,
    /// Nothing: the server spoke first.
    Unknown,
}

/// The client's TCP connection, which has no header. Before the handshake is done nothing of it may be
/// read but `connection.mtls`: Envoy would remember its first answers.
pub(crate) fn downstream_connection(handshake: Handshake) -> Option<DownstreamFacts> {
    let mtls = mtls();
    match (handshake, mtls) {
        (Handshake::Unknown, None | Some(false)) => None,
        (Handshake::Done, _) | (Handshake::Unknown, Some(true)) => Some(DownstreamFacts {
            mtls,
            tls_version: host::attribute(&["connection", "tls_version"]),
            peer_certificate: host::attribute(&["connection", "peer_certificate"]),
            forwarded_client_certificate: None,
        }),
    }
}

fn mtls() -> Option<bool> {
    host::attribute(&["connection", "mtls"]).map(|value| value == [1])
}

/// The client's connection. The leaf comes from the connection; the header is Envoy's own word
/// only if the connection manager sanitises it, and is treated as anybody's.
pub(crate) fn downstream() -> DownstreamFacts {
    DownstreamFacts {
        mtls: mtls(),
        tls_version: host::attribute(&["connection", "tls_version"]),
        peer_certificate: host::attribute(&["connection", "peer_certificate"]),
        forwarded_client_certificate: host::request_header("x-forwarded-client-cert"),
    }
}

/// The connection to the server. On a new connection there is nothing yet, and nothing tells when
/// there is: it is looked at until it is ready.
pub(crate) fn upstream() -> UpstreamFacts {
    let peer_certificate = host::attribute(&["upstream", "peer_certificate"]);
    let ready = peer_certificate.is_some()
        || host::attribute(&["upstream", "cx_pool_ready_duration"]).is_some();
    let tls_version = match ready {
        true => host::attribute(&["upstream", "tls_version"]),
        false => None,
    };
    UpstreamFacts {
        ready,
        tls_version,
        peer_certificate,
    }
}
