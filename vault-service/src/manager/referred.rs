//! What an upload refers to: secrets of the same group, by id or by name.

use sallyport_model::{Collection, GroupPath, SecretId, SecretPath, Selector};

use super::Manager;
use super::error::ManagerError;
use super::metadata::Metadata;
use super::violation::{Problem, Violation};
use crate::store::{GroupRecord, SecretRecord, StoreError};

/// A secret of the same group, as it is now.
pub(super) struct Referred {
    pub(super) id: SecretId,
    pub(super) collection: Collection,
    pub(super) metadata: Metadata,
}

impl Referred {
    /// Its path, by id: what answers show, whatever the upload said.
    pub(super) const fn path(&self) -> SecretPath {
        SecretPath::of(self.collection, self.id)
    }
}

impl Manager {
    /// The live secret at a path.
    pub(super) async fn live_at(
        &self,
        group: &GroupRecord,
        path: &GroupPath,
    ) -> Result<Option<SecretRecord>, StoreError> {
        let collection = path.collection;
        match &path.secret {
            Selector::Id(id) => self.store.secret(group.id, collection, *id).await,
            Selector::Name(name) => {
                let named = self.store.secret_by_name(group.id, collection, name);
                let named = named.await?;
                Ok(named.filter(|secret| secret.deleted_at.is_none()))
            }
        }
    }

    /// Finds what `reference` at `place` (the object, not its path) refers to; it has to be of this
    /// collection.
    pub(super) async fn referred(
        &self,
        group: &GroupRecord,
        reference: Option<&SecretPath>,
        collection: Collection,
        place: &str,
    ) -> Result<Option<Referred>, ManagerError> {
        let Some(SecretPath { path }) = reference else {
            return Ok(None);
        };
        let refuse = |problem| Violation::new(format!("{place}/path"), problem);
        if path.collection != collection {
            let what = collection.singular();
            let expected = format!("is {collection}/<id or name> of a {what}");
            return Err(refuse(Problem::Value { expected }).into());
        }
        let Some(secret) = self.live_at(group, path).await? else {
            let what = collection.singular();
            return Err(refuse(Problem::NoSuchSecret { what }).into());
        };
        let version = self.store.version(secret.id, secret.current).await?;
        let version = version.ok_or(StoreError::Damaged {
            what: "current version",
        })?;
        Ok(Some(Referred {
            id: secret.id,
            collection,
            metadata: Metadata::of(&version)?,
        }))
    }
}
