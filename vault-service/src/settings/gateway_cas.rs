//! CAs besides the internal one that sign certificates of gateways.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sallyport_model::{
    Collection, GroupId, GroupName, Reference, ReferenceError, Scope, SecretId, SecretName,
    Selector,
};
use serde::Deserialize;
use thiserror::Error;

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
    /// A CRL distributor of the vault that has its revocation lists.
    #[serde(default)]
    pub crl_distributor: Option<String>,
}

/// Another CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayCaSettings {
    /// Its certificates, PEM.
    pub file: PathBuf,
    /// What its certificates may say.
    pub names: ExternalNames,
    /// Where its revocation lists are, if its certificates are held against any.
    pub lists: Option<ListOrigin>,
}

/// Where the revocation lists of a CA are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListOrigin {
    /// In a file, PEM or DER.
    File(PathBuf),
    /// With a CRL distributor, which fetches them.
    Distributor(DistributorPlace),
}

/// Where a CRL distributor is: a reference with organization and environment, because a CA has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistributorPlace {
    /// Organization and environment.
    pub scope: Scope,
    /// The secret group.
    pub group: Selector<GroupName, GroupId>,
    /// The distributor.
    pub distributor: Selector<SecretName, SecretId>,
}

/// Why a text is not the place of a CRL distributor.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DistributorPlaceError {
    /// It is no reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// It is one of something else, or of less.
    #[error(
        "a CRL distributor is named by \
         secret://<organization>/<environment>/<group>/crlDistributorConfigs/<name>, without # and @"
    )]
    Other,
}

impl TryFrom<GivenGatewayCa> for GatewayCaSettings {
    type Error = SettingsError;

    fn try_from(given: GivenGatewayCa) -> Result<Self, SettingsError> {
        let GivenGatewayCa {
            file,
            trust_domain,
            crl_file,
            crl_distributor,
        } = given;
        let names = match trust_domain {
            None => ExternalNames::Subjects,
            Some(text) => match text.parse() {
                Ok(domain) => ExternalNames::SpiffeIds(domain),
                Err(source) => return Err(SettingsError::GatewayCa { file, source }),
            },
        };
        let lists = match (crl_file, crl_distributor) {
            (None, None) => None,
            (Some(path), None) => Some(ListOrigin::File(path)),
            (None, Some(text)) => match text.parse() {
                Ok(place) => Some(ListOrigin::Distributor(place)),
                Err(source) => return Err(SettingsError::CrlDistributor { file, source }),
            },
            (Some(_), Some(_)) => return Err(SettingsError::TwoListOrigins { file }),
        };
        Ok(Self { file, names, lists })
    }
}

impl FromStr for DistributorPlace {
    type Err = DistributorPlaceError;

    fn from_str(text: &str) -> Result<Self, DistributorPlaceError> {
        match text.parse()? {
            Reference {
                scope: Some(scope),
                group,
                collection: Collection::CrlDistributorConfigs,
                secret: distributor,
                field: None,
                version: None,
            } => Ok(Self {
                scope,
                group,
                distributor,
            }),
            _ => Err(DistributorPlaceError::Other),
        }
    }
}

impl fmt::Display for DistributorPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reference = Reference {
            scope: Some(self.scope),
            group: self.group.clone(),
            collection: Collection::CrlDistributorConfigs,
            secret: self.distributor.clone(),
            field: None,
            version: None,
        };
        reference.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Given, Settings};
    use super::*;

    const PLACE: &str = "secret://11111111-1111-4111-8111-111111111111/22222222-2222-4222-8222-222222222222/payments/crlDistributorConfigs/spire";

    fn lists(text: &str) -> Result<Option<ListOrigin>, SettingsError> {
        let text = format!("[[gateway_cas]]\nfile = \"ca.pem\"\n{text}");
        let given: Given = toml::from_str(&text).unwrap();
        Ok(Settings::from_given(given)?.gateway_cas.remove(0).lists)
    }

    #[test]
    fn the_lists_of_a_ca_are_in_a_file_or_with_a_distributor() {
        assert_eq!(lists("").unwrap(), None);
        let file = lists("crl_file = \"ca.crl\"").unwrap();
        assert_eq!(file, Some(ListOrigin::File("ca.crl".into())));
        let named = lists(&format!("crl_distributor = {PLACE:?}")).unwrap();
        let Some(ListOrigin::Distributor(place)) = named else {
            panic!("{named:?}");
        };
        assert_eq!(place.to_string(), PLACE);
    }

    #[test]
    fn lists_from_two_places_and_references_to_something_else_are_refused() {
        let both = format!("crl_file = \"ca.crl\"\ncrl_distributor = {PLACE:?}");
        let short = "secret://payments/crlDistributorConfigs/spire";
        let named = |place: &str| format!("crl_distributor = {place:?}");
        for (text, reason) in [
            (both, "crl_file or crl_distributor"),
            (named("spire"), "starts with secret://"),
            (named(short), "<organization>/<environment>"),
            (named(&format!("{PLACE}@previous")), "without # and @"),
            (
                named(&PLACE.replace("crlDistributorConfigs", "truststores")),
                "crlDistributorConfigs/<name>",
            ),
        ] {
            let error = lists(&text).unwrap_err().to_string();
            assert!(
                error.contains(reason) && error.contains("ca.pem"),
                "{error}"
            );
        }
    }
}
