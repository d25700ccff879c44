//! Identifiers: UUIDs that cannot be mixed up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID; the caller draws it, this crate has no randomness.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The 16 bytes that are bound into associated data.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// An organization (business group).
    OrganizationId,
    /// An environment of an organization.
    EnvironmentId,
    /// A secret group.
    GroupId,
    /// A secret of any kind.
    SecretId,
    /// A user, connected app or gateway.
    ActorId,
}

/// Where a secret group lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The organization.
    pub organization: OrganizationId,
    /// The environment inside it.
    pub environment: EnvironmentId,
}
