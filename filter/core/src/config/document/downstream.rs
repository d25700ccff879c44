//! `downstream`: what clients must show.

use super::body::BodyDocument;
use super::check::CheckDocument;
use super::count;
use super::encryption::MessageDocument;
use super::mode::ModeWord;
use super::object::object;
use super::policy::{self, Certificates, Messages};
use super::protocol::ProtocolWord;
use super::route::RouteDocument;
use crate::config::{ClientNames, ConfigError, Downstream, Fault, ForwardClientCertificate, Route};
use crate::decide::Check;
use crate::word::words;

pub(super) const MAX_ROUTES: usize = 64;

/// What clients must show.
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Downstream", rename_all = "camelCase", deny_unknown_fields)
)]
pub(super) struct DownstreamDocument {
    /// What the connections carry.
    #[cfg_attr(test, schemars(default))]
    pub(super) protocol: ProtocolWord,
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
    /// Other policies for some requests; the first one that fits counts.
    #[cfg_attr(test, schemars(default))]
    routes: Vec<RouteDocument>,
    /// Whether the upstream gets `x-forwarded-client-cert`.
    forward_client_certificate: Option<ForwardWord>,
    /// Whether filters before the server are told the names of a client that passed, to choose secrets by.
    client_names: Option<ClientNamesWord>,
}

object!(DownstreamDocument {
    protocol = "protocol";
    tls_context = "tlsContext";
    certificate_pinset = "certificatePinset";
    peer_names = "peerNames";
    mode = "mode";
    observe = "observe";
    check = "check";
    request = "request";
    response = "response";
    body = "body";
    routes = "routes";
    forward_client_certificate = "forwardClientCertificate";
    client_names = "clientNames";
});

words! {
    #[derive(Clone, Copy)]
    enum ForwardWord {
        Remove = "remove",
        Keep = "keep",
    }
}

words! {
    #[derive(Clone, Copy)]
    enum ClientNamesWord {
        Withhold = "withhold",
        Tell = "tell",
    }
}

impl DownstreamDocument {
    pub(super) fn read(self, section: &str) -> Result<Downstream, ConfigError> {
        self.protocol.for_requests(
            &format!("{section}/forwardClientCertificate"),
            self.forward_client_certificate.is_some(),
        )?;
        for (field, given) in [
            ("check", self.check.is_some()),
            ("request", self.request.is_some()),
            ("response", self.response.is_some()),
            ("body", self.body.is_some()),
            ("clientNames", self.client_names.is_some()),
        ] {
            self.protocol
                .for_requests(&format!("{section}/{field}"), given)?;
        }
        let routes = routes(&format!("{section}/routes"), self.routes, self.protocol)?;
        Ok(Downstream {
            routes,
            default: policy::read(
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
            forward_client_certificate: match self.forward_client_certificate {
                None | Some(ForwardWord::Remove) => ForwardClientCertificate::Remove,
                Some(ForwardWord::Keep) => ForwardClientCertificate::Keep,
            },
            client_names: match self.client_names {
                None | Some(ClientNamesWord::Withhold) => ClientNames::Withhold,
                Some(ClientNamesWord::Tell) => ClientNames::Tell,
            },
        })
    }
}

fn routes(
    list: &str,
    documents: Vec<RouteDocument>,
    protocol: ProtocolWord,
) -> Result<Vec<Route>, ConfigError> {
    count(list, &documents, MAX_ROUTES)?;
    let mut routes: Vec<Route> = Vec::with_capacity(documents.len());
    for (index, document) in documents.into_iter().enumerate() {
        let section = format!("{list}/{index}");
        let route = document.read(&section)?;
        for (field, given) in [
            ("check", route.policy.check.is_some()),
            ("request", route.policy.request.is_some()),
            ("response", route.policy.response.is_some()),
        ] {
            protocol.for_requests(&format!("{section}/{field}"), given)?;
        }
        protocol.check_match(&format!("{section}/match"), &route.matches)?;
        let mut earlier = routes.iter();
        if let Some(first) = earlier.position(|earlier| earlier.matches.covers(&route.matches)) {
            let fault = Fault::HiddenRoute(format!("{list}/{first}/match"));
            return Err(ConfigError::at(format!("{section}/match"), fault));
        }
        routes.push(route);
    }
    Ok(routes)
}
