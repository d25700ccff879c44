//! The records, as the rooms see them.

use sallyport_model::{
    Access, ActorId, Collection, EnvironmentId, GroupId, GroupName, OrganizationId, Permission,
    Reach, Scope, SecretId, SecretName,
};
use sallyport_pki::UnixTime;

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
