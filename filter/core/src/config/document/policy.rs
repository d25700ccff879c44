//! What every policy has, whichever side it guards.

use serde::Deserialize;

use super::{peer_names, reference};
use crate::config::{ConfigError, Mode, PeerPolicy};
use crate::decide::Check;

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
pub(super) enum ModeWord {
    #[default]
    Enforce,
    Observe,
}

pub(super) fn read(
    section: &str,
    tls_context: &str,
    certificate_pinset: Option<String>,
    names: Option<Vec<String>>,
    mode: ModeWord,
    observe: Vec<Check>,
) -> Result<PeerPolicy, ConfigError> {
    Ok(PeerPolicy {
        tls_context: reference::tls_context(section, tls_context)?,
        certificate_pinset: reference::certificate_pinset(section, certificate_pinset)?,
        server_name: None,
        peer_names: peer_names::read(section, names)?,
        mode: mode.into(),
        observe: observe.into_iter().collect(),
    })
}

impl From<ModeWord> for Mode {
    fn from(word: ModeWord) -> Self {
        match word {
            ModeWord::Enforce => Self::Enforce,
            ModeWord::Observe => Self::Observe,
        }
    }
}
