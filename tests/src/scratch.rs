//! A directory that goes away with its owner.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{Error, Result};

/// A directory for one run, readable by its owner only, removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    directory: TempDir,
}

impl Scratch {
    /// A fresh directory in the system's place for such.
    pub fn new() -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("sallyport-")
            .tempdir()
            .map_err(Error::file(&std::env::temp_dir()))?;
        Ok(Self { directory })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A path inside; nothing is created.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// A new directory inside.
    pub fn directory(&self, name: &str) -> Result<PathBuf> {
        let path = self.join(name);
        std::fs::create_dir_all(&path).map_err(Error::file(&path))?;
        Ok(path)
    }
}
