//! TLS of the two listeners: 1.2 and 1.3, and client certificates where they are the identity.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;

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
/// that the settings name.
pub fn mutual(
    identity: ServerIdentity,
    client_cas: impl IntoIterator<Item = CertificateDer<'static>>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    for ca in client_cas {
        roots.add(ca)?;
    }
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build()?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(identity.chain, identity.key)?;
    Ok(with_http(config))
}

fn with_http(mut config: ServerConfig) -> Arc<ServerConfig> {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
