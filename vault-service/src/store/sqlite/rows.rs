//! Rows as records. A row that does not read as its record is `Damaged`, never guessed.

use std::str::FromStr;

use rusqlite::Row;
use rusqlite::types::FromSql;
use sallyport_model::audit::AuditSignature;
use sallyport_model::{
    ActorId, EnvironmentId, GrantLimit, GroupId, GroupName, NameError, OrganizationId, Reach,
    Scope, SecretId, SecretName,
};
use sallyport_pki::{Digest, UnixTime};
use uuid::Uuid;

use super::super::{
    ActorRecord, AuditPlace, AuditRecord, CrlFetchRecord, EditSessionRecord, EnvironmentRecord,
    GrantRecord, GroupKeyRecord, GroupRecord, JoinTokenRecord, OrganizationRecord,
    PermissionRecord, PublishedLists, SecretRecord, StagedAction, StagedChange, StoreError,
    TokenRecord, VersionRecord,
};
use super::apply::Living;
use super::words::Word;
use crate::trace::TraceId;

pub(super) fn organization(row: &Row<'_>) -> Result<OrganizationRecord, StoreError> {
    let fields = Fields::of("organization", row);
    Ok(OrganizationRecord {
        id: fields.id("id", OrganizationId::new)?,
        name: fields.plain("name")?,
        parent: fields.optional_id("parent", OrganizationId::new)?,
    })
}

pub(super) fn environment(row: &Row<'_>) -> Result<EnvironmentRecord, StoreError> {
    let fields = Fields::of("environment", row);
    Ok(EnvironmentRecord {
        id: fields.id("id", EnvironmentId::new)?,
        organization: fields.id("organization", OrganizationId::new)?,
        name: fields.plain("name")?,
        production: fields.plain("production")?,
    })
}

pub(super) fn actor(row: &Row<'_>) -> Result<ActorRecord, StoreError> {
    let fields = Fields::of("actor", row);
    Ok(ActorRecord {
        id: fields.id("id", ActorId::new)?,
        kind: fields.word("kind")?,
        organization: fields.id("organization", OrganizationId::new)?,
        environment: fields.optional_id("environment", EnvironmentId::new)?,
        name: fields.plain("name")?,
        administrator: fields.plain("administrator")?,
        secret_hash: fields.plain("secret_hash")?,
        created_at: fields.time("created_at")?,
        certificate_not_after: fields.optional_time("certificate_not_after")?,
    })
}

pub(super) fn permission(row: &Row<'_>) -> Result<PermissionRecord, StoreError> {
    let fields = Fields::of("permission", row);
    Ok(PermissionRecord {
        actor: fields.id("actor", ActorId::new)?,
        permission: fields.parsed("permission")?,
        organization: fields.id("organization", OrganizationId::new)?,
        environment: fields.optional_id("environment", EnvironmentId::new)?,
        granted_at: fields.time("granted_at")?,
        granted_by: fields.plain("granted_by")?,
    })
}

pub(super) fn token(row: &Row<'_>) -> Result<TokenRecord, StoreError> {
    let fields = Fields::of("token", row);
    Ok(TokenRecord {
        sha256: fields.plain("sha256")?,
        actor: fields.id("actor", ActorId::new)?,
        expires_at: fields.time("expires_at")?,
    })
}

pub(super) fn group(row: &Row<'_>) -> Result<GroupRecord, StoreError> {
    let fields = Fields::of("secret group", row);
    Ok(GroupRecord {
        id: fields.id("id", GroupId::new)?,
        scope: fields.scope()?,
        name: fields.name(GroupName::stored)?,
        downloadable: fields.plain("downloadable")?,
        created_at: fields.time("created_at")?,
        modified_at: fields.time("modified_at")?,
        modified_by: fields.plain("modified_by")?,
        deleted_at: fields.optional_time("deleted_at")?,
    })
}

pub(super) fn group_key(row: &Row<'_>) -> Result<GroupKeyRecord, StoreError> {
    let fields = Fields::of("group key", row);
    Ok(GroupKeyRecord {
        group: fields.id("secret_group", GroupId::new)?,
        term: fields.plain("term")?,
        public_key: fields.plain("public_key")?,
        sealed_private_key: fields.plain("sealed_private_key")?,
        created_at: fields.time("created_at")?,
    })
}

pub(super) fn secret(row: &Row<'_>) -> Result<SecretRecord, StoreError> {
    let fields = Fields::of("secret", row);
    Ok(SecretRecord {
        id: fields.id("id", SecretId::new)?,
        group: fields.id("secret_group", GroupId::new)?,
        collection: fields.parsed("collection")?,
        name: fields.name(SecretName::stored)?,
        current: fields.number("current")?,
        previous: fields.optional_number("previous")?,
        pending: fields.optional_number("pending")?,
        newest: fields.number("newest")?,
        created_at: fields.time("created_at")?,
        modified_at: fields.time("modified_at")?,
        deleted_at: fields.optional_time("deleted_at")?,
    })
}

/// A version; what it refers to is in rows of its own.
pub(super) fn version(
    row: &Row<'_>,
    refers_to: Vec<SecretId>,
) -> Result<VersionRecord, StoreError> {
    let fields = Fields::of("version", row);
    Ok(VersionRecord {
        secret: fields.id("secret", SecretId::new)?,
        number: fields.number("number")?,
        metadata: fields.plain("metadata")?,
        envelope: fields.plain("envelope")?,
        expiration_date: fields.plain("expiration_date")?,
        refers_to,
        created_at: fields.time("created_at")?,
        created_by: fields.plain("created_by")?,
    })
}

pub(super) fn version_reference(row: &Row<'_>) -> Result<SecretId, StoreError> {
    Fields::of("version", row).id("target", SecretId::new)
}

/// What a write must know of a secret, and whether it is deleted.
pub(super) fn living(id: SecretId, row: &Row<'_>) -> Result<(Living, bool), StoreError> {
    let fields = Fields::of("secret", row);
    let living = Living {
        id,
        group: fields.id("secret_group", GroupId::new)?,
        collection: fields.parsed("collection")?,
        current: fields.number("current")?,
        pending: fields.optional_number("pending")?,
        newest: fields.number("newest")?,
    };
    Ok((living, fields.plain("deleted")?))
}

/// The number of a version.
pub(super) fn number(row: &Row<'_>) -> Result<u64, StoreError> {
    Fields::of("version", row).number("number")
}

/// The date of a version that has one.
pub(super) fn expiration_date(row: &Row<'_>) -> Result<String, StoreError> {
    Fields::of("version", row).plain("expiration_date")
}

pub(super) fn edit_session(row: &Row<'_>) -> Result<EditSessionRecord, StoreError> {
    let fields = Fields::of("edit session", row);
    Ok(EditSessionRecord {
        group: fields.id("secret_group", GroupId::new)?,
        holder: fields.id("holder", ActorId::new)?,
        holder_name: fields.plain("holder_name")?,
        opened_at: fields.time("opened_at")?,
        revision: fields.number("revision")?,
    })
}

pub(super) fn staged_change(row: &Row<'_>) -> Result<StagedChange, StoreError> {
    let fields = Fields::of("staged change", row);
    let secret = fields.id("secret", SecretId::new)?;
    let version = || -> Result<VersionRecord, StoreError> {
        Ok(VersionRecord {
            secret,
            number: fields.number("number")?,
            metadata: fields.plain("metadata")?,
            envelope: fields.plain("envelope")?,
            expiration_date: fields.plain("expiration_date")?,
            refers_to: fields.ids("refers_to", SecretId::new)?,
            created_at: fields.time("created_at")?,
            created_by: fields.plain("created_by")?,
        })
    };
    let action: String = fields.plain("action")?;
    Ok(StagedChange {
        secret,
        collection: fields.parsed("collection")?,
        name: fields.name(SecretName::stored)?,
        step: fields.number("step")?,
        staged_at: fields.time("staged_at")?,
        action: match action.as_str() {
            "create" => StagedAction::Create(version()?),
            "replace" => StagedAction::Replace(version()?),
            "update" => StagedAction::Update {
                expiration_date: fields.plain("expiration_date")?,
            },
            "delete" => StagedAction::Delete,
            _ => return Err(fields.damaged()),
        },
    })
}

pub(super) fn grant(row: &Row<'_>) -> Result<GrantRecord, StoreError> {
    let fields = Fields::of("grant", row);
    Ok(GrantRecord {
        group: fields.id("secret_group", GroupId::new)?,
        actor: fields.id("actor", ActorId::new)?,
        access: fields.parsed("access")?,
        reach: fields.reach()?,
        granted_at: fields.time("granted_at")?,
        granted_by: fields.plain("granted_by")?,
    })
}

pub(super) fn published_lists(row: &Row<'_>) -> Result<PublishedLists, StoreError> {
    let fields = Fields::of("revocation lists", row);
    Ok(PublishedLists {
        distributor: fields.id("distributor", SecretId::new)?,
        edition: fields.number("edition")?,
        lists: fields.plain("lists")?,
        published_at: fields.time("published_at")?,
        published_by: fields.plain("published_by")?,
    })
}

pub(super) fn signed_lists(row: &Row<'_>) -> Result<Vec<u8>, StoreError> {
    Fields::of("signed revocation lists", row).plain("signed")
}

pub(super) fn published_edition(row: &Row<'_>) -> Result<u64, StoreError> {
    Fields::of("revocation lists", row).number("edition")
}

pub(super) fn join_token(row: &Row<'_>) -> Result<JoinTokenRecord, StoreError> {
    let fields = Fields::of("join token", row);
    Ok(JoinTokenRecord {
        gateway: fields.id("gateway", ActorId::new)?,
        sha256: fields.plain("sha256")?,
        expires_at: fields.time("expires_at")?,
    })
}

pub(super) fn external_identity(row: &Row<'_>) -> Result<(ActorId, String), StoreError> {
    let fields = Fields::of("external identity", row);
    Ok((
        fields.id("gateway", ActorId::new)?,
        fields.plain("identity")?,
    ))
}

pub(super) fn gateway_key(row: &Row<'_>) -> Result<[u8; 32], StoreError> {
    Fields::of("gateway key", row).plain("spki_sha256")
}

pub(super) fn crl_fetch(row: &Row<'_>) -> Result<CrlFetchRecord, StoreError> {
    let fields = Fields::of("CRL fetch", row);
    Ok(CrlFetchRecord {
        distributor: fields.id("distributor", SecretId::new)?,
        revision: fields.number("revision")?,
        next_at: fields.time("next_at")?,
        claimed_until: fields.optional_time("claimed_until")?,
        progress: fields.plain("progress")?,
    })
}

pub(super) fn audit(row: &Row<'_>) -> Result<AuditRecord, StoreError> {
    let fields = Fields::of("audit entry", row);
    Ok(AuditRecord {
        seq: fields.number("seq")?,
        at: fields.time("at")?,
        place: fields.audit_place()?,
        actor: fields.optional_id("actor", ActorId::new)?,
        actor_name: fields.plain("actor_name")?,
        actor_kind: fields.optional_word("actor_kind")?,
        operation: fields.plain("operation")?,
        object: fields.plain("object")?,
        outcome: fields.word("outcome")?,
        reason: fields.plain("reason")?,
        version: fields.optional_number("version")?,
        trace: fields.optional_trace("trace")?,
    })
}

/// Hash and signature of an entry.
pub(super) fn audit_seal(row: &Row<'_>) -> Result<(Digest, Option<AuditSignature>), StoreError> {
    let fields = Fields::of("audit entry", row);
    Ok((
        Digest::new(fields.plain("hash")?),
        fields.plain("signature")?,
    ))
}

impl Fields<'_> {
    /// A grant whose limits do not read reaches nothing.
    fn reach(&self) -> Result<Reach, StoreError> {
        let Some(text) = self.plain::<Option<String>>("reach")? else {
            return Ok(Reach::Group);
        };
        let limits = text.lines().map(str::parse::<GrantLimit>);
        limits.collect::<Result<_, _>>().map_err(|_| self.damaged())
    }
}

struct Fields<'row> {
    what: &'static str,
    row: &'row Row<'row>,
}

impl<'row> Fields<'row> {
    fn of(what: &'static str, row: &'row Row<'row>) -> Self {
        Self { what, row }
    }

    fn plain<T: FromSql>(&self, column: &str) -> Result<T, StoreError> {
        self.row.get(column).map_err(|_| self.damaged())
    }

    fn id<T>(&self, column: &str, new: fn(Uuid) -> T) -> Result<T, StoreError> {
        self.plain(column).map(|bytes| new(Uuid::from_bytes(bytes)))
    }

    fn optional_id<T>(&self, column: &str, new: fn(Uuid) -> T) -> Result<Option<T>, StoreError> {
        let bytes: Option<[u8; 16]> = self.plain(column)?;
        Ok(bytes.map(|bytes| new(Uuid::from_bytes(bytes))))
    }

    fn ids<T>(&self, column: &str, new: fn(Uuid) -> T) -> Result<Vec<T>, StoreError> {
        let bytes: Vec<u8> = self.plain(column)?;
        let (ids, rest) = bytes.as_chunks::<16>();
        if !rest.is_empty() {
            return Err(self.damaged());
        }
        Ok(ids.iter().map(|id| new(Uuid::from_bytes(*id))).collect())
    }

    fn scope(&self) -> Result<Scope, StoreError> {
        Ok(Scope {
            organization: self.id("organization", OrganizationId::new)?,
            environment: self.id("environment", EnvironmentId::new)?,
        })
    }

    fn audit_place(&self) -> Result<AuditPlace, StoreError> {
        let organization = self.id("organization", OrganizationId::new)?;
        let environment = self.optional_id("environment", EnvironmentId::new)?;
        Ok(match environment {
            Some(environment) => AuditPlace::Environment(Scope {
                organization,
                environment,
            }),
            None if organization.as_bytes() == Uuid::nil().as_bytes() => AuditPlace::Vault,
            None => AuditPlace::Organization(organization),
        })
    }

    fn name<T>(&self, stored: fn(&str) -> Result<T, NameError>) -> Result<T, StoreError> {
        let text: String = self.plain("name")?;
        stored(&text).map_err(|_| self.damaged())
    }

    fn parsed<T: FromStr>(&self, column: &str) -> Result<T, StoreError> {
        let text: String = self.plain(column)?;
        text.parse().map_err(|_| self.damaged())
    }

    fn word<T: Word>(&self, column: &str) -> Result<T, StoreError> {
        self.optional_word(column)?.ok_or_else(|| self.damaged())
    }

    fn optional_word<T: Word>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let word: Option<String> = self.plain(column)?;
        word.map(|word| T::from_word(&word).ok_or_else(|| self.damaged()))
            .transpose()
    }

    fn optional_trace(&self, column: &str) -> Result<Option<TraceId>, StoreError> {
        let bytes: Option<[u8; 16]> = self.plain(column)?;
        bytes
            .map(|bytes| TraceId::from_bytes(bytes).ok_or_else(|| self.damaged()))
            .transpose()
    }

    fn number(&self, column: &str) -> Result<u64, StoreError> {
        self.optional_number(column)?.ok_or_else(|| self.damaged())
    }

    fn optional_number(&self, column: &str) -> Result<Option<u64>, StoreError> {
        let number: Option<i64> = self.plain(column)?;
        number
            .map(|number| u64::try_from(number).map_err(|_| self.damaged()))
            .transpose()
    }

    fn time(&self, column: &str) -> Result<UnixTime, StoreError> {
        self.plain(column).map(UnixTime)
    }

    fn optional_time(&self, column: &str) -> Result<Option<UnixTime>, StoreError> {
        let at: Option<i64> = self.plain(column)?;
        Ok(at.map(UnixTime))
    }

    fn damaged(&self) -> StoreError {
        StoreError::Damaged { what: self.what }
    }
}
