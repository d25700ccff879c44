//! From verified lists to the wire, and back with every check that a look-up relies on.

use sallyport_pki::{
    CrlCertificates, CrlDelegation, CrlEdition, CrlNumber, CrlScope, CrlSigner, Digest,
    InvalidListedSerials, InvalidRevocations, ListedSerials, RevocationList, Revocations, UnixTime,
};
use thiserror::Error;

use crate::der::Der;
use crate::revocation::{
    CertificatesMaterial, DelegationMaterial, EditionMaterial, ListedMaterial,
    RevocationListMaterial, RevocationMaterial,
};

/// Why material is no revocation lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RevocationMaterialError {
    /// A digest that has not 32 bytes.
    #[error("a digest of a public key has not 32 bytes")]
    Digest,
    /// A number of more than 20 octets.
    #[error("a CRL number has more than 20 octets")]
    Number,
    /// Not sorted, not whole, or too many.
    #[error(transparent)]
    Listed(#[from] InvalidListedSerials),
    /// Lists that exclude each other.
    #[error(transparent)]
    Lists(#[from] InvalidRevocations),
}

impl From<&Revocations> for RevocationMaterial {
    fn from(revocations: &Revocations) -> Self {
        let lists = revocations.lists().iter();
        Self {
            lists: lists.map(RevocationListMaterial::from).collect(),
        }
    }
}

impl TryFrom<RevocationMaterial> for Revocations {
    type Error = RevocationMaterialError;

    fn try_from(material: RevocationMaterial) -> Result<Self, RevocationMaterialError> {
        let lists = material.lists.into_iter().map(RevocationList::try_from);
        Ok(Self::from_lists(lists.collect::<Result<_, _>>()?)?)
    }
}

impl From<&RevocationList> for RevocationListMaterial {
    fn from(list: &RevocationList) -> Self {
        let delegation = list.signer.delegation.as_ref();
        Self {
            signer: Der(list.signer.name.clone()),
            signer_spki_sha256: digest_octets(list.signer.key),
            delegation: delegation.map(DelegationMaterial::from),
            distribution_points: list.scope.names.iter().cloned().map(Der).collect(),
            certificates: match list.scope.certificates {
                CrlCertificates::All => CertificatesMaterial::All,
                CrlCertificates::UserOnly => CertificatesMaterial::UserOnly,
                CrlCertificates::CaOnly => CertificatesMaterial::CaOnly,
            },
            indirect: list.scope.indirect,
            complete: EditionMaterial::from(&list.complete),
            delta: list.delta.as_ref().map(EditionMaterial::from),
        }
    }
}

impl TryFrom<RevocationListMaterial> for RevocationList {
    type Error = RevocationMaterialError;

    fn try_from(material: RevocationListMaterial) -> Result<Self, RevocationMaterialError> {
        let delegation = material.delegation.map(CrlDelegation::try_from);
        let mut names: Vec<_> = material
            .distribution_points
            .into_iter()
            .map(|name| name.0)
            .collect();
        names.sort_unstable();
        Ok(Self {
            signer: CrlSigner {
                name: material.signer.0,
                key: digest(&material.signer_spki_sha256)?,
                delegation: delegation.transpose()?,
            },
            scope: CrlScope {
                names,
                certificates: match material.certificates {
                    CertificatesMaterial::All => CrlCertificates::All,
                    CertificatesMaterial::UserOnly => CrlCertificates::UserOnly,
                    CertificatesMaterial::CaOnly => CrlCertificates::CaOnly,
                },
                indirect: material.indirect,
            },
            complete: CrlEdition::try_from(material.complete)?,
            delta: material.delta.map(CrlEdition::try_from).transpose()?,
        })
    }
}

impl From<&CrlDelegation> for DelegationMaterial {
    fn from(delegation: &CrlDelegation) -> Self {
        Self {
            by_spki_sha256: digest_octets(delegation.by),
            issuer: Der(delegation.issuer.clone()),
            serial: Der(delegation.serial.clone()),
            not_before: delegation.not_before.0,
            not_after: delegation.not_after.0,
        }
    }
}

impl TryFrom<DelegationMaterial> for CrlDelegation {
    type Error = RevocationMaterialError;

    fn try_from(material: DelegationMaterial) -> Result<Self, RevocationMaterialError> {
        Ok(Self {
            by: digest(&material.by_spki_sha256)?,
            issuer: material.issuer.0,
            serial: material.serial.0,
            not_before: UnixTime(material.not_before),
            not_after: UnixTime(material.not_after),
        })
    }
}

impl From<&CrlEdition> for EditionMaterial {
    fn from(edition: &CrlEdition) -> Self {
        let listed = edition.listed().map(|serials| ListedMaterial {
            issuer: Der(serials.issuer.to_vec()),
            width: serials.width,
            records: Der(serials.records.to_vec()),
        });
        Self {
            number: Der(edition.number().as_be_slice().to_vec()),
            this_update: edition.this_update().0,
            next_update: edition.next_update().0,
            listed: listed.collect(),
        }
    }
}

impl TryFrom<EditionMaterial> for CrlEdition {
    type Error = RevocationMaterialError;

    fn try_from(material: EditionMaterial) -> Result<Self, RevocationMaterialError> {
        let number = CrlNumber::from_be_slice(&material.number.0);
        let listed = material.listed.into_iter().map(|listed| ListedSerials {
            issuer: listed.issuer.0,
            width: listed.width,
            records: listed.records.0,
        });
        let dates = (
            UnixTime(material.this_update),
            UnixTime(material.next_update),
        );
        let number = number.ok_or(RevocationMaterialError::Number)?;
        Ok(Self::new(number, dates, listed.collect())?)
    }
}

fn digest_octets(digest: Digest) -> Der {
    Der(digest.as_bytes().to_vec())
}

fn digest(octets: &Der) -> Result<Digest, RevocationMaterialError> {
    Digest::from_slice(&octets.0).ok_or(RevocationMaterialError::Digest)
}
