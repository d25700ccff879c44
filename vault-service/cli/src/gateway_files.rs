//! What a gateway needs on disk: its key, its certificate, and the CA of the vault.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use sallyport_pki::{Certificate, certificate_from_pem};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::private_file::{self, PRIVATE, PUBLIC, Staged};

const MAX_KEY_FILE: u64 = 64 * 1024;

/// A directory with `gateway.key`, `gateway.pem` and `ca.pem`.
pub(crate) struct GatewayFiles {
    directory: PathBuf,
    /// Whether this run made the directory.
    made: bool,
}

/// What to do about a key that is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExistingKey {
    /// Stop: it may be in use.
    Refuse,
    /// Use it again.
    Keep,
    /// Put a new one in its place.
    Replace,
}

/// A key pair and, if it is new, its file, which disappears unless the certificate comes.
pub(crate) struct GatewayKey {
    pair: KeyPair,
    staged: Option<Staged>,
}

impl GatewayFiles {
    /// Makes the directory (0700) if it is missing.
    pub(crate) fn open(directory: &Path) -> Result<Self, Error> {
        let made = !directory.exists();
        private_file::create_directory(directory)?;
        Ok(Self {
            directory: directory.to_owned(),
            made,
        })
    }

    /// The files of a directory that is there.
    pub(crate) fn at(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            made: false,
        }
    }

    /// What [`GatewayFiles::prepare_key`] would say, without writing anything.
    pub(crate) fn check(directory: &Path, existing: ExistingKey) -> Result<(), Error> {
        let files = Self::at(directory);
        match existing {
            ExistingKey::Refuse if files.key().exists() => {
                Err(Error::KeyExists { path: files.key() })
            }
            ExistingKey::Keep if files.key().exists() => read_key(&files.key()).map(drop),
            _ => Ok(()),
        }
    }

    /// `gateway.key`, PKCS#8 PEM, mode 0600.
    pub(crate) fn key(&self) -> PathBuf {
        self.directory.join("gateway.key")
    }

    /// `gateway.pem`, the certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.directory.join("gateway.pem")
    }

    /// The certificate that is there.
    pub(crate) fn read_certificate(&self) -> Result<Certificate, Error> {
        let path = self.certificate();
        let pem = private_file::read(&path, MAX_KEY_FILE)?;
        certificate_from_pem(&pem).map_err(|error| Error::FileSyntax {
            path,
            reason: error.to_string(),
        })
    }

    /// `ca.pem`, what the vault's certificate chains to.
    pub(crate) fn ca(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }

    /// Makes an ECDSA P-256 key, or takes the one that is there.
    ///
    /// The key is on disk before the vault hears of it: a certificate without key is worth nothing.
    pub(crate) fn prepare_key(&self, existing: ExistingKey) -> Result<GatewayKey, Error> {
        let path = self.key();
        let there = path.exists();
        match existing {
            ExistingKey::Refuse if there => Err(Error::KeyExists { path }),
            ExistingKey::Keep if there => read_key(&path),
            ExistingKey::Replace if there => new_key(&private_file::beside(&path)),
            _ => new_key(&path),
        }
    }

    /// Stores what came back: key first, so that certificate and key never stay apart for long.
    pub(crate) fn store(&self, key: GatewayKey, certificate: &str, ca: &str) -> Result<(), Error> {
        if let Some(staged) = key.staged {
            staged.move_to(&self.key())?;
        }
        private_file::replace(&self.certificate(), certificate.as_bytes(), PUBLIC)?;
        private_file::replace(&self.ca(), ca.as_bytes(), PUBLIC)
    }
}

impl Drop for GatewayFiles {
    fn drop(&mut self) {
        if self.made {
            // With the files in it this fails, as it should.
            let _ = fs::remove_dir(&self.directory);
        }
    }
}

impl GatewayKey {
    /// A certificate signing request (PKCS#10, PEM). The vault decides about the identity; the
    /// name only helps people.
    pub(crate) fn signing_request(&self, name: &str) -> Result<String, Error> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters
            .serialize_request(&self.pair)
            .and_then(|request| request.pem())
            .map_err(|source| Error::Key { source })
    }
}

fn new_key(path: &Path) -> Result<GatewayKey, Error> {
    let pair =
        KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|source| Error::Key { source })?;
    let pem = Zeroizing::new(pair.serialize_pem());
    let staged = Staged::write(path, pem.as_bytes(), PRIVATE)?;
    Ok(GatewayKey {
        pair,
        staged: Some(staged),
    })
}

fn read_key(path: &Path) -> Result<GatewayKey, Error> {
    let bytes = private_file::read(path, MAX_KEY_FILE)?;
    let pem = std::str::from_utf8(&bytes).unwrap_or_default();
    let pair = KeyPair::from_pem(pem).map_err(|source| Error::Key { source })?;
    Ok(GatewayKey { pair, staged: None })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_private_and_stays_only_with_its_certificate() {
        let directory = tempfile::tempdir().unwrap();
        let files = GatewayFiles::open(&directory.path().join("edge")).unwrap();
        drop(files.prepare_key(ExistingKey::Refuse).unwrap());
        assert!(!files.key().exists());

        let key = files.prepare_key(ExistingKey::Refuse).unwrap();
        files.store(key, "certificate", "ca").unwrap();
        let mode = fs::metadata(files.key()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read(files.ca()).unwrap(), b"ca");
    }

    #[test]
    fn an_existing_key_is_refused_kept_or_replaced_as_asked() {
        let directory = tempfile::tempdir().unwrap();
        let files = GatewayFiles::open(directory.path()).unwrap();
        let key = files.prepare_key(ExistingKey::Refuse).unwrap();
        files.store(key, "", "").unwrap();
        let old = fs::read(files.key()).unwrap();

        assert!(matches!(
            files.prepare_key(ExistingKey::Refuse),
            Err(Error::KeyExists { .. })
        ));
        let kept = files.prepare_key(ExistingKey::Keep).unwrap();
        files.store(kept, "", "").unwrap();
        assert_eq!(fs::read(files.key()).unwrap(), old);

        drop(files.prepare_key(ExistingKey::Replace).unwrap());
        assert_eq!(fs::read(files.key()).unwrap(), old);
        let new = files.prepare_key(ExistingKey::Replace).unwrap();
        files.store(new, "", "").unwrap();
        assert_ne!(fs::read(files.key()).unwrap(), old);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);
    }
}
