//! What is the same for every kind of secret: list, show, create, replace.

use sallyport_model::{Collection, SecretId};
use sallyport_pki::UnixTime;
use uuid::Uuid;

use super::Manager;
use super::draft::Draft;
use super::error::ManagerError;
use super::groups::{group_path, random};
use super::metadata::Metadata;
use super::target::Target;
use super::violation::{Problem, Violation};
use crate::access::Caller;
use crate::audit::Entry;
use crate::keys::binding::SecretBinding;
use crate::store::{GroupRecord, SecretRecord, StagedAction, StoreError, VersionRecord, Write};

/// The version a new secret starts with.
pub(super) const FIRST_VERSION: u64 = 1;

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

    /// Seals a new secret and stores it: at once, or in the caller's edit session.
    pub async fn create_secret(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        collection: Collection,
        draft: Draft,
        now: UnixTime,
    ) -> Result<SecretId, ManagerError> {
        let seen = self.seen_by(caller, group).await?;
        let id = SecretId::new(Uuid::from_bytes(random()?));
        let secret = SecretRecord {
            id,
            group: group.id,
            collection,
            name: draft.name.clone(),
            current: FIRST_VERSION,
            previous: None,
            pending: None,
            newest: FIRST_VERSION,
            created_at: now,
            modified_at: now,
            deleted_at: None,
        };
        let place = place(group, &secret, FIRST_VERSION);
        let version = seen.seal(caller, group, &place, draft, now).await?;
        if let Some(staging) = &seen.staging {
            let create = StagedAction::Create(version);
            seen.stage(caller, group, staging, &secret, create, now)
                .await?;
            return Ok(id);
        }
        let entry = entry(caller, group, &secret, "create", now).version(FIRST_VERSION);
        let create = Write::CreateSecret(secret.clone(), version);
        seen.publish(group, create, entry)
            .await
            .map_err(|error| explain(error, group, &secret))?;
        Ok(id)
    }

    /// Seals the next version of a secret and makes it the current one: at once, or in the caller's
    /// edit session.
    pub async fn replace_secret(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        collection: Collection,
        target: impl Into<Target> + Send,
        draft: Draft,
        now: UnixTime,
    ) -> Result<u64, ManagerError> {
        let Target { id, precondition } = target.into();
        let seen = self.seen_by(caller, group).await?;
        let (mut secret, _, metadata) = seen.secret(group, collection, id).await?;
        precondition.check(secret.current)?;
        same_type(&metadata, &draft.metadata)?;
        secret.name = draft.name.clone();
        let number = secret.newest.saturating_add(1);
        let place = place(group, &secret, number);
        let version = seen.seal(caller, group, &place, draft, now).await?;
        if let Some(staging) = &seen.staging {
            let replace = StagedAction::Replace(version);
            seen.stage(caller, group, staging, &secret, replace, now)
                .await?;
            return Ok(number);
        }
        let entry = entry(caller, group, &secret, "replace", now).version(number);
        let replace = Write::ReplaceSecret {
            name: secret.name.clone(),
            version,
            expected: secret.current,
        };
        seen.publish(group, replace, entry)
            .await
            .map_err(|error| explain(error, group, &secret))?;
        Ok(number)
    }

    /// A secret that is not deleted.
    pub(super) async fn live(
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

    /// Commits a write to the secrets of a group; refused while an edit session is open on it.
    pub(super) async fn publish(
        &self,
        group: &GroupRecord,
        write: Write,
        entry: Entry,
    ) -> Result<(), StoreError> {
        let unlocked = Write::RequireUnlocked {
            group: group.id,
            except: None,
        };
        let batch = vec![unlocked, write, entry.allowed()];
        self.store.commit(batch).await
    }
}

/// What a version is sealed for.
pub(super) const fn place(
    group: &GroupRecord,
    secret: &SecretRecord,
    version: u64,
) -> SecretBinding {
    SecretBinding {
        scope: group.scope,
        group: group.id,
        collection: secret.collection,
        secret: secret.id,
        version,
    }
}

/// The entry of the audit log for an operation on a secret.
pub(super) fn entry(
    caller: &Caller,
    group: &GroupRecord,
    secret: &SecretRecord,
    operation: &str,
    now: UnixTime,
) -> Entry {
    let object = audited(group, secret);
    let operation = format!("{}.{operation}", secret.collection);
    Entry::new(caller, group.scope, operation, object, now)
}

/// What the audit log calls a secret.
pub(super) fn audited(group: &GroupRecord, secret: &SecretRecord) -> String {
    let SecretRecord {
        id,
        collection,
        name,
        ..
    } = secret;
    format!("{}/{collection}/{name} ({id})", group_path(group))
}

/// A replacement keeps the type (of shared secrets, keystores) and target (of TLS contexts).
pub(super) fn same_type(before: &Metadata, after: &Metadata) -> Result<(), Violation> {
    for field in ["target", "type"] {
        let (before, after) = (before.shown.get(field), after.shown.get(field));
        if let Some(from) = before.filter(|_| before != after) {
            let from = from.as_str().unwrap_or_default().to_owned();
            return Err(Violation::new(format!("/{field}"), Problem::Fixed { from }));
        }
    }
    Ok(())
}

/// Says what a refusal of the store means for a secret.
pub(super) fn explain(
    error: StoreError,
    group: &GroupRecord,
    secret: &SecretRecord,
) -> ManagerError {
    let what = secret.collection.singular();
    match error {
        StoreError::Taken { .. } => ManagerError::Taken {
            what,
            name: secret.name.to_string(),
        },
        StoreError::Gone {
            what: gone @ ("version" | "pending version" | "edit session"),
        } => ManagerError::NoSuch {
            what: gone,
            name: secret.name.to_string(),
        },
        // Deleted since it was looked up.
        StoreError::Gone { what: gone } if gone == what => ManagerError::NoSuch {
            what,
            name: secret.id.to_string(),
        },
        StoreError::Gone {
            what: "referenced secret",
        } => ManagerError::Changed {
            found: secret.current,
        },
        StoreError::Gone { .. } => gone(group),
        error => error.into(),
    }
}

pub(super) fn gone(group: &GroupRecord) -> ManagerError {
    ManagerError::NoSuch {
        what: "secret group",
        name: group.id.to_string(),
    }
}
