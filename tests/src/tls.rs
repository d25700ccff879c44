//! TLS settings for the clients and servers of the harness.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::pki::Identity;
use crate::{Error, Result};

/// A client that trusts `roots` (PEM) and presents `identity`, if it has one.
pub fn client(
    roots: &str,
    identity: Option<&Identity>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<Arc<ClientConfig>> {
    let mut trusted = RootCertStore::empty();
    for root in certificates(roots)? {
        trusted.add(root)?;
    }
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)?
        .with_root_certificates(trusted);
    let configuration = match identity {
        Some(identity) => {
            builder.with_client_auth_cert(certificates(&identity.chain)?, key(identity)?)?
        }
        None => builder.with_no_client_auth(),
    };
    Ok(Arc::new(configuration))
}

/// A server that presents `identity` and asks for no client certificate.
pub fn server(identity: &Identity) -> Result<Arc<ServerConfig>> {
    let configuration = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(rustls::ALL_VERSIONS)?
        .with_no_client_auth()
        .with_single_cert(certificates(&identity.chain)?, key(identity)?)?;
    Ok(Arc::new(configuration))
}

/// A server that presents `identity` and demands a client certificate of `clients` (PEM).
pub fn mutual_server(identity: &Identity, clients: &str) -> Result<Arc<ServerConfig>> {
    let mut trusted = RootCertStore::empty();
    for root in certificates(clients)? {
        trusted.add(root)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), provider());
    let verifier = verifier
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let configuration = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(rustls::ALL_VERSIONS)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates(&identity.chain)?, key(identity)?)?;
    Ok(Arc::new(configuration))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<std::result::Result<_, _>>()
        .map_err(Error::Pem)
}

fn key(identity: &Identity) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).map_err(Error::Pem)
}
