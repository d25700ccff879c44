//! The store's questions, each with the way it is read.

use async_trait::async_trait;
use sallyport_model::{
    ActorId, Collection, EnvironmentId, GroupId, GroupName, OrganizationId, Scope, SecretId,
    SecretName, Username,
};
use tokio::sync::{broadcast, watch};

use super::super::{
    ActorKind, ActorRecord, AuditFilter, AuditPage, AuditPlace, AuditRecord, ChangeSeq,
    CrlFetchRecord, EditSessionRecord, EnvironmentRecord, Expiries, Expiring, GrantRecord,
    GroupKeyRecord, GroupRecord, JoinTokenRecord, LogLine, LogLines, OrganizationRecord,
    PermissionRecord, PublishedLists, SecretRecord, Setting, StagedChange, Store, StoreError,
    TokenRecord, VersionRecord, Write,
};
use super::{SqliteStore, reads};

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, batch: Vec<Write>) -> Result<(), StoreError> {
        self.writer.commit(batch).await
    }

    fn changes(&self) -> watch::Receiver<ChangeSeq> {
        let mut changes = self.changes.clone();
        changes.mark_unchanged();
        changes
    }

    fn log_head(&self) -> watch::Receiver<u64> {
        self.log.head()
    }

    fn log_lines(&self) -> broadcast::Receiver<LogLines> {
        self.log.lines()
    }

    async fn log(&self, after: u64, limit: u32) -> Result<Vec<LogLine>, StoreError> {
        self.read_log(move |db| reads::log(db, after, limit)).await
    }

    fn waiting(&self) -> usize {
        self.writer.waiting()
    }

    async fn setting(&self, setting: Setting) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers
            .look_up(move |db| reads::setting(db, setting))
            .await
    }

    async fn organization(
        &self,
        id: OrganizationId,
    ) -> Result<Option<OrganizationRecord>, StoreError> {
        self.readers
            .look_up(move |db| reads::organization(db, id))
            .await
    }

    async fn lineage(&self, id: OrganizationId) -> Result<Vec<OrganizationRecord>, StoreError> {
        self.readers.look_up(move |db| reads::lineage(db, id)).await
    }

    async fn organizations_from(
        &self,
        id: OrganizationId,
    ) -> Result<Vec<OrganizationRecord>, StoreError> {
        self.readers
            .read(move |db| reads::organizations_from(db, id))
            .await
    }

    async fn environments(
        &self,
        organization: OrganizationId,
    ) -> Result<Vec<EnvironmentRecord>, StoreError> {
        self.readers
            .read(move |db| reads::environments(db, organization))
            .await
    }

    async fn environment(
        &self,
        organization: OrganizationId,
        id: EnvironmentId,
    ) -> Result<Option<EnvironmentRecord>, StoreError> {
        self.readers
            .look_up(move |db| reads::environment(db, organization, id))
            .await
    }

    async fn actor(&self, id: ActorId) -> Result<Option<ActorRecord>, StoreError> {
        self.readers.look_up(move |db| reads::actor(db, id)).await
    }

    async fn user_by_name(&self, name: &Username) -> Result<Option<ActorRecord>, StoreError> {
        let name = name.clone();
        self.readers
            .look_up(move |db| reads::user_by_name(db, &name))
            .await
    }

    async fn actors(
        &self,
        organization: OrganizationId,
        kind: ActorKind,
    ) -> Result<Vec<ActorRecord>, StoreError> {
        self.readers
            .read(move |db| reads::actors(db, organization, kind))
            .await
    }

    async fn permissions_of(&self, actor: ActorId) -> Result<Vec<PermissionRecord>, StoreError> {
        self.readers
            .look_up(move |db| reads::permissions_of(db, actor))
            .await
    }

    async fn gateways(&self, scope: Scope) -> Result<Vec<ActorRecord>, StoreError> {
        self.readers
            .read(move |db| reads::gateways(db, scope))
            .await
    }

    async fn token(&self, sha256: [u8; 32]) -> Result<Option<TokenRecord>, StoreError> {
        self.readers
            .look_up(move |db| reads::token(db, sha256))
            .await
    }

    async fn join_token(&self, sha256: [u8; 32]) -> Result<Option<JoinTokenRecord>, StoreError> {
        self.readers
            .look_up(move |db| reads::join_token(db, sha256))
            .await
    }

    async fn gateway_known_as(&self, identity: &str) -> Result<Option<ActorId>, StoreError> {
        let identity = identity.to_owned();
        self.readers
            .look_up(move |db| reads::gateway_known_as(db, &identity))
            .await
    }

    async fn external_identities(
        &self,
        scope: Scope,
    ) -> Result<Vec<(ActorId, String)>, StoreError> {
        self.readers
            .read(move |db| reads::external_identities(db, scope))
            .await
    }

    async fn gateway_key(&self, gateway: ActorId) -> Result<Option<[u8; 32]>, StoreError> {
        self.readers
            .look_up(move |db| reads::gateway_key(db, gateway))
            .await
    }

    async fn groups(&self, scope: Scope) -> Result<Vec<GroupRecord>, StoreError> {
        self.readers.read(move |db| reads::groups(db, scope)).await
    }

    async fn group(&self, scope: Scope, id: GroupId) -> Result<Option<GroupRecord>, StoreError> {
        let group = self.group_or_tombstone(scope, id).await?;
        Ok(group.filter(|group| group.deleted_at.is_none()))
    }

    async fn group_by_name(
        &self,
        scope: Scope,
        name: &GroupName,
    ) -> Result<Option<GroupRecord>, StoreError> {
        let name = name.clone();
        self.readers
            .look_up(move |db| reads::group_by_name(db, scope, &name))
            .await
    }

    async fn group_or_tombstone(
        &self,
        scope: Scope,
        id: GroupId,
    ) -> Result<Option<GroupRecord>, StoreError> {
        self.readers
            .look_up(move |db| reads::group(db, scope, id))
            .await
    }

    async fn active_group_key(&self, group: GroupId) -> Result<Option<GroupKeyRecord>, StoreError> {
        self.readers
            .look_up(move |db| reads::active_group_key(db, group))
            .await
    }

    async fn group_key(
        &self,
        group: GroupId,
        term: u32,
    ) -> Result<Option<GroupKeyRecord>, StoreError> {
        self.readers
            .look_up(move |db| reads::group_key(db, group, term))
            .await
    }

    async fn secrets(
        &self,
        group: GroupId,
        collection: Collection,
    ) -> Result<Vec<(SecretRecord, VersionRecord)>, StoreError> {
        self.readers
            .read(move |db| reads::secrets(db, group, collection))
            .await
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
        let name = name.clone();
        self.readers
            .look_up(move |db| reads::secret_by_name(db, group, collection, &name))
            .await
    }

    async fn secret_or_tombstone(
        &self,
        group: GroupId,
        collection: Collection,
        id: SecretId,
    ) -> Result<Option<SecretRecord>, StoreError> {
        self.readers
            .look_up(move |db| reads::secret(db, group, collection, id))
            .await
    }

    async fn version(
        &self,
        secret: SecretId,
        number: u64,
    ) -> Result<Option<VersionRecord>, StoreError> {
        self.readers
            .read(move |db| reads::version(db, secret, number))
            .await
    }

    async fn versions(&self, secret: SecretId) -> Result<Vec<VersionRecord>, StoreError> {
        self.readers
            .read(move |db| reads::versions(db, secret))
            .await
    }

    async fn users(
        &self,
        group: GroupId,
        secret: SecretId,
    ) -> Result<Vec<(SecretRecord, Vec<u64>)>, StoreError> {
        self.readers
            .read(move |db| reads::users(db, group, secret))
            .await
    }

    async fn expiring(
        &self,
        scope: Option<Scope>,
        until: &str,
    ) -> Result<Vec<Expiring>, StoreError> {
        let until = until.to_owned();
        self.readers
            .read(move |db| reads::expiring(db, scope, &until))
            .await
    }

    async fn edit_session(&self, group: GroupId) -> Result<Option<EditSessionRecord>, StoreError> {
        self.readers
            .look_up(move |db| reads::edit_session(db, group))
            .await
    }

    async fn staged_changes(&self, group: GroupId) -> Result<Vec<StagedChange>, StoreError> {
        self.readers
            .read(move |db| reads::staged_changes(db, group))
            .await
    }

    async fn grants(&self, group: GroupId) -> Result<Vec<GrantRecord>, StoreError> {
        self.readers.read(move |db| reads::grants(db, group)).await
    }

    async fn grants_of(
        &self,
        group: GroupId,
        actor: ActorId,
    ) -> Result<Vec<GrantRecord>, StoreError> {
        self.readers
            .look_up(move |db| reads::grants_of(db, group, actor))
            .await
    }

    async fn expiries(&self, limit: u32) -> Result<Expiries, StoreError> {
        self.readers
            .read(move |db| reads::expiries(db, limit))
            .await
    }

    async fn current_versions(
        &self,
        secrets: Vec<SecretId>,
    ) -> Result<Vec<(SecretId, u64)>, StoreError> {
        self.readers
            .read(move |db| reads::current_versions(db, &secrets))
            .await
    }

    async fn published_lists(
        &self,
        distributor: SecretId,
    ) -> Result<Option<PublishedLists>, StoreError> {
        self.readers
            .read(move |db| reads::published_lists(db, distributor))
            .await
    }

    async fn signed_lists(&self, distributor: SecretId) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers
            .read(move |db| reads::signed_lists(db, distributor))
            .await
    }

    async fn published_edition(&self, distributor: SecretId) -> Result<u64, StoreError> {
        self.readers
            .look_up(move |db| reads::published_edition(db, distributor))
            .await
    }

    async fn crl_distributors(
        &self,
    ) -> Result<Vec<(GroupRecord, SecretRecord, VersionRecord)>, StoreError> {
        self.readers.read(|db| reads::crl_distributors(db)).await
    }

    async fn crl_fetch(&self, distributor: SecretId) -> Result<Option<CrlFetchRecord>, StoreError> {
        self.readers
            .read(move |db| reads::crl_fetch(db, distributor))
            .await
    }

    async fn grants_in(
        &self,
        scope: Scope,
        actor: ActorId,
    ) -> Result<Vec<GrantRecord>, StoreError> {
        self.readers
            .read(move |db| reads::grants_in(db, scope, actor))
            .await
    }

    async fn audit(
        &self,
        scope: Scope,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        self.read_log(move |db| reads::audit(db, scope, after, limit))
            .await
    }

    async fn organization_audit(
        &self,
        organization: OrganizationId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        self.read_log(move |db| reads::organization_audit(db, organization, after, limit))
            .await
    }

    async fn search_audit(
        &self,
        place: AuditPlace,
        filter: AuditFilter,
        after: u64,
        limit: u32,
    ) -> Result<AuditPage, StoreError> {
        self.read_log(move |db| reads::search_audit(db, place, &filter, after, limit))
            .await
    }
}
