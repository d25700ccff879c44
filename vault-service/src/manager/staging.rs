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
