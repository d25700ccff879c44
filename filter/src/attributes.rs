//! Envoy's attributes of a connection, as facts.

use sallyport_filter_core::config::Place;
use sallyport_filter_core::{DownstreamFacts, UpstreamFacts};

use crate::host;

/// Where the request goes: the router's choice at this point of the filter chain.
pub(crate) fn place() -> Place {
    Place {
        route: host::attribute(&["xds", "route_name"]),
        virtual_host: host::attribute(&["xds", "virtual_host_name"]),
        cluster: host::attribute(&["xds", "cluster_name"]),
        server_name: host::attribute(&["connection", "requested_server_name"]),
    }
}

/// The client's connection. The leaf comes from the connection; the header is Envoy's own word
/// only if the connection manager sanitises it, and is treated as anybody's.
pub(crate) fn downstream() -> DownstreamFacts {
    DownstreamFacts {
        mtls: host::attribute(&["connection", "mtls"]).map(|value| value == [1]),
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
