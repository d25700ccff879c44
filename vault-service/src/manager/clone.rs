//! Cloning a group: new keys, new ids, the current version of everything. Opening the old payloads is
//! not for this room; whoever can, seals them anew.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sallyport_model::{Collection, EnvironmentId, GroupId, GroupName, Permission, Scope, SecretId};
use sallyport_pki::UnixTime;
use serde::Deserialize;
use thiserror::Error;
use uuid::Uuid;

use super::Manager;
use super::error::{ManagerError, taken};
use super::groups::{NewGroup, group_path, opened, random};
use super::secrets::{FIRST_VERSION, entry, place};
use crate::access::{Caller, Wish};
use crate::audit::Entry;
use crate::keys::KeyError;
use crate::keys::binding::SecretBinding;
use crate::keys::seal::GroupPublicKey;
use crate::store::{GroupRecord, SecretRecord, StoreError, VersionRecord, Write};

/// Opens a version and seals what is in it for another place. What opens is not in this room.
#[async_trait]
pub trait SecretCopier: Send + Sync {
    /// The envelope for the new place. `ids` says which secrets take the place of those it refers to.
    async fn copy(
        &self,
        from: (&GroupRecord, &SecretRecord, &VersionRecord),
        to: (&GroupPublicKey, &SecretBinding),
        ids: &BTreeMap<SecretId, SecretId>,
    ) -> Result<Vec<u8>, CopyError>;
}

/// Why a secret was not copied.
#[derive(Debug, Error)]
pub enum CopyError {
    /// The key it was sealed to is gone.
    #[error("the group has no key of term {term}")]
    NoKey {
        /// The term.
        term: u32,
    },
    /// It does not open, or not seal.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What is inside does not name a secret that the record says it refers to.
    #[error("the payload and its record refer to different secrets")]
    References,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The JSON body of a clone.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloneRequest {
    name: GroupName,
    environment: Option<EnvironmentId>,
    downloadable: Option<bool>,
}

impl Manager {
    /// Makes a new group with a copy of every current version, in this or another environment of the
    /// organization. Gives its id and the number of secrets.
    pub async fn clone_group(
        &self,
        caller: &Caller,
        source: &GroupRecord,
        request: CloneRequest,
        now: UnixTime,
    ) -> Result<(GroupId, usize), ManagerError> {
        let scope = Scope {
            organization: source.scope.organization,
            environment: request.environment.unwrap_or(source.scope.environment),
        };
        let wish = Wish::InEnvironment(Permission::ManageSecretGroups);
        self.require_environment(caller, scope, wish, "group.clone", now)
            .await?;
        let new = NewGroup {
            name: request.name,
            downloadable: request.downloadable.unwrap_or(source.downloadable),
        };
        let (group, key) = self.new_group(caller, scope, &new, now)?;
        let public = GroupPublicKey::from_bytes(key.term, &key.public_key)?;

        let mut originals = Vec::new();
        let mut ids = BTreeMap::new();
        for collection in Collection::ALL {
            for (secret, version) in self.published.secrets(source.id, collection).await? {
                ids.insert(secret.id, SecretId::new(Uuid::from_bytes(random()?)));
                originals.push((secret, version));
            }
        }
        let object = format!("{} from {}", group_path(&group), group_path(source));
        let cloned = Entry::new(caller, scope, "group.clone", object, now).allowed();
        let mut batch = vec![Write::CreateGroup(group.clone(), key), cloned];
        batch.extend(opened(caller, &group, now));
        for (secret, version) in &originals {
            let (copy, copied) = self
                .copied(
                    caller,
                    (source, secret, version),
                    (&group, &public),
                    &ids,
                    now,
                )
                .await?;
            batch.push(Write::CreateSecret(copy, copied));
            batch.push(
                entry(caller, source, secret, "copy", now)
                    .version(version.number)
                    .allowed(),
            );
        }
        self.published
            .commit(batch)
            .await
            .map_err(|error| taken(error, "secret group", group.name.as_str()))?;
        Ok((group.id, originals.len()))
    }

    async fn copied(
        &self,
        caller: &Caller,
        (source, secret, version): (&GroupRecord, &SecretRecord, &VersionRecord),
        (group, key): (&GroupRecord, &GroupPublicKey),
        ids: &BTreeMap<SecretId, SecretId>,
        now: UnixTime,
    ) -> Result<(SecretRecord, VersionRecord), ManagerError> {
        let what = secret.collection.singular();
        let new_id = |id: &SecretId| {
            ids.get(id)
                .copied()
                .ok_or_else(|| ManagerError::RefersToDeleted {
                    what,
                    name: secret.name.to_string(),
                    version: version.number,
                })
        };
        let refers_to = version
            .refers_to
            .iter()
            .map(new_id)
            .collect::<Result<Vec<_>, _>>()?;
        let mut metadata = version.metadata.clone();
        for (old, new) in version.refers_to.iter().zip(&refers_to) {
            metadata = metadata.replace(&old.to_string(), &new.to_string());
        }
        let copy = SecretRecord {
            id: new_id(&secret.id)?,
            group: group.id,
            current: FIRST_VERSION,
            previous: None,
            pending: None,
            newest: FIRST_VERSION,
            created_at: now,
            modified_at: now,
            ..secret.clone()
        };
        let place = place(group, &copy, FIRST_VERSION);
        let envelope = self
            .copier
            .copy((source, secret, version), (key, &place), ids)
            .await
            .map_err(|source| ManagerError::Copy {
                what,
                name: secret.name.to_string(),
                source,
            })?;
        let copied = VersionRecord {
            secret: copy.id,
            number: FIRST_VERSION,
            metadata,
            envelope,
            expiration_date: version.expiration_date.clone(),
            refers_to,
            created_at: now,
            created_by: caller.name.clone(),
        };
        Ok((copy, copied))
    }
}
