//! No token, no answer; no place in an organization, nothing there.

use axum::http::StatusCode;
use sallyport_model::{Collection, Scope};
use sallyport_vault::http::manager::OPEN;
use sallyport_vault::store::ActorKind;
use serde_json::{Value, json};

use crate::house::{Actor, House, uuid};

const ANYPOINT: &str = "/secrets-manager/api/v1/organizations/{o}/environments/{e}";
const OWN: &str = "/api/v1/organizations/{o}";

/// Every route about something of an organization. `A` stands for Anypoint's prefix,
/// `O` for ours, `S` for a secret below ours.
const ROUTES: [(&str, &str); 56] = [
    ("GET", "/accounts/api/organizations/{o}/environments"),
    ("GET", "/accounts/api/organizations/{o}/environments/{e}"),
    ("GET", "A/secretGroups"),
    ("POST", "A/secretGroups"),
    ("GET", "A/secretGroups/{g}"),
    ("PATCH", "A/secretGroups/{g}"),
    ("DELETE", "A/secretGroups/{g}"),
    ("GET", "A/secretGroups/{g}/sharedSecrets"),
    ("POST", "A/secretGroups/{g}/sharedSecrets"),
    ("GET", "A/secretGroups/{g}/sharedSecrets/{s}"),
    ("PUT", "A/secretGroups/{g}/sharedSecrets/{s}"),
    ("PATCH", "A/secretGroups/{g}/sharedSecrets/{s}"),
    ("DELETE", "A/secretGroups/{g}/sharedSecrets/{s}"),
    ("GET", "A/secretGroups/{g}/lock"),
    ("POST", "A/secretGroups/{g}/lock"),
    ("DELETE", "A/secretGroups/{g}/lock?action=finish"),
    ("DELETE", "A/secretGroups/{g}/lock?action=cancel"),
    ("GET", "A/secretGroups/{g}/tlsContexts"),
    ("GET", "A/secretGroups/{g}/keystores"),
    ("GET", "O"),
    ("POST", "O/organizations"),
    ("GET", "O/environments"),
    ("POST", "O/environments"),
    ("GET", "O/environments/{e}"),
    ("GET", "O/users"),
    ("POST", "O/users"),
    ("DELETE", "O/users/{u}"),
    ("PUT", "O/users/{u}/password"),
    ("GET", "O/connectedApps"),
    ("POST", "O/connectedApps"),
    ("DELETE", "O/connectedApps/{c}"),
    ("POST", "O/connectedApps/{c}/secret"),
    ("GET", "O/actors/{u}/permissions"),
    ("PUT", "O/actors/{u}/permissions"),
    ("GET", "O/audit"),
    ("GET", "O/audit/search"),
    ("GET", "O/environments/{e}/audit"),
    ("GET", "O/environments/{e}/audit/search"),
    ("GET", "O/environments/{e}/gateways"),
    ("POST", "O/environments/{e}/gateways"),
    ("DELETE", "O/environments/{e}/gateways/{w}"),
    ("POST", "O/environments/{e}/gateways/{w}/certificate"),
    ("GET", "O/environments/{e}/expiring"),
    ("POST", "O/environments/{e}/secretGroups/{g}/clone"),
    ("GET", "S/versions"),
    ("POST", "S/versions"),
    ("GET", "S/versions/1"),
    ("POST", "S/promote"),
    ("POST", "S/rollback"),
    ("DELETE", "S/pending"),
    ("GET", "S/users"),
    ("GET", "O/environments/{e}/secretGroups/{g}/grants"),
    ("PUT", "O/environments/{e}/secretGroups/{g}/grants/{w}"),
    ("DELETE", "O/environments/{e}/secretGroups/{g}/grants/{w}"),
    ("PUT", "O/environments/{e}/secretGroups/{g}/grants/{u}"),
    ("DELETE", "O/environments/{e}/secretGroups/{g}/grants/{u}"),
];

/// Routes about the caller itself.
const ABOUT_ME: [&str; 4] = [
    "/accounts/api/me",
    "/accounts/api/users/me",
    "/api/v1/me",
    "/api/v1/organizations",
];

/// What fills the holes of a route, in one vault.
#[derive(Clone)]
struct Ids([(&'static str, String); 7]);

impl Ids {
    /// Things that are there.
    async fn of(house: &House) -> Self {
        let group = house.vault.group("payments").await;
        let secret = house.vault.password(&group, "backend", "a password").await;
        let (gateway, _) = house.vault.gateway("edge").await;
        let app = house
            .actor(ActorKind::ConnectedApp, house.organization(), false)
            .await;
        let user = house.member().await;
        let Scope {
            organization,
            environment,
        } = house.vault.scope;
        Self([
            ("{o}", organization.to_string()),
            ("{e}", environment.to_string()),
            ("{g}", group.id.to_string()),
            ("{s}", secret.to_string()),
            ("{w}", gateway.to_string()),
            ("{c}", app.id.to_string()),
            ("{u}", user.id.to_string()),
        ])
    }

    /// The same holes, with ids of nothing; but those of `places` stay.
    fn nothing_but(&self, places: &[&str]) -> Self {
        Self(self.0.clone().map(|(hole, id)| {
            let id = if places.contains(&hole) {
                id
            } else {
                uuid().to_string()
            };
            (hole, id)
        }))
    }

    fn with_place(&self, scope: Scope) -> Self {
        Self(self.0.clone().map(|(hole, id)| match hole {
            "{o}" => (hole, scope.organization.to_string()),
            "{e}" => (hole, scope.environment.to_string()),
            _ => (hole, id),
        }))
    }

    fn fill(&self, route: &str) -> String {
        let route = match route.split_at(1) {
            ("A", rest) => format!("{ANYPOINT}{rest}"),
            ("O", rest) => format!("{OWN}{rest}"),
            ("S", rest) => {
                format!("{OWN}/environments/{{e}}/secretGroups/{{g}}/sharedSecrets/{{s}}{rest}")
            }
            _ => route.to_owned(),
        };
        self.0
            .iter()
            .fold(route, |path, (hole, id)| path.replace(hole, id))
    }

    /// A body without the ids, so that two can be compared.
    fn empty(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, (hole, id)| text.replace(id, hole))
    }
}

/// A body the route takes.
fn body(method: &str, route: &str) -> Option<Value> {
    let last = route.rsplit('/').next().unwrap();
    Some(match (method, last) {
        ("GET" | "DELETE", _) | ("POST", "secret" | "lock" | "promote" | "rollback") => {
            return None;
        }
        ("POST", "clone") => json!({ "name": "copy" }),
        ("PATCH", "{s}") => json!({ "name": "renamed" }),
        ("POST", "users") => json!({ "username": "grace", "password": "long enough to be one" }),
        ("PUT", "password") => json!({ "password": "long enough to be one" }),
        ("PUT", "permissions") => json!([]),
        ("POST", "gateways") => json!({ "name": "new", "csr": "x" }),
        ("POST", "certificate") => json!({ "csr": "x" }),
        ("POST" | "PUT", "sharedSecrets" | "versions" | "{s}") => json!({
            "name": "new", "type": "UsernamePassword", "username": "u", "password": "p",
        }),
        ("PUT", _) => json!({ "access": ["read"] }),
        _ => json!({ "name": "Fresh" }),
    })
}

async fn ask(
    house: &House,
    method: &str,
    route: &str,
    ids: &Ids,
    actor: &Actor,
) -> (StatusCode, String) {
    let path = ids.fill(route);
    let body = body(method, route).map(|body| ("application/json", body.to_string()));
    let answer = house.send(method, &path, Some(&actor.token), body).await;
    (answer.status, ids.empty(&answer.text))
}

#[tokio::test]
async fn these_routes_and_no_others_answer_without_a_token() {
    let expected = [
        "/accounts/api/v2/oauth2/token",
        "/accounts/login",
        "/api/v1/gatewayEnrolments",
        "/livez",
        "/openapi.json",
        "/readyz",
    ];
    assert_eq!(OPEN, expected);
    let house = House::new().await;
    let ids = Ids::of(&house).await;
    for path in OPEN {
        let answer = house.send("GET", path, None, None).await;
        assert_ne!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let closed = ROUTES
        .iter()
        .map(|(method, route)| (*method, ids.fill(route)))
        .chain(ABOUT_ME.map(|path| ("GET", path.to_owned())));
    for (method, path) in closed {
        for token in [None, Some("x"), Some("")] {
            let answer = house.send(method, &path, token, None).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        }
        // No method makes it different; one the route does not have is named before the token.
        let other = house.send("TRACE", &path, None, None).await;
        assert_eq!(
            other.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn what_is_there_is_as_absent_to_strangers_as_what_is_not() {
    let house = House::new().await;
    let there = Ids::of(&house).await;
    let absent = there.nothing_but(&[]);
    let elsewhere = house.place(None).await;
    for administrator in [true, false] {
        let stranger = house
            .actor(ActorKind::User, elsewhere.organization, administrator)
            .await;
        for (method, route) in ROUTES {
            let found = ask(&house, method, route, &there, &stranger).await;
            let expected = ask(&house, method, route, &absent, &stranger).await;
            assert_eq!(
                found.0,
                StatusCode::NOT_FOUND,
                "{method} {route} {}",
                found.1
            );
            assert_eq!(found, expected, "{method} {route}");
        }
    }
    let group = house.vault.store.groups(house.vault.scope).await.unwrap();
    let secrets = house
        .vault
        .manager
        .secrets(&group[0], Collection::SharedSecrets)
        .await
        .unwrap();
    assert_eq!((group.len(), secrets.len()), (1, 1));
}

#[tokio::test]
async fn foreign_ids_below_ones_own_place_are_ids_of_nothing() {
    let house = House::new().await;
    let elsewhere = house.place(None).await;
    let stranger = house
        .actor(ActorKind::User, elsewhere.organization, true)
        .await;
    let there = Ids::of(&house).await.with_place(elsewhere);
    let absent = there.nothing_but(&["{o}", "{e}"]);
    for (method, route) in ROUTES {
        let below = ["{g}", "{s}", "{w}", "{c}", "{u}"];
        if !route.starts_with('S') && !below.iter().any(|hole| route.contains(hole)) {
            continue;
        }
        let found = ask(&house, method, route, &there, &stranger).await;
        let expected = ask(&house, method, route, &absent, &stranger).await;
        assert_eq!(
            found.0,
            StatusCode::NOT_FOUND,
            "{method} {route} {}",
            found.1
        );
        assert_eq!(found, expected, "{method} {route}");
    }
    // An environment in a body is no way in, either.
    let own = house
        .actor(ActorKind::User, elsewhere.organization, false)
        .await;
    let path = format!(
        "/api/v1/organizations/{}/actors/{}/permissions",
        elsewhere.organization, own.id
    );
    let mut answers = Vec::new();
    for environment in [
        house.vault.scope.environment.to_string(),
        uuid().to_string(),
    ] {
        let body = json!([{ "permission": "read:secrets", "environment": environment }]);
        let answer = house.json("PUT", &path, &stranger, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        answers.push(answer.text);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_member_without_permissions_finds_the_organization_and_nothing_in_it() {
    let house = House::new().await;
    let there = Ids::of(&house).await;
    let absent = there.nothing_but(&["{o}"]);
    let member = house.member().await;
    for (method, route) in ROUTES {
        let found = ask(&house, method, route, &there, &member).await;
        let expected = ask(&house, method, route, &absent, &member).await;
        assert_eq!(found, expected, "{method} {route}");
        let in_environment = route.contains("{e}") || route.starts_with(['A', 'S']);
        let status = match (method, route) {
            _ if in_environment => StatusCode::NOT_FOUND,
            ("GET", "O" | "O/environments") => StatusCode::OK,
            ("GET", _) if route.starts_with("/accounts/") => StatusCode::OK,
            _ => StatusCode::FORBIDDEN,
        };
        assert_eq!(found.0, status, "{method} {route} {}", found.1);
    }
    assert_eq!(
        house
            .get(&house.home("/environments"), &member)
            .await
            .json(),
        json!([])
    );
}

#[tokio::test]
async fn a_path_has_one_spelling() {
    let house = House::new().await;
    let root = house.administrator().await;
    let group = house.vault.group("payments").await.id.to_string();
    let scope = house.vault.scope;
    let (organization, environment) = (
        scope.organization.to_string(),
        scope.environment.to_string(),
    );
    let path = |organization: &str, environment: &str, group: &str| {
        format!(
            "/secrets-manager/api/v1/organizations/{organization}/environments/{environment}/secretGroups/{group}"
        )
    };
    let right = path(&organization, &environment, &group);
    assert_eq!(house.get(&right, &root).await.status, StatusCode::OK);
    let spellings = |id: &str| {
        let simple = id.replace('-', "");
        let (first, rest) = id.split_at(1);
        [
            format!("{id}A"),
            simple,
            format!("{{{id}}}").replace('{', "%7B").replace('}', "%7D"),
            format!("urn:uuid:{id}"),
            format!("%{:02X}{rest}", first.as_bytes()[0]),
            format!("{id}%00"),
            format!("{id}%20"),
            format!("{id}."),
            format!("./{id}"),
            format!("../secretGroups/{id}"),
            format!("/{id}"),
            format!("{id}/"),
            format!("{id};x=1"),
        ]
    };
    let mut wrong = vec![right.replace("/secretGroups/", "/secretgroups/")];
    for spelling in spellings(&group) {
        wrong.push(path(&organization, &environment, &spelling));
    }
    for spelling in spellings(&environment) {
        wrong.push(path(&organization, &spelling, &group));
    }
    for spelling in spellings(&organization) {
        wrong.push(path(&spelling, &environment, &group));
    }
    for id in [&organization, &environment, &group] {
        let upper = id.to_uppercase();
        if upper != *id {
            wrong.push(right.replace(id.as_str(), &upper));
        }
    }
    for path in wrong {
        let answer = house.get(&path, &root).await;
        assert!(
            [StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST].contains(&answer.status),
            "{path}"
        );
        assert!(!answer.text.contains("payments"), "{path}");
    }
}
