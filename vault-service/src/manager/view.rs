//! A store as the holder of an edit session sees it: what is staged on top of what is published.
//!
//! Everything that reads secrets works on it unchanged, so that a TLS context may refer to a keystore
//! that is staged, too. Numbers: a staged version is the current one, and `newest` stays the highest
//! published one, so that whatever is staged again takes the same number.

use std::sync::Arc;

use async_trait::async_trait;
use sallyport_model::{
    ActorId, Collection, EnvironmentId, GroupId, GroupName, OrganizationId, Scope, SecretId,
    SecretName, Username,
};
use tokio::sync::{broadcast, watch};

use super::staging::Staging;
use crate::store::{
    ActorKind, ActorRecord, AuditFilter, AuditPage, AuditPlace, AuditRecord, ChangeSeq,
    CrlFetchRecord, EditSessionRecord, EnvironmentRecord, Expiries, Expiring, GrantRecord,
    GroupKeyRecord, GroupRecord, JoinTokenRecord, LogLine, LogLines, OrganizationRecord,
    PermissionRecord, PublishedLists, SecretRecord, Setting, StagedAction, StagedChange, Store,
    StoreError, TokenRecord, VersionRecord, Write,
};

/// What is published, with the changes of one edit session.
pub(super) struct View {
    pub(super) published: Arc<dyn Store>,
    pub(super) staging: Arc<Staging>,
}

impl View {
    fn change(&self, secret: SecretId) -> Option<&StagedChange> {
        self.staging.change(secret)
    }

    fn changes(&self, group: GroupId) -> &[StagedChange] {
        match self.staging.session.group == group {
            true => &self.staging.changes,
            false => &[],
        }
    }

    /// A record as it will be; `None` for what is made or was never there.
    fn changed(&self, record: Option<SecretRecord>, change: &StagedChange) -> Option<SecretRecord> {
        let after = |record: SecretRecord| SecretRecord {
            name: change.name.clone(),
            modified_at: change.staged_at,
            ..record
        };
        match (&change.action, record) {
            (StagedAction::Create(version), None) => Some(SecretRecord {
                id: change.secret,
                group: self.staging.session.group,
                collection: change.collection,
                name: change.name.clone(),
                current: version.number,
                previous: None,
                pending: None,
                newest: 0,
                created_at: version.created_at,
                modified_at: change.staged_at,
                deleted_at: None,
            }),
            (StagedAction::Replace(version), Some(record)) => Some(SecretRecord {
                current: version.number,
                previous: Some(record.current),
                ..after(record)
            }),
            (StagedAction::Update { .. }, Some(record)) => Some(after(record)),
            (StagedAction::Delete, Some(record)) => Some(SecretRecord {
                previous: None,
                pending: None,
                deleted_at: Some(change.staged_at),
                ..record
            }),
            (_, record) => record,
        }
    }

    fn changed_version(&self, record: VersionRecord, current: u64) -> VersionRecord {
        match self.change(record.secret).map(|change| &change.action) {
            Some(StagedAction::Update { expiration_date }) if record.number == current => {
                VersionRecord {
                    expiration_date: expiration_date.clone(),
                    ..record
                }
            }
            _ => record,
        }
    }
}

#[async_trait]
impl Store for View {
    async fn secrets(
        &self,
        group: GroupId,
        collection: Collection,
    ) -> Result<Vec<(SecretRecord, VersionRecord)>, StoreError> {
        let mut seen = Vec::new();
        for (secret, version) in self.published.secrets(group, collection).await? {
            let Some(change) = self.change(secret.id) else {
                seen.push((secret, version));
                continue;
            };
            let version = match change.action.version() {
                Some(staged) => staged.clone(),
                None => self.changed_version(version, secret.current),
            };
            if let Some(secret) = self.changed(Some(secret), change)
                && secret.deleted_at.is_none()
            {
                seen.push((secret, version));
            }
        }
        for change in self.changes(group) {
            if change.collection == collection
                && let StagedAction::Create(version) = &change.action
                && let Some(secret) = self.changed(None, change)
            {
                seen.push((secret, version.clone()));
            }
        }
        seen.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
        Ok(seen)
    }

    async fn secret(
        &self,
        group: GroupId,
        collection: Collection,
        id: SecretId,
    ) -> Result<Option<SecretRecord>, StoreError> {
        let secret = self.secret_or_tombstone(group, collection, id).await?;
        Ok(secret.filter(|secret| secret.deleted_at.is_none()))
    }

    async fn secret_by_name(
        &self,
        group: GroupId,
        collection: Collection,
        name: &SecretName,
    ) -> Result<Option<SecretRecord>, StoreError> {
        let seen = self.secrets(group, collection).await?;
        let live = seen.into_iter().map(|(secret, _)| secret);
        match live.into_iter().find(|secret| secret.name == *name) {
            Some(secret) => Ok(Some(secret)),
            // A live one of this name has another in here, or is deleted.
            None => Ok(self
                .published
                .secret_by_name(group, collection, name)
                .await?
                .filter(|secret| secret.deleted_at.is_some())),
        }
    }

    async fn secret_or_tombstone(
        &self,
        group: GroupId,
        collection: Collection,
        id: SecretId,
    ) -> Result<Option<SecretRecord>, StoreError> {
        let published = self
            .published
            .secret_or_tombstone(group, collection, id)
            .await?;
        let change = self
            .changes(group)
            .iter()
            .find(|change| change.secret == id && change.collection == collection);
        Ok(match change {
            Some(change) => self.changed(published, change),
            None => published,
        })
    }

    async fn version(
        &self,
        secret: SecretId,
        number: u64,
    ) -> Result<Option<VersionRecord>, StoreError> {
        let Some(change) = self.change(secret) else {
            return self.published.version(secret, number).await;
        };
        if let Some(staged) = change.action.version()
            && staged.number == number
        {
            return Ok(Some(staged.clone()));
        }
        let group = self.staging.session.group;
        let record = self
            .published
            .secret_or_tombstone(group, change.collection, secret)
            .await?;
        let current = record.map_or(0, |record| record.current);
        let version = self.published.version(secret, number).await?;
        Ok(version.map(|version| self.changed_version(version, current)))
    }

    async fn versions(&self, secret: SecretId) -> Result<Vec<VersionRecord>, StoreError> {
        let mut versions = Vec::new();
        for version in self.published.versions(secret).await? {
            versions.extend(self.version(secret, version.number).await?);
        }
        let staged = self
            .change(secret)
            .and_then(|change| change.action.version());
        if let Some(staged) = staged {
            versions.insert(0, staged.clone());
        }
        Ok(versions)
    }

    async fn users(
        &self,
        group: GroupId,
        secret: SecretId,
    ) -> Result<Vec<(SecretRecord, Vec<u64>)>, StoreError> {
        let mut users = Vec::new();
        for (user, numbers) in self.published.users(group, secret).await? {
            match self.change(user.id) {
                None => users.push((user, numbers)),
                Some(change) => {
                    let seen = self.changed(Some(user), change);
                    users.extend(
                        seen.filter(|user| user.deleted_at.is_none())
                            .map(|user| (user, numbers)),
                    );
                }
            }
        }
        for change in self.changes(group) {
            let Some(staged) = change.action.version() else {
                continue;
            };
            if !staged.refers_to.contains(&secret) {
                continue;
            }
            match users.iter_mut().find(|(user, _)| user.id == change.secret) {
                Some((_, numbers)) => numbers.push(staged.number),
                None => {
                    let user = self.secret(group, change.collection, change.secret).await?;
                    users.extend(user.map(|user| (user, vec![staged.number])));
                }
            }
        }
        users.sort_by(|(one, _), (other, _)| {
            (one.collection.as_str(), &one.name).cmp(&(other.collection.as_str(), &other.name))
        });
        Ok(users)
    }

    // Everything else is as published.

    async fn commit(&self, batch: Vec<Write>) -> Result<(), StoreError> {
        self.published.commit(batch).await
    }

    fn changes(&self) -> watch::Receiver<ChangeSeq> {
        self.published.changes()
    }

    fn log_head(&self) -> watch::Receiver<u64> {
        self.published.log_head()
    }

    fn log_lines(&self) -> broadcast::Receiver<LogLines> {
        self.published.log_lines()
    }

    async fn log(&self, after: u64, limit: u32) -> Result<Vec<LogLine>, StoreError> {
        self.published.log(after, limit).await
    }

    async fn setting(&self, setting: Setting) -> Result<Option<Vec<u8>>, StoreError> {
        self.published.setting(setting).await
    }

    async fn organization(
        &self,
        id: OrganizationId,
    ) -> Result<Option<OrganizationRecord>, StoreError> {
        self.published.organization(id).await
    }

    async fn lineage(&self, id: OrganizationId) -> Result<Vec<OrganizationRecord>, StoreError> {
        self.published.lineage(id).await
    }

    async fn organizations_from(
        &self,
        id: OrganizationId,
    ) -> Result<Vec<OrganizationRecord>, StoreError> {
        self.published.organizations_from(id).await
    }

    async fn environments(
        &self,
        organization: OrganizationId,
    ) -> Result<Vec<EnvironmentRecord>, StoreError> {
        self.published.environments(organization).await
    }

    async fn environment(
        &self,
        organization: OrganizationId,
        id: EnvironmentId,
    ) -> Result<Option<EnvironmentRecord>, StoreError> {
        self.published.environment(organization, id).await
    }

    async fn actor(&self, id: ActorId) -> Result<Option<ActorRecord>, StoreError> {
        self.published.actor(id).await
    }

    async fn user_by_name(&self, name: &Username) -> Result<Option<ActorRecord>, StoreError> {
        self.published.user_by_name(name).await
    }

    async fn actors(
        &self,
        organization: OrganizationId,
        kind: ActorKind,
    ) -> Result<Vec<ActorRecord>, StoreError> {
        self.published.actors(organization, kind).await
    }

    async fn permissions_of(&self, actor: ActorId) -> Result<Vec<PermissionRecord>, StoreError> {
        self.published.permissions_of(actor).await
    }

    async fn gateways(&self, scope: Scope) -> Result<Vec<ActorRecord>, StoreError> {
        self.published.gateways(scope).await
    }

    async fn token(&self, sha256: [u8; 32]) -> Result<Option<TokenRecord>, StoreError> {
        self.published.token(sha256).await
    }

    async fn join_token(&self, sha256: [u8; 32]) -> Result<Option<JoinTokenRecord>, StoreError> {
        self.published.join_token(sha256).await
    }

    async fn gateway_known_as(&self, identity: &str) -> Result<Option<ActorId>, StoreError> {
        self.published.gateway_known_as(identity).await
    }

    async fn external_identities(
        &self,
        scope: Scope,
    ) -> Result<Vec<(ActorId, String)>, StoreError> {
        self.published.external_identities(scope).await
    }

    async fn gateway_key(&self, gateway: ActorId) -> Result<Option<[u8; 32]>, StoreError> {
        self.published.gateway_key(gateway).await
    }

    async fn groups(&self, scope: Scope) -> Result<Vec<GroupRecord>, StoreError> {
        self.published.groups(scope).await
    }

    async fn group(&self, scope: Scope, id: GroupId) -> Result<Option<GroupRecord>, StoreError> {
        self.published.group(scope, id).await
    }

    async fn group_by_name(
        &self,
        scope: Scope,
        name: &GroupName,
    ) -> Result<Option<GroupRecord>, StoreError> {
        self.published.group_by_name(scope, name).await
    }

    async fn group_or_tombstone(
        &self,
        scope: Scope,
        id: GroupId,
    ) -> Result<Option<GroupRecord>, StoreError> {
        self.published.group_or_tombstone(scope, id).await
    }

    async fn active_group_key(&self, group: GroupId) -> Result<Option<GroupKeyRecord>, StoreError> {
        self.published.active_group_key(group).await
    }

    async fn group_key(
        &self,
        group: GroupId,
        term: u32,
    ) -> Result<Option<GroupKeyRecord>, StoreError> {
        self.published.group_key(group, term).await
    }

    async fn expiring(
        &self,
        scope: Option<Scope>,
        until: &str,
    ) -> Result<Vec<Expiring>, StoreError> {
        self.published.expiring(scope, until).await
    }

    fn waiting(&self) -> usize {
        self.published.waiting()
    }

    async fn expiries(&self, limit: u32) -> Result<Expiries, StoreError> {
        self.published.expiries(limit).await
    }

    async fn current_versions(
        &self,
        secrets: Vec<SecretId>,
    ) -> Result<Vec<(SecretId, u64)>, StoreError> {
        self.published.current_versions(secrets).await
    }

    async fn edit_session(&self, group: GroupId) -> Result<Option<EditSessionRecord>, StoreError> {
        self.published.edit_session(group).await
    }

    async fn staged_changes(&self, group: GroupId) -> Result<Vec<StagedChange>, StoreError> {
        self.published.staged_changes(group).await
    }

    async fn grants(&self, group: GroupId) -> Result<Vec<GrantRecord>, StoreError> {
        self.published.grants(group).await
    }

    async fn grants_of(
        &self,
        group: GroupId,
        actor: ActorId,
    ) -> Result<Vec<GrantRecord>, StoreError> {
        self.published.grants_of(group, actor).await
    }

    async fn crl_distributors(
        &self,
    ) -> Result<Vec<(GroupRecord, SecretRecord, VersionRecord)>, StoreError> {
        self.published.crl_distributors().await
    }

    async fn crl_fetch(&self, distributor: SecretId) -> Result<Option<CrlFetchRecord>, StoreError> {
        self.published.crl_fetch(distributor).await
    }

    async fn published_lists(
        &self,
        distributor: SecretId,
    ) -> Result<Option<PublishedLists>, StoreError> {
        self.published.published_lists(distributor).await
    }

    async fn signed_lists(&self, distributor: SecretId) -> Result<Option<Vec<u8>>, StoreError> {
        self.published.signed_lists(distributor).await
    }

    async fn published_edition(&self, distributor: SecretId) -> Result<u64, StoreError> {
        self.published.published_edition(distributor).await
    }

    async fn grants_in(
        &self,
        scope: Scope,
        actor: ActorId,
    ) -> Result<Vec<GrantRecord>, StoreError> {
        self.published.grants_in(scope, actor).await
    }

    async fn audit(
        &self,
        scope: Scope,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        self.published.audit(scope, after, limit).await
    }
    async fn organization_audit(
        &self,
        organization: OrganizationId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        self.published
            .organization_audit(organization, after, limit)
            .await
    }
    async fn search_audit(
        &self,
        place: AuditPlace,
        filter: AuditFilter,
        after: u64,
        limit: u32,
    ) -> Result<AuditPage, StoreError> {
        self.published
            .search_audit(place, filter, after, limit)
            .await
    }
}
