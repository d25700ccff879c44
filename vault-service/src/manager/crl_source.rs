//! CRL distributors as those see them who fetch their lists.

use sallyport_model::{Collection, CrlRefresh, CrlUrl, SecretId};
use sallyport_pki::Certificate;
use serde::Deserialize;
use serde_json::Value;

use super::Manager;
use super::error::ManagerError;
use super::metadata::Metadata;
use super::secrets::audited;
use crate::store::{GroupRecord, SecretRecord, StoreError, VersionRecord};

/// A CRL distributor in force: where its lists are, and how often they are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlSource {
    /// Its group.
    pub group: GroupRecord,
    /// The distributor.
    pub distributor: SecretRecord,
    /// Where the complete CRL is.
    pub complete: CrlUrl,
    /// Where the delta CRL is, if there is one.
    pub delta: Option<CrlUrl>,
    /// How often they are fetched.
    pub frequency: CrlRefresh,
    version: VersionRecord,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    complete_crl_issuer_url: CrlUrl,
    delta_crl_issuer_url: Option<CrlUrl>,
    frequency: CrlRefresh,
}

impl Manager {
    /// The CRL distributors of all groups, by names.
    pub async fn crl_sources(&self) -> Result<Vec<CrlSource>, ManagerError> {
        let distributors = self.published.crl_distributors().await?;
        let sources = distributors.into_iter().map(CrlSource::of);
        sources.collect::<Result<_, _>>().map_err(Into::into)
    }

    /// The certificates that sign the lists of a distributor.
    pub async fn crl_signers(&self, source: &CrlSource) -> Result<Vec<Certificate>, ManagerError> {
        self.signers(&source.group, &source.version).await
    }

    /// Which version of a distributor is in force now; `None` if it was deleted.
    pub async fn crl_source_version(
        &self,
        source: &CrlSource,
    ) -> Result<Option<u64>, ManagerError> {
        let collection = Collection::CrlDistributorConfigs;
        let distributor = self
            .published
            .secret(source.group.id, collection, source.id());
        Ok(distributor.await?.map(|distributor| distributor.current))
    }
}

impl CrlSource {
    fn of(
        (group, distributor, version): (GroupRecord, SecretRecord, VersionRecord),
    ) -> Result<Self, StoreError> {
        let shown = Value::Object(Metadata::of(&version)?.shown);
        let shown = serde_json::from_value(shown).map_err(|_| StoreError::Damaged {
            what: "CRL distributor",
        })?;
        let Shown {
            complete_crl_issuer_url,
            delta_crl_issuer_url,
            frequency,
        } = shown;
        Ok(Self {
            group,
            distributor,
            complete: complete_crl_issuer_url,
            delta: delta_crl_issuer_url,
            frequency,
            version,
        })
    }

    /// The distributor's id.
    pub fn id(&self) -> SecretId {
        self.distributor.id
    }

    /// The version of the distributor that says so.
    pub fn version(&self) -> u64 {
        self.version.number
    }

    /// What the audit log calls it.
    pub fn audited(&self) -> String {
        audited(&self.group, &self.distributor)
    }

    /// For people: `payments/partner-crl`.
    pub fn place(&self) -> String {
        format!("{}/{}", self.group.name, self.distributor.name)
    }
}
