//! Files only the owner may read (Unix modes), written so that a crash leaves the old or the new.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::Error;

/// Readable and writable by the owner.
pub(crate) const PRIVATE: u32 = 0o600;
/// Readable by everybody.
pub(crate) const PUBLIC: u32 = 0o644;

/// Creates `directory` and what is missing above it, mode 0700; an existing one stays as it is.
pub(crate) fn create_directory(directory: &Path) -> Result<(), Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|source| write_error(directory, source))
}

/// Replaces `path` by a new file with `mode` in one step (write, sync, rename).
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let staged = Staged::write(&beside(path), bytes, mode)?;
    staged.move_to(path)
}

/// Whether [`replace`] can write `path`, without touching what is there.
pub(crate) fn check_writable(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        let source = io::Error::from(io::ErrorKind::IsADirectory);
        return Err(write_error(path, source));
    }
    Staged::write(&beside(path), b"", PRIVATE)
        .map(drop)
        .map_err(|error| match error {
            Error::Write { source, .. } => write_error(path, source),
            other => other,
        })
}

/// A file that disappears again unless it is kept: what it belongs to may still fail.
pub(crate) struct Staged {
    path: PathBuf,
    kept: bool,
}

impl Staged {
    /// Writes a new file; one that exists is never touched.
    pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<Self, Error> {
        let failed = |source| write_error(path, source);
        let mut file = create_new(path, mode).map_err(failed)?;
        // From here on the file is ours to remove.
        let staged = Self {
            path: path.to_owned(),
            kept: false,
        };
        file.write_all(bytes).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        Ok(staged)
    }

    /// Puts `bytes` into the file and keeps it.
    pub(crate) fn fill(mut self, bytes: &[u8]) -> Result<(), Error> {
        replace(&self.path, bytes, PRIVATE)?;
        self.kept = true;
        Ok(())
    }

    /// Renames the file over `path`.
    pub(crate) fn move_to(mut self, path: &Path) -> Result<(), Error> {
        fs::rename(&self.path, path).map_err(|source| write_error(path, source))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.kept {
            // The first error is the one to report.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A name in the same directory that no other running command uses.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

/// Reads a whole file into memory that is zeroed when dropped.
///
/// # Errors
/// The file cannot be read, or has more than `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(failed)?;
    read_limited(&mut file, limit)
        .map_err(failed)?
        .ok_or_else(|| Error::FileTooLarge {
            path: path.to_owned(),
            limit,
        })
}

/// Reads to the end; `None` if there are more than `limit` bytes. The buffer never moves, so it
/// leaves no copies behind.
pub(crate) fn read_limited(
    reader: &mut impl Read,
    limit: u64,
) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let capacity = usize::try_from(limit)
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    reader
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok((bytes.len() < capacity).then_some(bytes))
}

fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
}

fn write_error(path: &Path, source: io::Error) -> Error {
    Error::Write {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_replaced_file_has_the_new_bytes_and_mode_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        fs::write(&path, "old").unwrap();
        replace(&path, b"new", PRIVATE).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_staged_file_disappears_unless_it_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        drop(Staged::write(&path, b"x", PRIVATE).unwrap());
        assert!(!path.exists());
        Staged::write(&path, b"x", PRIVATE)
            .unwrap()
            .move_to(&path)
            .unwrap();
        assert!(path.exists());
        assert!(Staged::write(&path, b"y", PRIVATE).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }

    #[test]
    fn a_staged_file_that_is_filled_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        let staged = Staged::write(&path, b"", PRIVATE).unwrap();
        staged.fill(b"secret").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"secret");
    }

    #[test]
    fn only_a_file_in_a_directory_that_is_there_can_be_written() {
        let directory = tempfile::tempdir().unwrap();
        assert!(check_writable(&directory.path().join("f")).is_ok());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        assert!(check_writable(&directory.path().join("missing/f")).is_err());
        assert!(check_writable(directory.path()).is_err());
    }

    #[test]
    fn reading_stops_at_the_limit() {
        let read = |text: &str| read_limited(&mut text.as_bytes(), 3).unwrap();
        assert_eq!(read("abc").unwrap().as_slice(), b"abc");
        assert!(read("abcd").is_none());
    }
}
