//! `certificate`.

use crate::scene::in_group;
use crate::stored::{ID, LEAF, file, text, with};

#[test]
fn create_and_replace_send_the_certificate_and_its_date() {
    let scene = with("certificates");
    let expected = [
        text("type", "PEM"),
        text("name", "edge"),
        file("certStore", "leaf.pem", LEAF),
        text("expirationDate", "2027-12-31"),
    ];
    let query = "?allowExpiredCert=true";
    for (verb, line) in [
        (
            "create",
            format!("POST {}", in_group(&format!("/certificates{query}"))),
        ),
        (
            "replace",
            format!("PUT {}", in_group(&format!("/certificates/{ID}{query}"))),
        ),
    ] {
        let ended = scene.say(&format!(
            "certificate {verb} edge --group payments --file leaf.pem --allow-expired \
             --expiration-date 2027-12-31"
        ));
        ended.succeeds();
        let heard = scene.vault.heard();
        assert_eq!(heard.last().unwrap().line(), line);
        assert_eq!(heard.last().unwrap().parts(), expected);
    }
}

#[test]
fn a_date_that_is_none_is_refused_before_any_request() {
    let scene = with("certificates");
    let ended = scene.say(
        "certificate create edge --group payments --file leaf.pem --expiration-date 31.12.2027",
    );
    assert!(ended.fails(2).contains("write it like 2027-12-31"));
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn the_certificate_of_a_java_store_is_sent_with_its_passphrase() {
    let scene = with("certificates");
    scene.file("trust.jks", "STORE");
    let create = "certificate create edge --group payments --file trust.jks";
    let ended = scene.say(create);
    assert!(ended.fails(2).contains("neither JKS nor JCEKS nor PKCS#12"));
    let ended = scene.say(&format!("{create} --type jks"));
    assert!(ended.fails(2).contains("--store-passphrase-file FILE"));
    let line = format!("{create} --type jks --store-passphrase-file -");
    scene.say_with(&line, "changeit-or-not\n").succeeds();
    let heard = scene.vault.heard();
    assert_eq!(
        heard.last().unwrap().parts(),
        [
            text("type", "JKS"),
            text("name", "edge"),
            file("certStore", "trust.jks", "STORE"),
            text("storePassphrase", "changeit-or-not"),
        ]
    );
    scene.never_shows("changeit-or-not");
    let line = "certificate create edge --group payments --file leaf.pem --store-passphrase-file -";
    let ended = scene.say_with(line, "x");
    assert!(ended.fails(2).contains("makes no sense for PEM"));
}
