//! What every policy has, whichever side it guards.

use serde::Deserialize;

use super::{peer_names, reference};
use crate::config::{ClientPolicy, ConfigError, Mode};

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "camelCase")]
pub(super) enum ModeWord {
    #[default]
    Enforce,
    Observe,
}

pub(super) fn client_policy(
    section: &str,
    tls_context: &str,
    certificate_pinset: Option<String>,
    names: Option<Vec<String>>,
    mode: ModeWord,
) -> Result<ClientPolicy, ConfigError> {
    Ok(ClientPolicy {
        tls_context: reference::tls_context(section, tls_context)?,
        certificate_pinset: reference::certificate_pinset(section, certificate_pinset)?,
        peer_names: peer_names::read(section, names)?,
        mode: mode.into(),
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
