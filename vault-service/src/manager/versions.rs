//! Versions of a secret: list, stage a pending one, promote it, go back. Payloads are never rewritten;
//! labels move.

use sallyport_model::{Collection, SecretId};
use sallyport_pki::UnixTime;

use super::Manager;
use super::draft::Draft;
use super::error::ManagerError;
use super::metadata::Metadata;
use super::secrets::{entry, explain, place, same_type};
use super::target::Target;
use super::violation::{Problem, Violation};
use crate::access::Caller;
use crate::store::{GroupRecord, SecretRecord, StoreError, VersionRecord, Write};

/// A version that has become the current one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its number.
    pub number: u64,
    /// What is allowed but may not be meant, one sentence each.
    pub warnings: Vec<String>,
}

impl Manager {
    /// The versions of a secret, newest first.
    pub async fn versions(
        &self,
        group: &GroupRecord,
        collection: Collection,
        id: SecretId,
    ) -> Result<(SecretRecord, Vec<VersionRecord>), ManagerError> {
        let secret = self.live(group, collection, id).await?;
        let versions = self.store.versions(id).await?;
        Ok((secret, versions))
    }

    /// One version of a secret, with its metadata.
    pub async fn version(
        &self,
        group: &GroupRecord,
        collection: Collection,
        id: SecretId,
        number: u64,
    ) -> Result<(SecretRecord, VersionRecord, Metadata), ManagerError> {
        let secret = self.live(group, collection, id).await?;
        let version = self
            .store
            .version(id, number)
            .await?
            .ok_or_else(|| no_version(number))?;
        let metadata = Metadata::of(&version)?;
        Ok((secret, version, metadata))
    }

    /// Seals a version that waits to be promoted; one that waited is destroyed. Gives its number.
    pub async fn put_pending(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        collection: Collection,
        target: impl Into<Target> + Send,
        draft: Draft,
        now: UnixTime,
    ) -> Result<u64, ManagerError> {
        let secret = self.movable(caller, group, collection, target).await?;
        let (_, _, metadata) = self.secret(group, collection, secret.id).await?;
        same_type(&metadata, &draft.metadata)?;
        if draft.name != secret.name {
            let name = secret.name.to_string();
            return Err(Violation::new("/name", Problem::Renamed { name }).into());
        }
        let number = secret.newest.saturating_add(1);
        let place = place(group, &secret, number);
        let version = self.seal(caller, group, &place, draft, now).await?;
        let entry = entry(caller, group, &secret, "pend", now).version(number);
        let put = Write::PutPending {
            version,
            expected: secret.current,
        };
        self.publish(group, put, entry)
            .await
            .map_err(|error| explain(error, group, &secret))?;
        Ok(number)
    }

    /// Makes the pending version the current one.
    pub async fn promote(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        collection: Collection,
        target: impl Into<Target> + Send,
        now: UnixTime,
    ) -> Result<Moved, ManagerError> {
        let secret = self.movable(caller, group, collection, target).await?;
        let number = secret.pending.ok_or_else(|| no_pending(&secret))?;
        let warnings = self.lost_by_version(&secret, number).await?;
        let entry = entry(caller, group, &secret, "promote", now).version(number);
        let promote = Write::PromotePending {
            secret: secret.id,
            number,
            expected: secret.current,
            at: now,
        };
        self.publish(group, promote, entry)
            .await
            .map_err(|error| explain_move(error, group, &secret, number))?;
        Ok(Moved { number, warnings })
    }

    /// Destroys the pending version.
    pub async fn drop_pending(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        collection: Collection,
        target: impl Into<Target> + Send,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        let secret = self.movable(caller, group, collection, target).await?;
        let number = secret.pending.ok_or_else(|| no_pending(&secret))?;
        let entry = entry(caller, group, &secret, "drop", now).version(number);
        let drop = Write::DropPending {
            secret: secret.id,
            number,
        };
        self.publish(group, drop, entry)
            .await
            .map_err(|error| explain(error, group, &secret))
    }

    /// Makes an older version the current one again; the previous one where none is named.
    pub async fn roll_back(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        collection: Collection,
        target: impl Into<Target> + Send,
        version: Option<u64>,
        now: UnixTime,
    ) -> Result<Moved, ManagerError> {
        let secret = self.movable(caller, group, collection, target).await?;
        let to = match version {
            Some(number) if number == secret.current => {
                return Err(refuse("is current already").into());
            }
            Some(number) if Some(number) == secret.pending => {
                return Err(refuse("is pending; it can be promoted").into());
            }
            Some(number) => number,
            None => secret.previous.ok_or_else(|| ManagerError::NoSuch {
                what: "previous version",
                name: secret.name.to_string(),
            })?,
        };
        let warnings = self.lost_by_version(&secret, to).await?;
        let entry = entry(caller, group, &secret, "rollback", now).version(to);
        let back = Write::MoveCurrent {
            secret: secret.id,
            to,
            expected: secret.current,
            at: now,
        };
        self.publish(group, back, entry)
            .await
            .map_err(|error| explain_move(error, group, &secret, to))?;
        Ok(Moved {
            number: to,
            warnings,
        })
    }

    /// A secret whose labels may move now: as published, and not while the caller edits the group.
    async fn movable(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        collection: Collection,
        target: impl Into<Target> + Send,
    ) -> Result<SecretRecord, ManagerError> {
        let Target { id, precondition } = target.into();
        if self.seen_by(caller, group).await?.staging.is_some() {
            return Err(ManagerError::SessionOpen);
        }
        let secret = self.live(group, collection, id).await?;
        precondition.check(secret.current)?;
        Ok(secret)
    }
}

fn refuse(expected: &str) -> Violation {
    let expected = expected.to_owned();
    Violation::new("/version", Problem::Value { expected })
}

fn no_version(number: u64) -> ManagerError {
    ManagerError::NoSuch {
        what: "version",
        name: number.to_string(),
    }
}

fn no_pending(secret: &SecretRecord) -> ManagerError {
    ManagerError::NoSuch {
        what: "pending version",
        name: secret.name.to_string(),
    }
}

fn explain_move(
    error: StoreError,
    group: &GroupRecord,
    secret: &SecretRecord,
    to: u64,
) -> ManagerError {
    match error {
        StoreError::Gone { what: "version" } => no_version(to),
        StoreError::Gone {
            what: "referenced secret",
        } => ManagerError::RefersToDeleted {
            what: secret.collection.singular(),
            name: secret.name.to_string(),
            version: to,
        },
        error => explain(error, group, secret),
    }
}
