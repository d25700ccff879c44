//! Reading and writing files with the path in the error.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The whole file as text.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(Error::file(path))
}

/// The whole file as bytes.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(Error::file(path))
}

/// Writes a file that its owner alone can read.
pub fn write(path: &Path, contents: &str) -> Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(Error::file(path))?;
    file.write_all(contents.as_bytes())
        .map_err(Error::file(path))
}

/// Puts a file in the place of another one at once: who watches it never reads half of it.
pub fn replace(path: &Path, contents: &str) -> Result<()> {
    let next = path.with_extension("next");
    write(&next, contents)?;
    fs::rename(&next, path).map_err(Error::file(path))
}

/// Appends to a file, creating it where needed.
pub fn append(path: &Path, contents: &str) -> Result<()> {
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(Error::file(path))?;
    file.write_all(contents.as_bytes())
        .map_err(Error::file(path))
}

/// Removes a file, if it is there.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::file(path)(source))
        }
        _ => Ok(()),
    }
}

/// Every file below a directory.
pub fn below(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).map_err(Error::file(&directory))? {
            let path = entry.map_err(Error::file(&directory))?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
