//! Opening one version.

use thiserror::Error;
use zeroize::Zeroizing;

use super::Provider;
use crate::keys::KeyError;
use crate::keys::binding::{GroupKeyBinding, SecretBinding};
use crate::keys::open::term_of;
use crate::store::{GroupRecord, SecretRecord, StoreError, VersionRecord};

/// Why a version does not open.
#[derive(Debug, Error)]
pub(super) enum OpenError {
    #[error("the group has no key of term {term}")]
    NoKey { term: u32 },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Provider {
    /// The bytes that were sealed.
    pub(super) async fn opened(
        &self,
        group: &GroupRecord,
        secret: &SecretRecord,
        version: &VersionRecord,
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let term = term_of(&version.envelope)?;
        let stored = self.store.group_key(group.id, term).await?;
        let stored = stored.ok_or(OpenError::NoKey { term })?;
        let group_key = GroupKeyBinding {
            scope: group.scope,
            group: group.id,
            term,
        };
        let binding = SecretBinding {
            scope: group.scope,
            group: group.id,
            collection: secret.collection,
            secret: secret.id,
            version: version.number,
        };
        let key = self
            .keyring
            .group_key(&group_key, &stored.sealed_private_key)?;
        Ok(key.open(&binding, &version.envelope)?)
    }
}
