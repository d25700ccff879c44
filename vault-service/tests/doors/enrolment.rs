//! Gateways that fetch their certificates by themselves.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use rcgen::string::Ia5String;
use rcgen::{CertificateParams, KeyPair, SanType};
use sallyport_model::{Access, ENROLMENT_PATH};
use sallyport_pki::{Certificate, UnixTime, certificate_from_pem};
use sallyport_vault::clock;
use sallyport_vault::manager::{Enrolment, ManagerError, NewJoinToken};
use sallyport_vault::provider::{ProviderError, RenewalError};
use serde_json::{Value, json};

use crate::house::{Answer, House};
use crate::vault::Vault;

const DAY: i64 = 24 * 60 * 60;

fn signing_request(key: &KeyPair) -> String {
    named_request(key, &[])
}

/// One that asks for names, which no gateway gets.
fn named_request(key: &KeyPair, uris: &[&str]) -> String {
    let mut params = CertificateParams::default();
    let uris = uris
        .iter()
        .map(|uri| SanType::URI(Ia5String::try_from(*uri).unwrap()));
    params.subject_alt_names = uris.collect();
    params.serialize_request(key).unwrap().pem().unwrap()
}

async fn join_token(house: &House, gateway: &str) -> Answer {
    let administrator = house.administrator().await;
    let body = json!({"gateway": gateway, "validFor": 600});
    let path = house.own("/joinTokens");
    house.json("POST", &path, &administrator, body).await
}

async fn enrol(house: &House, token: &str, key: &KeyPair) -> Answer {
    let body = json!({"token": token, "csr": signing_request(key)});
    house.sign_in(ENROLMENT_PATH, body).await
}

fn leaf(issued: &Value) -> Certificate {
    certificate_from_pem(issued["certificate"].as_str().unwrap().as_bytes()).unwrap()
}

#[tokio::test]
async fn a_join_token_brings_one_certificate_to_the_gateway_it_is_for() {
    let house = House::new().await;
    let made = join_token(&house, "edge-1").await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let key = KeyPair::generate().unwrap();
    let issued = enrol(&house, &token, &key).await;
    assert_eq!(issued.status, StatusCode::CREATED, "{}", issued.text);
    let issued = issued.json();
    assert_eq!(
        (&issued["id"], &issued["name"]),
        (&made.json()["id"], &json!("edge-1"))
    );
    let certificate = leaf(&issued);
    let lifetime = certificate.not_after().0 - clock::now().0;
    assert!((DAY - 60..=DAY).contains(&lifetime), "{lifetime}");
    let provider = &house.vault.provider;
    let gateway = provider
        .authenticate(&[certificate.der().to_vec().into()])
        .await
        .unwrap();
    assert_eq!(gateway.name(), "edge-1");

    for token in [token.as_str(), "never made"] {
        let again = enrol(&house, token, &key).await;
        assert_eq!(again.status, StatusCode::FORBIDDEN, "{}", again.text);
        assert_eq!(again.json()["code"], "invalid_join_token");
    }
    let log = house.vault.audit().await;
    let seen = |operation: &str| {
        let mut entries = log.iter();
        entries
            .find(|entry| entry.operation == operation)
            .unwrap()
            .actor_name
            .clone()
    };
    assert_eq!(seen("gateway.enrol"), "edge-1");
    assert_ne!(seen("gateway.joinToken"), "edge-1");
    assert!(!format!("{log:?}").contains(&token));
}

#[tokio::test]
async fn the_last_join_token_of_a_gateway_is_the_one_that_counts() {
    let house = House::new().await;
    let token = async || join_token(&house, "edge-1").await.json();
    let (first, second) = (token().await, token().await);
    assert_eq!(first["id"], second["id"]);
    let key = KeyPair::generate().unwrap();
    let enrol = async |made: &Value| {
        let token = made["token"].as_str().unwrap();
        enrol(&house, token, &key).await.status
    };
    assert_eq!(enrol(&first).await, StatusCode::FORBIDDEN);
    assert_eq!(enrol(&second).await, StatusCode::CREATED);
    // A request that does not read uses nothing up.
    let third = token().await;
    let body = json!({"token": third["token"], "csr": "no request"});
    let refused = house.sign_in(ENROLMENT_PATH, body).await;
    assert_eq!(
        (refused.status, refused.json()["pointer"].as_str()),
        (StatusCode::BAD_REQUEST, Some("/csr"))
    );
    assert_eq!(enrol(&third).await, StatusCode::CREATED);
}

#[tokio::test]
async fn a_join_token_ends_and_is_made_by_who_manages_gateways() {
    let vault = Vault::new().await;
    let now = clock::now();
    let make = async |valid_for: u32| {
        let new: NewJoinToken =
            serde_json::from_value(json!({"gateway": "edge", "validFor": valid_for})).unwrap();
        let caller = &vault.administrator;
        vault
            .manager
            .create_join_token(caller, vault.scope, new, now)
            .await
    };
    for seconds in [0, 59, 7 * 24 * 60 * 60 + 1] {
        assert!(matches!(make(seconds).await, Err(ManagerError::Invalid(_))));
    }
    let token = make(60).await.unwrap().token;
    let csr = signing_request(&KeyPair::generate().unwrap());
    let late = json!({"token": token.expose(), "csr": csr});
    let late: Enrolment = serde_json::from_value(late).unwrap();
    let refused = vault
        .manager
        .enrol_gateway(late, UnixTime(now.0 + 60))
        .await;
    assert!(matches!(refused, Err(ManagerError::JoinToken)));

    let group = vault.group("payments").await;
    let (reader, _) = vault
        .app(&group, "reader", &[Access::Read, Access::Manage])
        .await;
    let new = serde_json::from_value(json!({"gateway": "mine"})).unwrap();
    let made = vault
        .manager
        .create_join_token(&reader, vault.scope, new, now)
        .await;
    assert!(matches!(made, Err(ManagerError::Forbidden { .. })));
}

#[tokio::test]
async fn a_gateway_renews_its_own_certificate_and_nobody_elses() {
    let house = House::new().await;
    let vault = &house.vault;
    let (mine, sibling) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let enrolled = async |name: &str, key: &KeyPair| {
        let token = join_token(&house, name).await.json();
        let issued = enrol(&house, token["token"].as_str().unwrap(), key)
            .await
            .json();
        let identity = issued["identity"].as_str().unwrap().to_owned();
        (leaf(&issued), identity)
    };
    let (certificate, identity) = enrolled("edge-1", &mine).await;
    let (other, other_identity) = enrolled("edge-2", &sibling).await;
    let renew = async |shown: &Certificate, csr: String| {
        let gateway = vault
            .provider
            .authenticate(&[shown.der().to_vec().into()])
            .await
            .unwrap();
        let now = clock::now();
        vault.provider.renew(&gateway, shown.der(), &csr, now).await
    };

    // Who is asked for makes no difference, only who asks.
    let wish = named_request(&sibling, &[&identity]);
    let issued = renew(&other, wish).await.unwrap();
    assert_eq!(issued.identity.to_string(), other_identity);
    let issued = certificate_from_pem(issued.certificate.as_bytes()).unwrap();
    assert_eq!(issued.uri_names(), [other_identity]);

    let renewed = renew(&certificate, signing_request(&mine)).await.unwrap();
    assert_eq!(renewed.identity.to_string(), identity);
    // The same key: the certificate before renews as well.
    renew(&certificate, signing_request(&mine)).await.unwrap();
    let new_key = KeyPair::generate().unwrap();
    let renewed = renew(&certificate, signing_request(&new_key))
        .await
        .unwrap();
    // From then on the old key, stolen perhaps, gets nothing.
    let refused = renew(&certificate, signing_request(&mine)).await;
    assert!(matches!(refused, Err(RenewalError::OtherKey)));
    let renewed = certificate_from_pem(renewed.certificate.as_bytes()).unwrap();
    renew(&renewed, signing_request(&new_key)).await.unwrap();
    assert!(matches!(
        renew(&renewed, "no request".to_owned()).await,
        Err(RenewalError::Issue(_))
    ));
    let log = vault.audit().await;
    let refused = log
        .iter()
        .filter(|entry| entry.reason.as_deref() == Some("other_key"));
    assert_eq!(refused.count(), 1);
}

#[tokio::test]
async fn a_gateway_that_is_removed_is_refused_at_once_also_on_an_open_watch() {
    let vault = Arc::new(Vault::new().await);
    let group = vault.group("payments").await;
    vault.password(&group, "backend", "hunter2").await;
    let (id, gateway) = vault.gateway("edge").await;
    vault.grant(&group, id).await;
    let reference = "secret://payments/sharedSecrets/backend";
    let known = vault.resolve(&gateway, reference, None, 0).await.unwrap();
    let watching = tokio::spawn({
        let vault = Arc::clone(&vault);
        async move { vault.resolve(&gateway, reference, Some(&known), 60).await }
    });
    let (caller, scope) = (&vault.administrator, vault.scope);
    vault
        .manager
        .delete_gateway(caller, scope, id, clock::now())
        .await
        .unwrap();
    // Long before the watch would have ended.
    let ended = tokio::time::timeout(Duration::from_secs(30), watching).await;
    let error = ended.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, ProviderError::NotAGateway { .. }));
}
