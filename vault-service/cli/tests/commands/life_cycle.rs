//! The verbs all kinds share, for every kind.

use serde_json::{Value, json};

use crate::scene::{Scene, in_group, own_in_group};
use crate::stored::{ID, with};

/// Noun and collection.
const KINDS: [(&str, &str); 7] = [
    ("secret", "sharedSecrets"),
    ("keystore", "keystores"),
    ("truststore", "truststores"),
    ("certificate", "certificates"),
    ("pinset", "certificatePinsets"),
    ("tls-context", "tlsContexts"),
    ("crl-distributor", "crlDistributorConfigs"),
];

fn item(collection: &str) -> String {
    in_group(&format!("/{collection}/{ID}"))
}

fn own_item(collection: &str, rest: &str) -> String {
    own_in_group(&format!("/{collection}/{ID}/{rest}"))
}

fn last(scene: &Scene) -> (String, Option<String>) {
    let heard = scene.vault.heard();
    let last = heard.last().unwrap();
    let version = last.header("if-match").map(str::to_owned);
    (last.line(), version)
}

#[test]
fn every_kind_is_listed_and_shown() {
    for (noun, collection) in KINDS {
        let scene = with(collection);
        let list = format!("{noun} list --group payments");
        let table = scene.say(&list).succeeds().to_owned();
        assert!(
            table.contains("edge") && table.contains("2027-01-01"),
            "{table}"
        );
        assert_eq!(scene.say(&format!("{list} -o name")).succeeds(), "edge\n");
        let shown = scene.say(&format!("{noun} show edge --group payments"));
        let text = shown.succeeds();
        assert!(
            text.contains("details.certificate.subject.commonName") && text.contains("edge.test"),
            "{text}"
        );
    }
}

#[test]
fn every_kind_is_updated() {
    for (noun, collection) in KINDS {
        let scene = with(collection);
        let answer = json!({"message": "updated"});
        scene.vault.answer("PATCH", &item(collection), 200, answer);
        let line = format!(
            "{noun} update edge --group payments --name edge-2 --expiration-date 2028-01-01 \
             --if-match 7 -o json"
        );
        assert_eq!(
            scene.say(&line).json(),
            json!({"id": ID, "name": "edge-2", "message": "updated"})
        );
        let heard = scene.vault.heard();
        let patch = heard.last().unwrap();
        assert_eq!(patch.line(), format!("PATCH {}", item(collection)));
        assert_eq!(patch.header("if-match"), Some("\"7\""));
        assert_eq!(
            patch.json(),
            json!({"name": "edge-2", "expirationDate": "2028-01-01"})
        );
        let nothing = scene.say(&format!("{noun} update edge --group payments"));
        assert!(nothing.fails(2).contains("--expiration-date"));
    }
}

#[test]
fn every_kind_is_deleted_with_or_without_force() {
    for (noun, collection) in KINDS {
        let scene = with(collection);
        let path = item(collection);
        let forced = format!("{path}?force=true");
        scene.vault.answer_text("DELETE", &path, 204, "", "");
        scene.vault.answer_text("DELETE", &forced, 204, "", "");
        let delete = format!("{noun} delete edge --group payments --yes");
        let ended = scene.say(&format!("{delete} --expect-version 2 -o json"));
        assert_eq!(ended.json(), json!({"id": ID, "name": "edge"}));
        let sent = (format!("DELETE {path}"), Some("\"2\"".to_owned()));
        assert_eq!(last(&scene), sent);
        scene.say(&format!("{delete} --force")).succeeds();
        assert_eq!(last(&scene), (format!("DELETE {forced}"), None));
    }
}

#[test]
fn every_kind_shows_its_versions_and_its_users() {
    for (noun, collection) in KINDS {
        let scene = with(collection);
        let version = |number: u64, labels: Value| {
            json!({"number": number, "labels": labels, "createdAt": "2026-01-02T03:04:05Z",
                "createdBy": "ada", "expirationDate": null})
        };
        let versions = json!([
            version(3, json!(["pending"])),
            version(2, json!(["current"]))
        ]);
        let path = own_item(collection, "versions");
        scene.vault.answer("GET", &path, 200, versions);
        let one = own_item(collection, "versions/2");
        let details = json!({"name": "edge", "version": 2});
        scene.vault.answer("GET", &one, 200, details);
        let users = json!({
            "secrets": [{"collection": "tlsContexts", "id": "t-1", "name": "inbound",
                "path": "tlsContexts/t-1", "labels": ["current", "pending"]}],
            "gateways": [{"id": "g-1", "name": "edge-1"}],
            "gatewayCas": [{"trustDomain": "example.org"}],
        });
        let path = own_item(collection, "users");
        scene.vault.answer("GET", &path, 200, users.clone());

        let line = format!("{noun} versions edge --group payments");
        let table = scene.say(&line).succeeds().to_owned();
        assert!(
            table.contains("pending") && table.contains("ada"),
            "{table}"
        );
        assert_eq!(scene.say(&format!("{line} -o name")).succeeds(), "3\n2\n");
        let line = format!("{noun} show {ID} --group payments --version 2 -o json");
        assert_eq!(scene.say(&line).json()["version"], 2);
        let line = format!("{noun} users edge --group payments");
        let table = scene.say(&line).succeeds().to_owned();
        for word in ["inbound", "current, pending", "edge-1", "CA of gateways"] {
            assert!(table.contains(word), "{table}");
        }
        assert_eq!(scene.say(&format!("{line} -o json")).json(), users);
        assert_eq!(
            scene.say(&format!("{line} -o name")).succeeds(),
            "inbound\nedge-1\nexample.org\n"
        );
    }
}

#[test]
fn every_kind_is_promoted_discarded_and_rolled_back() {
    for (noun, collection) in KINDS {
        let scene = with(collection);
        let answer = json!({"message": "done", "version": 3});
        for verb in ["promote", "rollback"] {
            let path = own_item(collection, verb);
            scene.vault.answer("POST", &path, 200, answer.clone());
        }
        let pending = own_item(collection, "pending");
        scene.vault.answer_text("DELETE", &pending, 204, "", "");

        let line = format!("{noun} promote edge --group payments --if-match 2 -o json");
        assert_eq!(
            scene.say(&line).json(),
            json!({"id": ID, "name": "edge", "message": "done", "version": 3})
        );
        let promoted = format!("POST {}", own_item(collection, "promote"));
        assert_eq!(last(&scene), (promoted, Some("\"2\"".to_owned())));

        scene
            .say(&format!("{noun} discard edge --group payments --yes"))
            .succeeds();
        assert_eq!(last(&scene), (format!("DELETE {pending}"), None));

        for (option, body) in [("", json!({})), ("--version 1", json!({"version": 1}))] {
            let line = format!("{noun} rollback edge --group payments {option}");
            let ended = scene.say(&line);
            assert_eq!(
                ended.succeeds(),
                format!("Rolled back edge ({ID}), version 3\n")
            );
            let heard = scene.vault.heard();
            let post = heard.last().unwrap();
            let path = own_item(collection, "rollback");
            assert_eq!(post.line(), format!("POST {path}"));
            assert_eq!(post.json(), body);
        }
    }
}

#[test]
fn lists_are_filtered_by_type_where_there_are_types() {
    for (noun, collection, word) in [
        ("secret", "sharedSecrets", "Blob"),
        ("keystore", "keystores", "PKCS12"),
        ("truststore", "truststores", "JKS"),
        ("tls-context", "tlsContexts", "Mule"),
    ] {
        let scene = with(collection);
        let path = in_group(&format!("/{collection}?type={word}"));
        scene.vault.answer("GET", &path, 200, json!([]));
        let ended = scene.say(&format!("{noun} list --group payments --type {word}"));
        assert!(ended.succeeds().ends_with("in this group.\n"));
        assert_eq!(last(&scene).0, format!("GET {path}"));
    }
    let scene = with("certificatePinsets");
    scene
        .say("pinset list --group payments --type PEM")
        .fails(2);
    scene
        .say("keystore list --group payments --type ZIP")
        .fails(2);
}

#[test]
fn a_secret_in_use_names_its_users_and_is_a_conflict() {
    let scene = with("keystores");
    scene.vault.answer(
        "DELETE",
        &item("keystores"),
        409,
        json!({"name": "InUse", "message": "the keystore is in use", "users": [
            {"collection": "tlsContexts", "id": "t-1", "name": "inbound", "path": "tlsContexts/t-1"}]}),
    );
    let delete = "keystore delete edge --group payments --yes";
    assert_eq!(
        scene.say(delete).fails(4),
        "error: the keystore is in use\n  used by tlsContexts/inbound (t-1)\n  \
         change those first, or delete with --force\n"
    );
    let ended = scene.say(&format!("{delete} -o json"));
    let error: Value = serde_json::from_str(ended.fails(4)).unwrap();
    assert_eq!(error["error"]["users"][0]["name"], "inbound");
    assert_eq!(error["error"]["exitCode"], 4);
}

#[test]
fn another_current_version_is_a_conflict() {
    let scene = with("truststores");
    let answer = json!({"name": "PreconditionFailed", "message": "version 9 is current"});
    scene
        .vault
        .answer("PATCH", &item("truststores"), 412, answer);
    let ended = scene.say("truststore update edge --group payments --name e --if-match 8");
    assert_eq!(
        ended.fails(4),
        "error: version 9 is current\n  another version is current: `show` it, then repeat with \
         its number\n"
    );
}

#[test]
fn warnings_are_shown_once_on_stderr_unless_the_output_has_them() {
    let scene = Scene::logged_in();
    let answer = json!({"message": "ok", "id": ID, "warnings": ["edge ends in 3 days\u{1b}[2J", "edge ends in 3 days\u{1b}[2J"]});
    scene
        .vault
        .answer("POST", &in_group("/truststores"), 201, answer);
    scene.file("roots.pem", "-----BEGIN CERTIFICATE-----");
    let create = "truststore create edge --group payments --file roots.pem";
    let quiet = scene.say(&format!("{create} -o json"));
    assert_eq!(quiet.json()["warnings"].as_array().unwrap().len(), 2);
    for more in ["", "-o name", "-o json --warn"] {
        let loud = scene.say(&format!("{create} {more}"));
        assert_eq!(loud.code, 0);
        assert_eq!(loud.stderr, "warning: edge ends in 3 days\u{fffd}[2J\n");
    }
}

#[test]
fn what_gateways_run_is_deleted_with_a_warning_for_each_of_them() {
    let scene = with("keystores");
    let warnings = json!(["gateway \"gw-1\" runs version 3 since then and has to drop it"]);
    let answer = json!({"message": "Keystore deleted", "warnings": warnings});
    scene
        .vault
        .answer("DELETE", &item("keystores"), 200, answer);
    let delete = "keystore delete edge --group payments --yes";
    let loud = scene.say(delete);
    let said = "warning: gateway \"gw-1\" runs version 3 since then and has to drop it\n";
    assert_eq!((loud.code, loud.stderr.as_str()), (0, said));
    let structured = scene.say(&format!("{delete} -o json"));
    assert_eq!(structured.json()["warnings"], warnings);
}

#[test]
fn every_kind_shows_how_far_its_gateways_are() {
    for (noun, collection) in KINDS {
        let scene = with(collection);
        let rollout = json!({"version": 4, "current": 1, "running": 2, "gateways": [
            {"id": ID, "name": "gw-1", "version": 4, "since": "2026-01-01T12:04:00Z",
             "confirmed": "2026-01-01T12:05:00Z"},
            {"id": ID, "name": "gw-3", "version": 3, "since": "2026-01-01T09:00:00Z",
             "confirmed": "2026-01-01T09:01:00Z"},
            {"id": ID, "name": "new", "version": null, "since": null, "confirmed": null},
        ]});
        let path = own_item(collection, "rollout");
        scene.vault.answer("GET", &path, 200, rollout.clone());
        let line = format!("{noun} rollout edge --group payments");
        let said = scene.say(&line).succeeds().to_owned();
        assert!(
            said.contains("1 of 2 gateways") && said.contains("run version 4"),
            "{said}"
        );
        assert_eq!(scene.say(&format!("{line} -o json")).json(), rollout);
    }
}
