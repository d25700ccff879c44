//! CAs besides the internal one that sign certificates of gateways.

use std::path::PathBuf;

use serde::Deserialize;

use super::SettingsError;
use crate::provider::ExternalNames;

/// Another CA, as a source gives it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenGatewayCa {
    /// Its certificates, PEM.
    pub file: PathBuf,
    /// The trust domain of the SPIFFE IDs that it gives; without one it gives subjects.
    #[serde(default)]
    pub trust_domain: Option<String>,
    /// A file of its revocation lists, PEM or DER.
    #[serde(default)]
    pub crl_file: Option<PathBuf>,
}

/// Another CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayCaSettings {
    /// Its certificates, PEM.
    pub file: PathBuf,
    /// What its certificates may say.
    pub names: ExternalNames,
    /// A file of its revocation lists, PEM or DER.
    pub crl_file: Option<PathBuf>,
}

impl TryFrom<GivenGatewayCa> for GatewayCaSettings {
    type Error = SettingsError;

    fn try_from(given: GivenGatewayCa) -> Result<Self, SettingsError> {
        let GivenGatewayCa {
            file,
            trust_domain,
            crl_file,
        } = given;
        let names = match trust_domain {
            None => ExternalNames::Subjects,
            Some(text) => match text.parse() {
                Ok(domain) => ExternalNames::SpiffeIds(domain),
                Err(source) => return Err(SettingsError::GatewayCa { file, source }),
            },
        };
        Ok(Self {
            file,
            names,
            crl_file,
        })
    }
}
