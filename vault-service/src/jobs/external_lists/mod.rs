//! Revocation lists of other CAs, of a file or of a CRL distributor, taken again when they change.

mod distributor;
mod file;
mod kept;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sallyport_model::{RevocationMaterial, RevocationMaterialError};
use sallyport_pki::{Digest, Revocations, UnixTime};
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinError;
use tracing::{info, warn};

use self::distributor::FollowedDistributor;
use self::file::FollowedFile;
use self::kept::KeptLists;
use crate::data_dir::DataDir;
use crate::provider::{ExternalCas, ExternalListsError};
use crate::settings::ListOrigin;
use crate::store::{Store, StoreError};
pub use file::read;

/// How often it is looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// Where the lists of a CA come from, and what was seen there.
pub struct FollowedLists {
    /// The place of the CA among those of the settings.
    ca: usize,
    origin: Followed,
    kept: Option<KeptLists>,
    lapsed: bool,
}

enum Followed {
    File(FollowedFile),
    Distributor(FollowedDistributor),
}

/// Lists that are not in force yet.
enum News {
    File(PathBuf),
    Published(Vec<u8>),
    /// Those of a file, in force before a restart.
    Kept(Vec<u8>),
}

#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there is no such CRL distributor")]
    NoDistributor,
    #[error("the CRL distributor has no list yet")]
    NothingPublished,
    #[error("its lists do not read")]
    Syntax(#[from] serde_json::Error),
    #[error("its lists do not read: {0}")]
    Material(#[from] RevocationMaterialError),
    #[error(transparent)]
    Lists(#[from] ExternalListsError),
    #[error(transparent)]
    Interrupted(#[from] JoinError),
}

impl FollowedLists {
    /// A file counts as taken already, a distributor's lists do not.
    pub fn new(ca: usize, origin: ListOrigin) -> Self {
        let origin = match origin {
            ListOrigin::File(path) => Followed::File(FollowedFile::new(path)),
            ListOrigin::Distributor(place) => {
                Followed::Distributor(FollowedDistributor::new(place))
            }
        };
        Self {
            ca,
            origin,
            kept: None,
            lapsed: false,
        }
    }

    /// Keeps what is in force in a file of the data directory. What is there already is put in force: of
    /// a distributor under the rules for what is published, of a file where that one has no newer list. What
    /// is kept and does not read is as nothing.
    pub async fn keep_in(&mut self, dir: &DataDir, external: &Arc<ExternalCas>, now: UnixTime) {
        let Some(ca) = external.ca_digest(self.ca) else {
            return;
        };
        let mut kept = KeptLists::new(dir, ca);
        let lists = &self.origin;
        let read = kept.read();
        let file = kept.path().display();
        match read {
            Ok(None) => {}
            Ok(Some(json)) => {
                let digest = Digest::of(&json);
                let news = match lists {
                    Followed::File(_) => News::Kept(json),
                    Followed::Distributor(_) => News::Published(json),
                };
                match take(Ok(news), self.ca, external, now).await {
                    Ok(_) => {
                        info!(%lists, %file, "kept revocation lists of a CA of gateways are in force again, except for older ones");
                        kept.are_in_force(digest);
                    }
                    Err(error) => not_taken(lists, &kept, &error),
                }
            }
            Err(error) => not_taken(lists, &kept, &error.into()),
        }
        if let Followed::File(_) = lists
            && let Some(in_force) = external.in_force(self.ca)
        {
            match encoded(&in_force) {
                Ok(in_force) => kept.keep(in_force),
                Err(error) => {
                    warn!(%lists, %error, "revocation lists of a CA of gateways cannot be kept");
                }
            }
        }
        self.kept = Some(kept);
    }

    /// Puts what is new there in force. What cannot be is said once; the lists of before stay.
    pub async fn look(&mut self, external: &Arc<ExternalCas>, store: &dyn Store, now: UnixTime) {
        let news = match &mut self.origin {
            Followed::File(file) => file.news().map(Ok),
            Followed::Distributor(distributor) => distributor.news(store).await,
        };
        let known = |news: &Result<News, Failure>| match (news, &self.kept) {
            (Ok(News::Published(lists)), Some(kept)) => kept.has(lists),
            _ => false,
        };
        let news = news.filter(|news| !known(news));
        if let Some(news) = news {
            let lists = &self.origin;
            match take(news, self.ca, external, now).await {
                Ok(in_force) => {
                    info!(%lists, "revocation lists of a CA of gateways were read again");
                    if let Some(kept) = &mut self.kept {
                        kept.keep(in_force);
                    }
                }
                Err(error) => {
                    warn!(%lists, %error, "revocation lists of a CA of gateways are not taken; the last good ones stay");
                }
            }
        }
        if let Some(kept) = &mut self.kept {
            kept.write().await;
        }
        let lapse = external.lapse(self.ca, now);
        if let Some(lapse) = lapse.filter(|_| !self.lapsed) {
            let lists = &self.origin;
            warn!(%lists, %lapse, "no revocation lists of a CA of gateways are in force: its gateways are refused");
            external.look_again();
        }
        self.lapsed = lapse.is_some();
    }
}

impl fmt::Display for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.fmt(f),
            Self::Distributor(distributor) => distributor.fmt(f),
        }
    }
}

/// Puts lists in force; returns what is to be kept of them.
async fn take(
    news: Result<News, Failure>,
    ca: usize,
    external: &Arc<ExternalCas>,
    now: UnixTime,
) -> Result<Vec<u8>, Failure> {
    let (news, external) = (news?, Arc::clone(external));
    // A large list is read and verified for a while.
    let taken = tokio::task::spawn_blocking(move || match news {
        News::File(path) => {
            external.take_lists(ca, &read(&path)?, now)?;
            let in_force = external.in_force(ca).unwrap_or_default();
            Ok(encoded(&in_force)?)
        }
        News::Published(json) => {
            external.take_published(ca, &decoded(&json)?)?;
            Ok(json)
        }
        News::Kept(json) => {
            external.take_kept(ca, &decoded(&json)?, now)?;
            Ok(json)
        }
    });
    taken.await?
}

fn encoded(lists: &Revocations) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&RevocationMaterial::from(lists))
}

fn decoded(json: &[u8]) -> Result<Revocations, Failure> {
    let material: RevocationMaterial = serde_json::from_slice(json)?;
    Ok(material.try_into()?)
}

fn not_taken(lists: &Followed, kept: &KeptLists, error: &Failure) {
    let file = kept.path().display();
    warn!(%lists, %file, %error, "kept revocation lists of a CA of gateways are not taken: the vault starts as without them");
}

/// Looks again and again, until `stop` says so.
pub async fn run(
    external: Arc<ExternalCas>,
    store: Arc<dyn Store>,
    mut lists: Vec<FollowedLists>,
    now: fn() -> UnixTime,
    mut stop: watch::Receiver<bool>,
) {
    while !lists.is_empty() {
        let told = tokio::time::timeout(PERIOD, stop.wait_for(|stop| *stop));
        if told.await.is_ok() {
            return;
        }
        for followed in &mut lists {
            followed.look(&external, &*store, now()).await;
        }
    }
}
