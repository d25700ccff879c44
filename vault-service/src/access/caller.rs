//! An actor whose identity has been proven.

use sallyport_model::{ActorId, EnvironmentId, OrganizationId};

use crate::store::{ActorKind, ActorRecord};

/// Who is calling. Made only from an actor's record, after a token or certificate was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The actor.
    pub id: ActorId,
    /// What it is.
    pub kind: ActorKind,
    /// Its name, for logs and `modifiedBy`.
    pub name: String,
    /// Its organization.
    pub organization: OrganizationId,
    /// A gateway's environment.
    pub environment: Option<EnvironmentId>,
    /// Whether it administers its organization and those below.
    pub administrator: bool,
}

impl From<ActorRecord> for Caller {
    fn from(actor: ActorRecord) -> Self {
        Self {
            id: actor.id,
            kind: actor.kind,
            name: actor.name,
            organization: actor.organization,
            environment: actor.environment,
            administrator: actor.administrator,
        }
    }
}
