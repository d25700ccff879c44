//! A private key and its certificates in one PEM file.

use super::chain::chain_of;
use super::entry::KeyEntry;
use crate::certificate::Certificate;
use crate::pem_bundle::{MAX_PEM_BLOCKS, PemError, blocks_of, certificate, is_certificate};
use crate::private_key::{PrivateKey, PrivateKeyError};

/// Why a PEM file is not a private key with its certificates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemKeyError {
    /// Damaged, or a certificate is missing or cannot be read.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The private key is missing or cannot be read.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    /// The private key belongs to none of the certificates.
    #[error(
        "the private key does not belong to `{subject}`, nor to another certificate of the file"
    )]
    KeyMismatch {
        /// Subject of the first certificate.
        subject: String,
    },
}

impl KeyEntry {
    /// Reads the one private key of a PEM file and the certificates that go with it, in any order
    /// and with any text between them. Certificates that are not in the chain of the key are left
    /// out.
    ///
    /// # Errors
    /// See [`PemKeyError`].
    pub fn from_pem(pem: &[u8], passphrase: Option<&str>) -> Result<Self, PemKeyError> {
        let blocks = blocks_of(pem, MAX_PEM_BLOCKS)?;
        let numbered = (1..).zip(&blocks);
        let certificates = numbered.filter(|(_, block)| is_certificate(block.label));
        let certificates: Vec<Certificate> = certificates
            .map(|(number, block)| certificate(number, block))
            .collect::<Result<_, _>>()?;
        let key = PrivateKey::from_blocks(&blocks, passphrase)?;
        let first = certificates.first().ok_or(PemError::NoCertificate)?;

        let own = |certificate: &&Certificate| certificate.spki_sha256() == key.spki_sha256();
        let leaf = certificates
            .iter()
            .find(own)
            .ok_or_else(|| PemKeyError::KeyMismatch {
                subject: first.subject().to_owned(),
            })?;
        let pool: Vec<_> = certificates.iter().collect();
        Ok(Self {
            chain: chain_of(leaf, &pool),
            key,
        })
    }
}
