//! `upstream`: what servers must show, and what they then get.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::Deserialize;

use super::injection::InjectionDocument;
use super::policy::ModeWord;
use super::{count, name, peer_names, reference, wait};
use crate::config::{ConfigError, Fault, Injection, Upstream};

const MAX_INJECTIONS: usize = 32;

const HANDSHAKE_WAIT: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(60);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UpstreamDocument {
    tls_context: String,
    certificate_pinset: Option<String>,
    server_name: Option<String>,
    peer_names: Option<Vec<String>>,
    #[serde(default)]
    mode: ModeWord,
    handshake_wait: Option<String>,
    #[serde(default)]
    inject: Vec<InjectionDocument>,
}

impl UpstreamDocument {
    pub(super) fn read(self, section: &str) -> Result<Upstream, ConfigError> {
        let at = |field: &str| format!("{section}/{field}");
        Ok(Upstream {
            inject: inject(&at("inject"), self.inject)?,
            tls_context: reference::tls_context(section, &self.tls_context)?,
            certificate_pinset: reference::certificate_pinset(section, self.certificate_pinset)?,
            server_name: self
                .server_name
                .map(|text| name::server(&at("serverName"), text))
                .transpose()?,
            peer_names: peer_names::read(section, self.peer_names)?,
            mode: self.mode.into(),
            handshake_wait: wait(
                &at("handshakeWait"),
                self.handshake_wait,
                &HANDSHAKE_WAIT,
                Duration::from_secs(5),
            )?,
        })
    }
}

fn inject(section: &str, documents: Vec<InjectionDocument>) -> Result<Vec<Injection>, ConfigError> {
    count(section, &documents, MAX_INJECTIONS)?;
    let mut inject: Vec<Injection> = Vec::with_capacity(documents.len());
    for (index, document) in documents.into_iter().enumerate() {
        let section = format!("{section}/{index}");
        let injection = document.read(&section)?;
        if inject.iter().any(|other| other.header == injection.header) {
            return Err(ConfigError::at(
                format!("{section}/header"),
                Fault::DuplicateHeader(injection.header.to_string()),
            ));
        }
        inject.push(injection);
    }
    Ok(inject)
}
