//! A file of revocation lists, and whether it is another one than before.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::News;
use crate::provider::MAX_LIST_FILE;

/// A file.
pub(super) struct FollowedFile {
    path: PathBuf,
    seen: Option<Seen>,
}

/// What a file was when it was read: another one, or the same with something else in it, differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl FollowedFile {
    /// A file that was read just now.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            seen: Seen::of(&path).ok(),
            path,
        }
    }

    /// The file, if it has changed.
    pub(super) fn news(&mut self) -> Option<News> {
        let seen = Seen::of(&self.path).ok();
        let changed = seen != self.seen;
        self.seen = seen;
        changed.then(|| News::File(self.path.clone()))
    }
}

impl fmt::Display for FollowedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

impl Seen {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self {
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        })
    }
}

/// A file of lists.
///
/// # Errors
/// It cannot be read, or is larger than any.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    read_at_most(MAX_LIST_FILE, path)
}

/// A file, unless it has more bytes than that.
pub(super) fn read_at_most(most: u64, path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()).is_ok_and(|length| length <= most) {
        true => Ok(bytes),
        false => Err(io::ErrorKind::FileTooLarge.into()),
    }
}
