//! From sealed versions to material: open, then reduce to what a gateway needs to decide.

use sallyport_model::{
    Collection, Freshness, Material, PinsetMaterial, Refusal, SecretString, TlsContextMaterial,
    TlsTarget, TruststoreMaterial,
};
use thiserror::Error;

use super::locate::Found;
use super::opened::OpenError;
use super::{Provider, ProviderError};
use crate::exposed::Exposed;
use crate::payload::{FlexGatewayPayload, Payload};
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
    #[error("TLS contexts of target {target} are not served to filters, those of FlexGateway are")]
    Target { target: TlsTarget },
    #[error("the TLS context refers to a truststore that is gone")]
    NoTruststore,
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
            Self::Target { .. } => Refusal::NotServed,
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

    async fn material(&self, found: &Found) -> Result<Material<Exposed>, PrepareError> {
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
            Payload::CertificatePinset(pinset) => Ok(Material::CertificatePinset(PinsetMaterial {
                spki_sha256: pinset.spki_sha256,
                pins: pinset.pins,
            })),
            Payload::TlsContext(context) => self.tls_context(found, context).await,
            Payload::MuleTlsContext(_) => Err(PrepareError::Target {
                target: TlsTarget::Mule,
            }),
            Payload::SecurityFabricTlsContext(_) => Err(PrepareError::Target {
                target: TlsTarget::SecurityFabric,
            }),
            Payload::Keystore(_) | Payload::Certificate(_) | Payload::CrlDistributorConfig(_) => {
                Err(PrepareError::Kind {
                    expected: "kind that is served",
                })
            }
        }
    }

    async fn tls_context(
        &self,
        found: &Found,
        context: FlexGatewayPayload,
    ) -> Result<Material<Exposed>, PrepareError> {
        let truststore = match (&found.truststore, context.truststore) {
            (Some((secret, version)), Some(_)) => {
                Some(self.truststore(&found.group, secret, version).await?)
            }
            (None, Some(_)) => return Err(PrepareError::NoTruststore),
            (_, None) => None,
        };
        Ok(Material::TlsContext(TlsContextMaterial {
            min_version: context.min_version,
            max_version: context.max_version,
            cipher_suites: context.cipher_suites,
            alpn_protocols: context.alpn_protocols,
            client_certificate: context.client_certificate,
            server_certificate: context.server_certificate,
            truststore,
        }))
    }

    async fn truststore(
        &self,
        group: &GroupRecord,
        secret: &SecretRecord,
        version: &VersionRecord,
    ) -> Result<TruststoreMaterial, PrepareError> {
        match self.open(group, secret, version).await? {
            Payload::Truststore(truststore) => Ok(truststore),
            _ => Err(PrepareError::Kind {
                expected: "truststore",
            }),
        }
    }

    async fn open(
        &self,
        group: &GroupRecord,
        secret: &SecretRecord,
        version: &VersionRecord,
    ) -> Result<Payload<SecretString>, PrepareError> {
        let opened = self.opened(group, secret, version).await?;
        Payload::decode(&opened).map_err(|_| PrepareError::Payload)
    }
}
