//! `upstream`: what servers must show, and what they then get.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::body::BodyDocument;
use super::encryption::MessageDocument;
use super::injection::InjectionDocument;
use super::mode::ModeWord;
use super::object::object;
use super::policy::{self, Certificates, Messages};
use super::protocol::ProtocolWord;
use super::sign::SignDocument;
use super::{count, name, wait};
use crate::config::{ConfigError, Fault, Injection, PeerPolicy, Upstream};
use crate::decide::Check;

pub(super) const MAX_INJECTIONS: usize = 32;

const HANDSHAKE_WAIT: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(60);

/// What servers must show, and what they then get.
#[cfg_attr(
    test,
    derive(schemars::JsonSchema),
    schemars(rename = "Upstream", rename_all = "camelCase", deny_unknown_fields)
)]
pub(super) struct UpstreamDocument {
    /// What the connections carry.
    #[cfg_attr(test, schemars(default))]
    pub(super) protocol: ProtocolWord,
    /// The TLS context to enforce.
    tls_context: String,
    /// Pins of which one must be on the server's path.
    certificate_pinset: Option<String>,
    /// The name the server's certificate must carry: DNS name or IP address.
    server_name: Option<String>,
    /// Names of which the server's certificate must carry one.
    peer_names: Option<Vec<String>>,
    /// Whether requests are denied, or only counted and logged.
    #[cfg_attr(test, schemars(default))]
    mode: ModeWord,
    /// Checks that only count and log, while the others are enforced.
    #[cfg_attr(test, schemars(default))]
    observe: Vec<Check>,
    /// How long a request waits for the handshake of a new connection.
    handshake_wait: Option<String>,
    /// Credentials for a server that has passed: all or none.
    #[cfg_attr(test, schemars(default))]
    inject: Vec<InjectionDocument>,
    /// What is done to the bodies of requests, before they are signed.
    request: Option<MessageDocument>,
    /// What is done to the bodies of responses.
    response: Option<MessageDocument>,
    /// How requests to it are signed.
    sign: Option<SignDocument>,
    /// How much of a body is held for that, and for how long.
    body: Option<BodyDocument>,
}

object!(UpstreamDocument {
    protocol = "protocol";
    tls_context = "tlsContext", required;
    certificate_pinset = "certificatePinset";
    server_name = "serverName";
    peer_names = "peerNames";
    mode = "mode";
    observe = "observe";
    handshake_wait = "handshakeWait";
    inject = "inject";
    request = "request";
    response = "response";
    sign = "sign";
    body = "body";
});

impl UpstreamDocument {
    pub(super) fn read(self, section: &str) -> Result<Upstream, ConfigError> {
        let at = |field: &str| format!("{section}/{field}");
        for (field, given) in [
            ("inject", !self.inject.is_empty()),
            ("request", self.request.is_some()),
            ("response", self.response.is_some()),
            ("sign", self.sign.is_some()),
        ] {
            self.protocol.for_requests(&at(field), given)?;
        }
        Ok(Upstream {
            inject: inject(&at("inject"), self.inject)?,
            sign: self
                .sign
                .map(|sign| sign.read(&at("sign")).map(Box::new))
                .transpose()?,
            policy: PeerPolicy {
                server_name: self
                    .server_name
                    .map(|text| name::server(&at("serverName"), text))
                    .transpose()?,
                ..policy::read(
                    section,
                    Certificates {
                        tls_context: Some(self.tls_context),
                        certificate_pinset: self.certificate_pinset,
                        peer_names: self.peer_names,
                        mode: self.mode,
                        observe: self.observe,
                    },
                    Messages {
                        check: None,
                        request: self.request,
                        response: self.response,
                        body: self.body,
                    },
                )?
            },
            handshake_wait: wait(
                &at("handshakeWait"),
                self.handshake_wait,
                &HANDSHAKE_WAIT,
                Duration::from_secs(5),
            )?,
        })
    }
}

fn inject(list: &str, documents: Vec<InjectionDocument>) -> Result<Vec<Injection>, ConfigError> {
    count(list, &documents, MAX_INJECTIONS)?;
    let mut inject: Vec<Injection> = Vec::with_capacity(documents.len());
    for (index, document) in documents.into_iter().enumerate() {
        let section = format!("{list}/{index}");
        let injection = document.read(&section)?;
        let place = &injection.place;
        if let Some(earlier) = inject.iter().position(|other| other.place == *place) {
            let field = place.field();
            let (name, earlier) = (place.to_string(), format!("{list}/{earlier}/{field}"));
            let pointer = format!("{section}/{field}");
            return Err(ConfigError::at(pointer, Fault::NameTaken { name, earlier }));
        }
        inject.push(injection);
    }
    Ok(inject)
}
