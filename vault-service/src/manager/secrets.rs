//! What is the same for every kind of secret: seal, store, list, show, replace.

use sallyport_model::{Collection, SecretId};
use sallyport_pki::UnixTime;
use uuid::Uuid;

use super::Manager;
use super::draft::Draft;
use super::error::{ManagerError, Problem, Violation};
use super::groups::{group_path, random};
use super::metadata::Metadata;
use crate::access::Caller;
use crate::audit::Entry;
use crate::keys::binding::SecretBinding;
use crate::keys::seal::GroupPublicKey;
use crate::store::{GroupRecord, SecretRecord, StoreError, VersionRecord, Write};

/// The version a new secret starts with.
const FIRST_VERSION: u64 = 1;

impl Manager {
    /// Live secrets of a kind with the metadata of their current versions, by name.
    pub async fn secrets(
        &self,
        group: &GroupRecord,
        collection: Collection,
    ) -> Result<Vec<(SecretRecord, VersionRecord, Metadata)>, ManagerError> {
        self.store
            .secrets(group.id, collection)
            .await?
            .into_iter()
            .map(|(secret, version)| {
                let metadata = Metadata::of(&version)?;
                Ok((secret, version, metadata))
            })
            .collect()
    }

    /// One secret with the metadata of its current version.
    pub async fn secret(
        &self,
        group: &GroupRecord,
        collection: Collection,
        id: SecretId,
    ) -> Result<(SecretRecord, VersionRecord, Metadata), ManagerError> {
        let secret = self.live(group, collection, id).await?;
        let version = self
            .store
            .version(id, secret.current)
            .await?
            .ok_or(StoreError::Damaged {
                what: "current version",
            })?;
        let metadata = Metadata::of(&version)?;
        Ok((secret, version, metadata))
    }

    /// Seals and stores a new secret.
    pub async fn create_secret(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        collection: Collection,
        draft: Draft,
        now: UnixTime,
    ) -> Result<SecretId, ManagerError> {
        let id = SecretId::new(Uuid::from_bytes(random()?));
        let name = draft.name.clone();
        let version = self
            .seal(caller, group, collection, id, FIRST_VERSION, draft, now)
            .await?;
        let secret = SecretRecord {
            id,
            group: group.id,
            collection,
            name: name.clone(),
            current: FIRST_VERSION,
            previous: None,
            pending: None,
            newest: FIRST_VERSION,
            created_at: now,
            modified_at: now,
            deleted_at: None,
        };
        let object = format!("{}/{collection}/{name} ({id})", group_path(group));
        let entry = Entry::new(
            caller,
            group.scope,
            format!("{collection}.create"),
            object,
            now,
        )
        .version(FIRST_VERSION)
        .allowed();
        self.store
            .commit(vec![Write::CreateSecret(secret, version), entry])
            .await
            .map_err(|error| explain(error, collection, group, name.as_str()))?;
        Ok(id)
    }

    /// Seals and stores the next version of a secret, and makes it the current one.
    pub async fn replace_secret(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        collection: Collection,
        id: SecretId,
        draft: Draft,
        now: UnixTime,
    ) -> Result<u64, ManagerError> {
        let (secret, _, metadata) = self.secret(group, collection, id).await?;
        same_type(&metadata, &draft.metadata)?;
        let number = secret.newest.saturating_add(1);
        let name = draft.name.clone();
        let version = self
            .seal(caller, group, collection, id, number, draft, now)
            .await?;
        let object = format!("{}/{collection}/{name} ({id})", group_path(group));
        let entry = Entry::new(
            caller,
            group.scope,
            format!("{collection}.replace"),
            object,
            now,
        )
        .version(number)
        .allowed();
        let replace = Write::ReplaceSecret {
            name: name.clone(),
            version,
            expected: secret.current,
        };
        self.store
            .commit(vec![replace, entry])
            .await
            .map_err(|error| explain(error, collection, group, name.as_str()))?;
        Ok(number)
    }

    async fn live(
        &self,
        group: &GroupRecord,
        collection: Collection,
        id: SecretId,
    ) -> Result<SecretRecord, ManagerError> {
        self.store
            .secret(group.id, collection, id)
            .await?
            .ok_or_else(|| ManagerError::NoSuch {
                what: collection.singular(),
                name: id.to_string(),
            })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is a different part of the record"
    )]
    async fn seal(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        collection: Collection,
        secret: SecretId,
        number: u64,
        draft: Draft,
        now: UnixTime,
    ) -> Result<VersionRecord, ManagerError> {
        let key = self
            .store
            .active_group_key(group.id)
            .await?
            .ok_or_else(|| gone(group))?;
        let binding = SecretBinding {
            scope: group.scope,
            group: group.id,
            collection,
            secret,
            version: number,
        };
        let payload = draft.payload.encode()?;
        let envelope =
            GroupPublicKey::from_bytes(key.term, &key.public_key)?.seal(&binding, &payload)?;
        Ok(VersionRecord {
            secret,
            number,
            metadata: serde_json::to_string(&draft.metadata)?,
            envelope,
            expiration_date: draft.expiration_date,
            refers_to: draft.refers_to,
            created_at: now,
            created_by: caller.name.clone(),
        })
    }
}

/// A replacement keeps the type (of shared secrets, keystores) and target (of TLS contexts).
fn same_type(before: &Metadata, after: &Metadata) -> Result<(), Violation> {
    for field in ["target", "type"] {
        let (before, after) = (before.shown.get(field), after.shown.get(field));
        if let Some(from) = before.filter(|_| before != after) {
            let from = from.as_str().unwrap_or_default().to_owned();
            return Err(Violation::new(format!("/{field}"), Problem::Fixed { from }));
        }
    }
    Ok(())
}

fn explain(
    error: StoreError,
    collection: Collection,
    group: &GroupRecord,
    name: &str,
) -> ManagerError {
    match error {
        StoreError::Taken { .. } => ManagerError::Taken {
            what: collection.singular(),
            name: name.to_owned(),
        },
        StoreError::Gone { .. } => gone(group),
        error => error.into(),
    }
}

fn gone(group: &GroupRecord) -> ManagerError {
    ManagerError::NoSuch {
        what: "secret group",
        name: group.id.to_string(),
    }
}
