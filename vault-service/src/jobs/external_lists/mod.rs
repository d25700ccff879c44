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
use sallyport_pki::{Revocations, UnixTime};
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

    /// Keeps what a distributor publishes in a file of the data directory. What is there already is
    /// put in force, under the rules for what is published; a file that does not read is as none.
    pub async fn keep_in(&mut self, dir: &DataDir, external: &Arc<ExternalCas>, now: UnixTime) {
        let Followed::Distributor(lists) = &self.origin else {
            return;
        };
        let Some(ca) = external.ca_digest(self.ca) else {
            return;
        };
        let kept = KeptLists::new(dir, ca);
        let file = kept.path().display();
        let news = match kept.read() {
            Ok(None) => None,
            Ok(Some(json)) => Some(Ok(News::Published(json))),
            Err(error) => Some(Err(error.into())),
        };
        if let Some(news) = news {
            match take(news, self.ca, external, now).await {
                Ok(_) => {
                    info!(%lists, %file, "kept revocation lists of a CA of gateways are in force again");
                }
                Err(error) => {
                    warn!(%lists, %file, %error, "kept revocation lists of a CA of gateways are not taken: its gateways are refused until the distributor has some");
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
        if let Some(news) = news {
            let lists = &self.origin;
            match take(news, self.ca, external, now).await {
                Ok(published) => {
                    info!(%lists, "revocation lists of a CA of gateways were read again");
                    if let Some((kept, published)) = self.kept.as_mut().zip(published) {
                        kept.keep(published);
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

/// Puts lists in force; returns those that were published.
async fn take(
    news: Result<News, Failure>,
    ca: usize,
    external: &Arc<ExternalCas>,
    now: UnixTime,
) -> Result<Option<Vec<u8>>, Failure> {
    let (news, external) = (news?, Arc::clone(external));
    // A large list is read and verified for a while.
    let taken = tokio::task::spawn_blocking(move || match news {
        News::File(path) => {
            external.take_lists(ca, &read(&path)?, now)?;
            Ok(None)
        }
        News::Published(json) => {
            let material: RevocationMaterial = serde_json::from_slice(&json)?;
            let published = Revocations::try_from(material)?;
            external.take_published(ca, &published)?;
            Ok(Some(json))
        }
    });
    taken.await?
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
