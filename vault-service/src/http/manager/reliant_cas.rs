//! CAs whose gateways the settings hold against the lists of a CRL distributor.

use std::fmt;

use sallyport_model::{Collection, Selector};
use serde::Serialize;
use utoipa::ToSchema;

use super::ManagerDoor;
use crate::provider::ExternalNames;
use crate::settings::{DistributorPlace, ListOrigin};
use crate::store::{GroupRecord, SecretRecord};

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
