//! What is kept, behind one narrow trait: typed reads, and writes that are committed as one batch.
//!
//! Data path: room -> `Vec<Write>` -> `Store::commit` -> durable -> change feed. Nothing stored is
//! readable here: payloads are sealed envelopes ([`crate::keys`]), everything else is metadata.
//!
//! Every implementation passes the same conformance suite.

mod audit_search;
mod crl_fetch;
mod durability;
mod edit_session;
mod enrolment;
mod label;
mod log;
mod published_lists;
mod record;
mod sqlite;
#[cfg(test)]
mod suite;
mod write;

use async_trait::async_trait;
use sallyport_model::{
    ActorId, Collection, EnvironmentId, GroupId, GroupName, OrganizationId, Scope, SecretId,
    SecretName, Username,
};
use thiserror::Error;
use tokio::sync::{broadcast, watch};

pub use audit_search::{AuditActor, AuditFilter, AuditOperation, AuditPage, MAX_SCANNED};
pub use crl_fetch::CrlFetchRecord;
pub use durability::AuditDurability;
pub use edit_session::{EditSessionRecord, StagedAction, StagedChange};
pub use enrolment::JoinTokenRecord;
pub use label::{Label, OLD_VERSIONS_KEPT, Users};
pub use log::{LogLine, LogLines};
pub use published_lists::PublishedLists;
pub use record::{
    ActorKind, ActorRecord, AuditOutcome, AuditPlace, AuditRecord, EnvironmentRecord, GrantRecord,
    GroupKeyRecord, GroupRecord, OrganizationRecord, PermissionRecord, SecretRecord, Setting,
    TokenRecord, VersionRecord,
};
pub use sqlite::{SqliteStore, StoredLog};
#[cfg(test)]
pub(crate) use suite::sample;
pub use write::Write;

/// Position in the change feed; grows with every committed change to a group, its secrets, its
/// grants or an actor.
pub type ChangeSeq = u64;

/// The store. Reads see every batch whose `commit` has returned.
#[async_trait]
pub trait Store: Send + Sync {
    /// Applies all writes or none. When it returns `Ok`, they survive a crash of the process and of
    /// the machine.
    async fn commit(&self, batch: Vec<Write>) -> Result<(), StoreError>;

    /// The newest position of the change feed; changes after each commit that touched it.
    fn changes(&self) -> watch::Receiver<ChangeSeq>;

    /// The position of the newest entry of the audit log; changes after each commit that added some.
    fn log_head(&self) -> watch::Receiver<u64>;

    /// Lines of the audit log as they are committed from now on, before their `commit` returns. A
    /// receiver that is too slow loses some and finds them with [`Store::log`].
    fn log_lines(&self) -> broadcast::Receiver<LogLines>;

    /// Lines of the whole audit log after a position, oldest first.
    async fn log(&self, after: u64, limit: u32) -> Result<Vec<LogLine>, StoreError>;

    /// How many batches wait to be written.
    fn waiting(&self) -> usize;

    /// A value of the installation, written at initialisation.
    async fn setting(&self, setting: Setting) -> Result<Option<Vec<u8>>, StoreError>;

    /// An organization.
    async fn organization(
        &self,
        id: OrganizationId,
    ) -> Result<Option<OrganizationRecord>, StoreError>;

    /// An organization and those above it: itself first, the root last. Empty when it is not there.
    async fn lineage(&self, id: OrganizationId) -> Result<Vec<OrganizationRecord>, StoreError>;

    /// An organization and all below it: itself first, then each level by name.
    async fn organizations_from(
        &self,
        id: OrganizationId,
    ) -> Result<Vec<OrganizationRecord>, StoreError>;

    /// Environments of an organization, by name.
    async fn environments(
        &self,
        organization: OrganizationId,
    ) -> Result<Vec<EnvironmentRecord>, StoreError>;

    /// An environment.
    async fn environment(
        &self,
        organization: OrganizationId,
        id: EnvironmentId,
    ) -> Result<Option<EnvironmentRecord>, StoreError>;

    /// An actor that has not been deleted.
    async fn actor(&self, id: ActorId) -> Result<Option<ActorRecord>, StoreError>;

    /// The user of this name in any case.
    async fn user_by_name(&self, name: &Username) -> Result<Option<ActorRecord>, StoreError>;

    /// Users or connected apps of an organization, by name.
    async fn actors(
        &self,
        organization: OrganizationId,
        kind: ActorKind,
    ) -> Result<Vec<ActorRecord>, StoreError>;

    /// Everything an actor is permitted, by place.
    async fn permissions_of(&self, actor: ActorId) -> Result<Vec<PermissionRecord>, StoreError>;

    /// Gateways of an environment, by name.
    async fn gateways(&self, scope: Scope) -> Result<Vec<ActorRecord>, StoreError>;

    /// The token with this SHA-256, expired or not.
    async fn token(&self, sha256: [u8; 32]) -> Result<Option<TokenRecord>, StoreError>;

    /// The gateway that is known by this name in certificates of another CA.
    async fn gateway_known_as(&self, identity: &str) -> Result<Option<ActorId>, StoreError>;

    /// Names in certificates of other CAs by which gateways of an environment are known.
    async fn external_identities(&self, scope: Scope)
    -> Result<Vec<(ActorId, String)>, StoreError>;

    /// The join token with this SHA-256, ended or not.
    async fn join_token(&self, sha256: [u8; 32]) -> Result<Option<JoinTokenRecord>, StoreError>;

    /// SHA-256 of the public key in a gateway's newest certificate. `None` for those of older programs.
    async fn gateway_key(&self, gateway: ActorId) -> Result<Option<[u8; 32]>, StoreError>;

    /// Live groups of an environment, by name.
    async fn groups(&self, scope: Scope) -> Result<Vec<GroupRecord>, StoreError>;

    /// A live group, if it is in this scope.
    async fn group(&self, scope: Scope, id: GroupId) -> Result<Option<GroupRecord>, StoreError>;

    /// The live group of this name, else the tombstone deleted last.
    async fn group_by_name(
        &self,
        scope: Scope,
        name: &GroupName,
    ) -> Result<Option<GroupRecord>, StoreError>;

    /// A group, live or deleted, if it is in this scope.
    async fn group_or_tombstone(
        &self,
        scope: Scope,
        id: GroupId,
    ) -> Result<Option<GroupRecord>, StoreError>;

    /// The key new data of a group is sealed to. `None` when the group is gone.
    async fn active_group_key(&self, group: GroupId) -> Result<Option<GroupKeyRecord>, StoreError>;

    /// The key of a term. `None` when the term never was or was destroyed with its group.
    async fn group_key(
        &self,
        group: GroupId,
        term: u32,
    ) -> Result<Option<GroupKeyRecord>, StoreError>;

    /// Live secrets of a kind, with their current versions, by name.
    async fn secrets(
        &self,
        group: GroupId,
        collection: Collection,
    ) -> Result<Vec<(SecretRecord, VersionRecord)>, StoreError>;

    /// A live secret of a kind.
    async fn secret(
        &self,
        group: GroupId,
        collection: Collection,
        id: SecretId,
    ) -> Result<Option<SecretRecord>, StoreError>;

    /// The live secret of this name and kind, else the tombstone deleted last.
    async fn secret_by_name(
        &self,
        group: GroupId,
        collection: Collection,
        name: &SecretName,
    ) -> Result<Option<SecretRecord>, StoreError>;

    /// A secret of a kind, live or deleted.
    async fn secret_or_tombstone(
        &self,
        group: GroupId,
        collection: Collection,
        id: SecretId,
    ) -> Result<Option<SecretRecord>, StoreError>;

    /// A version of a secret, with its sealed payload.
    async fn version(
        &self,
        secret: SecretId,
        number: u64,
    ) -> Result<Option<VersionRecord>, StoreError>;

    /// Versions of a secret, with their sealed payloads, newest first.
    async fn versions(&self, secret: SecretId) -> Result<Vec<VersionRecord>, StoreError>;

    /// Live secrets of a group of which any version refers to a secret, by kind and name, with the
    /// numbers of those versions, ascending.
    async fn users(
        &self,
        group: GroupId,
        secret: SecretId,
    ) -> Result<Vec<(SecretRecord, Vec<u64>)>, StoreError>;

    /// Live secrets whose current version has a date that is not after `until` (`YYYY-MM-DD`), soonest
    /// first; of all environments without a scope.
    async fn expiring(
        &self,
        scope: Option<Scope>,
        until: &str,
    ) -> Result<Vec<Expiring>, StoreError>;

    /// The first of the live secrets that have a date, soonest first.
    async fn expiries(&self, limit: u32) -> Result<Expiries, StoreError>;

    /// The numbers of the versions in force of those among these secrets that are live.
    async fn current_versions(
        &self,
        secrets: Vec<SecretId>,
    ) -> Result<Vec<(SecretId, u64)>, StoreError>;

    /// What a CRL distributor publishes.
    async fn published_lists(
        &self,
        distributor: SecretId,
    ) -> Result<Option<PublishedLists>, StoreError>;

    /// The CRLs that a CRL distributor publishes, as they were signed; see [`Write::KeepSignedLists`].
    async fn signed_lists(&self, distributor: SecretId) -> Result<Option<Vec<u8>>, StoreError>;

    /// Which edition a CRL distributor publishes; 0 for none.
    async fn published_edition(&self, distributor: SecretId) -> Result<u64, StoreError>;

    /// Live CRL distributors of all groups with their current versions, by names.
    async fn crl_distributors(
        &self,
    ) -> Result<Vec<(GroupRecord, SecretRecord, VersionRecord)>, StoreError>;

    /// How far the fetching of a CRL distributor's lists has come.
    async fn crl_fetch(&self, distributor: SecretId) -> Result<Option<CrlFetchRecord>, StoreError>;

    /// The edit session that is open on a group.
    async fn edit_session(&self, group: GroupId) -> Result<Option<EditSessionRecord>, StoreError>;

    /// What is staged in the edit session of a group, by kind and name.
    async fn staged_changes(&self, group: GroupId) -> Result<Vec<StagedChange>, StoreError>;

    /// Grants on a group, by actor. They stay readable after the group was deleted.
    async fn grants(&self, group: GroupId) -> Result<Vec<GrantRecord>, StoreError>;

    /// What one actor may do in one group.
    async fn grants_of(
        &self,
        group: GroupId,
        actor: ActorId,
    ) -> Result<Vec<GrantRecord>, StoreError>;

    /// What one actor may do in the live groups of an environment, by group.
    async fn grants_in(&self, scope: Scope, actor: ActorId)
    -> Result<Vec<GrantRecord>, StoreError>;

    /// Audit entries of an environment with a sequence number above `after`, oldest first; without
    /// `after` the newest `limit`, oldest first.
    async fn audit(
        &self,
        scope: Scope,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError>;

    /// Audit entries of an organization that belong to none of its environments, paged like
    /// [`Store::audit`].
    async fn organization_audit(
        &self,
        organization: OrganizationId,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError>;

    /// Audit entries of a place (and of none inside of it) that pass a filter, with a sequence number
    /// above `after`, oldest first. At most [`MAX_SCANNED`] are looked at.
    async fn search_audit(
        &self,
        place: AuditPlace,
        filter: AuditFilter,
        after: u64,
        limit: u32,
    ) -> Result<AuditPage, StoreError>;
}

impl StoreError {
    /// The reason of a failure in the audit log.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "taken",
            Self::Gone { .. } => "gone",
            Self::Stale { .. } => "stale",
            Self::Locked { .. } => "locked",
            Self::InUse { .. } => "in_use",
            Self::Damaged { .. } | Self::TooNew { .. } | Self::Engine(_) => "unavailable",
        }
    }
}

/// A secret with a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiring {
    /// Its group.
    pub group: GroupRecord,
    /// The secret.
    pub secret: SecretRecord,
    /// The date of its current version, `YYYY-MM-DD`.
    pub expiration_date: String,
}

/// Secrets with dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiries {
    /// Those that end first.
    pub soonest: Vec<Expiry>,
    /// How many there are.
    pub in_all: u64,
}

/// When a secret ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Its kind.
    pub collection: Collection,
    /// The secret.
    pub secret: SecretId,
    /// The date of its current version, `YYYY-MM-DD`.
    pub expiration_date: String,
}

/// What is taken where another gateway is registered by the same name of another CA's certificates.
pub const EXTERNAL_IDENTITY: &str = "identity";

/// What a store answers when it cannot do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A name or id that must be unique is taken.
    #[error("a {what} of this name already exists")]
    Taken {
        /// "secret group", "shared secret", ...
        what: &'static str,
    },
    /// The record a write refers to is not there (any more).
    #[error("no such {what}")]
    Gone {
        /// "secret group", "shared secret", ...
        what: &'static str,
    },
    /// Somebody else wrote first.
    #[error("{expected} was expected, {found} was found")]
    Stale {
        /// The version (or step, or revision) the writer had read.
        expected: u64,
        /// The one that is there now.
        found: u64,
    },
    /// Somebody has an edit session open on the group.
    #[error("{holder:?} has an edit session open on the secret group")]
    Locked {
        /// Name of who.
        holder: String,
    },
    /// The current or pending version of another secret refers to the one to delete.
    #[error("another secret refers to the {what}")]
    InUse {
        /// "keystore", "truststore", ...
        what: &'static str,
    },
    /// A stored record does not read as what it should be.
    #[error("stored {what} is damaged")]
    Damaged {
        /// What was being read.
        what: &'static str,
    },
    /// The database was written by a newer version of this program.
    #[error("the database has schema {found}, this program knows up to {known}")]
    TooNew {
        /// Schema in the file.
        found: u32,
        /// Newest schema known.
        known: u32,
    },
    /// The engine failed: disk full, file locked, shutting down.
    #[error("the store failed")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
}
