//! Signing in, and who may.

use axum::http::{StatusCode, header};
use sallyport_model::{ActorId, SecretString};
use sallyport_pki::UnixTime;
use sallyport_vault::accounts::{AccountsError, TOKEN_LIFETIME};
use sallyport_vault::clock;
use sallyport_vault::store::{ActorKind, AuditOutcome};
use serde_json::{Value, json};

use crate::house::{Actor, Answer, House, uuid};

const LOGIN: &str = "/accounts/login";
const TOKEN: &str = "/accounts/api/v2/oauth2/token";
const ME: &str = "/accounts/api/users/me";
const PASSWORD: &str = "correct horse battery staple";

async fn ada(house: &House, administrator: bool) -> ActorId {
    let root = house.administrator().await;
    let user = json!({
        "username": "Ada@example.org", "password": PASSWORD, "administrator": administrator,
    });
    let made = house.json("POST", &house.home("/users"), &root, user).await;
    made.id().parse().unwrap()
}

async fn login(house: &House, username: &str, password: &str) -> Answer {
    let body = json!({ "username": username, "password": password });
    house.sign_in(LOGIN, body).await
}

fn actor(id: ActorId, answer: &Answer) -> Actor {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let answer = answer.json();
    assert_eq!(answer["token_type"], "bearer");
    assert_eq!(answer["expires_in"], TOKEN_LIFETIME);
    Actor {
        id,
        token: answer["access_token"].as_str().unwrap().to_owned(),
    }
}

#[tokio::test]
async fn a_user_signs_in_by_every_way_there_is() {
    let house = House::new().await;
    let id = ada(&house, false).await;
    let form = format!(
        "grant_type=password&username=ada%40example.org&password={}",
        PASSWORD.replace(' ', "+")
    );
    let form = Some(("application/x-www-form-urlencoded", form));
    let credentials = json!({
        "grant_type": "password", "username": "ADA@example.org", "password": PASSWORD,
        "client_id": "", "client_secret": "",
    });
    for answer in [
        login(&house, "ada@example.org", PASSWORD).await,
        house.sign_in(TOKEN, credentials).await,
        house.send("POST", TOKEN, None, form).await,
    ] {
        let ada = actor(id, &answer);
        let me = house.get(ME, &ada).await.json();
        assert_eq!(
            (&me["id"], &me["username"]),
            (&json!(id), &json!("Ada@example.org"))
        );
        let own = json!({ "id": house.organization(), "name": "Org" });
        assert_eq!(me["organization"], own);
        let wrapped = house.get("/accounts/api/me", &ada).await.json();
        assert_eq!(wrapped, json!({ "user": me }));
        let ours = house.get("/api/v1/me", &ada).await.json();
        let expected = json!({
            "id": id, "kind": "user", "name": "Ada@example.org", "organization": own,
            "administrator": false, "permissions": [],
        });
        assert_eq!(ours, expected);
    }
}

#[tokio::test]
async fn a_connected_app_shows_what_the_command_line_asks_a_user_for() {
    let house = House::new().await;
    let root = house.administrator().await;
    let app = json!({ "name": "pipeline", "administrator": false });
    let made = house
        .json("POST", &house.home("/connectedApps"), &root, app)
        .await;
    let id: ActorId = made.id().parse().unwrap();
    let made = made.json();
    assert_eq!(made["clientId"], made["id"]);
    let form = format!(
        "client_id={id}&client_secret={}&grant_type=client_credentials",
        made["clientSecret"].as_str().unwrap()
    );
    let form = Some(("application/x-www-form-urlencoded; charset=utf-8", form));
    let app = actor(id, &house.send("POST", TOKEN, None, form).await);

    let me = house.get(ME, &app).await.json();
    assert_eq!(
        (&me["id"], &me["username"]),
        (&json!(id), &json!("pipeline"))
    );
    assert_eq!(
        me["memberOfOrganizations"],
        json!([{ "id": house.organization(), "name": "Org", "parentId": null, "isRoot": true }])
    );
    let wrapped = house.get("/accounts/api/me", &app).await.json();
    assert_eq!(wrapped["client"]["org_id"], json!(house.organization()));
    assert_eq!(wrapped["user"], me);
    let listed = house.get(&house.home("/connectedApps"), &root).await;
    assert!(!listed.text.contains("ecret"), "{}", listed.text);
}

#[tokio::test]
async fn nobody_is_told_which_half_was_wrong() {
    let house = House::new().await;
    ada(&house, false).await;
    let wrong = login(&house, "ada@example.org", "not this one at all").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.headers[header::WWW_AUTHENTICATE], "Bearer");
    let administrator = house.vault.administrator.id;
    let client = |id: String| json!({ "client_id": id, "client_secret": "x", "grant_type": "client_credentials" });
    for answer in [
        login(&house, "nobody@example.org", PASSWORD).await,
        login(&house, " ada@example.org", PASSWORD).await,
        login(&house, "ada@example.org", &"x".repeat(4000)).await,
        login(&house, &administrator.to_string(), "x").await,
        house
            .sign_in(TOKEN, client(administrator.to_string()))
            .await,
        house.sign_in(TOKEN, client(uuid().to_string())).await,
        house
            .sign_in(TOKEN, client("ada@example.org".to_owned()))
            .await,
    ] {
        assert_eq!((answer.status, &answer.text), (wrong.status, &wrong.text));
    }
}

#[tokio::test]
async fn a_token_request_that_lacks_something_says_what() {
    let house = House::new().await;
    for (body, place) in [
        (json!({ "grant_type": "client_credentials" }), "/client_id"),
        (
            json!({ "grant_type": "password", "username": "ada" }),
            "/password",
        ),
    ] {
        let answer = house.sign_in(TOKEN, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.json()["errors"][0]["dataPath"], place);
    }
    let form = "grant_type=client_credentials&client_secret=hunter2&client_secret=hunter2";
    let form = Some(("application/x-www-form-urlencoded", form.to_owned()));
    let twice = house.send("POST", TOKEN, None, form).await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    assert!(!twice.text.contains("hunter2"), "{}", twice.text);
    let other = json!({ "grant_type": "implicit" });
    assert!(house.sign_in(TOKEN, other).await.text.contains("password"));
}

#[tokio::test]
async fn ten_failures_in_any_spelling_lock_an_identity_and_no_other() {
    let house = House::new().await;
    ada(&house, false).await;
    let now = clock::now();
    let attempt = async |name: &str, password: &str, now: UnixTime| {
        let password = SecretString::new(password.to_owned());
        house.accounts.login(name, password, now).await.map(drop)
    };
    for unknown in ["ada@example.org", "nobody@example.org"] {
        for spelling in [unknown.to_owned(), unknown.to_uppercase()] {
            for _ in 0..5 {
                let refused = attempt(&spelling, "wrong wrong wrong", now).await;
                assert!(matches!(refused, Err(AccountsError::Unauthorized)));
            }
        }
        // The right password does not help, and is not even looked at.
        let locked = attempt(unknown, PASSWORD, now).await;
        assert!(matches!(
            locked,
            Err(AccountsError::LockedOut { retry_after: 30 })
        ));
    }
    let answer = login(&house, "Ada@Example.org", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let retry_after = answer.headers[header::RETRY_AFTER].to_str().unwrap();
    assert!((1..=30).contains(&retry_after.parse::<u32>().unwrap()));

    let later = UnixTime(now.0 + 30);
    attempt("ada@example.org", PASSWORD, later).await.unwrap();
    // All is forgotten: nine more are free.
    for _ in 0..9 {
        let refused = attempt("ada@example.org", "wrong wrong wrong", later).await;
        assert!(matches!(refused, Err(AccountsError::Unauthorized)));
    }
    attempt("ada@example.org", PASSWORD, later).await.unwrap();
}

#[tokio::test]
async fn signing_in_is_written_down() {
    let house = House::new().await;
    let id = ada(&house, false).await;
    login(&house, "ada@example.org", PASSWORD).await;
    let entry = house.last_entry(house.organization()).await;
    assert_eq!(
        (entry.operation.as_str(), entry.outcome, entry.actor),
        ("token.create", AuditOutcome::Allowed, Some(id))
    );
    login(&house, "ada@example.org", "wrong wrong wrong").await;
    // Written beside the answer, so that it comes no later than that of an unknown user.
    let refused = async {
        while house.last_entry(house.organization()).await.outcome != AuditOutcome::Refused {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), refused)
        .await
        .unwrap();
    let entry = house.last_entry(house.organization()).await;
    assert_eq!(entry.reason.as_deref(), Some("wrong_secret"));
}

#[tokio::test]
async fn a_token_ends_in_time() {
    let house = House::new().await;
    ada(&house, false).await;
    let now = clock::now();
    let password = SecretString::new(PASSWORD.to_owned());
    let token = house
        .accounts
        .login("ada@example.org", password, now)
        .await
        .unwrap();
    let at = async |seconds: i64| {
        let at = UnixTime(now.0 + seconds);
        house.accounts.caller(token.expose(), at).await
    };
    assert!(at(TOKEN_LIFETIME - 1).await.is_ok());
    assert!(matches!(
        at(TOKEN_LIFETIME).await,
        Err(AccountsError::Unauthorized)
    ));
}

#[tokio::test]
async fn a_new_password_ends_the_tokens_of_the_old_one() {
    let house = House::new().await;
    let root = house.administrator().await;
    let id = ada(&house, false).await;
    let ada = actor(id, &login(&house, "ada@example.org", PASSWORD).await);
    let path = house.home(&format!("/users/{id}/password"));
    let change = |password: &str| json!({ "password": password, "oldPassword": PASSWORD });

    let short = house.json("PUT", &path, &ada, change("short")).await;
    assert_eq!(short.status, StatusCode::BAD_REQUEST);
    assert_eq!(short.json()["pointer"], "/password");
    // A token is not enough.
    let another = "another password";
    for body in [
        json!({ "password": another }),
        json!({ "password": another, "oldPassword": another }),
    ] {
        let refused = house.json("PUT", &path, &ada, body).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
        assert_eq!(refused.json()["pointer"], "/oldPassword");
        assert!(!refused.text.contains(another), "{}", refused.text);
    }
    let changed = house
        .json("PUT", &path, &ada, change("another password"))
        .await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.text);
    assert_eq!(house.get(ME, &ada).await.status, StatusCode::UNAUTHORIZED);
    let old = login(&house, "ada@example.org", PASSWORD).await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);
    let ada = actor(
        id,
        &login(&house, "ada@example.org", "another password").await,
    );

    // Of others only an administrator changes it.
    let other = house.member().await;
    let refused = house.json("PUT", &path, &other, change(PASSWORD)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let changed = house.json("PUT", &path, &root, change(PASSWORD)).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
    assert_eq!(house.get(ME, &ada).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_new_client_secret_ends_the_tokens_of_the_old_one() {
    let house = House::new().await;
    let root = house.administrator().await;
    let app = json!({ "name": "pipeline" });
    let path = house.home("/connectedApps");
    let made = house.json("POST", &path, &root, app).await;
    let id: ActorId = made.id().parse().unwrap();
    let sign_in = async |made: &Value| {
        let credentials = json!({
            "client_id": made["clientId"], "client_secret": made["clientSecret"],
            "grant_type": "client_credentials",
        });
        house.sign_in(TOKEN, credentials).await
    };
    let old = actor(id, &sign_in(&made.json()).await);
    let rotated = house
        .json("POST", &format!("{path}/{id}/secret"), &root, json!({}))
        .await;
    assert_eq!(rotated.status, StatusCode::OK);
    assert_eq!(house.get(ME, &old).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in(&made.json()).await.status, StatusCode::UNAUTHORIZED);
    let new = actor(id, &sign_in(&rotated.json()).await);
    assert_eq!(house.get(ME, &new).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_was_deleted_is_nobody() {
    let house = House::new().await;
    let root = house.administrator().await;
    let id = ada(&house, true).await;
    let ada = actor(id, &login(&house, "ada@example.org", PASSWORD).await);
    let path = house.home(&format!("/users/{id}"));
    assert_eq!(
        house.delete(&path, &root).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(house.get(ME, &ada).await.status, StatusCode::UNAUTHORIZED);
    let again = login(&house, "ada@example.org", PASSWORD).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        house.delete(&path, &root).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        house.get(&house.home("/users"), &root).await.json(),
        json!([])
    );
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let house = House::new().await;
    let root = house.administrator().await;
    let path = house.home(&format!("/connectedApps/{}", root.id));
    let refused = house.delete(&path, &root).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(refused.json()["code"], "last_administrator");
    assert_eq!(house.get(ME, &root).await.status, StatusCode::OK);
    ada(&house, true).await;
    assert_eq!(
        house.delete(&path, &root).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn a_username_is_taken_everywhere_and_a_bad_one_is_named() {
    let house = House::new().await;
    ada(&house, false).await;
    let other = house.place(None).await.organization;
    let stranger = house.actor(ActorKind::User, other, true).await;
    let path = format!("/api/v1/organizations/{other}/users");
    let user = |name: &str| json!({ "username": name, "password": PASSWORD });
    let taken = house
        .json("POST", &path, &stranger, user("ADA@example.org"))
        .await;
    assert_eq!(taken.status, StatusCode::CONFLICT, "{}", taken.text);
    for name in ["ada ", "аda", "root/../ada", ""] {
        let bad = house.json("POST", &path, &stranger, user(name)).await;
        assert_eq!(bad.status, StatusCode::BAD_REQUEST);
        assert_eq!(bad.json()["pointer"], "/username");
    }
}

#[tokio::test]
async fn who_administers_an_organization_administers_those_below() {
    let house = House::new().await;
    let root = house.administrator().await;
    let made = house
        .json(
            "POST",
            &house.home("/organizations"),
            &root,
            json!({ "name": "Sales" }),
        )
        .await;
    let sales = made.id();
    let path = |rest: &str| format!("/api/v1/organizations/{sales}{rest}");
    let environment = json!({ "name": "Live", "production": true });
    let made = house
        .json("POST", &path("/environments"), &root, environment)
        .await;
    let live = made.id();
    let expected = json!([{ "id": live, "name": "Live", "production": true }]);
    let listed = house.get(&path("/environments"), &root).await;
    assert_eq!(listed.json(), expected);
    let anypoint = format!("/accounts/api/organizations/{sales}/environments");
    let listed = house.get(&anypoint, &root).await.json();
    assert_eq!(listed["total"], 1);
    assert_eq!(listed["data"][0]["isProduction"], true);
    let one = house.get(&format!("{anypoint}/{live}"), &root).await.json();
    assert_eq!(one, listed["data"][0]);

    let names = |answer: &Answer| -> Vec<String> {
        let answer = answer.json();
        let items = answer.as_array().unwrap().iter();
        items
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let known = house.get("/api/v1/organizations", &root).await;
    assert_eq!(names(&known), ["Org", "Sales"]);
    let me = house.get(ME, &root).await.json();
    assert_eq!(me["memberOfOrganizations"][0]["isRoot"], true);
    assert_eq!(me["memberOfOrganizations"][1]["isRoot"], false);

    // Not the other way around.
    let below = house
        .actor(ActorKind::ConnectedApp, sales.parse().unwrap(), true)
        .await;
    let known = house.get("/api/v1/organizations", &below).await;
    assert_eq!(names(&known), ["Sales"]);
    let above = house.get(&house.home(""), &below).await;
    assert_eq!(above.status, StatusCode::NOT_FOUND);
    assert_eq!(house.get(&path(""), &below).await.status, StatusCode::OK);
}

#[tokio::test]
async fn organizations_are_not_deeper_than_eight() {
    let house = House::new().await;
    let root = house.administrator().await;
    let mut parent = house.organization().to_string();
    for _ in 1..8 {
        let path = format!("/api/v1/organizations/{parent}/organizations");
        let made = house
            .json("POST", &path, &root, json!({ "name": "Deeper" }))
            .await;
        parent = made.id();
    }
    let path = format!("/api/v1/organizations/{parent}/organizations");
    let refused = house
        .json("POST", &path, &root, json!({ "name": "Deeper" }))
        .await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    for name in ["root", "a/b", "..", "unclassified"] {
        let refused = house
            .json(
                "POST",
                &house.home("/environments"),
                &root,
                json!({ "name": name }),
            )
            .await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert_eq!(refused.json()["pointer"], "/name");
    }
}
