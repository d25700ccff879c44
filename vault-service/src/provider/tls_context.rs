//! TLS contexts of every target, as the one form that filters know.

use sallyport_model::{
    AcceptableTlsVersions, ClientCertificatePolicy, Collection, Material, RevocationCheck,
    RevocationMaterial, SecretId, ServerCertificatePolicy, TlsContextMaterial,
};

use super::Provider;
use super::locate::Found;
use super::prepare::{PrepareError, pinset_material};
use super::verification::Wanted;
use crate::exposed::Exposed;
use crate::payload::{FlexGatewayPayload, MulePayload, Payload, SecurityFabricPayload};

type Prepared = Result<Material<Exposed>, PrepareError>;

impl Provider {
    pub(super) async fn flex_gateway(
        &self,
        found: &Found,
        context: FlexGatewayPayload,
    ) -> Prepared {
        let settings = context.verification.as_ref();
        let wanted = settings.map(Wanted::of_flex_gateway).transpose()?;
        let material = TlsContextMaterial {
            min_version: context.min_version,
            max_version: context.max_version,
            versions: None,
            cipher_suites: context.cipher_suites,
            alpn_protocols: context.alpn_protocols,
            client_certificate: context.client_certificate,
            server_certificate: context.server_certificate,
            truststore: None,
            verification: Box::default(),
        };
        let wanted = wanted.unwrap_or_default();
        self.complete(found, material, context.truststore, wanted)
            .await
    }

    /// A Mule runtime asks for client certificates where it has a truststore, and trusts everybody
    /// where it is insecure.
    pub(super) async fn mule(&self, found: &Found, context: MulePayload) -> Prepared {
        let mut material = of_versions(context.versions)?;
        material.server_certificate = context.server_certificate;
        let secure = context.server_certificate == ServerCertificatePolicy::Verify;
        if secure && context.truststore.is_some() {
            material.client_certificate = ClientCertificatePolicy::Require;
        }
        self.complete(found, material, context.truststore, Wanted::default())
            .await
    }

    pub(super) async fn security_fabric(
        &self,
        found: &Found,
        context: SecurityFabricPayload,
    ) -> Prepared {
        let mut material = of_versions(context.versions)?;
        material.client_certificate = context.client_certificate;
        let wanted = match context.client_certificate {
            ClientCertificatePolicy::Require => {
                Wanted::of_security_fabric(&context.mutual_authentication)?
            }
            ClientCertificatePolicy::Ignore => Wanted::default(),
        };
        self.complete(found, material, context.truststore, wanted)
            .await
    }

    /// Adds what the context refers to.
    async fn complete(
        &self,
        found: &Found,
        mut material: TlsContextMaterial,
        truststore: Option<SecretId>,
        wanted: Wanted,
    ) -> Prepared {
        let mut verification = wanted.material;
        if let Some(id) = truststore {
            let payload = self.referred(found, Collection::Truststores, id).await?;
            let Payload::Truststore(truststore) = payload else {
                let expected = "truststore";
                return Err(PrepareError::Kind { expected });
            };
            material.truststore = Some(truststore);
        }
        if let Some(id) = wanted.pinset {
            let collection = Collection::CertificatePinsets;
            let payload = self.referred(found, collection, id).await?;
            let Payload::CertificatePinset(pinset) = payload else {
                let expected = "certificate pinset";
                return Err(PrepareError::Kind { expected });
            };
            verification.pins = Some(pinset_material(pinset));
        }
        if let Some((id, policy)) = wanted.revocation {
            let collection = Collection::CrlDistributorConfigs;
            let what = collection.singular();
            found
                .dependency(collection, id)
                .ok_or(PrepareError::Gone { what })?;
            let lists = self.lists(id).await?;
            verification.revocation = Some(RevocationCheck { policy, lists });
        }
        *material.verification = verification;
        Ok(Material::TlsContext(material))
    }

    /// The lists of a CRL distributor. Until there are some, nothing is known about anybody.
    async fn lists(&self, distributor: SecretId) -> Result<RevocationMaterial, PrepareError> {
        match self.store.published_lists(distributor).await? {
            None => Ok(RevocationMaterial { lists: Vec::new() }),
            Some(published) => {
                serde_json::from_slice(&published.lists).map_err(|_| PrepareError::Payload)
            }
        }
    }

    pub(super) async fn referred(
        &self,
        found: &Found,
        collection: Collection,
        id: SecretId,
    ) -> Result<Payload<sallyport_model::SecretString>, PrepareError> {
        let what = collection.singular();
        let dependency = found.dependency(collection, id);
        let (secret, version) = dependency.ok_or(PrepareError::Gone { what })?;
        self.open(&found.group, secret, version).await
    }
}

/// A context that allows these versions, asks for no client certificate and verifies servers.
/// Envoy's own configuration has cipher suites and protocols: those of Java and of the Runtime
/// Fabric have other names.
fn of_versions(versions: AcceptableTlsVersions) -> Result<TlsContextMaterial, PrepareError> {
    let (min_version, max_version) = versions.range().ok_or(PrepareError::Payload)?;
    Ok(TlsContextMaterial {
        min_version,
        max_version,
        versions: versions.has_gap().then_some(versions),
        cipher_suites: Vec::new(),
        alpn_protocols: Vec::new(),
        client_certificate: ClientCertificatePolicy::Ignore,
        server_certificate: ServerCertificatePolicy::Verify,
        truststore: None,
        verification: Box::default(),
    })
}
