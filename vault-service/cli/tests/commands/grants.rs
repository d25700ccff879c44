//! `grant`.

use serde_json::json;

use crate::scene::{GROUP, Scene, of_organization, own, own_in_group};

const GATEWAY: &str = "70000000-0000-4000-8000-000000000001";
const USER: &str = "70000000-0000-4000-8000-000000000002";
const APP: &str = "70000000-0000-4000-8000-000000000003";

fn with_actors() -> Scene {
    let scene = Scene::logged_in();
    let vault = &scene.vault;
    let gateways = json!([{"id": GATEWAY, "name": "edge-1"}]);
    vault.answer("GET", &own("/gateways"), 200, gateways);
    let users = json!([{"id": USER, "username": "ada"}]);
    vault.answer("GET", &of_organization("/users"), 200, users);
    let apps = json!([{"id": APP, "name": "ci"}]);
    vault.answer("GET", &of_organization("/connectedApps"), 200, apps);
    for id in [GATEWAY, USER, APP] {
        let grant = own_in_group(&format!("/grants/{id}"));
        let granted = json!({"actor": id, "kind": "x", "name": "y", "access": ["read"]});
        vault.answer("PUT", &grant, 200, granted);
        vault.answer_text("DELETE", &grant, 204, "", "");
    }
    scene
}

#[test]
fn gateways_users_and_apps_are_granted_by_name_or_id() {
    let scene = with_actors();
    for (option, id, sentence) in [
        (
            "--gateway edge-1",
            GATEWAY,
            "Gateway edge-1 has read access",
        ),
        ("--user ada", USER, "User ada has read access"),
        ("--app ci", APP, "Connected app ci has read access"),
        (&format!("--user {USER}"), USER, "has read access"),
    ] {
        let ended = scene.say(&format!("grant add --group payments {option}"));
        let text = ended.succeeds();
        assert!(
            text.contains(sentence) && text.contains("to group payments"),
            "{text}"
        );
        let heard = scene.vault.heard();
        let put = heard.last().unwrap();
        let path = own_in_group(&format!("/grants/{id}"));
        assert_eq!(put.line(), format!("PUT {path}"));
        assert_eq!(put.json(), json!({"access": ["read"]}));
    }
}

#[test]
fn several_accesses_are_separated_by_commas_or_repeated() {
    let scene = with_actors();
    for access in ["--access read,write", "--access read --access write"] {
        let line = format!("grant add --group payments --app ci {access}");
        scene.say(&line).succeeds();
        assert_eq!(
            scene.vault.heard().last().unwrap().json(),
            json!({"access": ["read", "write"]})
        );
    }
    scene
        .say("grant add --group payments --app ci --access fly")
        .fails(2);
    let nobody = scene.say("grant add --group payments");
    assert!(nobody.fails(2).contains("--gateway"));
    scene
        .say("grant add --group payments --app ci --user ada")
        .fails(2);
}

#[test]
fn grants_are_listed_and_removed() {
    let scene = with_actors();
    let grants = json!([{"actor": GATEWAY, "kind": "gateway", "name": "edge-1", "access": ["read", "manage"]}]);
    scene
        .vault
        .answer("GET", &own_in_group("/grants"), 200, grants);
    let table = scene
        .say("grant list --group payments")
        .succeeds()
        .to_owned();
    assert!(
        table.contains("gateway") && table.contains("read, manage"),
        "{table}"
    );
    scene.vault.heard();
    let remove = format!("grant remove --group {GROUP} --gateway {GATEWAY} --yes");
    scene.say(&remove).succeeds();
    let path = own_in_group(&format!("/grants/{GATEWAY}"));
    assert_eq!(scene.vault.heard_lines(), [format!("DELETE {path}")]);
}

#[test]
fn a_dry_run_sends_nothing() {
    let scene = with_actors();
    for verb in ["add", "remove"] {
        let line = format!("grant {verb} --group payments --gateway edge-1 --dry-run -o json");
        let planned = scene.say(&line).json();
        let path = own_in_group(&format!("/grants/{GATEWAY}"));
        assert_eq!(
            planned["dryRun"]["url"],
            format!("{}{path}", scene.vault.url())
        );
    }
    assert!(
        scene
            .vault
            .heard()
            .iter()
            .all(|heard| heard.method == "GET")
    );
}

#[test]
fn a_gateway_is_granted_kinds_and_single_secrets_of_a_group() {
    let scene = with_actors();
    let add = "grant add --group payments --gateway edge-1";
    let only = "--only keystores --only tlsContexts/inbound \
                --only secret://payments/truststores/partner%20CAs";
    let ended = scene.say(&format!("{add} {only}"));
    let names = [
        "keystores",
        "tlsContexts/inbound",
        "truststores/partner%20CAs",
    ];
    assert!(
        ended
            .succeeds()
            .contains(&format!("only {}", names.join(", ")))
    );
    assert_eq!(
        scene.vault.heard().last().unwrap().json(),
        json!({"access": ["read"], "only": names})
    );
    for wrong in [
        "--only keystore",
        "--only secret://payments/sharedSecrets/backend#password",
        "--only secret://payments/sharedSecrets/backend@previous",
        "--only secret://orders/sharedSecrets/backend",
    ] {
        scene.say(&format!("{add} {wrong}")).fails(2);
    }
    let user = "grant add --group payments --user ada --only keystores";
    assert!(scene.say(user).fails(2).contains("--only"));
}
