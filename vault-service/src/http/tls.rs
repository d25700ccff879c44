//! TLS of the two listeners: 1.2 and 1.3, and client certificates where they are the identity.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig,
    SignatureScheme,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use thiserror::Error;

use crate::provider::ExternalCas;

/// Certificate chain and key of a listener.
pub struct ServerIdentity {
    /// Leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key.
    pub key: PrivateKeyDer<'static>,
}

/// Why a listener cannot be set up.
#[derive(Debug, Error)]
pub enum TlsError {
    /// Certificate or key do not fit each other, or the library.
    #[error("certificate and key of a listener are not usable")]
    Identity(#[from] rustls::Error),
    /// The CA of client certificates is not usable.
    #[error("the CA of client certificates is not usable")]
    ClientCa(#[from] rustls::server::VerifierBuilderError),
}

/// The public door: anybody may connect, tokens say who they are.
pub fn public(identity: ServerIdentity) -> Result<Arc<ServerConfig>, TlsError> {
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)?;
    Ok(with_http(config))
}

/// The internal door: nobody connects without a client certificate of the internal CA, or of another one
/// that the settings name and whose revocation lists let it pass.
pub fn mutual(
    identity: ServerIdentity,
    client_cas: impl IntoIterator<Item = CertificateDer<'static>>,
    external: Arc<ExternalCas>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    for ca in client_cas {
        roots.add(ca)?;
    }
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build()?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(Unrevoked { verifier, external }))
        .with_single_cert(identity.chain, identity.key)?;
    Ok(with_http(config))
}

/// Chains that end at one of the CAs, and that its lists let pass. A session that is resumed is not
/// looked at here: each of its requests is.
#[derive(Debug)]
struct Unrevoked {
    verifier: Arc<dyn ClientCertVerifier>,
    external: Arc<ExternalCas>,
}

impl ClientCertVerifier for Unrevoked {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self
            .verifier
            .verify_client_cert(end_entity, intermediates, now)?;
        let chain = std::iter::once(end_entity).chain(intermediates);
        let chain: Vec<_> = chain.map(|der| der.clone().into_owned()).collect();
        let at = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        match self
            .external
            .is_revoked(&chain, sallyport_pki::UnixTime(at))
        {
            false => Ok(verified),
            true => Err(CertificateError::Revoked.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verifier = &self.verifier;
        verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verifier = &self.verifier;
        verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

fn with_http(mut config: ServerConfig) -> Arc<ServerConfig> {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
