//! Gateways with certificates of other CAs, over real TLS.

mod fetched;
mod outside;
mod revocation;
mod shown;
mod turned_away;

use axum::http::{Method, StatusCode};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use sallyport_vault::clock;
use sallyport_vault::provider::{
    ExternalCa, ExternalCaError, ExternalCas, ExternalNames, GivenLists,
};
use sallyport_vault::serve;
use sallyport_vault::settings::Settings;
use serde_json::{Value, json};

use self::outside::{Authority, EDGE, Outside, RESOLVE, ask, external};
use self::shown::{Shown, shown, shown_until};
use crate::scene::Scene;
use crate::vault::{Vault, ca};

#[tokio::test]
async fn a_gateway_is_known_by_the_one_spiffe_id_in_its_certificates() {
    let outside = Outside::new().await;
    let spire = &outside.spire;
    let edge = shown(spire, &[EDGE], Some("edge"));
    assert!(!outside.reads(&edge).await);
    outside
        .let_read(json!({ "name": "edge", "spiffeId": EDGE }))
        .await;
    assert!(outside.reads(&edge).await);
    // Another certificate with the same ID is the same gateway.
    assert!(outside.reads(&shown(spire, &[EDGE], None)).await);
    for (uris, why) in [
        (&["spiffe://example.org/other"][..], "another workload"),
        (&["spiffe://example.org/edge/"], "no SPIFFE ID"),
        (&["spiffe://EXAMPLE.org/edge"], "another spelling"),
        (&["spiffe://example.com/edge"], "another trust domain"),
        (&[EDGE, "spiffe://example.org/other"], "two names"),
        (&[EDGE, EDGE], "the same twice"),
        (&[EDGE, "https://example.org/"], "one more URI"),
        (&[], "none"),
    ] {
        assert!(
            !outside.reads(&shown(spire, uris, Some("edge"))).await,
            "{why}"
        );
    }
}

#[tokio::test]
async fn a_chain_ends_at_the_ca_that_may_give_the_name() {
    let outside = Outside::new().await;
    outside
        .let_read(json!({ "name": "edge", "spiffeId": EDGE }))
        .await;
    for (root, read) in [(&outside.spire, true), (&outside.corporate, false)] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "issuing CA");
        let intermediate = params.clone().signed_by(&key, root).unwrap();
        let issuing = Issuer::new(params, key);
        let mut edge = shown(&issuing, &[EDGE], None);
        edge.chain.push(intermediate.der().clone());
        assert_eq!(outside.reads(&edge).await, read);
    }
}

#[tokio::test]
async fn a_ca_gives_the_names_that_it_may_and_no_others() {
    let outside = Outside::new().await;
    outside
        .let_read(json!({ "name": "edge", "spiffeId": EDGE }))
        .await;
    // The CA of subjects says a SPIFFE ID.
    assert!(
        !outside
            .reads(&shown(&outside.corporate, &[EDGE], Some("edge")))
            .await
    );
    // Both say that they are a gateway of the internal CA, which reads.
    let (own, ours) = outside.own_gateway().await;
    assert!(outside.reads(&ours).await);
    let identity = outside
        .scene
        .vault
        .manager
        .gateway_identity(outside.scene.vault.scope, own);
    for ca in [&outside.spire, &outside.corporate] {
        assert!(
            !outside
                .reads(&shown(ca, &[&identity.to_string()], None))
                .await
        );
    }
    // The CA of SPIFFE IDs says a subject.
    let subject = shown(&outside.corporate, &[], Some("edge-2"));
    outside
        .let_read(json!({ "name": "edge-2", "certificate": subject.pem }))
        .await;
    assert!(
        !outside
            .reads(&shown(&outside.spire, &[], Some("edge-2")))
            .await
    );
}

#[tokio::test]
async fn a_gateway_is_known_by_the_whole_subject_of_its_certificates() {
    let outside = Outside::new().await;
    let corporate = &outside.corporate;
    let first = shown(corporate, &[], Some("edge,O=Acme"));
    outside
        .let_read(json!({ "name": "edge", "certificate": first.pem }))
        .await;
    assert!(outside.reads(&first).await);
    assert!(
        outside
            .reads(&shown(corporate, &[], Some("edge,O=Acme")))
            .await
    );
    for (uris, name) in [
        (&[][..], Some("edge")),
        (&[], Some("Edge,O=Acme")),
        (&[], None),
        // A certificate with a URI name is known by that only.
        (&["https://example.org/"], Some("edge,O=Acme")),
    ] {
        assert!(
            !outside.reads(&shown(corporate, uris, name)).await,
            "{name:?}"
        );
    }
}

#[tokio::test]
async fn it_gets_no_certificate_of_ours_and_ends_when_it_is_deleted() {
    let outside = Outside::new().await;
    outside
        .let_read(json!({ "name": "edge", "spiffeId": EDGE }))
        .await;
    let edge = shown(&outside.spire, &[EDGE], None);
    let signing_request = CertificateParams::default()
        .serialize_request(&KeyPair::generate().unwrap())
        .unwrap();
    let body = json!({ "csr": signing_request.pem().unwrap() });
    let (status, answer) = outside.ask("/provider/v1/certificate", &edge, body).await;
    assert_eq!(
        (status, &answer["code"]),
        (StatusCode::FORBIDDEN, &json!("another_ca"))
    );

    let listed = outside
        .scene
        .door
        .own(Method::GET, "{}/gateways", Value::Null)
        .await
        .ok();
    assert_eq!(listed[0]["identity"], EDGE);
    let path = format!("{{}}/gateways/{}", listed[0]["id"].as_str().unwrap());
    let deleted = outside
        .scene
        .door
        .own(Method::DELETE, &path, Value::Null)
        .await;
    deleted.is(StatusCode::NO_CONTENT);
    assert!(!outside.reads(&edge).await);
}

#[tokio::test]
async fn a_registration_names_one_gateway_by_one_name() {
    let outside = Outside::new().await;
    outside
        .let_read(json!({ "name": "edge", "spiffeId": EDGE }))
        .await;
    let again = json!({ "name": "other", "spiffeId": EDGE });
    let taken = outside.register(again).await;
    assert!(taken.text.contains(EDGE), "{}", taken.text);
    taken.is(StatusCode::CONFLICT);
    let with_uri = shown(&outside.corporate, &["https://example.org/"], Some("edge"));
    for (body, pointer) in [
        (json!({ "name": "a" }), ""),
        (
            json!({ "name": "a", "spiffeId": "spiffe://example.org/a", "certificate": "x" }),
            "",
        ),
        (
            json!({ "name": "a", "spiffeId": "https://example.org/a" }),
            "/spiffeId",
        ),
        (
            json!({ "name": "a", "spiffeId": "spiffe://example.org/a//b" }),
            "/spiffeId",
        ),
        (
            json!({ "name": "a", "spiffeId": "spiffe://test.internal/gateway" }),
            "/spiffeId",
        ),
        (
            json!({ "name": "a", "certificate": "no certificate" }),
            "/certificate",
        ),
        (
            json!({ "name": "a", "certificate": with_uri.pem }),
            "/certificate",
        ),
        (
            json!({ "name": "a", "certificate": outside.corporate.pem() }),
            "/certificate",
        ),
    ] {
        let refused = outside
            .register(body)
            .await
            .is(StatusCode::BAD_REQUEST)
            .json();
        assert_eq!(refused["pointer"], pointer, "{refused}");
    }
}

#[tokio::test]
async fn no_other_ca_speaks_for_the_trust_domain_of_the_vault() {
    let scene = Scene::new().await;
    let internal = scene.vault.internal_ca().await;
    let own = "test.internal".parse().unwrap();
    let names = ExternalNames::SpiffeIds("test.internal".parse().unwrap());
    let external = [external(&ca(), names)];
    let trusting = |others: &[ExternalCa]| {
        ExternalCas::new(internal.certificate(), &own, others, clock::now())
    };
    let refused = trusting(&external);
    assert!(matches!(refused, Err(ExternalCaError::OwnTrustDomain(_))));
    let nobody = ExternalCa {
        certificates: Vec::new(),
        names: ExternalNames::Subjects,
        lists: GivenLists::Unlisted,
    };
    assert!(trusting(&[nobody]).is_err());
}

#[tokio::test]
async fn a_file_of_a_ca_that_is_not_there_or_is_none_is_named_with_its_setting() {
    let vault = Vault::new().await;
    let place = vault.dir.path();
    std::fs::write(place.join("ca.pem"), ca().pem()).unwrap();
    std::fs::write(place.join("empty.pem"), "").unwrap();
    for (files, said) in [
        (
            "file = 'DIR/absent.pem'",
            "gateway_cas: file: cannot read DIR/absent.pem",
        ),
        (
            "file = 'DIR/empty.pem'",
            "gateway_cas: file: DIR/empty.pem is no PEM",
        ),
        (
            "file = 'DIR/ca.pem'\ncrl_file = 'DIR/absent.crl'",
            "gateway_cas: crl_file: cannot read DIR/absent.crl",
        ),
        (
            "file = 'DIR/ca.pem'\ncrl_file = 'DIR/empty.pem'",
            "crl_file of gateway_cas 1",
        ),
    ] {
        let directory = place.to_str().unwrap();
        let [files, said] = [files, said].map(|text| text.replace("DIR", directory));
        let given = toml::from_str(&format!("[[gateway_cas]]\n{files}\n")).unwrap();
        let settings = Settings::from_given(given).unwrap();
        let opened = serve::Vault::open(&place.join("data"), &settings).await;
        let refused = opened.err().unwrap().to_string();
        assert!(refused.starts_with(&said), "{said}: {refused}");
    }
}
