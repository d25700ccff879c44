//! `keystore`, `truststore`, `pinset`: forms.

use serde_json::json;

use crate::fake_vault::Part;
use crate::scene::{GROUP, Scene, in_group};

const ID: &str = "50000000-0000-4000-8000-000000000002";
const PASSPHRASE: &str = "open-sesame";

fn text(name: &str, content: &str) -> Part {
    Part {
        name: name.to_owned(),
        file: None,
        content: content.to_owned(),
    }
}

fn file(name: &str, file: &str, content: &str) -> Part {
    Part {
        name: name.to_owned(),
        file: Some(file.to_owned()),
        content: content.to_owned(),
    }
}

/// A vault that stores anything in `collection`, where `edge` is already.
fn with(collection: &str) -> Scene {
    let scene = Scene::logged_in();
    for query in ["", "?allowExpiredCert=true"] {
        let create = in_group(&format!("/{collection}{query}"));
        scene
            .vault
            .answer("POST", &create, 201, json!({"message": "ok", "id": ID}));
        let replace = in_group(&format!("/{collection}/{ID}{query}"));
        scene
            .vault
            .answer("PUT", &replace, 200, json!({"message": "updated"}));
    }
    let item = json!({"name": "edge", "type": "PEM", "expirationDate": "2027-01-01",
        "meta": {"id": ID, "path": format!("{collection}/{ID}")}});
    scene.vault.answer(
        "GET",
        &in_group(&format!("/{collection}")),
        200,
        json!([item]),
    );
    let details = json!({"name": "edge", "details": {"certificate": {"subject": {"commonName": "edge.test"}}}});
    scene.vault.answer(
        "GET",
        &in_group(&format!("/{collection}/{ID}")),
        200,
        details,
    );
    scene.file("leaf.pem", "LEAF");
    scene.file("leaf.key", "KEY-BYTES");
    scene.file("chain.pem", "CHAIN");
    scene
}

#[test]
fn keystore_create_sends_certificate_and_key() {
    let scene = with("keystores");
    let arguments = [
        "keystore",
        "create",
        "edge",
        "--group",
        GROUP,
        "--certificate",
        "leaf.pem",
        "--key",
        "leaf.key",
        "-o",
        "json",
    ];
    assert_eq!(
        scene.run(&arguments).json(),
        json!({"id": ID, "name": "edge"})
    );
    let heard = scene.vault.heard();
    assert_eq!(heard[0].line(), format!("POST {}", in_group("/keystores")));
    assert_eq!(
        heard[0].parts(),
        [
            text("type", "PEM"),
            text("name", "edge"),
            file("certificate", "leaf.pem", "LEAF"),
            file("key", "leaf.key", "KEY-BYTES"),
        ]
    );
    scene.never_shows("KEY-BYTES");
}

#[test]
fn keystore_create_sends_chain_passphrase_and_the_wish_to_allow_expired() {
    let scene = with("keystores");
    let arguments = [
        "keystore",
        "create",
        "edge",
        "--group",
        GROUP,
        "--certificate",
        "leaf.pem",
        "--key",
        "leaf.key",
        "--ca-path",
        "chain.pem",
        "--key-passphrase-file",
        "-",
        "--allow-expired",
    ];
    scene
        .run_with(&arguments, &format!("{PASSPHRASE}\n"), &[])
        .succeeds();
    let heard = scene.vault.heard();
    assert_eq!(
        heard[0].line(),
        format!("POST {}", in_group("/keystores?allowExpiredCert=true"))
    );
    assert_eq!(
        heard[0].parts()[4..],
        [
            file("capath", "chain.pem", "CHAIN"),
            text("keyPassphrase", PASSPHRASE)
        ]
    );
    scene.never_shows(PASSPHRASE);
}

#[test]
fn an_encrypted_key_without_passphrase_is_asked_about() {
    let scene = with("keystores");
    scene.file("leaf.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
    let arguments = [
        "keystore",
        "create",
        "edge",
        "--group",
        GROUP,
        "--certificate",
        "leaf.pem",
        "--key",
        "leaf.key",
    ];
    let ended = scene.run(&arguments);
    assert!(ended.fails(2).contains("--key-passphrase-file FILE"));
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn keystore_replace_repeats_the_name_even_if_an_id_was_given() {
    let scene = with("keystores");
    for wanted in ["edge", ID] {
        let arguments = [
            "keystore",
            "replace",
            wanted,
            "--group",
            GROUP,
            "--certificate",
            "leaf.pem",
            "--key",
            "leaf.key",
        ];
        assert_eq!(
            scene.run(&arguments).succeeds(),
            format!("Replaced keystore edge ({ID})\n")
        );
        let heard = scene.vault.heard();
        let put = heard.last().unwrap();
        assert_eq!(
            put.line(),
            format!("PUT {}", in_group(&format!("/keystores/{ID}")))
        );
        assert_eq!(put.parts()[1], text("name", "edge"));
    }
}

#[test]
fn truststore_create_and_replace_send_the_file() {
    let scene = with("truststores");
    let expected = [
        text("type", "PEM"),
        text("name", "edge"),
        file("trustStore", "chain.pem", "CHAIN"),
    ];
    for (verb, line) in [
        ("create", format!("POST {}", in_group("/truststores"))),
        (
            "replace",
            format!("PUT {}", in_group(&format!("/truststores/{ID}"))),
        ),
    ] {
        scene
            .run(&[
                "truststore",
                verb,
                "edge",
                "--group",
                GROUP,
                "--file",
                "chain.pem",
            ])
            .succeeds();
        let heard = scene.vault.heard();
        assert_eq!(heard.last().unwrap().line(), line);
        assert_eq!(heard.last().unwrap().parts(), expected);
    }
}

#[test]
fn pinset_create_and_replace_send_no_type() {
    let scene = with("certificatePinsets");
    let expected = [
        text("name", "edge"),
        file("certificatePinset", "chain.pem", "CHAIN"),
    ];
    for (verb, line) in [
        (
            "create",
            format!("POST {}", in_group("/certificatePinsets")),
        ),
        (
            "replace",
            format!("PUT {}", in_group(&format!("/certificatePinsets/{ID}"))),
        ),
    ] {
        scene
            .run(&[
                "pinset",
                verb,
                "edge",
                "--group",
                GROUP,
                "--file",
                "chain.pem",
            ])
            .succeeds();
        let heard = scene.vault.heard();
        assert_eq!(heard.last().unwrap().line(), line);
        assert_eq!(heard.last().unwrap().parts(), expected);
    }
}

#[test]
fn every_kind_is_listed_and_shown() {
    for (noun, collection) in [
        ("keystore", "keystores"),
        ("truststore", "truststores"),
        ("pinset", "certificatePinsets"),
        ("tls-context", "tlsContexts"),
    ] {
        let scene = with(collection);
        let table = scene
            .run(&[noun, "list", "--group", "payments"])
            .succeeds()
            .to_owned();
        assert!(
            table.contains("edge") && table.contains("2027-01-01"),
            "{table}"
        );
        let text = scene
            .run(&[noun, "show", "edge", "--group", "payments"])
            .succeeds()
            .to_owned();
        assert!(
            text.contains("details.certificate.subject.commonName") && text.contains("edge.test"),
            "{text}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_a_certificate_is_not_sent() {
    let scene = with("truststores");
    let create = |file: &str| {
        scene.run(&[
            "truststore",
            "create",
            "edge",
            "--group",
            GROUP,
            "--file",
            file,
        ])
    };
    assert!(
        create("nowhere.pem")
            .fails(2)
            .contains("cannot read nowhere.pem")
    );
    scene.file("big.pem", &"x".repeat(1024 * 1024 + 1));
    assert!(
        create("big.pem")
            .fails(2)
            .contains("larger than 1048576 bytes")
    );
    assert!(create("/dev/zero").fails(2).contains("larger than"));
    assert!(scene.vault.heard().is_empty());
}
