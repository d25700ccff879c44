//! Writes of the holder of an edit session: staged, not published.

use std::sync::Arc;

use sallyport_model::SecretId;
use sallyport_pki::UnixTime;

use super::Manager;
use super::error::ManagerError;
use super::secrets::{entry, explain};
use super::view::View;
use crate::access::Caller;
use crate::store::{
    EditSessionRecord, GroupRecord, SecretRecord, StagedAction, StagedChange, VersionRecord, Write,
};

/// Most changes of a session: all of them are in memory when it is looked at or finished.
const MAX_CHANGES: usize = 1000;

/// Most bytes of sealed versions in a session.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// An edit session with what is staged in it.
pub(super) struct Staging {
    pub(super) session: EditSessionRecord,
    pub(super) changes: Vec<StagedChange>,
}

impl Staging {
    /// What the session will do to a secret.
    pub(super) fn change(&self, secret: SecretId) -> Option<&StagedChange> {
        self.changes.iter().find(|change| change.secret == secret)
    }

    /// Whether one more change of a secret fits. Deletions always do: they are how a session shrinks.
    fn has_room(&self, secret: SecretId, action: &StagedAction) -> bool {
        let others = || self.changes.iter().filter(|change| change.secret != secret);
        let bytes = |action: &StagedAction| {
            let version = action.version();
            version.map_or(0, |version| version.envelope.len())
        };
        let staged: usize = others().map(|change| bytes(&change.action)).sum();
        *action == StagedAction::Delete
            || (others().count() < MAX_CHANGES && staged.saturating_add(bytes(action)) <= MAX_BYTES)
    }
}

impl Manager {
    /// This manager as a caller sees a group: with what it has staged, if it has an edit session open
    /// on the group, otherwise as published.
    pub async fn seen_by(
        &self,
        caller: &Caller,
        group: &GroupRecord,
    ) -> Result<Self, ManagerError> {
        let session = self.published.edit_session(group.id).await?;
        let Some(session) = session.filter(|session| session.holder == caller.id) else {
            return Ok(Self {
                store: Arc::clone(&self.published),
                staging: None,
                ..self.clone()
            });
        };
        let changes = self.published.staged_changes(group.id).await?;
        let staging = Arc::new(Staging { session, changes });
        let view = View {
            published: Arc::clone(&self.published),
            staging: Arc::clone(&staging),
        };
        Ok(Self {
            store: Arc::new(view),
            staging: Some(staging),
            ..self.clone()
        })
    }

    /// Stages what will be done to a secret, on top of what is staged already. `secret` has the name
    /// it will have.
    pub(super) async fn stage(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        staging: &Staging,
        secret: &SecretRecord,
        action: StagedAction,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        if !staging.has_room(secret.id, &action) {
            return Err(ManagerError::SessionFull {
                changes: MAX_CHANGES,
                bytes: MAX_BYTES,
            });
        }
        if action != StagedAction::Delete {
            self.require_free_name(group, secret).await?;
        }
        let before = staging.change(secret.id);
        let entry = entry(caller, group, secret, "stage", now);
        let entry = match action.version() {
            Some(version) => entry.version(version.number),
            None => entry,
        };
        let write = match after(before.map(|change| &change.action), action) {
            None => Write::Unstage {
                group: group.id,
                holder: caller.id,
                secret: secret.id,
            },
            Some(action) => Write::Stage {
                group: group.id,
                holder: caller.id,
                change: Box::new(StagedChange {
                    secret: secret.id,
                    collection: secret.collection,
                    name: secret.name.clone(),
                    step: before.map_or(0, |change| change.step).saturating_add(1),
                    staged_at: now,
                    action,
                }),
            },
        };
        self.store
            .commit(vec![write, entry.allowed()])
            .await
            .map_err(|error| explain(error, group, secret))
    }

    async fn require_free_name(
        &self,
        group: &GroupRecord,
        secret: &SecretRecord,
    ) -> Result<(), ManagerError> {
        let same = self
            .store
            .secret_by_name(group.id, secret.collection, &secret.name)
            .await?;
        match same {
            Some(other) if other.deleted_at.is_none() && other.id != secret.id => {
                Err(ManagerError::Taken {
                    what: secret.collection.singular(),
                    name: secret.name.to_string(),
                })
            }
            _ => Ok(()),
        }
    }
}

/// Two changes of a session as one; `None` where the second undoes the first.
fn after(before: Option<&StagedAction>, action: StagedAction) -> Option<StagedAction> {
    use StagedAction::{Create, Delete, Replace, Update};
    let dated = |version: &VersionRecord, expiration_date| VersionRecord {
        expiration_date,
        ..version.clone()
    };
    match (before, action) {
        (Some(Create(_)), Replace(version)) => Some(Create(version)),
        (Some(Create(version)), Update { expiration_date }) => {
            Some(Create(dated(version, expiration_date)))
        }
        (Some(Replace(version)), Update { expiration_date }) => {
            Some(Replace(dated(version, expiration_date)))
        }
        (Some(Create(_)), Delete) => None,
        (_, action) => Some(action),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample::{NOW, later, secret, version};

    fn staging(changes: usize, bytes: usize) -> (Staging, SecretId) {
        let group = "11111111-1111-4111-8111-111111111111".parse().unwrap();
        let holder = "22222222-2222-4222-8222-222222222222".parse().unwrap();
        let changes: Vec<StagedChange> = (0..changes)
            .map(|number| {
                let (record, first) = secret(
                    group,
                    sallyport_model::Collection::SharedSecrets,
                    &number.to_string(),
                );
                StagedChange {
                    secret: record.id,
                    collection: record.collection,
                    name: record.name,
                    step: 1,
                    staged_at: later(1),
                    action: StagedAction::Create(VersionRecord {
                        envelope: vec![0; bytes],
                        ..first
                    }),
                }
            })
            .collect();
        let first = changes[0].secret;
        let session = EditSessionRecord {
            group,
            holder,
            holder_name: "ada".to_owned(),
            opened_at: NOW,
            revision: 0,
        };
        (Staging { session, changes }, first)
    }

    #[test]
    fn a_session_holds_so_many_changes_and_bytes_and_no_more() {
        let new: SecretId = "33333333-3333-4333-8333-333333333333".parse().unwrap();
        let replace = |bytes| {
            StagedAction::Replace(VersionRecord {
                envelope: vec![0; bytes],
                ..version(new, 2)
            })
        };
        let (full, staged) = staging(MAX_CHANGES, 1);
        assert!(!full.has_room(new, &replace(1)));
        // What is staged already changes its own, and deleting makes room.
        assert!(full.has_room(staged, &replace(1)));
        assert!(full.has_room(new, &StagedAction::Delete));

        let (heavy, staged) = staging(2, MAX_BYTES / 2);
        assert!(!heavy.has_room(new, &replace(1)));
        assert!(!heavy.has_room(staged, &replace(MAX_BYTES / 2 + 1)));
        assert!(heavy.has_room(staged, &replace(MAX_BYTES / 2)));
    }
}
