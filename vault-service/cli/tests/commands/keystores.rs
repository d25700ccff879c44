//! `keystore`.

use crate::scene::{GROUP, Scene, in_group, own_in_group};
use crate::stored::{CHAIN, ID, KEY, LEAF, file, text, with};
use serde_json::json;

const PASSPHRASE: &str = "open-sesame";

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
            file("certificate", "leaf.pem", LEAF),
            file("key", "leaf.key", KEY),
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
            file("capath", "chain.pem", CHAIN),
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

/// A PKCS#12 store by its first byte.
fn with_a_store() -> Scene {
    let scene = with("keystores");
    scene.file("edge.p12", "0STORE");
    scene.file("store.pass", &format!("{PASSPHRASE}\n"));
    scene.file("key.pass", "other-passphrase");
    scene
}

const STORE: &str = "keystore create edge --group payments --keystore edge.p12 --alias edge \
                     --store-passphrase-file store.pass";

#[test]
fn a_store_is_sent_whole_with_its_passphrases_and_its_type_is_seen() {
    let scene = with_a_store();
    scene.say(STORE).succeeds();
    let head = [
        text("type", "PKCS12"),
        text("name", "edge"),
        file("keyStore", "edge.p12", "0STORE"),
        text("storePassphrase", PASSPHRASE),
    ];
    let mut expected = Vec::from(head);
    expected.extend([text("keyPassphrase", PASSPHRASE), text("alias", "edge")]);
    assert_eq!(scene.vault.heard().last().unwrap().parts(), expected);

    let line = format!("{STORE} --type jks --key-passphrase-file key.pass --algorithm sunx509");
    scene.say(&line).succeeds();
    let parts = scene.vault.heard().last().unwrap().parts();
    assert_eq!(parts[0], text("type", "JKS"));
    assert_eq!(
        parts[4..],
        [
            text("keyPassphrase", "other-passphrase"),
            text("alias", "edge"),
            text("algorithm", "SunX509"),
        ]
    );
    scene.never_shows(PASSPHRASE);
    scene.never_shows("other-passphrase");
}

#[test]
fn options_that_do_not_fit_together_are_refused_before_any_request() {
    let scene = with_a_store();
    let create = |rest: &str| {
        let line = format!("keystore create edge --group payments {rest}");
        scene.say(&line).fails(2).to_owned()
    };
    assert!(create("").contains("--certificate"));
    assert!(create("--certificate leaf.pem").contains("--key"));
    assert!(create("--keystore edge.p12").contains("--alias"));
    assert!(
        create("--keystore edge.p12 --certificate leaf.pem --key leaf.key --alias x")
            .contains("cannot be used with")
    );
    assert!(
        create("--certificate leaf.pem --key leaf.key --type JKS")
            .contains("--certificate and --key are PEM")
    );
    assert!(create("--certificate leaf.key --key leaf.pem").contains("it holds no private key"));
    assert!(create("--keystore leaf.pem --alias x").contains("PEM goes with --certificate"));
    for (file, content) in [
        ("empty", ""),
        ("bomb.zip", "PK\u{3}\u{4}"),
        ("garbage", "words"),
    ] {
        scene.file(file, content);
        let stderr = create(&format!("--keystore {file} --alias x"));
        assert!(
            stderr.contains("neither JKS nor JCEKS nor PKCS#12"),
            "{stderr}"
        );
        assert!(!stderr.contains("--type"), "{stderr}");
    }
    let both = "--keystore edge.p12 --alias x --store-passphrase-file - --key-passphrase-file -";
    assert!(create(both).contains("two secrets are to be read from stdin"));
    assert!(create("--keystore edge.p12 --alias x").contains("--store-passphrase-file FILE"));
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn a_staged_keystore_goes_to_the_versions() {
    let scene = with("keystores");
    let ended = scene.say(
        "keystore stage edge --group payments --certificate leaf.pem --key leaf.key \
         --allow-expired --if-match 3 -o json",
    );
    assert_eq!(
        ended.json(),
        json!({"id": ID, "name": "edge", "message": "staged", "version": 4})
    );
    let heard = scene.vault.heard();
    let post = heard.last().unwrap();
    let path = own_in_group(&format!("/keystores/{ID}/versions?allowExpiredCert=true"));
    assert_eq!(post.line(), format!("POST {path}"));
    assert_eq!(post.header("if-match"), Some("\"3\""));
    assert_eq!(post.parts()[2], file("certificate", "leaf.pem", LEAF));
}
