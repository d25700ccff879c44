//! Routes: policies for some of the requests of a listener.
//!
//! Envoy has no configuration of a wasm filter per route, so the filter looks at what the router has
//! chosen and takes the first route of its own that fits.

use super::PeerPolicy;
use crate::known_peers::PeerId;

/// A policy and the requests it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The requests.
    pub matches: RouteMatch,
    /// What their clients must show.
    pub policy: PeerPolicy,
}

/// What a request must be about: all that is given, and at least one thing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteMatch {
    /// Name of the route in Envoy's route configuration.
    pub route: Option<String>,
    /// Name of the virtual host in Envoy's route configuration.
    pub virtual_host: Option<String>,
    /// Name of the cluster the request goes to.
    pub cluster: Option<String>,
    /// The server name the client asked for in the handshake (SNI), or `*.` and what it ends with
    /// after exactly one label.
    pub server_name: Option<String>,
}

/// Where a request comes from and where it goes, as Envoy says it. The latter is read only where a
/// configuration has routes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// What tells the peer, where the same as before means the same peer.
    pub peer: Option<PeerId>,
    /// `xds.route_name`.
    pub route: Option<Vec<u8>>,
    /// `xds.virtual_host_name`.
    pub virtual_host: Option<Vec<u8>>,
    /// `xds.cluster_name`.
    pub cluster: Option<Vec<u8>>,
    /// `connection.requested_server_name`.
    pub server_name: Option<Vec<u8>>,
}

impl RouteMatch {
    /// Whether nothing is given: it would match every request.
    pub(super) const fn is_empty(&self) -> bool {
        self.route.is_none()
            && self.virtual_host.is_none()
            && self.cluster.is_none()
            && self.server_name.is_none()
    }

    /// Whether every request that fits `other` fits this too.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let same = |own: &Option<String>, other: &Option<String>| own.is_none() || own == other;
        same(&self.route, &other.route)
            && same(&self.virtual_host, &other.virtual_host)
            && same(&self.cluster, &other.cluster)
            && (same(&self.server_name, &other.server_name)
                || match (&self.server_name, &other.server_name) {
                    // Wildcards stand for one label each: none is within another.
                    (Some(own), Some(other)) => {
                        !other.starts_with("*.") && fits_server_name(own, Some(other.as_bytes()))
                    }
                    _ => false,
                })
    }

    /// Whether the request is one of these. What Envoy does not say does not fit.
    pub(super) fn fits(&self, place: &Place) -> bool {
        let same = |wanted: &Option<String>, found: &Option<Vec<u8>>| {
            wanted
                .as_ref()
                .is_none_or(|wanted| found.as_deref() == Some(wanted.as_bytes()))
        };
        same(&self.route, &place.route)
            && same(&self.virtual_host, &place.virtual_host)
            && same(&self.cluster, &place.cluster)
            && self
                .server_name
                .as_ref()
                .is_none_or(|wanted| fits_server_name(wanted, place.server_name.as_deref()))
    }
}

/// Names are compared without regard to case (RFC 6066 section 3).
fn fits_server_name(wanted: &str, found: Option<&[u8]>) -> bool {
    let Some(found) = found else { return false };
    match wanted.strip_prefix("*.") {
        None => found.eq_ignore_ascii_case(wanted.as_bytes()),
        Some(parent) => {
            let dot = found.iter().position(|byte| *byte == b'.');
            dot.filter(|dot| *dot > 0)
                .and_then(|dot| found.get(dot + 1..))
                .is_some_and(|rest| rest.eq_ignore_ascii_case(parent.as_bytes()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(route: &str, cluster: &str, server_name: &str) -> Place {
        Place {
            peer: None,
            route: Some(route.as_bytes().to_vec()),
            virtual_host: Some(b"apis".to_vec()),
            cluster: Some(cluster.as_bytes().to_vec()),
            server_name: Some(server_name.as_bytes().to_vec()),
        }
    }

    #[test]
    fn everything_that_is_given_has_to_fit() {
        let wanted = RouteMatch {
            route: Some("partners".to_owned()),
            cluster: Some("orders".to_owned()),
            ..RouteMatch::default()
        };
        assert!(wanted.fits(&place("partners", "orders", "x.test")));
        assert!(!wanted.fits(&place("partners", "Orders", "x.test")));
        assert!(!wanted.fits(&place("", "orders", "x.test")));
    }

    #[test]
    fn what_envoy_does_not_say_does_not_fit() {
        for wanted in [
            RouteMatch {
                route: Some("partners".to_owned()),
                ..RouteMatch::default()
            },
            RouteMatch {
                virtual_host: Some("apis".to_owned()),
                ..RouteMatch::default()
            },
            RouteMatch {
                server_name: Some("*.test".to_owned()),
                ..RouteMatch::default()
            },
        ] {
            assert!(!wanted.fits(&Place::default()), "{wanted:?}");
        }
    }

    #[test]
    fn a_wildcard_stands_for_exactly_one_label() {
        let fits = |wanted: &str, found: &str| {
            RouteMatch {
                server_name: Some(wanted.to_owned()),
                ..RouteMatch::default()
            }
            .fits(&place("r", "c", found))
        };
        assert!(fits("partners.example", "Partners.EXAMPLE"));
        assert!(fits("*.example", "a.example"));
        for found in [
            "example",
            ".example",
            "a.b.example",
            "a.example.",
            "a.examplf",
            "",
        ] {
            assert!(!fits("*.example", found), "{found}");
        }
    }
}
