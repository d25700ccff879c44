//! `crl-distributor`.

use serde_json::json;

use crate::scene::{Scene, in_group, own_in_group};
use crate::stored::{ID, with};

const SIGNER: &str = "50000000-0000-4000-8000-000000000006";

fn with_a_signer() -> Scene {
    let scene = with("crlDistributorConfigs");
    scene.vault.answer(
        "GET",
        &in_group("/certificates"),
        200,
        json!([{"name": "crl-signer", "meta": {"id": SIGNER}}]),
    );
    scene
}

#[test]
fn create_refers_to_the_certificates_by_id() {
    let scene = with_a_signer();
    let line = format!(
        "crl-distributor create partner --group payments --complete-url http://pki.test/ca.crl \
         --delta-url http://pki.test/delta.crl --frequency 60 \
         --distributor-certificate crl-signer --ca-certificate {ID} --expiration-date 2028-01-01"
    );
    scene.say(&line).succeeds();
    let heard = scene.vault.heard();
    let post = heard.last().unwrap();
    let path = in_group("/crlDistributorConfigs");
    assert_eq!(post.line(), format!("POST {path}"));
    assert_eq!(
        post.json(),
        json!({
            "name": "partner",
            "completeCrlIssuerUrl": "http://pki.test/ca.crl",
            "deltaCrlIssuerUrl": "http://pki.test/delta.crl",
            "frequency": 60,
            "distributorCertificate": {"path": format!("certificates/{SIGNER}")},
            "caCertificate": {"path": format!("certificates/{ID}")},
            "expirationDate": "2028-01-01",
        })
    );
}

#[test]
fn what_is_optional_is_left_out() {
    let scene = with_a_signer();
    let line = "crl-distributor replace edge --group payments --frequency 2 \
                --complete-url https://pki.test/ca.crl --distributor-certificate crl-signer";
    scene.say(line).succeeds();
    let heard = scene.vault.heard();
    let put = heard.last().unwrap();
    let path = in_group(&format!("/crlDistributorConfigs/{ID}"));
    assert_eq!(put.line(), format!("PUT {path}"));
    assert_eq!(
        put.json(),
        json!({
            "name": "edge",
            "completeCrlIssuerUrl": "https://pki.test/ca.crl",
            "frequency": 2,
            "distributorCertificate": {"path": format!("certificates/{SIGNER}")},
        })
    );
}

#[test]
fn a_password_in_a_url_is_refused_and_not_repeated() {
    let scene = with_a_signer();
    for line in [
        "--complete-url http://ada:hunter2@pki.test/ca.crl",
        "--complete-url http://pki.test/ca.crl --delta-url http://ada:hunter2@pki.test/d.crl",
    ] {
        let line = format!(
            "crl-distributor create x --group payments {line} --frequency 60 \
             --distributor-certificate crl-signer"
        );
        let said = scene.say(&line).fails(2).to_owned();
        assert!(said.contains("without a user name or password"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn a_crl_is_published_as_it_is() {
    let scene = with("crlDistributorConfigs");
    let path = own_in_group(&format!("/crlDistributorConfigs/{ID}/lists"));
    let answer = json!({"message": "m", "outcome": "replaced", "edition": 3, "dropped": 2});
    scene.vault.answer("PUT", &path, 200, answer);
    scene.file("ca.crl", "a CRL");
    let publish = "crl-distributor publish edge --group payments --file ca.crl";
    let said = scene.say(publish).succeeds().to_owned();
    assert!(
        said.contains("was replaced: edition 3 is in force; 2 certificates"),
        "{said}"
    );
    let heard = scene.vault.heard();
    let put = heard.last().unwrap();
    assert_eq!(put.line(), format!("PUT {path}"));
    assert_eq!(put.header("content-type"), Some("application/octet-stream"));
    assert_eq!(put.body, b"a CRL");
    let planned = scene
        .say(&format!("{publish} --dry-run"))
        .succeeds()
        .to_owned();
    assert!(planned.contains("application/octet-stream"), "{planned}");
}

#[test]
fn status_shows_the_lists_in_force() {
    let scene = with("crlDistributorConfigs");
    let path = own_in_group(&format!("/crlDistributorConfigs/{ID}/lists"));
    let status = "crl-distributor status edge --group payments";
    let empty = json!({"edition": 0, "publishedAt": null, "publishedBy": null, "lists": []});
    scene.vault.answer("GET", &path, 200, empty);
    assert!(scene.say(status).succeeds().contains("Nothing is in force"));
    let scene = with("crlDistributorConfigs");
    let list = json!({"signer": "CN=Partner CA", "signerSpkiSha256": "00", "number": "7",
        "thisUpdate": "2026-06-01T00:00:00Z", "nextUpdate": "2026-07-01T00:00:00Z", "entries": 2,
        "deltaEntries": null, "certificates": "all", "indirect": false});
    let lists = json!({"edition": 1, "publishedAt": "2026-06-01T00:00:00Z", "publishedBy": "ada",
        "lists": [list]});
    scene.vault.answer("GET", &path, 200, lists);
    let said = scene.say(status).succeeds().to_owned();
    assert!(
        said.contains("CN=Partner CA") && said.contains("2026-07-01T00:00:00Z"),
        "{said}"
    );
}

#[test]
fn status_says_since_when_lists_are_being_fetched() {
    let scene = with("crlDistributorConfigs");
    let path = own_in_group(&format!("/crlDistributorConfigs/{ID}/lists"));
    let list = json!({"lastSuccess": null, "lastFailure": null, "code": null, "reason": null,
        "failures": 0, "dropped": 0});
    let lists = json!({"edition": 0, "publishedAt": null, "publishedBy": null, "lists": [],
        "fetching": {"complete": list, "delta": null, "nextFetch": "2026-06-01T01:00:00Z",
            "underWaySince": "2026-06-01T01:00:02Z"}});
    scene.vault.answer("GET", &path, 200, lists);
    let said = scene
        .say("crl-distributor status edge --group payments")
        .succeeds()
        .to_owned();
    assert!(
        said.contains("under way since 2026-06-01T01:00:02Z"),
        "{said}"
    );
    assert!(!said.contains("2026-06-01T01:00:00Z"), "{said}");
}

#[test]
fn fetch_says_what_came_of_it_and_fails_if_a_list_was_not_taken() {
    let fetch = "crl-distributor fetch edge --group payments";
    let path = own_in_group(&format!("/crlDistributorConfigs/{ID}/lists/fetch"));
    let good = json!({"lastSuccess": "2026-06-01T00:00:00Z", "lastFailure": null, "code": null,
        "reason": null, "failures": 0, "dropped": 0});
    let bad = json!({"lastSuccess": "2026-05-01T00:00:00Z", "lastFailure": "2026-06-01T00:00:00Z",
        "code": "status", "reason": "the server answers 404 Not Found", "failures": 3, "dropped": 0});
    for (delta, exit) in [(json!(null), 0), (good.clone(), 0), (bad, 1)] {
        let scene = with("crlDistributorConfigs");
        let answer = json!({"edition": 0, "publishedAt": null, "publishedBy": null, "lists": [],
            "fetching": {"complete": good, "delta": delta, "nextFetch": "2026-06-01T01:00:00Z"}});
        scene.vault.answer("POST", &path, 200, answer);
        let said = scene.say(fetch);
        if exit == 0 {
            let said = said.succeeds();
            assert!(said.contains("2026-06-01T01:00:00Z"), "{said}");
            assert!(said.contains("LAST SUCCESS"), "{said}");
        } else {
            let said = said.fails(exit);
            assert!(said.contains("the server answers 404 Not Found"), "{said}");
            assert!(said.contains("crl-distributor publish"), "{said}");
        }
    }
}

#[test]
fn addresses_and_frequencies_outside_the_rules_are_refused_before_any_request() {
    let scene = with_a_signer();
    let create = |rest: &str| {
        let line =
            format!("crl-distributor create x --group payments --distributor-certificate c {rest}");
        scene.say(&line).fails(2).to_owned()
    };
    assert!(create("--complete-url ftp://x/ca.crl --frequency 60").contains("http://"));
    for minutes in ["1", "1001", "x"] {
        create(&format!(
            "--complete-url http://x/ca.crl --frequency {minutes}"
        ));
    }
    assert!(scene.vault.heard().is_empty());
}
