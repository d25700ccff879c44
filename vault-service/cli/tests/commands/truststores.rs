//! `truststore`.

use crate::scene::{GROUP, in_group};
use crate::stored::{CHAIN, ID, file, text, with};

#[test]
fn truststore_create_and_replace_send_the_file() {
    let scene = with("truststores");
    let expected = [
        text("type", "PEM"),
        text("name", "edge"),
        file("trustStore", "chain.pem", CHAIN),
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
    scene.file("leaf.der", "0DER");
    let ended = create("leaf.der");
    assert!(ended.fails(2).contains("--store-passphrase-file"));
    assert!(
        create("leaf.key")
            .fails(2)
            .contains("it holds no certificate in PEM")
    );
    assert!(create("/dev/zero").fails(2).contains("larger than"));
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn a_java_store_needs_its_passphrase() {
    let scene = with("truststores");
    scene.file("trust.jks", "STORE");
    let create = "truststore create edge --group payments --file trust.jks --type JKS";
    assert!(
        scene
            .say(create)
            .fails(2)
            .contains("--store-passphrase-file FILE")
    );
    let line = format!("{create} --store-passphrase-file - --algorithm PKIX --allow-expired");
    scene.say_with(&line, "changeit-or-not\n").succeeds();
    let heard = scene.vault.heard();
    let post = heard.last().unwrap();
    let path = in_group("/truststores?allowExpiredCert=true");
    assert_eq!(post.line(), format!("POST {path}"));
    assert_eq!(
        post.parts(),
        [
            text("type", "JKS"),
            text("name", "edge"),
            file("trustStore", "trust.jks", "STORE"),
            text("storePassphrase", "changeit-or-not"),
            text("algorithm", "PKIX"),
        ]
    );
    scene.never_shows("changeit-or-not");
}

#[test]
fn leaves_are_pinned_on_demand_only() {
    let scene = with("truststores");
    let create = "truststore create edge --group payments --file chain.pem --allow-pinned-leaves";
    for (more, query) in [
        ("", "?allowPinnedLeaves=true"),
        (
            " --allow-expired",
            "?allowExpiredCert=true&allowPinnedLeaves=true",
        ),
    ] {
        let path = in_group(&format!("/truststores{query}"));
        let made = serde_json::json!({"message": "ok", "id": ID});
        scene.vault.answer("POST", &path, 201, made);
        scene.say(&format!("{create}{more}")).succeeds();
        let heard = scene.vault.heard();
        assert_eq!(heard.last().unwrap().line(), format!("POST {path}"));
    }
}

#[test]
fn pem_has_neither_passphrase_nor_algorithm() {
    let scene = with("truststores");
    let create = "truststore create edge --group payments --file chain.pem";
    for extra in ["--store-passphrase-file -", "--algorithm PKIX"] {
        let ended = scene.say(&format!("{create} {extra}"));
        assert!(ended.fails(2).contains("makes no sense for PEM"));
    }
    assert!(scene.vault.heard().is_empty());
}
