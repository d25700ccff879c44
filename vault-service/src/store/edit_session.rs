//! The records of an edit session: changes to a group that are published together or never.

use sallyport_model::{ActorId, Collection, GroupId, SecretId, SecretName};
use sallyport_pki::UnixTime;

use super::VersionRecord;

/// An open edit session. A group has one at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditSessionRecord {
    /// The group.
    pub group: GroupId,
    /// Who holds it.
    pub holder: ActorId,
    /// Name of who holds it.
    pub holder_name: String,
    /// When it was opened.
    pub opened_at: UnixTime,
    /// Grows with everything that is staged or forgotten; counts from 0.
    pub revision: u64,
}

/// What an edit session will do to one secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedChange {
    /// The secret.
    pub secret: SecretId,
    /// Its kind.
    pub collection: Collection,
    /// Its name after the change; of a deletion, the name it has.
    pub name: SecretName,
    /// How often this secret was changed in the session; counts from 1.
    pub step: u64,
    /// When it was changed last.
    pub staged_at: UnixTime,
    /// What will be done.
    pub action: StagedAction,
}

/// What will be done to a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StagedAction {
    /// It is made, with this version.
    Create(VersionRecord),
    /// It gets this version.
    Replace(VersionRecord),
    /// It gets its name, and its current version this date.
    Update {
        /// `YYYY-MM-DD`.
        expiration_date: Option<String>,
    },
    /// It is deleted.
    Delete,
}

impl StagedAction {
    /// The word in the API.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Replace(_) => "replace",
            Self::Update { .. } => "update",
            Self::Delete => "delete",
        }
    }

    /// The version that waits in it.
    pub const fn version(&self) -> Option<&VersionRecord> {
        match self {
            Self::Create(version) | Self::Replace(version) => Some(version),
            Self::Update { .. } | Self::Delete => None,
        }
    }
}
