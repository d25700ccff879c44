//! CRL distributors: where revocation lists come from.

use sallyport_model::{Collection, CrlRefresh, CrlUrl, SecretName, SecretPath};
use sallyport_pki::{Certificate, UnixTime};
use serde::Deserialize;
use serde_json::json;

use super::Manager;
use super::draft::Draft;
use super::error::ManagerError;
use super::expiry::{given_date, in_a_year};
use super::metadata::Metadata;
use super::referred::Referred;
use super::violation::{Problem, Violation};
use crate::payload::{CrlDistributorPayload, Payload};
use crate::store::GroupRecord;

/// The JSON body of a create or replace.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CrlDistributorUpload {
    name: SecretName,
    complete_crl_issuer_url: CrlUrl,
    delta_crl_issuer_url: Option<CrlUrl>,
    frequency: CrlRefresh,
    distributor_certificate: SecretPath,
    ca_certificate: Option<SecretPath>,
    expiration_date: Option<String>,
}

impl Manager {
    /// Checks an uploaded CRL distributor, and that the certificates it refers to are in the group.
    pub async fn crl_distributor(
        &self,
        group: &GroupRecord,
        upload: CrlDistributorUpload,
        now: UnixTime,
    ) -> Result<Draft, ManagerError> {
        let expiration_date = given_date(upload.expiration_date)?;
        let (place, reference) = ("/distributorCertificate", &upload.distributor_certificate);
        let signer = self
            .referred(group, Some(reference), Collection::Certificates, place)
            .await?
            .ok_or_else(|| Violation::new(place, Problem::Missing))?;
        let (place, reference) = ("/caCertificate", upload.ca_certificate.as_ref());
        let ca = self
            .referred(group, reference, Collection::Certificates, place)
            .await?;
        if let Some(ca) = &ca {
            require_ca(ca, place)?;
        }

        let mut metadata = Metadata::showing(json!({
            "completeCrlIssuerUrl": upload.complete_crl_issuer_url,
            "frequency": upload.frequency,
            "distributorCertificate": signer.path(),
        }));
        if let Some(url) = &upload.delta_crl_issuer_url {
            metadata.show("deltaCrlIssuerUrl", json!(url));
        }
        if let Some(ca) = &ca {
            metadata.show("caCertificate", json!(ca.path()));
        }
        let ca = ca.map(|ca| ca.id);
        Ok(Draft {
            name: upload.name,
            expiration_date: Some(expiration_date.unwrap_or_else(|| in_a_year(now))),
            metadata,
            payload: Payload::CrlDistributorConfig(CrlDistributorPayload {
                complete_crl_issuer_url: upload.complete_crl_issuer_url,
                delta_crl_issuer_url: upload.delta_crl_issuer_url,
                frequency: upload.frequency,
                distributor_certificate: signer.id,
                ca_certificate: ca,
            }),
            refers_to: std::iter::once(signer.id).chain(ca).collect(),
            warnings: Vec::new(),
        })
    }
}

/// A list of revoked certificates is one of a CA.
fn require_ca(referred: &Referred, place: &str) -> Result<(), Violation> {
    let certificates = referred.metadata.certificates.iter();
    let read = certificates.map(|der| Certificate::from_der(&der.0));
    match read.flatten().find(|certificate| !certificate.is_ca()) {
        Some(other) => {
            let subject = other.subject().to_owned();
            Err(Violation::new(
                format!("{place}/path"),
                Problem::NotACa { subject },
            ))
        }
        None => Ok(()),
    }
}
