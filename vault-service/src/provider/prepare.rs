//! From sealed versions to material: open, then reduce to what a gateway needs to decide.

use sallyport_model::{Collection, Freshness, Material, PinsetMaterial, Refusal, SecretString};
use thiserror::Error;

use super::locate::Found;
use super::opened::OpenError;
use super::{Provider, ProviderError};
use crate::exposed::Exposed;
use crate::payload::{Payload, PinsetPayload};
use crate::store::{GroupRecord, SecretRecord, StoreError, VersionRecord};

/// Credentials: a minute, then five more while the vault is away.
const CREDENTIAL: Freshness = Freshness {
    ttl: 60,
    stale_for: 300,
};

/// Trust, pins and contexts: a minute, then an hour more while the vault is away.
const TRUST: Freshness = Freshness {
    ttl: 60,
    stale_for: 3600,
};

/// Why material could not be made of a version that is there.
#[derive(Debug, Error)]
pub(super) enum PrepareError {
    #[error(transparent)]
    Open(OpenError),
    #[error("the opened payload does not read")]
    Payload,
    #[error("the payload is not that of a {expected}")]
    Kind { expected: &'static str },
    #[error("the TLS context refers to a {what} that is gone")]
    Gone { what: &'static str },
    #[error("the shared secret has no such field")]
    NoField,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How long material of a kind may be used.
pub(super) const fn freshness(collection: Collection) -> Freshness {
    match collection {
        Collection::SharedSecrets => CREDENTIAL,
        _ => TRUST,
    }
}

impl From<OpenError> for PrepareError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(error) => Self::Store(error),
            error => Self::Open(error),
        }
    }
}

impl PrepareError {
    /// What the gateway is told.
    pub(super) const fn refusal(&self) -> Refusal {
        match self {
            Self::NoField => Refusal::NotFound,
            _ => Refusal::Unavailable,
        }
    }
}

impl Provider {
    /// Opens and prepares. Store failures fail the call; everything else concerns this secret only.
    pub(super) async fn prepare(
        &self,
        found: &Found,
    ) -> Result<Result<Material<Exposed>, PrepareError>, ProviderError> {
        match self.material(found).await {
            Err(PrepareError::Store(error)) => Err(error.into()),
            result => Ok(result),
        }
    }

    /// What gateways get of a secret.
    pub(super) async fn material(&self, found: &Found) -> Result<Material<Exposed>, PrepareError> {
        let payload = self
            .open(&found.group, &found.secret, &found.version)
            .await?;
        match payload {
            Payload::SharedSecret(secret) => match &found.reference.field {
                None => Ok(Material::SharedSecret(secret.map(Exposed))),
                Some(field) => secret
                    .into_field(field, SecretString::new)
                    .map(|value| Material::Field(Exposed(value)))
                    .ok_or(PrepareError::NoField),
            },
            Payload::Truststore(truststore) => Ok(Material::Truststore(truststore)),
            Payload::CertificatePinset(pinset) => {
                Ok(Material::CertificatePinset(pinset_material(pinset)))
            }
            Payload::TlsContext(context) => self.flex_gateway(found, context).await,
            Payload::MuleTlsContext(context) => self.mule(found, context).await,
            Payload::SecurityFabricTlsContext(context) => {
                self.security_fabric(found, *context).await
            }
            Payload::Keystore(_) | Payload::Certificate(_) | Payload::CrlDistributorConfig(_) => {
                Err(PrepareError::Kind {
                    expected: "kind that is served",
                })
            }
        }
    }

    pub(super) async fn open(
        &self,
        group: &GroupRecord,
        secret: &SecretRecord,
        version: &VersionRecord,
    ) -> Result<Payload<SecretString>, PrepareError> {
        let opened = self.opened(group, secret, version).await?;
        Payload::decode(&opened).map_err(|_| PrepareError::Payload)
    }
}

/// What a filter needs of a pinset.
pub(super) fn pinset_material(pinset: PinsetPayload) -> PinsetMaterial {
    PinsetMaterial {
        spki_sha256: pinset.spki_sha256,
        pins: pinset.pins,
    }
}
