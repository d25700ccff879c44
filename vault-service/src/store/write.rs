//! The writes that make and change the records.

use std::sync::Arc;

use sallyport_model::{ActorId, GroupId, GroupName, OrganizationId, SecretId, SecretName};
use sallyport_pki::UnixTime;

use super::crl_fetch::CrlFetchRecord;
use super::edit_session::{EditSessionRecord, StagedChange};
use super::enrolment::JoinTokenRecord;
use super::label::Users;
use super::published_lists::PublishedLists;
use super::record::{
    ActorRecord, AuditRecord, EnvironmentRecord, GrantRecord, GroupKeyRecord, GroupRecord,
    OrganizationRecord, PermissionRecord, SecretRecord, Setting, TokenRecord, VersionRecord,
};
use crate::keys::audit::CheckpointKey;

/// One write. A batch of them is applied as a whole.
#[derive(Clone, Debug)]
pub enum Write {
    /// Sets a value of the installation; refused with `Taken` if it is set.
    PutSetting(Setting, Vec<u8>),
    /// Adds an organization.
    CreateOrganization(OrganizationRecord),
    /// Adds an environment.
    CreateEnvironment(EnvironmentRecord),
    /// Adds an actor.
    CreateActor(ActorRecord),
    /// Notes the end and the key of a gateway's newest certificate.
    RenewGateway {
        /// The gateway.
        gateway: ActorId,
        /// End of the certificate.
        certificate_not_after: UnixTime,
        /// SHA-256 of the public key in it.
        key: [u8; 32],
    },
    /// Refuses the batch with `Gone` unless this is the key of the gateway's newest certificate.
    RequireGatewayKey {
        /// The gateway.
        gateway: ActorId,
        /// SHA-256 of the public key.
        key: [u8; 32],
    },
    /// Lets a gateway be known by the name in certificates of another CA, which is nobody else's.
    PutExternalIdentity {
        /// The gateway.
        gateway: ActorId,
        /// The name.
        identity: String,
    },
    /// Gives a gateway a join token, in the place of one it may have.
    PutJoinToken(JoinTokenRecord),
    /// Forgets a join token; `Gone` if it is not there or has ended.
    UseJoinToken {
        /// SHA-256 of the token.
        sha256: [u8; 32],
        /// The time by which tokens count as ended.
        now: UnixTime,
    },
    /// Deletes an actor with its tokens, grants and permissions.
    DeleteActor(ActorId),
    /// Replaces the hash of a password or client secret, and ends all tokens of the actor.
    PutSecretHash {
        /// The actor.
        actor: ActorId,
        /// The new hash.
        secret_hash: String,
    },
    /// Refuses the batch with `Gone` unless this is still the actor's hash: what a secret was
    /// checked against may have been replaced meanwhile.
    RequireSecretHash {
        /// The actor.
        actor: ActorId,
        /// The hash that was checked.
        secret_hash: String,
    },
    /// Refuses the batch with `Gone` unless somebody can sign in as an administrator of this
    /// organization or of one above it.
    RequireAdministrator(OrganizationId),
    /// Gives a permission; giving it twice changes nothing.
    PutPermission(PermissionRecord),
    /// Takes an actor's permissions in an organization and its environments away.
    RemovePermissions {
        /// The organization.
        organization: OrganizationId,
        /// The actor.
        actor: ActorId,
    },
    /// Adds a token, and forgets all tokens that ended before `now`.
    CreateToken {
        /// The token.
        token: TokenRecord,
        /// The time by which tokens count as ended.
        now: UnixTime,
    },
    /// Adds a group with its first key.
    CreateGroup(GroupRecord, GroupKeyRecord),
    /// Changes name and flag of a live group.
    UpdateGroup {
        /// The group.
        group: GroupId,
        /// New name.
        name: GroupName,
        /// New flag.
        downloadable: bool,
        /// When.
        at: UnixTime,
        /// Name of who.
        by: String,
    },
    /// Destroys a group's keys and payloads; leaves tombstones of the group and its secrets, and the
    /// grants, so that gateways can be told that it is gone.
    DeleteGroup {
        /// The group.
        group: GroupId,
        /// When.
        at: UnixTime,
    },
    /// Adds a secret with its version 1 to a live group.
    CreateSecret(SecretRecord, VersionRecord),
    /// Adds a version to a live secret and makes it the current one. Of the versions without a label
    /// the newest [`super::OLD_VERSIONS_KEPT`] stay, older ones are destroyed.
    ReplaceSecret {
        /// New name.
        name: SecretName,
        /// The version; its number follows the newest.
        version: VersionRecord,
        /// The version that must be current.
        expected: u64,
    },
    /// Adds a version to a live secret that waits to be promoted; one that waited is destroyed.
    PutPending {
        /// The version; its number follows the newest.
        version: VersionRecord,
        /// The version that must be current.
        expected: u64,
    },
    /// Makes the pending version of a live secret the current one. Destroys as a replacement does.
    PromotePending {
        /// The secret.
        secret: SecretId,
        /// The version that must be pending.
        number: u64,
        /// The version that must be current.
        expected: u64,
        /// When.
        at: UnixTime,
    },
    /// Destroys the pending version of a live secret.
    DropPending {
        /// The secret.
        secret: SecretId,
        /// The version that must be pending.
        number: u64,
    },
    /// Makes an older version of a live secret the current one again; no payload is written.
    MoveCurrent {
        /// The secret.
        secret: SecretId,
        /// The version that becomes current.
        to: u64,
        /// The version that must be current.
        expected: u64,
        /// When.
        at: UnixTime,
    },
    /// Changes what is not sealed: the name of a live secret, the date of its current version.
    UpdateSecret {
        /// The secret.
        secret: SecretId,
        /// New name.
        name: SecretName,
        /// New date, `YYYY-MM-DD`.
        expiration_date: Option<String>,
        /// The version that must be current.
        expected: u64,
        /// When.
        at: UnixTime,
    },
    /// Destroys the versions of a live secret and leaves its tombstone.
    DeleteSecret {
        /// The secret.
        secret: SecretId,
        /// The version that must be current.
        expected: u64,
        /// What if others refer to it.
        users: Users,
        /// When.
        at: UnixTime,
    },
    /// Publishes revocation lists of a live CRL distributor, in the place of those before.
    PublishLists {
        /// The lists.
        lists: PublishedLists,
        /// The edition that must be there; 0 for none.
        expected: u64,
    },
    /// Keeps the CRLs of the lists that the same batch publishes, in place of earlier ones.
    KeepSignedLists {
        /// The distributor.
        distributor: SecretId,
        /// Complete CRLs in force, as signed: a JSON list of DER in base64.
        signed: Vec<u8>,
    },
    /// Notes how far the fetching of a live CRL distributor's lists has come.
    PutCrlFetch {
        /// The note.
        fetch: CrlFetchRecord,
        /// The revision that must be there; 0 for none.
        expected: u64,
    },
    /// Takes the name of a live secret away, so that another can have it; a later write of the same
    /// batch must name the secret again.
    FreeName(SecretId),
    /// Refuses the batch with `Locked` while an edit session is open on the group.
    RequireUnlocked {
        /// The group.
        group: GroupId,
        /// Whose session does not count.
        except: Option<ActorId>,
    },
    /// Opens an edit session; `Locked` while there is one.
    OpenEditSession(EditSessionRecord),
    /// Sets what an edit session will do to a secret; what it would have done before is destroyed.
    Stage {
        /// The group.
        group: GroupId,
        /// Who must hold the session.
        holder: ActorId,
        /// The change; its step follows that of the one it takes the place of.
        change: Box<StagedChange>,
    },
    /// Forgets what an edit session would do to a secret, and destroys it.
    Unstage {
        /// The group.
        group: GroupId,
        /// Who must hold the session.
        holder: ActorId,
        /// The secret.
        secret: SecretId,
    },
    /// Ends an edit session and destroys what it still has staged.
    EndEditSession {
        /// The group.
        group: GroupId,
        /// Who must hold the session.
        holder: ActorId,
        /// The revision the session must have.
        revision: Option<u64>,
    },
    /// Gives an access; giving it twice changes nothing.
    PutGrant(GrantRecord),
    /// Takes an actor's accesses on a group away.
    RemoveGrants {
        /// The group.
        group: GroupId,
        /// The actor.
        actor: ActorId,
    },
    /// Appends to the audit log; the store assigns `seq` and chains it. Of a batch that is refused, an
    /// entry of something done stays, as failed.
    Audit(AuditRecord),
    /// Appends an entry that vouches for all before it.
    Checkpoint {
        /// When.
        at: UnixTime,
        /// Who signs.
        key: Arc<CheckpointKey>,
    },
}
