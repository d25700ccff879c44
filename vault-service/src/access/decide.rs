//! The decision, as pure functions of the caller, what it holds, and the place.

use std::fmt;

use sallyport_model::{Access, Permission, Reach};

use super::{Caller, Place};
use crate::store::{ActorKind, GrantRecord, PermissionRecord};

/// What a caller wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Know of the organization.
    SeeOrganization,
    /// Make business groups, environments, users and connected apps, give permissions, read the
    /// audit log.
    Administer,
    /// Know of the environment.
    SeeEnvironment,
    /// What this permission allows in all of the environment, and no grant on a group does.
    InEnvironment(Permission),
    /// What this access allows in a group.
    InGroup(Access),
    /// Know who holds grants on a group.
    SeeGrants,
    /// Give somebody this access to a group.
    Grant(Access),
    /// Take this access to a group away from somebody.
    Revoke(Access),
}

/// What a caller has been given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Held<'a> {
    /// Permissions, in any place.
    pub permissions: &'a [PermissionRecord],
    /// Grants on the group it is about; on any group of the environment where it is about none.
    pub grants: &'a [GrantRecord],
}

/// The outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Go on.
    Allow,
    /// It may see what it asks about, but not do this.
    Forbid,
    /// Not found: the answer is the same as for what does not exist.
    Hide,
}

/// What would have been enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// To administer the organization or one above it.
    Administrator,
    /// A permission in the environment.
    Permission(Permission),
    /// An access to the group, by grant or permission.
    Access(Access),
}

/// May the caller, who holds this, do that there? Denied unless something allows it.
pub fn decide(caller: &Caller, held: Held<'_>, place: &Place, wish: Wish) -> Decision {
    if allows(caller, held, place, wish) {
        Decision::Allow
    } else if allows(caller, held, place, wish.sight(place)) {
        Decision::Forbid
    } else {
        Decision::Hide
    }
}

fn allows(caller: &Caller, held: Held<'_>, place: &Place, wish: Wish) -> bool {
    let at_home = place.is_under(caller.organization)
        && (caller.environment.is_none() || caller.environment == place.environment());
    if !at_home {
        return false;
    }
    if administers(caller) {
        return true;
    }
    let permitted = |permission| {
        permissions_here(caller, held, place).any(|record| record.permission == permission)
    };
    let granted = |access| {
        held.grants
            .iter()
            .filter(|grant| grant.actor == caller.id && grant.access == access)
            // How far it reaches is looked at where a gateway reads; nobody else has such a grant.
            .any(|grant| grant.reach == Reach::Group || caller.kind == ActorKind::Gateway)
    };
    match wish {
        Wish::Administer => false,
        Wish::SeeOrganization => {
            caller.organization == place.organization()
                || own_permissions(caller, held)
                    .any(|record| record.organization == place.organization())
        }
        Wish::SeeEnvironment => {
            permissions_here(caller, held, place).next().is_some()
                || held.grants.iter().any(|grant| grant.actor == caller.id)
        }
        Wish::InEnvironment(permission) => permitted(permission),
        Wish::InGroup(Access::Read) => {
            granted(Access::Read)
                || [
                    Permission::ManageSecretGroups,
                    Permission::ReadSecretsMetadata,
                    Permission::ReadSecrets,
                ]
                .into_iter()
                .any(permitted)
        }
        Wish::InGroup(Access::Write) => {
            granted(Access::Write) || permitted(Permission::ManageSecrets)
        }
        Wish::InGroup(Access::Manage) => {
            granted(Access::Manage) || permitted(Permission::ManageSecretGroups)
        }
        Wish::SeeGrants | Wish::Revoke(Access::Read) => {
            permitted(Permission::ReadSecrets)
                || allows(caller, held, place, Wish::InGroup(Access::Manage))
        }
        Wish::Revoke(_) => allows(caller, held, place, Wish::InGroup(Access::Manage)),
        // Nobody gives what they lack.
        Wish::Grant(access) => {
            allows(caller, held, place, Wish::Revoke(access))
                && allows(caller, held, place, Wish::InGroup(access))
        }
    }
}

// A gateway has a certificate, not an account: whatever its record says, it only ever reads.
fn administers(caller: &Caller) -> bool {
    caller.administrator && caller.kind != ActorKind::Gateway
}

fn own_permissions<'a>(
    caller: &'a Caller,
    held: Held<'a>,
) -> impl Iterator<Item = &'a PermissionRecord> {
    held.permissions
        .iter()
        .filter(|record| record.actor == caller.id && caller.kind != ActorKind::Gateway)
}

fn permissions_here<'a>(
    caller: &'a Caller,
    held: Held<'a>,
    place: &'a Place,
) -> impl Iterator<Item = &'a PermissionRecord> {
    own_permissions(caller, held)
        .filter(|record| record.organization == place.organization())
        .filter(|record| record.environment.is_none() || record.environment == place.environment())
}

impl Wish {
    /// The least one can do with what this wish is about: to know that it is there.
    const fn sight(self, place: &Place) -> Self {
        match self {
            Self::InGroup(_) | Self::SeeGrants | Self::Grant(_) | Self::Revoke(_) => {
                Self::InGroup(Access::Read)
            }
            Self::InEnvironment(_) | Self::SeeEnvironment => Self::SeeEnvironment,
            Self::Administer if place.environment().is_some() => Self::SeeEnvironment,
            Self::Administer | Self::SeeOrganization => Self::SeeOrganization,
        }
    }

    /// What would allow it.
    pub const fn needed(self) -> Needed {
        match self {
            Self::Administer | Self::SeeOrganization => Needed::Administrator,
            Self::SeeEnvironment => Needed::Permission(Permission::ReadSecretsMetadata),
            Self::InEnvironment(permission) => Needed::Permission(permission),
            Self::SeeGrants | Self::Grant(Access::Read) | Self::Revoke(Access::Read) => {
                Needed::Permission(Permission::ReadSecrets)
            }
            Self::InGroup(access) | Self::Grant(access) => Needed::Access(access),
            Self::Revoke(_) => Needed::Access(Access::Manage),
        }
    }
}

impl fmt::Display for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Administrator => f.write_str("an administrator of the organization"),
            Self::Permission(permission) => write!(f, "the permission {permission}"),
            Self::Access(access) => {
                let permission = match access {
                    Access::Read => Permission::ReadSecretsMetadata,
                    Access::Write => Permission::ManageSecrets,
                    Access::Manage => Permission::ManageSecretGroups,
                };
                write!(
                    f,
                    "the permission {permission}, or a grant of {access} on the group"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
