//! What a writer says about the secret it changes.

use sallyport_model::SecretId;

use super::error::ManagerError;

/// A secret to change, and what its writer has seen of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The secret.
    pub id: SecretId,
    /// What must be so for the change to be made.
    pub precondition: Precondition,
}

/// `If-Match` (RFC 9110 section 13.1.1). Without one the last writer wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// The secret exists.
    #[default]
    Exists,
    /// One of these versions is current.
    Current(Vec<u64>),
}

impl Precondition {
    /// Compares with the version that is current.
    pub(super) fn check(&self, found: u64) -> Result<(), ManagerError> {
        match self {
            Self::Current(versions) if !versions.contains(&found) => {
                Err(ManagerError::PreconditionFailed { found })
            }
            _ => Ok(()),
        }
    }
}

impl From<SecretId> for Target {
    fn from(id: SecretId) -> Self {
        Self {
            id,
            precondition: Precondition::default(),
        }
    }
}
