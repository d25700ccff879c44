//! The data directory: one place, readable by the service's user only.
//!
//! ```text
//! root.key        private half of the root key (0600): who has it and the database has everything
//! sallyport.db    the store
//! ca.pem          certificate of the internal CA: what clients of both doors trust
//! audit.pem       public key of the audit log: what `sallyport audit verify` trusts
//! vault.toml      settings, written by `init`, read by `serve`
//! lists-*.json    revocation lists of other CAs, as a CRL distributor published them last (0600)
//! lock            held by the running service
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sallyport_pki::Digest;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::keys::KeyError;
use crate::keys::open::RootPrivateKey;

const PRIVATE_DIRECTORY: u32 = 0o700;
const PRIVATE_FILE: u32 = 0o600;
const PUBLIC_FILE: u32 = 0o644;

/// A data directory.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

/// Why the data directory cannot be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// There is something already.
    #[error("{} is not empty; `init` never overwrites. Choose another --data-dir", .0.display())]
    NotEmpty(PathBuf),
    /// There is nothing yet.
    #[error("{} holds no vault; make one with `sallyport-vault init --data-dir {}`", .0.display(), .0.display())]
    NotInitialised(PathBuf),
    /// Others may read the root key.
    #[error("{} can be read by others (mode {mode:03o}); run `chmod 600 {}`", .path.display(), .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The root key file does not hold a key.
    #[error("{} does not hold a root key", .path.display())]
    RootKey {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// Another service has it.
    #[error("{} is in use by another sallyport-vault", .0.display())]
    InUse(PathBuf),
    /// The operating system refuses.
    #[error("{}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl DataDir {
    /// Makes a directory for a new vault; an existing one must be empty.
    pub fn create(path: &Path) -> Result<Self, DataDirError> {
        let io = |source| DataDirError::Io {
            path: path.to_owned(),
            source,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(PRIVATE_DIRECTORY)
            .create(path)
            .map_err(io)?;
        if fs::read_dir(path).map_err(io)?.next().is_some() {
            return Err(DataDirError::NotEmpty(path.to_owned()));
        }
        fs::set_permissions(path, fs::Permissions::from_mode(PRIVATE_DIRECTORY)).map_err(io)?;
        Ok(Self(path.to_owned()))
    }

    /// A directory that holds a vault.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let dir = Self(path.to_owned());
        if dir.database().is_file() {
            return Ok(dir);
        }
        Err(DataDirError::NotInitialised(path.to_owned()))
    }

    /// Keeps other services out until the file is closed: watching gateways are told of changes made
    /// in this process only. The system lets go of it however the process ends.
    pub fn lock(&self) -> Result<File, DataDirError> {
        let path = self.0.join("lock");
        let io = |source| DataDirError::Io {
            path: path.clone(),
            source,
        };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(PRIVATE_FILE)
            .open(&path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(self.0.clone())),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    /// The store's file.
    pub fn database(&self) -> PathBuf {
        self.0.join("sallyport.db")
    }

    /// The internal CA's certificate.
    pub fn ca_certificate(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    /// The audit log's public key.
    pub fn audit_public_key(&self) -> PathBuf {
        self.0.join("audit.pem")
    }

    /// The settings file.
    pub fn settings(&self) -> PathBuf {
        self.0.join("vault.toml")
    }

    /// The last good revocation lists of the CA whose certificates have this digest.
    pub fn kept_lists(&self, ca: Digest) -> PathBuf {
        self.0.join(format!("lists-{ca}.json"))
    }

    /// Writes the root key.
    pub fn write_root_key(&self, key: &RootPrivateKey) -> Result<(), DataDirError> {
        self.write_new(&self.root_key(), PRIVATE_FILE, &key.to_bytes())
    }

    /// Reads the root key, if nobody else can.
    pub fn read_root_key(&self) -> Result<RootPrivateKey, DataDirError> {
        let path = self.root_key();
        let io = |source| DataDirError::Io {
            path: path.clone(),
            source,
        };
        let mode = fs::metadata(&path).map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(DataDirError::Open { path, mode });
        }
        let bytes = Zeroizing::new(fs::read(&path).map_err(io)?);
        RootPrivateKey::from_bytes(&bytes).map_err(|source| DataDirError::RootKey { path, source })
    }

    /// Writes a file everybody may read.
    pub fn write_public(&self, path: &Path, text: &str) -> Result<(), DataDirError> {
        self.write_new(path, PUBLIC_FILE, text.as_bytes())
    }

    /// Writes a file nobody else may read in the place of the one that is there. It is there whole or
    /// not at all, after a crash of the machine, too.
    pub fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let beside = path.with_extension("part");
        let mut anew = OpenOptions::new();
        anew.write(true).create(true).truncate(true);
        write(&beside, anew.mode(PRIVATE_FILE), bytes)?;
        fs::rename(&beside, path)?;
        self.sync()
    }

    fn root_key(&self) -> PathBuf {
        self.0.join("root.key")
    }

    fn write_new(&self, path: &Path, mode: u32, bytes: &[u8]) -> Result<(), DataDirError> {
        let write_new = || -> io::Result<()> {
            let mut anew = OpenOptions::new();
            write(path, anew.write(true).create_new(true).mode(mode), bytes)?;
            self.sync()
        };
        write_new().map_err(|source| DataDirError::Io {
            path: path.to_owned(),
            source,
        })
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }
}

fn write(path: &Path, options: &OpenOptions, bytes: &[u8]) -> io::Result<()> {
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
