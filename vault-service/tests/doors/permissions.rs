//! What people and programs may do with what they hold, seen through the house.

use axum::http::StatusCode;
use sallyport_model::{Access, Permission, Scope};
use sallyport_vault::store::{ActorKind, AuditOutcome};
use serde_json::{Value, json};

use crate::house::{Actor, Answer, House, anypoint, own};

fn secret(name: &str) -> Value {
    json!({ "name": name, "type": "UsernamePassword", "username": "u", "password": "hidden" })
}

/// The statuses of what can be done with a group, in one line.
async fn reach(house: &House, group: &str, actor: &Actor) -> [u16; 7] {
    let of_group = |rest: &str| house.anypoint(&format!("/secretGroups/{group}{rest}"));
    let secrets = of_group("/sharedSecrets");
    let name = format!("of {}", actor.id);
    [
        house.get(&of_group(""), actor).await,
        house.get(&secrets, actor).await,
        house.json("POST", &secrets, actor, secret(&name)).await,
        house
            .json(
                "PATCH",
                &of_group(""),
                actor,
                json!({ "downloadable": true }),
            )
            .await,
        house
            .get(&house.own(&format!("/secretGroups/{group}/grants")), actor)
            .await,
        house.get(&house.own("/gateways"), actor).await,
        house.get(&house.own("/audit"), actor).await,
    ]
    .map(|answer: Answer| answer.status.as_u16())
}

#[tokio::test]
async fn each_permission_opens_its_own_doors() {
    use Permission::{ManageSecretGroups, ManageSecrets, ReadSecrets, ReadSecretsMetadata};
    let house = House::new().await;
    let group = house.vault.group("payments").await.id.to_string();
    // Show group, list secrets, create secret, change group, see grants, see gateways, see audit.
    let table: [(&[Permission], [u16; 7]); 6] = [
        (&[], [404, 404, 404, 404, 404, 404, 404]),
        (&[ManageSecretGroups], [200, 200, 403, 200, 200, 200, 403]),
        (&[ManageSecrets], [404, 404, 201, 404, 404, 403, 403]),
        (&[ReadSecretsMetadata], [200, 200, 403, 403, 403, 403, 403]),
        (&[ReadSecrets], [200, 200, 403, 403, 200, 200, 403]),
        (&Permission::ALL, [200, 200, 201, 200, 200, 200, 403]),
    ];
    for (permissions, expected) in table {
        let actor = house.permitted(permissions).await;
        assert_eq!(
            reach(&house, &group, &actor).await,
            expected,
            "{permissions:?}"
        );
    }
    let table: [(&[Access], [u16; 7]); 4] = [
        (&[Access::Read], [200, 200, 403, 403, 403, 403, 403]),
        (&[Access::Write], [404, 404, 201, 404, 404, 403, 403]),
        (&[Access::Manage], [404, 404, 404, 200, 200, 200, 403]),
        (
            &[Access::Read, Access::Write, Access::Manage],
            [200, 200, 201, 200, 200, 200, 403],
        ),
    ];
    for (access, expected) in table {
        let actor = house.granted(&group, access).await;
        assert_eq!(reach(&house, &group, &actor).await, expected, "{access:?}");
    }
}

#[tokio::test]
async fn who_writes_without_reading_never_sees_what_it_wrote() {
    let house = House::new().await;
    let group = house.vault.group("payments").await.id.to_string();
    let writer = house.permitted(&[Permission::ManageSecrets]).await;
    let secrets = house.anypoint(&format!("/secretGroups/{group}/sharedSecrets"));
    let id = house
        .json("POST", &secrets, &writer, secret("backend"))
        .await
        .id();
    let one = format!("{secrets}/{id}");
    let replaced = house.json("PUT", &one, &writer, secret("backend")).await;
    assert_eq!(replaced.status, StatusCode::OK, "{}", replaced.text);
    let shown = house.get(&one, &writer).await;
    assert_eq!(shown.status, StatusCode::NOT_FOUND);
    let groups = house.get(&house.anypoint("/secretGroups"), &writer).await;
    assert_eq!((groups.status, groups.json()), (StatusCode::OK, json!([])));
}

#[tokio::test]
async fn lists_show_what_is_visible_and_nothing_else() {
    let house = House::new().await;
    let payments = house.vault.group("payments").await.id.to_string();
    house.vault.group("orders").await;
    let path = house.anypoint("/secretGroups");
    let names = async |actor: &Actor| -> Vec<String> {
        let listed = house.get(&path, actor).await;
        assert_eq!(listed.status, StatusCode::OK, "{}", listed.text);
        let listed = listed.json();
        let groups = listed.as_array().unwrap().iter();
        groups
            .map(|group| group["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let granted = house.granted(&payments, &[Access::Read]).await;
    assert_eq!(names(&granted).await, ["payments"]);
    let permitted = house.permitted(&[Permission::ReadSecretsMetadata]).await;
    assert_eq!(names(&permitted).await, ["orders", "payments"]);

    let environments = house.home("/environments");
    for actor in [&granted, &permitted] {
        let seen = house.get(&environments, actor).await.json();
        assert_eq!(seen[0]["name"], "Sandbox");
    }
}

#[tokio::test]
async fn a_refusal_says_what_is_needed_in_both_shapes_and_is_written_down() {
    let house = House::new().await;
    let group = house.vault.group("payments").await.id.to_string();
    let reader = house.permitted(&[Permission::ReadSecretsMetadata]).await;
    let path = house.anypoint(&format!("/secretGroups/{group}"));
    let refused = house.delete(&path, &reader).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let body = refused.json();
    assert_eq!(body["name"], "Forbidden");
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("manage:secret_groups"), "{message}");
    let entry = house.vault.audit().await.pop().unwrap();
    assert_eq!(
        (entry.operation.as_str(), entry.outcome, entry.actor),
        ("group.manage", AuditOutcome::Refused, Some(reader.id))
    );
    assert_eq!(entry.reason.as_deref(), Some("forbidden"));

    let refused = house.get(&house.own("/gateways"), &reader).await;
    assert_eq!(refused.json()["code"], "forbidden");
    assert_eq!(refused.headers["content-type"], "application/problem+json");
    let refused = house.get(&house.home("/users"), &reader).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let entry = house.last_entry(house.organization()).await;
    assert_eq!(
        (entry.operation.as_str(), entry.reason.as_deref()),
        ("user.list", Some("forbidden"))
    );
    // What is hidden is written down where it is, what is absent where its asker is at home.
    let elsewhere = house.place(None).await;
    let path = own(elsewhere, "/gateways");
    assert_eq!(
        house.get(&path, &reader).await.status,
        StatusCode::NOT_FOUND
    );
    let log = house.vault.store.audit(elsewhere, None, 1).await.unwrap();
    assert_eq!(log[0].reason.as_deref(), Some("not_granted"));
}

#[tokio::test]
async fn nobody_grants_what_they_lack() {
    let house = House::new().await;
    let group = house.vault.group("payments").await.id.to_string();
    let friend = house.member().await;
    let path = house.own(&format!("/secretGroups/{group}/grants/{}", friend.id));
    let grant = async |granter: &Actor, access: Value| {
        let body = json!({ "access": access });
        house.json("PUT", &path, granter, body).await.status
    };
    let manager = house.permitted(&[Permission::ManageSecretGroups]).await;
    assert_eq!(
        grant(&manager, json!(["read", "write"])).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        grant(&manager, json!(["read", "manage"])).await,
        StatusCode::OK
    );

    // Who may give reading gives and takes reading, and leaves the rest alone.
    let reader = house.permitted(&[Permission::ReadSecrets]).await;
    assert_eq!(grant(&reader, json!(["read"])).await, StatusCode::FORBIDDEN);
    assert_eq!(
        grant(&reader, json!(["read", "manage"])).await,
        StatusCode::OK
    );
    assert_eq!(
        house.delete(&path, &reader).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(grant(&reader, json!(["manage"])).await, StatusCode::OK);

    // A grant to manage is none to read or write, so neither can be passed on.
    let blind = house.granted(&group, &[Access::Manage]).await;
    for access in [json!(["read"]), json!(["write"])] {
        assert_eq!(grant(&blind, access).await, StatusCode::FORBIDDEN);
    }
    assert_eq!(
        house.delete(&path, &blind).await.status,
        StatusCode::NO_CONTENT
    );
    let all = house.permitted(&Permission::ALL).await;
    let everything = json!(["read", "write", "manage"]);
    assert_eq!(grant(&all, everything).await, StatusCode::OK);
}

#[tokio::test]
async fn a_grant_that_stays_keeps_who_gave_it() {
    let house = House::new().await;
    let group = house.vault.group("payments").await;
    let friend = house.granted(&group.id.to_string(), &[Access::Read]).await;
    let root = house.administrator().await;
    let path = house.own(&format!("/secretGroups/{}/grants/{}", group.id, friend.id));
    let body = json!({ "access": ["read", "write"] });
    let given = house.json("PUT", &path, &root, body).await;
    assert_eq!(given.json()["access"], json!(["read", "write"]));
    let grants = house.vault.store.grants_of(group.id, friend.id);
    let by: Vec<_> = grants
        .await
        .unwrap()
        .into_iter()
        .map(|grant| (grant.access, grant.granted_by))
        .collect();
    assert!(by.contains(&(Access::Read, "test".to_owned())));
    assert!(by.contains(&(Access::Write, "administrator".to_owned())));
}

#[tokio::test]
async fn permissions_are_put_as_a_whole_and_hold_at_once() {
    let house = House::new().await;
    let root = house.administrator().await;
    let member = house.member().await;
    let group = house.vault.group("payments").await.id;
    let of_group = house.anypoint(&format!("/secretGroups/{group}"));
    let path = house.home(&format!("/actors/{}/permissions", member.id));
    let environment = house.vault.scope.environment;
    let everywhere = json!([{ "permission": "read:secrets_metadata", "environment": null }]);
    let here = json!([
        { "permission": "read:secrets_metadata", "environment": environment },
        { "permission": "manage:secrets", "environment": environment },
    ]);
    assert_eq!(
        house.get(&of_group, &member).await.status,
        StatusCode::NOT_FOUND
    );
    for permissions in [everywhere, here.clone()] {
        let put = house.json("PUT", &path, &root, permissions.clone()).await;
        assert_eq!(put.status, StatusCode::OK, "{}", put.text);
        assert_eq!(
            put.json().as_array().unwrap().len(),
            permissions.as_array().unwrap().len()
        );
        // An actor may see its own.
        assert_eq!(house.get(&path, &member).await.text, put.text);
        assert_eq!(house.get(&of_group, &member).await.status, StatusCode::OK);
    }
    let me = house.get("/api/v1/me", &member).await.json();
    assert_eq!(
        me["permissions"][0]["organization"],
        json!(house.organization())
    );
    assert_eq!(me["permissions"][0]["environment"], json!(environment));

    let none = house.json("PUT", &path, &root, json!([])).await;
    assert_eq!(none.json(), json!([]));
    assert_eq!(
        house.get(&of_group, &member).await.status,
        StatusCode::NOT_FOUND
    );
    let unknown = json!([{ "permission": "admin" }]);
    let refused = house.json("PUT", &path, &root, unknown).await;
    assert_eq!(refused.json()["pointer"], "/0/permission");
}

#[tokio::test]
async fn only_administrators_give_permissions_and_make_administrators() {
    let house = House::new().await;
    let all = house.permitted(&Permission::ALL).await;
    let password = "long enough to be one";
    for (method, path, body) in [
        (
            "PUT",
            format!("/actors/{}/permissions", all.id),
            json!([{ "permission": "manage:secrets" }]),
        ),
        (
            "POST",
            "/users".to_owned(),
            json!({ "username": "eve", "password": password, "administrator": true }),
        ),
        (
            "POST",
            "/connectedApps".to_owned(),
            json!({ "name": "eve", "administrator": true }),
        ),
        (
            "POST",
            "/organizations".to_owned(),
            json!({ "name": "Mine" }),
        ),
        (
            "POST",
            "/environments".to_owned(),
            json!({ "name": "Mine" }),
        ),
    ] {
        let refused = house.json(method, &house.home(&path), &all, body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
    let audit = house.get(&house.home("/audit"), &all).await;
    assert_eq!(audit.status, StatusCode::FORBIDDEN);
    let root = house.administrator().await;
    let audit = house.get(&house.home("/audit"), &root).await.json();
    assert_eq!(
        audit.as_array().unwrap().last().unwrap()["operation"],
        "audit.read"
    );
}

#[tokio::test]
async fn a_guest_from_above_may_do_what_it_was_permitted_below() {
    let house = House::new().await;
    let root = house.administrator().await;
    let below = house.place(Some(house.organization())).await;
    let guest = house.member().await;
    let stranger = {
        let elsewhere = house.place(None).await;
        house
            .actor(ActorKind::User, elsewhere.organization, false)
            .await
    };
    let path = |actor: &Actor| {
        format!(
            "/api/v1/organizations/{}/actors/{}/permissions",
            below.organization, actor.id
        )
    };
    let permissions = json!([{ "permission": "manage:secret_groups" }]);
    let refused = house
        .json("PUT", &path(&stranger), &root, permissions.clone())
        .await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let put = house.json("PUT", &path(&guest), &root, permissions).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text);

    let groups = anypoint(below, "/secretGroups");
    let made = house
        .json("POST", &groups, &guest, json!({ "name": "payments" }))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let known = house.get("/api/v1/organizations", &guest).await.json();
    assert_eq!(known[1]["id"], json!(below.organization));
    let refused = house.get(&house.anypoint("/secretGroups"), &guest).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_may_grant_sees_names_and_nothing_else_of_those_it_may_grant_to() {
    let house = House::new().await;
    let group = house.vault.group("payments").await.id.to_string();
    house.vault.gateway("edge").await;
    let root = house.administrator().await;
    let ada = json!({ "username": "ada", "password": "a long enough password" });
    let ada = house
        .json("POST", &house.home("/users"), &root, ada)
        .await
        .id();
    let manager = house.granted(&group, &[Access::Manage]).await;
    let reader = house.granted(&group, &[Access::Read]).await;
    for path in [
        house.home("/users"),
        house.home("/connectedApps"),
        house.own("/gateways"),
    ] {
        let seen = house.get(&path, &manager).await;
        assert_eq!(seen.status, StatusCode::OK, "{path}: {}", seen.text);
        let seen = seen.json();
        let seen = seen.as_array().unwrap();
        assert!(!seen.is_empty(), "{path}");
        for one in seen {
            let fields = one.as_object().unwrap().keys();
            assert!(
                fields
                    .map(String::as_str)
                    .all(|field| ["id", "name", "username"].contains(&field)),
                "{one}"
            );
        }
        let whole = house.get(&path, &root).await.json();
        assert!(whole[0]["createdAt"].is_string(), "{whole}");
        assert_eq!(
            house.get(&path, &reader).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    let grant = house.own(&format!("/secretGroups/{group}/grants/{ada}"));
    let granted = house
        .json("PUT", &grant, &manager, json!({ "access": ["manage"] }))
        .await;
    assert_eq!(granted.status, StatusCode::OK, "{}", granted.text);

    // An environment that is not there has no gateways to name.
    let permitted = house.permitted(&[Permission::ReadSecrets]).await;
    let elsewhere = Scope {
        environment: "99999999-9999-4999-8999-999999999999".parse().unwrap(),
        ..house.vault.scope
    };
    let seen = house.get(&own(elsewhere, "/gateways"), &permitted).await;
    assert_eq!(seen.status, StatusCode::NOT_FOUND);
}
