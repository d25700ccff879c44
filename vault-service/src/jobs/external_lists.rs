//! Files of revocation lists of other CAs, read again when they change.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sallyport_pki::UnixTime;
use thiserror::Error;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::provider::{ExternalCas, ExternalListsError, MAX_LIST_FILE};

/// How often it is looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// A file, and the place of its CA among those of the settings.
#[derive(Clone, Debug)]
pub struct ListFile {
    ca: usize,
    path: PathBuf,
    seen: Option<Seen>,
    ended: bool,
}

/// What a file was when it was read: another one, or the same with something else in it, differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error(transparent)]
    Lists(#[from] ExternalListsError),
}

impl ListFile {
    /// A file that was read just now.
    pub fn new(ca: usize, path: PathBuf) -> Self {
        Self {
            ca,
            seen: Seen::of(&path).ok(),
            path,
            ended: false,
        }
    }

    /// Puts what is new in it in force. What cannot be is said once; the lists of before stay.
    pub fn look(&mut self, external: &ExternalCas, now: UnixTime) {
        let seen = Seen::of(&self.path).ok();
        if seen != self.seen {
            self.seen = seen;
            let file = self.path.display();
            match self.take(external, now) {
                Ok(()) => info!(%file, "revocation lists of a CA of gateways were read again"),
                Err(error) => {
                    warn!(%file, %error, "revocation lists of a CA of gateways are not taken; the last good ones stay")
                }
            }
        }
        let ended = external.next_update(self.ca).is_some_and(|end| end <= now);
        if ended && !self.ended {
            let file = self.path.display();
            warn!(%file, "revocation lists of a CA of gateways have ended: its gateways are refused");
            external.look_again();
        }
        self.ended = ended;
    }

    fn take(&self, external: &ExternalCas, now: UnixTime) -> Result<(), Failure> {
        let bytes = read(&self.path)?;
        Ok(external.take_lists(self.ca, &bytes, now)?)
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
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(MAX_LIST_FILE.saturating_add(1))
        .read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_LIST_FILE) {
        true => Ok(bytes),
        false => Err(io::ErrorKind::FileTooLarge.into()),
    }
}

/// Looks again and again, until `stop` says so.
pub async fn run(
    external: Arc<ExternalCas>,
    mut files: Vec<ListFile>,
    now: fn() -> UnixTime,
    mut stop: watch::Receiver<bool>,
) {
    while !files.is_empty() {
        let told = tokio::time::timeout(PERIOD, stop.wait_for(|stop| *stop));
        if told.await.is_ok() {
            return;
        }
        let external = Arc::clone(&external);
        // A large list is read and verified for a while.
        let looked = tokio::task::spawn_blocking(move || {
            for file in &mut files {
                file.look(&external, now());
            }
            files
        });
        let Ok(after) = looked.await else { return };
        files = after;
    }
}
