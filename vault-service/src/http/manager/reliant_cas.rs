//! CAs whose gateways the settings hold against the lists of a CRL distributor.

use std::fmt;

use sallyport_model::{Collection, SecretName, Selector};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::openapi::NameText;
use super::ManagerDoor;
use crate::provider::ExternalNames;
use crate::settings::{DistributorPlace, ListOrigin};
use crate::store::{GroupRecord, SecretRecord, StoreError};

/// A CA of gateways.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReliantCa {
    /// That of the SPIFFE IDs that it gives; `null` for one that gives subjects.
    trust_domain: Option<String>,
}

/// The CAs that rely on a secret, if it is a CRL distributor.
pub(super) fn reliant_on(
    secret: &SecretRecord,
    group: &GroupRecord,
    door: &ManagerDoor,
) -> Vec<ReliantCa> {
    let cas = door.gateway_cas.iter().filter(|ca| match &ca.lists {
        Some(ListOrigin::Distributor(place)) => is_at(place, group, secret),
        Some(ListOrigin::File(_)) | None => false,
    });
    let trust_domain = |names: &ExternalNames| match names {
        ExternalNames::SpiffeIds(domain) => Some(domain.as_str().to_owned()),
        ExternalNames::Subjects => None,
    };
    let cas = cas.map(|ca| ReliantCa {
        trust_domain: trust_domain(&ca.names),
    });
    cas.collect()
}

/// A CRL distributor of a group, and a CA that relies on it.
#[derive(Serialize, ToSchema)]
pub(super) struct ReliantOnDistributor {
    /// The name of the distributor.
    #[schema(value_type = NameText)]
    distributor: SecretName,
    #[serde(flatten)]
    #[schema(inline)]
    ca: ReliantCa,
}

/// The CAs that rely on CRL distributors of a group.
pub(super) async fn reliant_on_group(
    group: &GroupRecord,
    door: &ManagerDoor,
) -> Result<Vec<ReliantOnDistributor>, StoreError> {
    let collection = Collection::CrlDistributorConfigs;
    let distributors = door.store.secrets(group.id, collection).await?;
    let reliant = distributors.iter().flat_map(|(secret, _)| {
        let cas = reliant_on(secret, group, door).into_iter();
        cas.map(|ca| ReliantOnDistributor {
            distributor: secret.name.clone(),
            ca,
        })
    });
    Ok(reliant.collect())
}

fn is_at(place: &DistributorPlace, group: &GroupRecord, secret: &SecretRecord) -> bool {
    secret.collection == Collection::CrlDistributorConfigs
        && place.scope == group.scope
        && match &place.group {
            Selector::Id(id) => *id == group.id,
            Selector::Name(name) => *name == group.name,
        }
        && match &place.distributor {
            Selector::Id(id) => *id == secret.id,
            Selector::Name(name) => *name == secret.name,
        }
}

impl fmt::Display for ReliantCa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.trust_domain {
            Some(domain) => write!(
                f,
                "the settings hold gateways of {domain} against its lists"
            ),
            None => f.write_str("the settings hold gateways with subjects against its lists"),
        }
    }
}

impl fmt::Display for ReliantOnDistributor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { distributor, ca } = self;
        write!(f, "CRL distributor {:?}: {ca}", distributor.as_str())
    }
}
