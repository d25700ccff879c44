//! The decision, as pure functions of the caller and its grants.

use sallyport_model::{Access, OrganizationId, Scope};

use super::Caller;
use crate::store::{ActorKind, GrantRecord};

/// The outcome. What is denied is also hidden: the answer is the same as for what does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Go on.
    Allow,
    /// Not found.
    Hide,
}

/// May the caller administer this organization: make groups, gateways and grants, read its audit log?
pub fn in_organization(caller: &Caller, organization: OrganizationId) -> Decision {
    let administers = caller.administrator && caller.kind == ActorKind::ConnectedApp;
    allow_if(administers && caller.organization == organization)
}

/// May the caller do this in a group of this scope? `grants` are those of the caller on the group.
pub fn in_group(caller: &Caller, scope: Scope, access: Access, grants: &[GrantRecord]) -> Decision {
    if in_organization(caller, scope.organization) == Decision::Allow {
        return Decision::Allow;
    }
    let at_home = caller.organization == scope.organization
        && caller
            .environment
            .is_none_or(|environment| environment == scope.environment);
    let granted = grants
        .iter()
        .any(|grant| grant.actor == caller.id && grant.access == access);
    allow_if(at_home && granted)
}

const fn allow_if(condition: bool) -> Decision {
    if condition {
        Decision::Allow
    } else {
        Decision::Hide
    }
}

#[cfg(test)]
mod tests {
    use sallyport_pki::UnixTime;

    use super::*;

    const HERE: &str = "11111111-1111-4111-8111-111111111111";
    const THERE: &str = "22222222-2222-4222-8222-222222222222";

    fn scope(organization: &str, environment: &str) -> Scope {
        Scope {
            organization: organization.parse().unwrap(),
            environment: environment.parse().unwrap(),
        }
    }

    fn gateway() -> Caller {
        Caller {
            id: HERE.parse().unwrap(),
            kind: ActorKind::Gateway,
            name: "edge".to_owned(),
            organization: HERE.parse().unwrap(),
            environment: Some(HERE.parse().unwrap()),
            administrator: false,
        }
    }

    fn grant(actor: &str, access: Access) -> GrantRecord {
        GrantRecord {
            group: HERE.parse().unwrap(),
            actor: actor.parse().unwrap(),
            access,
            granted_at: UnixTime(0),
            granted_by: "admin".to_owned(),
        }
    }

    #[test]
    fn without_a_grant_nothing_is_allowed() {
        for access in [Access::Read, Access::Write, Access::Manage] {
            assert_eq!(
                in_group(&gateway(), scope(HERE, HERE), access, &[]),
                Decision::Hide
            );
        }
    }

    #[test]
    fn a_grant_allows_exactly_its_access_to_exactly_its_actor() {
        let home = scope(HERE, HERE);
        let read = [grant(HERE, Access::Read)];
        assert_eq!(
            in_group(&gateway(), home, Access::Read, &read),
            Decision::Allow
        );
        assert_eq!(
            in_group(&gateway(), home, Access::Write, &read),
            Decision::Hide
        );
        let others = [grant(THERE, Access::Read)];
        assert_eq!(
            in_group(&gateway(), home, Access::Read, &others),
            Decision::Hide
        );
    }

    #[test]
    fn a_grant_does_not_reach_into_another_environment_or_organization() {
        let read = [grant(HERE, Access::Read)];
        for elsewhere in [scope(HERE, THERE), scope(THERE, HERE)] {
            assert_eq!(
                in_group(&gateway(), elsewhere, Access::Read, &read),
                Decision::Hide
            );
        }
    }

    #[test]
    fn an_administrator_administers_its_own_organization_only() {
        let administrator = Caller {
            kind: ActorKind::ConnectedApp,
            administrator: true,
            environment: None,
            ..gateway()
        };
        assert_eq!(
            in_group(&administrator, scope(HERE, THERE), Access::Write, &[]),
            Decision::Allow
        );
        assert_eq!(
            in_group(&administrator, scope(THERE, THERE), Access::Write, &[]),
            Decision::Hide
        );
    }

    #[test]
    fn a_gateway_is_never_an_administrator() {
        let forged = Caller {
            administrator: true,
            ..gateway()
        };
        assert_eq!(
            in_organization(&forged, forged.organization),
            Decision::Hide
        );
    }
}
