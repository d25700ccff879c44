//! The whole matrix: what each kind of caller may do with what it holds.

use sallyport_model::Scope;
use sallyport_pki::UnixTime;

use super::*;
use crate::store::OrganizationRecord;

const ROOT: &str = "10000000-0000-4000-8000-000000000000";
const HERE: &str = "11111111-1111-4111-8111-111111111111";
const THERE: &str = "22222222-2222-4222-8222-222222222222";
const ME: &str = "33333333-3333-4333-8333-333333333333";
const SOMEBODY: &str = "44444444-4444-4444-8444-444444444444";

const WISHES: [Wish; 16] = [
    Wish::SeeOrganization,
    Wish::Administer,
    Wish::SeeEnvironment,
    Wish::InEnvironment(Permission::ManageSecretGroups),
    Wish::InEnvironment(Permission::ManageSecrets),
    Wish::InEnvironment(Permission::ReadSecretsMetadata),
    Wish::InEnvironment(Permission::ReadSecrets),
    Wish::InGroup(Access::Read),
    Wish::InGroup(Access::Write),
    Wish::InGroup(Access::Manage),
    Wish::Grant(Access::Read),
    Wish::Grant(Access::Write),
    Wish::Grant(Access::Manage),
    Wish::SeeGrants,
    Wish::Revoke(Access::Read),
    Wish::Revoke(Access::Manage),
];

fn organization(id: &str) -> OrganizationRecord {
    OrganizationRecord {
        id: id.parse().unwrap(),
        name: id.to_owned(),
        parent: None,
    }
}

/// An environment of a business group of the root.
fn place(organization_id: &str, environment: &str) -> Place {
    let lineage = [organization(organization_id), organization(ROOT)];
    Place::under(&lineage, Some(environment.parse().unwrap())).unwrap()
}

fn caller(kind: ActorKind, organization: &str) -> Caller {
    Caller {
        id: ME.parse().unwrap(),
        kind,
        name: "me".to_owned(),
        organization: organization.parse().unwrap(),
        environment: (kind == ActorKind::Gateway).then(|| HERE.parse().unwrap()),
        administrator: false,
    }
}

fn grant(actor: &str, access: Access) -> GrantRecord {
    GrantRecord {
        group: HERE.parse().unwrap(),
        actor: actor.parse().unwrap(),
        access,
        reach: Reach::Group,
        granted_at: UnixTime(0),
        granted_by: "admin".to_owned(),
    }
}

fn permission(actor: &str, permission: Permission, environment: Option<&str>) -> PermissionRecord {
    PermissionRecord {
        actor: actor.parse().unwrap(),
        permission,
        organization: HERE.parse().unwrap(),
        environment: environment.map(|id| id.parse().unwrap()),
        granted_at: UnixTime(0),
        granted_by: "admin".to_owned(),
    }
}

/// One letter per wish of [`WISHES`]: Allow, Forbid, Hide as `a`, `f`, `.`.
fn row(
    caller: &Caller,
    permissions: &[PermissionRecord],
    grants: &[GrantRecord],
    place: &Place,
) -> String {
    let held = Held {
        permissions,
        grants,
    };
    WISHES
        .into_iter()
        .map(|wish| match decide(caller, held, place, wish) {
            Decision::Allow => 'a',
            Decision::Forbid => 'f',
            Decision::Hide => '.',
        })
        .collect()
}

#[test]
fn each_permission_and_grant_allows_its_part_and_nothing_else() {
    use Access::{Manage, Read, Write};
    use Permission::{ManageSecretGroups, ManageSecrets, ReadSecrets, ReadSecretsMetadata};
    // Columns: see organization, administer | see environment, the four permissions in it |
    // read, write, manage the group | grant reading, writing, managing it |
    // see its grants, take reading away, take managing away.
    let table: [(&[Permission], &[Access], &str); 14] = [
        (&[], &[], "a. ..... ... ... ..."),
        (&[ManageSecretGroups], &[], "af aafff afa afa aaa"),
        (&[ManageSecrets], &[], "af afaff .a. ... ..."),
        (&[ReadSecretsMetadata], &[], "af affaf aff fff fff"),
        (&[ReadSecrets], &[], "af afffa aff aff aaf"),
        (
            &[ManageSecretGroups, ManageSecrets],
            &[],
            "af aaaff aaa aaa aaa",
        ),
        (&Permission::ALL, &[], "af aaaaa aaa aaa aaa"),
        (&[], &[Read], "af affff aff fff fff"),
        (&[], &[Write], "af affff .a. ... ..."),
        (&[], &[Manage], "af affff ..a ..a aaa"),
        (&[], &[Read, Manage], "af affff afa afa aaa"),
        (&[], &[Write, Manage], "af affff .aa .aa aaa"),
        (&[ReadSecrets], &[Write], "af afffa aaf aff aaf"),
        (&[ManageSecrets], &[Manage], "af afaff .aa .aa aaa"),
    ];
    for (permissions, grants, expected) in table {
        let permissions: Vec<_> = permissions
            .iter()
            .map(|held| permission(ME, *held, Some(HERE)))
            .collect();
        let grants: Vec<_> = grants.iter().map(|held| grant(ME, *held)).collect();
        for kind in [ActorKind::User, ActorKind::ConnectedApp] {
            let found = row(
                &caller(kind, HERE),
                &permissions,
                &grants,
                &place(HERE, HERE),
            );
            assert_eq!(
                found,
                expected.replace(' ', ""),
                "{permissions:?} {grants:?}"
            );
        }
    }
}

#[test]
fn an_administrator_may_do_everything_in_its_organization_and_below() {
    for kind in [ActorKind::User, ActorKind::ConnectedApp] {
        let administrator = |organization| Caller {
            administrator: true,
            ..caller(kind, organization)
        };
        let at = |administrator: Caller, place: &Place| row(&administrator, &[], &[], place);
        let everything = "a".repeat(WISHES.len());
        assert_eq!(at(administrator(HERE), &place(HERE, HERE)), everything);
        assert_eq!(at(administrator(HERE), &place(HERE, THERE)), everything);
        assert_eq!(at(administrator(ROOT), &place(HERE, HERE)), everything);
        let nothing = ".".repeat(WISHES.len());
        assert_eq!(at(administrator(THERE), &place(HERE, HERE)), nothing);
        let above = Place::under(&[organization(ROOT)], Some(HERE.parse().unwrap())).unwrap();
        assert_eq!(at(administrator(HERE), &above), nothing);
    }
}

#[test]
fn what_is_held_elsewhere_or_by_somebody_else_counts_for_nothing() {
    let me = caller(ActorKind::User, HERE);
    let here = place(HERE, HERE);
    let member = "a...............";
    let all = |actor, environment| Permission::ALL.map(|held| permission(actor, held, environment));
    let grants =
        |actor| [Access::Read, Access::Write, Access::Manage].map(|held| grant(actor, held));

    assert_eq!(row(&me, &all(ME, Some(THERE)), &[], &here), member);
    assert_eq!(row(&me, &all(SOMEBODY, Some(HERE)), &[], &here), member);
    assert_eq!(row(&me, &[], &grants(SOMEBODY), &here), member);
    let stranger = caller(ActorKind::User, THERE);
    assert_eq!(
        row(&stranger, &all(ME, None), &grants(ME), &here),
        ".".repeat(WISHES.len())
    );
    // A permission on the organization above is not one on those below.
    let above = Permission::ALL.map(|held| PermissionRecord {
        organization: ROOT.parse().unwrap(),
        ..permission(ME, held, None)
    });
    let of_root = caller(ActorKind::User, ROOT);
    assert_eq!(row(&of_root, &above, &[], &here), ".".repeat(WISHES.len()));
}

#[test]
fn a_permission_on_all_of_an_organization_holds_in_each_environment() {
    let everywhere = [permission(ME, Permission::ManageSecrets, None)];
    let expected = "afafaff.a.......";
    for organization in [HERE, ROOT] {
        let me = caller(ActorKind::ConnectedApp, organization);
        for environment in [HERE, THERE] {
            let found = row(&me, &everywhere, &[], &place(HERE, environment));
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn outside_of_environments_only_the_organization_is_seen() {
    let at = Place::under(&[organization(HERE), organization(ROOT)], None).unwrap();
    let decision = |caller: &Caller, permissions: &[PermissionRecord], wish| {
        let held = Held {
            permissions,
            grants: &[],
        };
        decide(caller, held, &at, wish)
    };
    let member = caller(ActorKind::User, HERE);
    assert_eq!(
        decision(&member, &[], Wish::SeeOrganization),
        Decision::Allow
    );
    assert_eq!(decision(&member, &[], Wish::Administer), Decision::Forbid);
    let guest = caller(ActorKind::User, ROOT);
    assert_eq!(decision(&guest, &[], Wish::SeeOrganization), Decision::Hide);
    let invited = [permission(ME, Permission::ReadSecrets, Some(THERE))];
    assert_eq!(
        decision(&guest, &invited, Wish::SeeOrganization),
        Decision::Allow
    );
    assert_eq!(
        decision(&guest, &invited, Wish::Administer),
        Decision::Forbid
    );
}

#[test]
fn a_gateway_reads_what_it_was_granted_in_its_environment_and_nothing_else() {
    let forged = Caller {
        administrator: true,
        ..caller(ActorKind::Gateway, HERE)
    };
    let permissions = Permission::ALL.map(|held| permission(ME, held, None));
    let read = [grant(ME, Access::Read)];
    let home = Place::from(Scope {
        organization: HERE.parse().unwrap(),
        environment: HERE.parse().unwrap(),
    });
    assert_eq!(row(&forged, &permissions, &[], &home), "a...............");
    assert_eq!(row(&forged, &permissions, &read, &home), "afaffffaffffffff");
    for elsewhere in [place(HERE, THERE), place(THERE, HERE)] {
        assert_eq!(
            row(&forged, &permissions, &read, &elsewhere),
            ".".repeat(WISHES.len())
        );
    }
}

#[test]
fn a_refusal_says_what_would_have_been_enough() {
    let said = |wish: Wish| wish.needed().to_string();
    assert_eq!(
        said(Wish::Administer),
        "an administrator of the organization"
    );
    assert_eq!(
        said(Wish::InEnvironment(Permission::ManageSecretGroups)),
        "the permission manage:secret_groups"
    );
    assert_eq!(
        said(Wish::InGroup(Access::Write)),
        "the permission manage:secrets, or a grant of write on the group"
    );
}

#[test]
fn a_narrowed_grant_gives_nothing_to_anybody_but_a_gateway() {
    let narrowed = GrantRecord {
        reach: [].into_iter().collect(),
        ..grant(ME, Access::Read)
    };
    let held = Held {
        grants: &[narrowed],
        ..Held::default()
    };
    let (place, wish) = (place(HERE, HERE), Wish::InGroup(Access::Read));
    let decided = |kind| decide(&caller(kind, HERE), held, &place, wish);
    assert_eq!(decided(ActorKind::ConnectedApp), Decision::Hide);
    assert_eq!(decided(ActorKind::User), Decision::Hide);
    // How far it reaches is for whoever gives values out to look at.
    assert_eq!(decided(ActorKind::Gateway), Decision::Allow);
}
