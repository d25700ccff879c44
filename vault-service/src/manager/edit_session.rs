//! Edit sessions: open, look, finish, cancel. While one is open nobody else writes to the group.

use sallyport_model::ActorId;
use sallyport_pki::UnixTime;

use super::Manager;
use super::error::ManagerError;
use super::groups::group_path;
use super::secrets::gone;
use crate::access::Caller;
use crate::audit::Entry;
use crate::store::{EditSessionRecord, GroupRecord, StagedChange, StoreError, Write};

/// What an edit session has published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How many changes.
    pub changes: usize,
    /// What is allowed but may not be meant, one sentence each.
    pub warnings: Vec<String>,
}

const WHAT: &str = "edit session";

impl Manager {
    /// Opens an edit session; one that the caller holds already is given as it is.
    pub async fn open_edit_session(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        now: UnixTime,
    ) -> Result<EditSessionRecord, ManagerError> {
        let open = self.published.edit_session(group.id).await?;
        if let Some(own) = open.filter(|session| session.holder == caller.id) {
            return Ok(own);
        }
        let session = EditSessionRecord {
            group: group.id,
            holder: caller.id,
            holder_name: caller.name.clone(),
            opened_at: now,
            revision: 0,
        };
        let open = Write::OpenEditSession(session.clone());
        let entry = entry(caller, group, "open", now);
        self.published
            .commit(vec![open, entry.allowed()])
            .await
            .map_err(|error| explain(error, group))?;
        Ok(session)
    }

    /// The edit session that is open on a group.
    pub async fn edit_session(
        &self,
        group: &GroupRecord,
    ) -> Result<Option<EditSessionRecord>, ManagerError> {
        Ok(self.published.edit_session(group.id).await?)
    }

    /// The edit session that is open on a group, and what is staged in it.
    pub async fn staged(
        &self,
        group: &GroupRecord,
    ) -> Result<(EditSessionRecord, Vec<StagedChange>), ManagerError> {
        let session = self.published.edit_session(group.id).await?;
        let session = session.ok_or_else(|| no_session(group))?;
        Ok((session, self.published.staged_changes(group.id).await?))
    }

    /// Publishes everything that the caller has staged, and ends its session: all of it, or nothing
    /// and the session stays open.
    pub async fn finish_edit_session(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        now: UnixTime,
    ) -> Result<Finished, ManagerError> {
        let seen = self.seen_by(caller, group).await?;
        let Some(staging) = &seen.staging else {
            return Err(match self.edit_session(group).await? {
                Some(other) => ManagerError::Locked {
                    holder: other.holder_name,
                },
                None => no_session(group),
            });
        };
        let warnings = self.lost_by_session(staging).await?;
        let mut batch = seen.check_and_apply(caller, group, staging, now).await?;
        batch.push(Write::EndEditSession {
            group: group.id,
            holder: caller.id,
            revision: Some(staging.session.revision),
        });
        batch.push(entry(caller, group, "finish", now).allowed());
        self.published
            .commit(batch)
            .await
            .map_err(|error| explain(error, group))?;
        Ok(Finished {
            changes: staging.changes.len(),
            warnings,
        })
    }

    /// Destroys everything that is staged, and ends the session of this holder. Who may do it is the
    /// caller's to decide: the holder, and whoever manages the group.
    pub async fn cancel_edit_session(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        holder: ActorId,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        let end = Write::EndEditSession {
            group: group.id,
            holder,
            revision: None,
        };
        let entry = entry(caller, group, "cancel", now);
        self.published
            .commit(vec![end, entry.allowed()])
            .await
            .map_err(|error| explain(error, group))
    }
}

fn entry(caller: &Caller, group: &GroupRecord, operation: &str, now: UnixTime) -> Entry {
    let operation = format!("editSession.{operation}");
    Entry::new(caller, group.scope, operation, group_path(group), now)
}

fn no_session(group: &GroupRecord) -> ManagerError {
    ManagerError::NoSuch {
        what: WHAT,
        name: group.name.to_string(),
    }
}

fn explain(error: StoreError, group: &GroupRecord) -> ManagerError {
    match error {
        StoreError::Gone { what: WHAT } => no_session(group),
        StoreError::Gone { .. } => gone(group),
        error => error.into(),
    }
}
