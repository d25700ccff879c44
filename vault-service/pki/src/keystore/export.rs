//! Private keys and trusted certificates on their way out: PKCS#12 and PEM files that OpenSSL and
//! Java read.

use pkcs8::der::Encode as _;
use pkcs8::pkcs5::pbes2::{PBES2_OID, Parameters};
use zeroize::Zeroizing;

use super::passphrase::{MAX_PASSPHRASE_BYTES, Passphrase};
use super::pkcs12::write::{self, Encrypted, MacParameters};
use crate::certificate::Certificate;
use crate::pem_block;
use crate::private_key::PrivateKey;

/// How much randomness an export takes: salts and initialization vectors.
pub const EXPORT_RANDOM_BYTES: usize = 5 * RANDOM_BYTES;
/// Length of one salt or vector.
const RANDOM_BYTES: usize = 16;
/// Iterations of every key derivation. Ten times Java's default; more would not help, because
/// the MAC of PKCS#12 is cheap to guess at by design.
const ITERATIONS: u32 = 100_000;
/// Longest alias, in characters.
const MAX_ALIAS: usize = 255;

/// Why a key is not exported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// There is no certificate.
    #[error("there is no certificate to export")]
    NoCertificate,
    /// The first certificate is not the one of the key.
    #[error("the private key does not belong to the first certificate, `{subject}`")]
    KeyMismatch {
        /// Subject of the first certificate.
        subject: String,
    },
    /// The alias is empty or too long.
    #[error("an alias of 1 to {limit} characters is needed")]
    Alias {
        /// Longest alias, in characters.
        limit: usize,
    },
    /// The passphrase is empty.
    #[error("an export needs a passphrase")]
    NoPassphrase,
    /// The passphrase is too long.
    #[error("a passphrase of at most {limit} bytes is needed")]
    PassphraseTooLong {
        /// Longest passphrase, in bytes of UTF-8.
        limit: usize,
    },
    /// Something does not fit into the format.
    #[error("the key or its certificates do not fit into the format")]
    Encoding,
}

/// A PKCS#12 file with one entry: key and certificates encrypted with AES-256-CBC under PBKDF2 with
/// HMAC-SHA-256, and a MAC of HMAC-SHA-256. Java reads only ASCII passphrases of at least 6
/// characters.
///
/// `random` must be from a cryptographic source and never be used twice.
///
/// # Errors
/// See [`ExportError`].
pub fn export_pkcs12(
    chain: &[Certificate],
    key: &PrivateKey,
    alias: &str,
    passphrase: &str,
    random: &[u8; EXPORT_RANDOM_BYTES],
) -> Result<Vec<u8>, ExportError> {
    let leaf = leaf_of(chain, key)?;
    check_alias(alias)?;
    let passphrase = checked(passphrase)?;
    let [key_salt, key_iv, chain_salt, chain_iv, mac_salt] = parts(random);
    let key_id = leaf.sha256();

    let key = encrypt(key.pkcs8_der(), passphrase, key_salt, key_iv)?;
    let chain: Vec<&[u8]> = chain.iter().map(Certificate::der).collect();
    let certificates = write::certificates(&chain, alias, key_id.as_bytes());
    let certificates = encrypt(&certificates, passphrase, chain_salt, chain_iv)?;
    let mac = MacParameters {
        passphrase,
        salt: &mac_salt,
        iterations: ITERATIONS,
    };
    write::key_store(&key, &certificates, alias, key_id.as_bytes(), &mac)
        .ok_or(ExportError::Encoding)
}

/// A PKCS#12 file of certificates that Java takes as trusted, each under its alias; encrypted as
/// [`export_pkcs12`] does. For `random`, see there.
///
/// # Errors
/// See [`ExportError`].
pub fn export_trusted_pkcs12(
    certificates: &[(&str, &Certificate)],
    passphrase: &str,
    random: &[u8; EXPORT_RANDOM_BYTES],
) -> Result<Vec<u8>, ExportError> {
    if certificates.is_empty() {
        return Err(ExportError::NoCertificate);
    }
    for (alias, _) in certificates {
        check_alias(alias)?;
    }
    let passphrase = checked(passphrase)?;
    let [salt, iv, mac_salt, ..] = parts(random);
    let certificates: Vec<(&str, &[u8])> = certificates
        .iter()
        .map(|(alias, certificate)| (*alias, certificate.der()))
        .collect();
    let certificates = write::trusted_certificates(&certificates);
    let certificates = encrypt(&certificates, passphrase, salt, iv)?;
    let mac = MacParameters {
        passphrase,
        salt: &mac_salt,
        iterations: ITERATIONS,
    };
    write::trust_store(&certificates, &mac).ok_or(ExportError::Encoding)
}

/// A PEM file of certificates.
///
/// # Errors
/// There is no certificate.
pub fn export_certificates_pem(certificates: &[Certificate]) -> Result<String, ExportError> {
    if certificates.is_empty() {
        return Err(ExportError::NoCertificate);
    }
    let blocks = certificates
        .iter()
        .map(|certificate| pem_block::encode("CERTIFICATE", certificate.der()));
    Ok(blocks.fold(String::new(), |file, block| file + &block))
}

/// A PEM file: the private key as PKCS#8, not encrypted, then the certificates.
///
/// # Errors
/// See [`ExportError`].
pub fn export_pem(
    chain: &[Certificate],
    key: &PrivateKey,
) -> Result<Zeroizing<String>, ExportError> {
    leaf_of(chain, key)?;
    Ok(pem_file("PRIVATE KEY", key.pkcs8_der(), chain))
}

/// The private key alone, as PKCS#8 in PEM, not encrypted; it has to be that of the chain.
///
/// # Errors
/// See [`ExportError`].
pub fn export_key_pem(
    chain: &[Certificate],
    key: &PrivateKey,
) -> Result<Zeroizing<String>, ExportError> {
    leaf_of(chain, key)?;
    Ok(pem_block::encode("PRIVATE KEY", key.pkcs8_der()))
}

/// A PEM file: the private key as PKCS#8, encrypted with AES-256-CBC under PBKDF2 with HMAC-SHA-256,
/// then the certificates. For `random`, see [`export_pkcs12`].
///
/// # Errors
/// See [`ExportError`].
pub fn export_encrypted_pem(
    chain: &[Certificate],
    key: &PrivateKey,
    passphrase: &str,
    random: &[u8; EXPORT_RANDOM_BYTES],
) -> Result<Zeroizing<String>, ExportError> {
    leaf_of(chain, key)?;
    let [salt, iv, ..] = parts(random);
    let key = encrypt(key.pkcs8_der(), checked(passphrase)?, salt, iv)?;
    Ok(pem_file(
        "ENCRYPTED PRIVATE KEY",
        &write::encrypted_key(&key),
        chain,
    ))
}

fn pem_file(label: &str, key: &[u8], chain: &[Certificate]) -> Zeroizing<String> {
    let certificates = chain.iter();
    let certificates = certificates.map(|item| pem_block::encode("CERTIFICATE", item.der()));
    let blocks: Vec<_> = std::iter::once(pem_block::encode(label, key))
        .chain(certificates)
        .collect();
    // Room for all of it: growing would leave copies behind.
    let length = blocks.iter().map(|block| block.len()).sum();
    let mut file = Zeroizing::new(String::with_capacity(length));
    for block in &blocks {
        file.push_str(block);
    }
    file
}

/// The first certificate, which has to be the key's.
fn leaf_of<'a>(chain: &'a [Certificate], key: &PrivateKey) -> Result<&'a Certificate, ExportError> {
    let leaf = chain.first().ok_or(ExportError::NoCertificate)?;
    if leaf.spki_sha256() != key.spki_sha256() {
        return Err(ExportError::KeyMismatch {
            subject: leaf.subject().to_owned(),
        });
    }
    Ok(leaf)
}

fn check_alias(alias: &str) -> Result<(), ExportError> {
    if alias.is_empty() || alias.chars().count() > MAX_ALIAS {
        return Err(ExportError::Alias { limit: MAX_ALIAS });
    }
    Ok(())
}

fn checked(passphrase: &str) -> Result<Passphrase<'_>, ExportError> {
    if passphrase.is_empty() {
        return Err(ExportError::NoPassphrase);
    }
    Passphrase::new(passphrase).map_err(|_| ExportError::PassphraseTooLong {
        limit: MAX_PASSPHRASE_BYTES,
    })
}

fn encrypt(
    plain: &[u8],
    passphrase: Passphrase<'_>,
    salt: [u8; RANDOM_BYTES],
    iv: [u8; RANDOM_BYTES],
) -> Result<Encrypted, ExportError> {
    let parameters = Parameters::generate_pbkdf2_sha256_aes256cbc(ITERATIONS, &salt, iv)
        .map_err(|_| ExportError::Encoding)?;
    let data = parameters
        .encrypt(passphrase.utf8(), plain)
        .map_err(|_| ExportError::Encoding)?;
    let parameters = parameters.to_der().map_err(|_| ExportError::Encoding)?;
    Ok(Encrypted {
        algorithm: write::algorithm(PBES2_OID, &parameters),
        data,
    })
}

fn parts(random: &[u8; EXPORT_RANDOM_BYTES]) -> [[u8; RANDOM_BYTES]; 5] {
    let mut parts = [[0; RANDOM_BYTES]; 5];
    for (part, bytes) in parts.iter_mut().zip(random.chunks_exact(RANDOM_BYTES)) {
        part.copy_from_slice(bytes);
    }
    parts
}
