//! The records, as the rooms see them, and the writes that make them.

use std::sync::Arc;

use sallyport_model::{
    Access, ActorId, Collection, EnvironmentId, GroupId, GroupName, OrganizationId, Permission,
    Reach, Scope, SecretId, SecretName,
};
use sallyport_pki::UnixTime;

use super::crl_fetch::CrlFetchRecord;
use super::edit_session::{EditSessionRecord, StagedChange};
use super::enrolment::JoinTokenRecord;
use super::label::Users;
use super::published_lists::PublishedLists;
use crate::keys::audit::CheckpointKey;
use crate::trace::TraceId;

/// An organization (business group).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationRecord {
    /// Its id.
    pub id: OrganizationId,
    /// Its name; unique below its parent.
    pub name: String,
    /// The organization it is a business group of.
    pub parent: Option<OrganizationId>,
}

/// An environment of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentRecord {
    /// Its id.
    pub id: EnvironmentId,
    /// The organization it belongs to.
    pub organization: OrganizationId,
    /// Its name, unique in the organization.
    pub name: String,
    /// Whether it is a production environment.
    pub production: bool,
}

/// What kind of actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// A person with a password.
    User,
    /// A program with a client id and secret.
    ConnectedApp,
    /// A gateway with a client certificate.
    Gateway,
}

impl ActorKind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ConnectedApp => "connectedApp",
            Self::Gateway => "gateway",
        }
    }
}

/// Somebody who may be granted access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorRecord {
    /// Its id; the client id of a connected app.
    pub id: ActorId,
    /// What it is.
    pub kind: ActorKind,
    /// The organization it belongs to.
    pub organization: OrganizationId,
    /// The environment a gateway belongs to; `None` for users and connected apps.
    pub environment: Option<EnvironmentId>,
    /// Its name; unique among the gateways of an environment, and among all users in any case.
    pub name: String,
    /// Whether it administers its organization and those below.
    pub administrator: bool,
    /// argon2id hash (PHC string) of a user's password or a connected app's client secret.
    pub secret_hash: Option<String>,
    /// When it was made.
    pub created_at: UnixTime,
    /// When a gateway's newest certificate ends.
    pub certificate_not_after: Option<UnixTime>,
}

/// A permission: an actor, a place, one thing that is allowed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionRecord {
    /// Who holds it.
    pub actor: ActorId,
    /// What it allows.
    pub permission: Permission,
    /// Where.
    pub organization: OrganizationId,
    /// The one environment; `None` for all of the organization.
    pub environment: Option<EnvironmentId>,
    /// When it was given.
    pub granted_at: UnixTime,
    /// Name of who gave it.
    pub granted_by: String,
}

/// An access token; only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// SHA-256 of the token.
    pub sha256: [u8; 32],
    /// Whose it is.
    pub actor: ActorId,
    /// When it ends.
    pub expires_at: UnixTime,
}

/// A secret group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// Its id.
    pub id: GroupId,
    /// Where it lives.
    pub scope: Scope,
    /// Its name, unique among the live groups of the scope.
    pub name: GroupName,
    /// Whether platform services may take secrets out of the platform (Anypoint's flag).
    pub downloadable: bool,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it was changed last.
    pub modified_at: UnixTime,
    /// Name of who changed it last.
    pub modified_by: String,
    /// When it was deleted; a tombstone then.
    pub deleted_at: Option<UnixTime>,
}

/// One term of a group's key pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupKeyRecord {
    /// The group.
    pub group: GroupId,
    /// Counts from 1; the highest is active.
    pub term: u32,
    /// The public half, in the encoding of [`crate::keys`].
    pub public_key: Vec<u8>,
    /// The private half, sealed to the root public key.
    pub sealed_private_key: Vec<u8>,
    /// When it was made.
    pub created_at: UnixTime,
}

/// A secret of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRecord {
    /// Its id.
    pub id: SecretId,
    /// The group it is in.
    pub group: GroupId,
    /// Its kind.
    pub collection: Collection,
    /// Its name, unique among the live secrets of the kind in the group.
    pub name: SecretName,
    /// The version in force; counts from 1.
    pub current: u64,
    /// The version that was in force before.
    pub previous: Option<u64>,
    /// The version that waits to be promoted.
    pub pending: Option<u64>,
    /// The highest number ever given; the next version takes the one above, so that none is used
    /// twice.
    pub newest: u64,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it was changed last.
    pub modified_at: UnixTime,
    /// When it was deleted; a tombstone then.
    pub deleted_at: Option<UnixTime>,
}

/// A version of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRecord {
    /// The secret.
    pub secret: SecretId,
    /// Counts from 1.
    pub number: u64,
    /// What may be shown of it, as JSON.
    pub metadata: String,
    /// The sealed payload, in the encoding of [`crate::keys`].
    pub envelope: Vec<u8>,
    /// Date after which no new grant is given, `YYYY-MM-DD`.
    pub expiration_date: Option<String>,
    /// Secrets of the same group it refers to.
    pub refers_to: Vec<SecretId>,
    /// When it was written.
    pub created_at: UnixTime,
    /// Name of who wrote it.
    pub created_by: String,
}

/// A grant: an actor, a group, one kind of access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRecord {
    /// The group.
    pub group: GroupId,
    /// Who holds it.
    pub actor: ActorId,
    /// What it allows.
    pub access: Access,
    /// On which secrets of the group; only grants to gateways are narrowed.
    pub reach: Reach,
    /// When it was given.
    pub granted_at: UnixTime,
    /// Name of who gave it.
    pub granted_by: String,
}

/// How an audited operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditOutcome {
    /// It is about to be done; the outcome follows. Without one the vault was stopped in between.
    Begun,
    /// It was done.
    Allowed,
    /// The actor may not.
    Refused,
    /// It was allowed but did not work.
    Failed,
}

/// Where an audited operation took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditPlace {
    /// In an environment.
    Environment(Scope),
    /// In an organization, outside of its environments.
    Organization(OrganizationId),
    /// In no organization: the vault itself acted.
    Vault,
}

impl AuditOutcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Begun, Self::Allowed, Self::Refused, Self::Failed];

    /// The one of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl From<Scope> for AuditPlace {
    fn from(scope: Scope) -> Self {
        Self::Environment(scope)
    }
}

impl From<OrganizationId> for AuditPlace {
    fn from(organization: OrganizationId) -> Self {
        Self::Organization(organization)
    }
}

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Position in the log; assigned by the store, 0 before.
    pub seq: u64,
    /// When.
    pub at: UnixTime,
    /// Where.
    pub place: AuditPlace,
    /// Who, if known.
    pub actor: Option<ActorId>,
    /// Name of who, or of how it named itself.
    pub actor_name: String,
    /// What kind of actor, if known.
    pub actor_kind: Option<ActorKind>,
    /// What: "secret.resolve", "sharedSecrets.create", ...
    pub operation: String,
    /// On what: a reference or a path.
    pub object: String,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// Stable reason of a refusal or failure.
    pub reason: Option<String>,
    /// Version that was read or written.
    pub version: Option<u64>,
    /// The trace of the call, if it came with one.
    pub trace: Option<TraceId>,
}

/// Values of the installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Setting {
    /// The root public key.
    RootPublicKey,
    /// The SPIFFE trust domain of gateway identities.
    TrustDomain,
    /// The certificate of the internal CA, DER.
    GatewayCaCertificate,
    /// The private key of the internal CA, sealed to the root public key.
    GatewayCaSealedKey,
    /// The keys of the audit log, sealed to the root public key.
    AuditSealedKeys,
}

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
