//! What every policy has, whichever side it guards.

use super::body::BodyDocument;
use super::check::CheckDocument;
use super::encryption::MessageDocument;
use super::mode::ModeWord;
use super::{peer_names, reference};
use crate::config::{ConfigError, Fault, PeerPolicy};
use crate::decide::Check;
use crate::mode::Mode;

/// What is asked of certificates.
pub(super) struct Certificates {
    pub(super) tls_context: Option<String>,
    pub(super) certificate_pinset: Option<String>,
    pub(super) peer_names: Option<Vec<String>>,
    pub(super) mode: ModeWord,
    pub(super) observe: Vec<Check>,
}

/// What is asked of messages.
pub(super) struct Messages {
    pub(super) check: Option<CheckDocument>,
    pub(super) request: Option<MessageDocument>,
    pub(super) response: Option<MessageDocument>,
    pub(super) body: Option<BodyDocument>,
}

pub(super) fn read(
    section: &str,
    certificates: Certificates,
    messages: Messages,
) -> Result<PeerPolicy, ConfigError> {
    let at = |field: &str| format!("{section}/{field}");
    let check = messages.check.map(|check| check.read(&at("check")));
    let body = messages.body.unwrap_or_default().read(&at("body"))?;
    let message = |field: &str, message: Option<MessageDocument>| {
        let read = message.map(|message| message.read(&at(field), body.max_bytes));
        read.transpose().map(|read| read.map(Box::new))
    };
    let policy = PeerPolicy {
        tls_context: certificates
            .tls_context
            .map(|text| reference::tls_context(section, &text))
            .transpose()?,
        certificate_pinset: reference::certificate_pinset(
            section,
            certificates.certificate_pinset,
        )?,
        server_name: None,
        peer_names: peer_names::read(section, certificates.peer_names)?,
        mode: certificates.mode.into(),
        observe: certificates.observe.into_iter().collect(),
        check: check.transpose()?.map(Box::new),
        request: message("request", messages.request)?,
        response: message("response", messages.response)?,
        body,
    };
    // Whoever names checks wants the others enforced.
    if policy.mode == Mode::Observe && !policy.observe.is_empty() {
        return Err(ConfigError::at(at("observe"), Fault::ObservesAll));
    }
    let messages = policy.reads_messages() || policy.response.is_some();
    match (policy.tls_context.is_some(), messages) {
        (false, false) => return Err(ConfigError::at(section, Fault::NothingEnforced)),
        (true, _) => return Ok(policy),
        (false, true) => {}
    }
    for (field, given) in [
        ("certificatePinset", policy.certificate_pinset.is_some()),
        ("peerNames", policy.peer_names.is_some()),
        ("mode", policy.mode == Mode::Observe),
        ("observe", !policy.observe.is_empty()),
    ] {
        if given {
            return Err(ConfigError::at(at(field), Fault::NeedsTlsContext));
        }
    }
    Ok(policy)
}
