//! The last good lists of a CA, in a file of ours: after a restart no older ones take their place, and
//! what a CRL distributor has published stays in force if the distributor is gone.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sallyport_pki::Digest;
use tracing::warn;

use super::file::read_at_most;
use crate::data_dir::DataDir;
use crate::provider::MAX_LIST_FILE;

/// Most bytes of kept lists: a complete one and its changes.
const MAX_KEPT: u64 = 2 * MAX_LIST_FILE;

/// The file of a CA.
pub(super) struct KeptLists {
    dir: DataDir,
    path: PathBuf,
    unwritten: Option<Arc<Vec<u8>>>,
    in_force: Option<Digest>,
    warned: bool,
}

impl KeptLists {
    /// The file of the CA whose certificates have this digest.
    pub(super) fn new(dir: &DataDir, ca: Digest) -> Self {
        Self {
            dir: dir.clone(),
            path: dir.kept_lists(ca),
            unwritten: None,
            in_force: None,
            warned: false,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What is kept, if anything is.
    pub(super) fn read(&self) -> io::Result<Option<Vec<u8>>> {
        match read_at_most(MAX_KEPT, &self.path) {
            Ok(lists) => Ok(Some(lists)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What was read is in force.
    pub(super) const fn are_in_force(&mut self, lists: Digest) {
        self.in_force = Some(lists);
    }

    /// Whether these lists are in force, and kept or soon to be.
    pub(super) fn has(&self, lists: &[u8]) -> bool {
        self.in_force == Some(Digest::of(lists))
    }

    /// Has lists that are in force written in the place of those of before, unless they are the same.
    pub(super) fn keep(&mut self, lists: Vec<u8>) {
        if !self.has(&lists) {
            self.are_in_force(Digest::of(&lists));
            self.unwritten = Some(Arc::new(lists));
        }
    }

    /// Writes what is not written yet. What fails is said once, and tried again the next time.
    pub(super) async fn write(&mut self) {
        let Some(lists) = self.unwritten.clone() else {
            return;
        };
        let (dir, path) = (self.dir.clone(), self.path.clone());
        let written = tokio::task::spawn_blocking(move || dir.replace(&path, &lists)).await;
        match written.map_err(io::Error::from).flatten() {
            Ok(()) => {
                self.unwritten = None;
                self.warned = false;
            }
            Err(error) if !self.warned => {
                let file = self.path.display();
                warn!(%file, %error, "revocation lists of a CA of gateways are in force but cannot be kept: a restart forgets them");
                self.warned = true;
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::TempDir;

    use super::*;

    fn kept() -> (TempDir, KeptLists) {
        let place = TempDir::new().unwrap();
        let dir = DataDir::create(place.path()).unwrap();
        (place, KeptLists::new(&dir, Digest::new([7; 32])))
    }

    #[tokio::test]
    async fn what_is_kept_takes_the_place_of_what_was() {
        let (place, mut kept) = kept();
        assert_eq!(kept.read().unwrap(), None);
        for lists in [&b"the first lists"[..], b"others"] {
            kept.keep(lists.to_vec());
            kept.write().await;
            assert_eq!(kept.read().unwrap().unwrap(), lists);
        }
        let mode = fs::metadata(kept.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn what_cannot_be_written_is_written_when_it_can() {
        let (_place, mut kept) = kept();
        let in_the_way = kept.path().with_extension("part");
        fs::create_dir(&in_the_way).unwrap();
        kept.keep(b"lists".to_vec());
        kept.write().await;
        assert_eq!(kept.read().unwrap(), None);
        fs::remove_dir(&in_the_way).unwrap();
        kept.write().await;
        assert_eq!(kept.read().unwrap().unwrap(), b"lists");
    }

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let (_place, kept) = kept();
        fs::write(kept.path(), b"lists").unwrap();
        assert_eq!(read_at_most(5, kept.path()).unwrap(), b"lists");
        let refused = read_at_most(4, kept.path()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::FileTooLarge);
    }
}
