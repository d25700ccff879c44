//! Who uses a secret: secrets that refer to it, and gateways that may read it.

use std::collections::HashSet;

use sallyport_model::{Access, Collection, SecretId};

use super::Manager;
use super::error::ManagerError;
use crate::access::{Caller, Decision, Wish};
use crate::store::{ActorKind, ActorRecord, GroupRecord, Label, SecretRecord};

/// A secret that refers to another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretUser {
    /// The secret.
    pub secret: SecretRecord,
    /// Labels of its versions that refer to the other.
    pub labels: Vec<Label>,
}

/// Everybody who uses a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhereUsed {
    /// The secret.
    pub secret: SecretRecord,
    /// Secrets of the same group, by kind and name.
    pub secrets: Vec<SecretUser>,
    /// Gateways with a read grant that reaches the secret, or what refers to it.
    pub gateways: Vec<ActorRecord>,
}

impl Manager {
    /// Whether a caller may know who uses what in a group. Nothing is written down: it has not asked.
    pub async fn may_read(
        &self,
        caller: &Caller,
        group: &GroupRecord,
    ) -> Result<bool, ManagerError> {
        let standing = self.standing(caller, group.scope.organization).await?;
        let grants = self.store.grants_of(group.id, caller.id).await?;
        let wish = Wish::InGroup(Access::Read);
        let decision = standing.decide(Some(group.scope.environment), &grants, wish);
        Ok(decision == Decision::Allow)
    }

    /// Who uses a secret.
    pub async fn where_used(
        &self,
        group: &GroupRecord,
        collection: Collection,
        id: SecretId,
    ) -> Result<WhereUsed, ManagerError> {
        let secret = self.live(group, collection, id).await?;
        let secrets = self.secret_users(group, secret.id).await?;
        let gateways = self.grants(group).await?.into_iter().filter(|grantee| {
            // A TLS context brings what goes into it.
            let mut ways = secrets.iter().map(|user| &user.secret).chain([&secret]);
            grantee.actor.kind == ActorKind::Gateway
                && grantee.access.contains(&Access::Read)
                && ways.any(|way| grantee.reach.includes(way.collection, Some(way.id)))
        });
        let gateways: Vec<_> = gateways.collect();
        Ok(WhereUsed {
            secret,
            secrets,
            gateways: gateways.into_iter().map(|grantee| grantee.actor).collect(),
        })
    }

    /// The ids of all secrets of a group.
    pub async fn secret_ids(&self, group: &GroupRecord) -> Result<HashSet<SecretId>, ManagerError> {
        let mut ids = HashSet::new();
        for collection in Collection::ALL {
            let secrets = self.store.secrets(group.id, collection).await?;
            ids.extend(secrets.into_iter().map(|(secret, _)| secret.id));
        }
        Ok(ids)
    }

    /// Secrets of which a version with a label refers to this one.
    pub(super) async fn secret_users(
        &self,
        group: &GroupRecord,
        id: SecretId,
    ) -> Result<Vec<SecretUser>, ManagerError> {
        let users = self.store.users(group.id, id).await?;
        Ok(users
            .into_iter()
            .map(|(secret, numbers)| SecretUser {
                labels: numbers
                    .iter()
                    .filter_map(|number| secret.label(*number))
                    .collect(),
                secret,
            })
            .filter(|user| !user.labels.is_empty())
            .collect())
    }
}
