//! `downstream.routes[]`: another policy for some requests.

use super::body::BodyDocument;
use super::check::CheckDocument;
use super::encryption::MessageDocument;
use super::mode::ModeWord;
use super::name;
use super::object::object;
use super::policy::{self, Certificates, Messages};
use crate::config::{ConfigError, Fault, Route, RouteMatch};
use crate::decide::Check;

/// Another policy for some requests. What it leaves out is not taken from the entry's own.
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Route", rename_all = "camelCase", deny_unknown_fields)
)]
pub(super) struct RouteDocument {
    /// The requests: all that is given must fit.
    r#match: MatchDocument,
    /// The TLS context to enforce; may be left out where there is a message policy.
    tls_context: Option<String>,
    /// Pins of which one must be on the client's path.
    certificate_pinset: Option<String>,
    /// Names of which the client's certificate must carry one.
    peer_names: Option<Vec<String>>,
    /// Whether requests are denied, or only counted and logged.
    #[cfg_attr(test, schemars(default))]
    mode: ModeWord,
    /// Checks that only count and log, while the others are enforced.
    #[cfg_attr(test, schemars(default))]
    observe: Vec<Check>,
    /// What callers must show, in their requests.
    check: Option<CheckDocument>,
    /// What is done to the bodies of requests.
    request: Option<MessageDocument>,
    /// What is done to the bodies of responses.
    response: Option<MessageDocument>,
    /// How much of a body is held for that, and for how long.
    body: Option<BodyDocument>,
}

object!(RouteDocument {
    r#match = "match", required;
    tls_context = "tlsContext";
    certificate_pinset = "certificatePinset";
    peer_names = "peerNames";
    mode = "mode";
    observe = "observe";
    check = "check";
    request = "request";
    response = "response";
    body = "body";
});

/// Requests, by what Envoy says of them.
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Match", rename_all = "camelCase", deny_unknown_fields)
)]
struct MatchDocument {
    /// Name of the route in Envoy's route configuration.
    route: Option<String>,
    /// Name of the virtual host in Envoy's route configuration.
    virtual_host: Option<String>,
    /// Name of the cluster the request goes to.
    cluster: Option<String>,
    /// The name the client asked for in the handshake (SNI); `*.` stands for its first label.
    server_name: Option<String>,
}

object!(MatchDocument {
    route = "route";
    virtual_host = "virtualHost";
    cluster = "cluster";
    server_name = "serverName";
});

impl RouteDocument {
    pub(super) fn read(self, section: &str) -> Result<Route, ConfigError> {
        Ok(Route {
            matches: self.r#match.read(&format!("{section}/match"))?,
            policy: policy::read(
                section,
                Certificates {
                    tls_context: self.tls_context,
                    certificate_pinset: self.certificate_pinset,
                    peer_names: self.peer_names,
                    mode: self.mode,
                    observe: self.observe,
                },
                Messages {
                    check: self.check,
                    request: self.request,
                    response: self.response,
                    body: self.body,
                },
            )?,
        })
    }
}

impl MatchDocument {
    fn read(self, section: &str) -> Result<RouteMatch, ConfigError> {
        let at = |field: &str| format!("{section}/{field}");
        let named =
            |field: &str, text: Option<String>| text.map(|text| name::word(&at(field), text));
        let matches = RouteMatch {
            route: named("route", self.route).transpose()?,
            virtual_host: named("virtualHost", self.virtual_host).transpose()?,
            cluster: named("cluster", self.cluster).transpose()?,
            server_name: self
                .server_name
                .map(|text| name::requested(&at("serverName"), text))
                .transpose()?,
        };
        if matches.is_empty() {
            return Err(ConfigError::at(section, Fault::EmptyMatch));
        }
        Ok(matches)
    }
}
