//! Why the Manager did not do what was asked.

use thiserror::Error;

use super::clone::CopyError;
use super::violation::Violation;
use super::where_used::SecretUser;
use crate::access::Needed;
use crate::accounts::HashError;
use crate::keys::KeyError;
use crate::store::StoreError;

/// Why the Manager did not do what was asked. Nothing was written.
#[derive(Debug, Error)]
pub enum ManagerError {
    /// The upload is wrong; every place that was found to be.
    #[error("{} of the request {}", count(.0), first(.0))]
    Invalid(Vec<Violation>),
    /// There is no such thing, or the caller may not know of it.
    #[error("no such {what}: {name}")]
    NoSuch {
        /// "secret group", "keystore", ...
        what: &'static str,
        /// The id or name that was asked for.
        name: String,
    },
    /// The caller may see it, but not do this.
    #[error("this is not allowed: it needs {needed}")]
    Forbidden {
        /// What would have been enough.
        needed: Needed,
    },
    /// Nobody would be left to administer.
    #[error("this is the last administrator of the organization; make another one first")]
    LastAdministrator,
    /// The name is in use.
    #[error("the name {name:?} is taken by another {what}")]
    Taken {
        /// "secret group", "keystore", ...
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Somebody else changed the same thing at the same time.
    #[error("somebody else changed it at the same time; read it and try again")]
    Changed {
        /// The version that is there now.
        found: u64,
    },
    /// The version the caller named is not the current one.
    #[error("If-Match does not fit: version {found} is current")]
    PreconditionFailed {
        /// The version that is current.
        found: u64,
    },
    /// Somebody else has an edit session open on the group.
    #[error(
        "{holder:?} has an edit session open on the secret group; it has to be finished or cancelled \
         first"
    )]
    Locked {
        /// Name of who.
        holder: String,
    },
    /// The caller's own edit session is in the way.
    #[error(
        "this takes effect at once, and you have an edit session open on the secret group; finish or \
         cancel it first"
    )]
    SessionOpen,
    /// The caller's edit session has no room for one more change.
    #[error(
        "an edit session holds at most {changes} changes and {bytes} bytes; finish it and open \
         another"
    )]
    SessionFull {
        /// Most changes.
        changes: usize,
        /// Most bytes of sealed versions.
        bytes: usize,
    },
    /// Other secrets refer to the one to delete.
    #[error(
        "the {what} {name:?} is in use by {}; change them first, or delete it with force=true",
        users.len()
    )]
    InUse {
        /// "keystore", "truststore", ...
        what: &'static str,
        /// Its name.
        name: String,
        /// The others.
        users: Vec<SecretUser>,
    },
    /// A version that refers to deleted secrets cannot come into force or be copied.
    #[error("version {version} of the {what} {name:?} refers to a secret that was deleted")]
    RefersToDeleted {
        /// "TLS context", ...
        what: &'static str,
        /// Its name.
        name: String,
        /// The version.
        version: u64,
    },
    /// A secret could not be opened to be copied.
    #[error("the {what} {name:?} could not be copied")]
    Copy {
        /// "keystore", ...
        what: &'static str,
        /// Its name.
        name: String,
        /// Why.
        source: CopyError,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
    /// Sealing failed.
    #[error("the secret could not be sealed")]
    Key(#[from] KeyError),
    /// The payload or its metadata could not be written as JSON.
    #[error("the secret could not be encoded")]
    Encode(#[from] serde_json::Error),
    /// A password or client secret could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// A join token that is wrong, was used or has ended.
    #[error("the join token is wrong, was used already, or has ended; ask for another one")]
    JoinToken,
    /// The internal CA could not sign.
    #[error("the gateway certificate could not be issued")]
    Issue,
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system")]
    Randomness,
}

impl From<Violation> for ManagerError {
    fn from(violation: Violation) -> Self {
        Self::Invalid(vec![violation])
    }
}

impl From<StoreError> for ManagerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale { found, .. } => Self::Changed { found },
            StoreError::Locked { holder } => Self::Locked { holder },
            error => Self::Store(error),
        }
    }
}

/// What the store says about a name in use, with the name.
pub(super) fn taken(error: StoreError, what: &'static str, name: &str) -> ManagerError {
    match error {
        StoreError::Taken { .. } => ManagerError::Taken {
            what,
            name: name.to_owned(),
        },
        error => error.into(),
    }
}

fn count(violations: &[Violation]) -> String {
    match violations.len() {
        1 => "one value".to_owned(),
        many => format!("{many} values"),
    }
}

fn first(violations: &[Violation]) -> String {
    match violations {
        [only] => format!("is not right: {only}"),
        [first, ..] => format!("are not right, first {first}"),
        [] => "are not right".to_owned(),
    }
}
