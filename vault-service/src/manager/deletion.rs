//! Deleting one secret.

use sallyport_model::Collection;
use sallyport_pki::UnixTime;

use super::Manager;
use super::error::ManagerError;
use super::secrets::{entry, explain};
use super::target::Target;
use super::where_used::SecretUser;
use crate::access::Caller;
use crate::store::{GroupRecord, Label, SecretRecord, StagedAction, StoreError, Users, Write};

impl Manager {
    /// Destroys the versions of a secret and leaves a tombstone: at once, or in the caller's edit
    /// session. `users` says what if others refer to it; a session looks at that when it is finished,
    /// over everything it changes.
    pub async fn delete_secret(
        &self,
        caller: &Caller,
        group: &GroupRecord,
        collection: Collection,
        target: impl Into<Target> + Send,
        users: Users,
        now: UnixTime,
    ) -> Result<(), ManagerError> {
        let Target { id, precondition } = target.into();
        let seen = self.seen_by(caller, group).await?;
        let secret = seen.live(group, collection, id).await?;
        precondition.check(secret.current)?;
        if let Some(staging) = &seen.staging {
            let delete = StagedAction::Delete;
            return seen
                .stage(caller, group, staging, &secret, delete, now)
                .await;
        }
        let entry = entry(caller, group, &secret, "delete", now).version(secret.current);
        let delete = Write::DeleteSecret {
            secret: id,
            expected: secret.current,
            users,
            at: now,
        };
        match seen.publish(group, delete, entry).await {
            Ok(()) => Ok(()),
            Err(StoreError::InUse { what }) => Err(ManagerError::InUse {
                what,
                name: secret.name.to_string(),
                users: seen.holding_back(group, &secret).await?,
            }),
            Err(error) => Err(explain(error, group, &secret)),
        }
    }

    async fn holding_back(
        &self,
        group: &GroupRecord,
        secret: &SecretRecord,
    ) -> Result<Vec<SecretUser>, ManagerError> {
        let mut users = self.secret_users(group, secret.id).await?;
        users.retain(|user| {
            let labels = &user.labels;
            labels.contains(&Label::Current) || labels.contains(&Label::Pending)
        });
        Ok(users)
    }
}
