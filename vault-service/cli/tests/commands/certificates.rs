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
