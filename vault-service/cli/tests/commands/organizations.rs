//! `org`.

use std::fs;

use serde_json::{Value, json};

use crate::fake_vault::ORGANIZATION;
use crate::scene::{Scene, of_organization};

const GROUP: &str = "0a000000-0000-4000-8000-000000000002";

#[test]
fn organizations_are_listed_shown_and_created() {
    let scene = Scene::logged_in();
    let acme = json!({"id": ORGANIZATION, "name": "Acme", "parent": null});
    let retail = json!({"id": GROUP, "name": "Retail", "parent": ORGANIZATION});
    let vault = &scene.vault;
    let list = "/api/v1/organizations";
    vault.answer("GET", list, 200, json!([acme, retail]));
    vault.answer("GET", &of_organization(""), 200, acme);
    vault.answer("GET", &format!("{list}/{GROUP}"), 200, retail);
    let made = json!({"message": "ok", "id": GROUP});
    vault.answer("POST", &of_organization("/organizations"), 201, made);

    assert_eq!(scene.say("org list -o name").succeeds(), "Acme\nRetail\n");
    assert_eq!(scene.say("org show -o json").json()["name"], "Acme");
    assert_eq!(scene.say("org show Retail -o json").json()["id"], GROUP);
    scene.vault.heard();

    let planned = scene.say("org create Retail --dry-run -o json").json();
    assert_eq!(planned["dryRun"]["body"], json!({"name": "Retail"}));
    assert!(scene.vault.heard().is_empty());
    let ended = scene.say("org create Retail");
    assert_eq!(
        ended.succeeds(),
        format!("Created organization Retail ({GROUP})\n")
    );
    assert_eq!(scene.vault.heard()[0].json(), json!({"name": "Retail"}));
}

/// After `org create Retail`: a business group without an environment.
fn with_a_business_group() -> Scene {
    let scene = Scene::new();
    let acme = json!({"id": ORGANIZATION, "name": "Acme", "isRoot": true});
    let retail = json!({"id": GROUP, "name": "Retail", "parentId": ORGANIZATION, "isRoot": false});
    let me = json!({"user": {
        "organization": {"id": ORGANIZATION, "name": "Acme"},
        "memberOfOrganizations": [acme, retail],
    }});
    scene.vault.answer("GET", "/accounts/api/me", 200, me);
    // The first answer of the script knows one organization only.
    scene.login().succeeds();
    let none = json!({"data": [], "total": 0});
    let accounts = format!("/accounts/api/organizations/{GROUP}/environments");
    scene.vault.answer("GET", &accounts, 200, none);
    scene
}

#[test]
fn a_new_business_group_gets_its_first_environment_and_users_from_the_command_line() {
    let scene = with_a_business_group();
    let of_group = |rest: &str| format!("/api/v1/organizations/{GROUP}{rest}");
    let vault = &scene.vault;
    let made = json!({"message": "ok", "id": "0e000000-0000-4000-8000-000000000009"});
    for path in [of_group("/environments"), of_group("/users")] {
        vault.answer("GET", &path, 200, json!([]));
        vault.answer("POST", &path, 201, made.clone());
    }
    let apps = of_group("/connectedApplications");
    vault.answer("GET", &apps, 200, json!([]));
    vault.heard();
    let retail = [("SALLYPORT_ORGANIZATION", "Retail")];
    for line in [
        "env list",
        "env create live",
        "user list",
        "user create bob --password-file -",
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        scene.run_with(&words, "pa55w0rd", &retail).succeeds();
    }
    let heard = vault.heard_lines().join("\n");
    assert!(!heard.contains("/accounts/api/organizations"), "{heard}");

    let words = ["group", "list"];
    let ended = scene.run_with(&words, "", &retail);
    let stderr = ended.fails(1);
    assert!(
        stderr.starts_with("error: there is no environment you may see\n"),
        "{stderr}"
    );
    assert!(stderr.contains("sallyport env create NAME"), "{stderr}");
}

#[test]
fn a_login_works_in_the_own_organization_unless_a_business_group_is_named() {
    let scene = with_a_business_group();
    scene.login().succeeds();
    let profile =
        || -> Value { serde_json::from_slice(&fs::read(scene.profile()).unwrap()).unwrap() };
    assert_eq!(profile()["organization"], ORGANIZATION);

    let line = format!(
        "login --url {} --ca-file ca.pem --client-id app --client-secret-file client-secret \
         --organization Retail",
        scene.vault.url()
    );
    let ended = scene.say(&line);
    assert!(
        ended
            .succeeds()
            .contains("organization Retail, which has no environment you may see")
    );
    assert_eq!(profile()["organization"], GROUP);
}
