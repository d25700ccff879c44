//! A CRL distributor, and whether it publishes other lists than before.

use std::fmt;

use sallyport_model::{Collection, SecretId, Selector};

use super::{Failure, News};
use crate::settings::DistributorPlace;
use crate::store::{Store, StoreError};

/// A distributor.
pub(super) struct FollowedDistributor {
    place: DistributorPlace,
    seen: Option<Seen>,
}

/// What was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nobody,
    /// 0 where nothing is published yet.
    Edition(SecretId, u64),
}

impl FollowedDistributor {
    pub(super) const fn new(place: DistributorPlace) -> Self {
        Self { place, seen: None }
    }

    /// Its lists, if it publishes others than before.
    pub(super) async fn news(&mut self, store: &dyn Store) -> Option<Result<News, Failure>> {
        let seen = match self.look(store).await {
            Ok(seen) if self.seen == Some(seen) => return None,
            Ok(seen) => seen,
            Err(error) => return Some(Err(error.into())),
        };
        let distributor = match seen {
            Seen::Nobody => Err(Failure::NoDistributor),
            Seen::Edition(_, 0) => Err(Failure::NothingPublished),
            Seen::Edition(distributor, _) => Ok(distributor),
        };
        let news = match distributor {
            // Should others come meanwhile, they are taken twice.
            Ok(distributor) => match store.published_lists(distributor).await {
                Ok(Some(published)) => Ok(News::Published(published.lists)),
                Ok(None) => Err(Failure::NothingPublished),
                Err(error) => return Some(Err(error.into())),
            },
            Err(failure) => Err(failure),
        };
        self.seen = Some(seen);
        Some(news)
    }

    async fn look(&self, store: &dyn Store) -> Result<Seen, StoreError> {
        let place = &self.place;
        let group = match &place.group {
            Selector::Id(id) => store.group(place.scope, *id).await?,
            Selector::Name(name) => store.group_by_name(place.scope, name).await?,
        };
        let Some(group) = group.filter(|group| group.deleted_at.is_none()) else {
            return Ok(Seen::Nobody);
        };
        let collection = Collection::CrlDistributorConfigs;
        let distributor = match &place.distributor {
            Selector::Id(id) => store.secret(group.id, collection, *id).await?,
            Selector::Name(name) => store.secret_by_name(group.id, collection, name).await?,
        };
        match distributor.filter(|distributor| distributor.deleted_at.is_none()) {
            None => Ok(Seen::Nobody),
            Some(distributor) => {
                let edition = store.published_edition(distributor.id).await?;
                Ok(Seen::Edition(distributor.id, edition))
            }
        }
    }
}

impl fmt::Display for FollowedDistributor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}
