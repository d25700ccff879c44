//! Secret groups: each has its own key pair and its own grants.

use sallyport_model::{Access, GroupId, GroupName, Permission, Scope};
use sallyport_pki::UnixTime;
use serde::Deserialize;
use uuid::Uuid;

use super::Manager;
use super::error::{ManagerError, taken};
use crate::access::{Caller, Decision, Wish};
use crate::audit::Entry;
use crate::keys::binding::GroupKeyBinding;
use crate::store::{GrantRecord, GroupKeyRecord, GroupRecord, Write};

/// The first term of a group's key.
const FIRST_TERM: u32 = 1;

const WHAT: &str = "secret group";

/// Whether private keys may leave is worth an entry of its own.
const DOWNLOADABLE: &str = "group.downloadable";

/// The JSON body of a create.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    pub(super) name: GroupName,
    #[serde(default)]
    pub(super) downloadable: bool,
}

/// The JSON body of a change; what is absent stays.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupChange {
    name: Option<GroupName>,
    downloadable: Option<bool>,
}

impl Manager {
    /// Groups of the scope the caller may know of, by name.
    pub async fn groups(
        &self,
        caller: &Caller,
        scope: Scope,
        now: UnixTime,
    ) -> Result<Vec<GroupRecord>, ManagerError> {
        self.require_environment(caller, scope, Wish::SeeEnvironment, "group.list", now)
            .await?;
        let standing = self.standing(caller, scope.organization).await?;
        let grants = self.store.grants_in(scope, caller.id).await?;
        let mut groups = self.store.groups(scope).await?;
        groups.retain(|group| {
            let on_group: Vec<GrantRecord> = grants
                .iter()
                .filter(|grant| grant.group == group.id)
                .cloned()
                .collect();
            let wish = Wish::InGroup(Access::Read);
            standing.decide(Some(scope.environment), &on_group, wish) == Decision::Allow
        });
        Ok(groups)
    }

    /// A live group, if the caller has this access. If it may not even see the group there is none.
    pub async fn group(
        &self,
        caller: &Caller,
        scope: Scope,
        id: GroupId,
        access: Access,
        now: UnixTime,
    ) -> Result<GroupRecord, ManagerError> {
        let operation = format!("group.{access}");
        let wish = Wish::InGroup(access);
        self.require_group(caller, scope, id, wish, &operation, now)
            .await
    }

    /// Makes a group with its key pair; the private half is sealed to the root key at once.
    pub async fn create_group(
        &self,
        caller: &Caller,
        scope: Scope,
        new: NewGroup,
        now: UnixTime,
    ) -> Result<GroupId, ManagerError> {
        let wish = Wish::InEnvironment(Permission::ManageSecretGroups);
        self.require_environment(caller, scope, wish, "group.create", now)
            .await?;
        let (group, key) = self.new_group(caller, scope, &new, now)?;
        let id = group.id;
        let entry = Entry::new(caller, scope, "group.create", group_path(&group), now).allowed();
        let opened = opened(caller, &group, now);
        let mut writes = vec![Write::CreateGroup(group, key), entry];
        writes.extend(opened);
        self.store
            .commit(writes)
            .await
            .map_err(|error| taken(error, WHAT, new.name.as_str()))?;
        Ok(id)
    }

    /// Renames a group or changes its flag.
    pub async fn change_group(
        &self,
        caller: &Caller,
        group: GroupRecord,
        change: GroupChange,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        let name = change.name.unwrap_or_else(|| group.name.clone());
        let downloadable = change.downloadable.unwrap_or(group.downloadable);
        let write_down = |operation: &str, object: String| {
            Entry::new(caller, group.scope, operation, object, now).allowed()
        };
        let update = Write::UpdateGroup {
            group: group.id,
            name: name.clone(),
            downloadable,
            at: now,
            by: caller.name.clone(),
        };
        let mut writes = vec![unlocked(&group, Some(caller)), update];
        if name != group.name || downloadable == group.downloadable {
            let object = format!("{} to {name}", group_path(&group));
            writes.push(write_down("group.update", object));
        }
        if downloadable != group.downloadable {
            let object = format!("{} to {downloadable}", group_path(&group));
            writes.push(write_down(DOWNLOADABLE, object));
        }
        self.store
            .commit(writes)
            .await
            .map_err(|error| taken(error, WHAT, name.as_str()))
    }

    /// Deletes a group with everything in it: its key is destroyed, so backups of the payloads are
    /// unreadable too. Not in the caller's edit session, which would be dropped with it.
    pub async fn delete_group(
        &self,
        caller: &Caller,
        group: GroupRecord,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        let session = self.store.edit_session(group.id).await?;
        if session.is_some_and(|session| session.holder == caller.id) {
            return Err(ManagerError::SessionOpen);
        }
        let entry =
            Entry::new(caller, group.scope, "group.delete", group_path(&group), now).allowed();
        let delete = Write::DeleteGroup {
            group: group.id,
            at: now,
        };
        self.store
            .commit(vec![unlocked(&group, None), delete, entry])
            .await?;
        Ok(())
    }

    /// A group with a key pair of its own, not yet stored.
    pub(super) fn new_group(
        &self,
        caller: &Caller,
        scope: Scope,
        new: &NewGroup,
        now: UnixTime,
    ) -> Result<(GroupRecord, GroupKeyRecord), ManagerError> {
        let id = GroupId::new(Uuid::from_bytes(random()?));
        let binding = GroupKeyBinding {
            scope,
            group: id,
            term: FIRST_TERM,
        };
        let key = self.root.new_group_key(&binding)?;
        let group = GroupRecord {
            id,
            scope,
            name: new.name.clone(),
            downloadable: new.downloadable,
            created_at: now,
            modified_at: now,
            modified_by: caller.name.clone(),
            deleted_at: None,
        };
        let key = GroupKeyRecord {
            group: id,
            term: FIRST_TERM,
            public_key: key.public_key,
            sealed_private_key: key.sealed_private_key,
            created_at: now,
        };
        Ok((group, key))
    }
}

/// The entry about a new group that is open for downloads.
pub(super) fn opened(caller: &Caller, group: &GroupRecord, now: UnixTime) -> Option<Write> {
    let object = format!("{} to true", group_path(group));
    let entry = || Entry::new(caller, group.scope, DOWNLOADABLE, object, now).allowed();
    group.downloadable.then(entry)
}

/// While somebody edits the secrets of a group, unless it is this caller, the group stays as it is.
fn unlocked(group: &GroupRecord, except: Option<&Caller>) -> Write {
    Write::RequireUnlocked {
        group: group.id,
        except: except.map(|caller| caller.id),
    }
}

/// How a group is named in the audit log.
pub(super) fn group_path(group: &GroupRecord) -> String {
    format!("{} ({})", group.name, group.id)
}

/// 16 bytes for a version 4 UUID (RFC 9562 section 5.4).
pub(super) fn random() -> Result<[u8; 16], ManagerError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| ManagerError::Randomness)?;
    Ok(*uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .as_bytes())
}
