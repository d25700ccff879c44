//! From an opened payload to the file people know.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sallyport_model::{Der, DownloadFormat, SecretString};
use sallyport_pki::{
    Certificate, CertificateError, EXPORT_RANDOM_BYTES, ExportError, PrivateKey, PrivateKeyError,
    export_certificates_pem, export_encrypted_pem, export_pem, export_pkcs12,
    export_trusted_pkcs12,
};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::payload::{KeystorePayload, Payload};

/// Why there is no file.
#[derive(Debug, Error)]
pub(super) enum ExportFailure {
    /// What was asked for does not go.
    #[error("{0}")]
    Request(&'static str),
    /// What is stored does not.
    #[error(transparent)]
    Stored(#[from] StoredError),
}

#[derive(Debug, Error)]
pub(super) enum StoredError {
    #[error("a certificate does not parse: {0}")]
    Certificate(#[from] CertificateError),
    #[error("the private key does not decode")]
    KeyEncoding,
    #[error("the private key does not parse: {0}")]
    Key(#[from] PrivateKeyError),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error("it is of a kind that has no file")]
    Kind,
    #[error("the system gives no randomness")]
    Randomness,
}

/// Writes a keystore, truststore or certificate. `alias` names the entry of a PKCS#12 file.
pub(super) fn export(
    payload: Payload<SecretString>,
    alias: &str,
    format: DownloadFormat,
    passphrase: Option<&SecretString>,
) -> Result<Zeroizing<Vec<u8>>, ExportFailure> {
    let passphrase = passphrase.map(SecretString::expose);
    match payload {
        Payload::Keystore(keystore) => self::keystore(&keystore, alias, format, passphrase),
        // In a file, a leaf among CAs would be taken for one more of them.
        Payload::Truststore(truststore) if !truststore.pinned.is_empty() => {
            Err(ExportFailure::Request(
                "the truststore has pinned leaves, which no file tells from CAs",
            ))
        }
        Payload::Truststore(truststore) => {
            certificates(&truststore.anchors, alias, format, passphrase)
        }
        Payload::Certificate(certificate) => {
            certificates(&[certificate.certificate], alias, format, passphrase)
        }
        _ => Err(StoredError::Kind.into()),
    }
}

fn keystore(
    keystore: &KeystorePayload<SecretString>,
    alias: &str,
    format: DownloadFormat,
    passphrase: Option<&str>,
) -> Result<Zeroizing<Vec<u8>>, ExportFailure> {
    let (chain, key) = read_keystore(keystore)?;
    let text = match (format, passphrase) {
        (DownloadFormat::Pem, None) => export_pem(&chain, &key),
        (DownloadFormat::Pem, Some(passphrase)) => {
            export_encrypted_pem(&chain, &key, passphrase, &random()?)
        }
        (DownloadFormat::Pkcs12, Some(passphrase)) => {
            let file = export_pkcs12(&chain, &key, alias, passphrase, &random()?);
            return Ok(Zeroizing::new(file.map_err(explain)?));
        }
        (DownloadFormat::Pkcs12, None) => return Err(ExportFailure::Request(NEEDS_PASSPHRASE)),
    };
    let text = text.map_err(explain)?;
    Ok(Zeroizing::new(text.as_bytes().to_vec()))
}

/// The certificates, leaf first, and its key.
pub(super) fn read_keystore(
    keystore: &KeystorePayload<SecretString>,
) -> Result<(Vec<Certificate>, PrivateKey), StoredError> {
    let chain = parse(&keystore.certificates)?;
    let der = STANDARD
        .decode(keystore.private_key.expose())
        .map_err(|_| StoredError::KeyEncoding)?;
    let key = PrivateKey::from_pkcs8(Zeroizing::new(der))?;
    Ok((chain, key))
}

fn certificates(
    certificates: &[Der],
    alias: &str,
    format: DownloadFormat,
    passphrase: Option<&str>,
) -> Result<Zeroizing<Vec<u8>>, ExportFailure> {
    let certificates = parse(certificates)?;
    let file = match (format, passphrase) {
        (DownloadFormat::Pem, None) => {
            export_certificates_pem(&certificates).map(String::into_bytes)
        }
        (DownloadFormat::Pem, Some(_)) => {
            return Err(ExportFailure::Request(
                "a PEM file of certificates is not encrypted: leave the passphrase out",
            ));
        }
        (DownloadFormat::Pkcs12, Some(passphrase)) => {
            let aliases: Vec<String> = (1..=certificates.len())
                .map(|number| format!("{alias}-{number}"))
                .collect();
            let named: Vec<_> = aliases
                .iter()
                .map(String::as_str)
                .zip(&certificates)
                .collect();
            export_trusted_pkcs12(&named, passphrase, &random()?)
        }
        (DownloadFormat::Pkcs12, None) => return Err(ExportFailure::Request(NEEDS_PASSPHRASE)),
    };
    Ok(Zeroizing::new(file.map_err(explain)?))
}

const NEEDS_PASSPHRASE: &str = "a PKCS#12 file needs a passphrase";

fn parse(certificates: &[Der]) -> Result<Vec<Certificate>, StoredError> {
    certificates
        .iter()
        .map(|der| Ok(Certificate::from_der(&der.0)?))
        .collect()
}

fn random() -> Result<[u8; EXPORT_RANDOM_BYTES], StoredError> {
    let mut random = [0; EXPORT_RANDOM_BYTES];
    getrandom::fill(&mut random).map_err(|_| StoredError::Randomness)?;
    Ok(random)
}

fn explain(error: ExportError) -> ExportFailure {
    match error {
        ExportError::NoPassphrase => ExportFailure::Request("the passphrase is empty"),
        ExportError::PassphraseTooLong { .. } => {
            ExportFailure::Request("the passphrase is too long")
        }
        error => StoredError::Export(error).into(),
    }
}
