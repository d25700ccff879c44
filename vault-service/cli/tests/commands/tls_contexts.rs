//! `tls-context`.

use serde_json::json;

use crate::scene::{GROUP, Scene, in_group};

const CONTEXT: &str = "50000000-0000-4000-8000-000000000003";
const KEYSTORE: &str = "50000000-0000-4000-8000-000000000004";
const TRUSTSTORE: &str = "50000000-0000-4000-8000-000000000005";

fn with_stores() -> Scene {
    let scene = Scene::logged_in();
    scene.vault.answer(
        "GET",
        &in_group("/keystores"),
        200,
        json!([{"name": "edge", "meta": {"id": KEYSTORE}}]),
    );
    scene.vault.answer(
        "GET",
        &in_group("/truststores"),
        200,
        json!([{"name": "ca", "meta": {"id": TRUSTSTORE}}]),
    );
    scene.vault.answer(
        "GET",
        &in_group("/tlsContexts"),
        200,
        json!([{"name": "inbound", "meta": {"id": CONTEXT}}]),
    );
    scene.vault.answer(
        "POST",
        &in_group("/tlsContexts"),
        201,
        json!({"message": "ok", "id": CONTEXT}),
    );
    scene.vault.answer(
        "PUT",
        &in_group(&format!("/tlsContexts/{CONTEXT}")),
        200,
        json!({"message": "updated"}),
    );
    scene
}

#[test]
fn create_fills_in_strict_defaults() {
    let scene = with_stores();
    scene
        .run(&[
            "tls-context",
            "create",
            "inbound",
            "--group",
            GROUP,
            "--truststore",
            "ca",
        ])
        .succeeds();
    let heard = scene.vault.heard();
    let post = heard.last().unwrap();
    assert_eq!(post.line(), format!("POST {}", in_group("/tlsContexts")));
    assert_eq!(
        post.json(),
        json!({
            "target": "FlexGateway", "name": "inbound",
            "minTlsVersion": "TLSv1.2", "maxTlsVersion": "TLSv1.3",
            "alpnProtocols": ["h2", "http/1.1"],
            "inboundSettings": {"enableClientCertValidation": false},
            "outboundSettings": {"skipServerCertValidation": false},
            "cipherSuites": [
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            ],
            "truststore": {"path": format!("truststores/{TRUSTSTORE}")},
        })
    );
}

#[test]
fn replace_sends_everything_that_was_said() {
    let scene = with_stores();
    scene
        .run(&[
            "tls-context",
            "replace",
            "inbound",
            "--group",
            GROUP,
            "--keystore",
            "edge",
            "--truststore",
            TRUSTSTORE,
            "--min-tls-version",
            "TLSv1.3",
            "--alpn",
            "http/1.1",
            "--require-client-certificate",
            "--skip-server-verification",
        ])
        .succeeds();
    let heard = scene.vault.heard();
    let put = heard.last().unwrap();
    assert_eq!(
        put.line(),
        format!("PUT {}", in_group(&format!("/tlsContexts/{CONTEXT}")))
    );
    assert_eq!(
        put.json(),
        json!({
            "target": "FlexGateway", "name": "inbound",
            "minTlsVersion": "TLSv1.3", "maxTlsVersion": "TLSv1.3",
            "alpnProtocols": ["http/1.1"],
            "inboundSettings": {"enableClientCertValidation": true},
            "outboundSettings": {"skipServerCertValidation": true},
            "cipherSuites": [],
            "keystore": {"path": format!("keystores/{KEYSTORE}")},
            "truststore": {"path": format!("truststores/{TRUSTSTORE}")},
        })
    );
}

#[test]
fn chosen_suites_take_the_place_of_the_default_ones() {
    let scene = with_stores();
    let suite = "TLS_RSA_WITH_AES_128_GCM_SHA256";
    scene
        .run(&[
            "tls-context",
            "create",
            "x",
            "--group",
            GROUP,
            "--keystore",
            "edge",
            "--cipher",
            suite,
        ])
        .succeeds();
    assert_eq!(
        scene.vault.heard().last().unwrap().json()["cipherSuites"],
        json!([suite])
    );
}

#[test]
fn what_makes_no_sense_is_refused_before_any_request() {
    let scene = with_stores();
    let create = |extra: &[&str]| {
        let mut arguments = vec!["tls-context", "create", "x", "--group", GROUP];
        arguments.extend(extra);
        scene.run(&arguments).fails(2).to_owned()
    };
    assert!(create(&[]).contains("--keystore"));
    assert!(
        create(&["--keystore", "edge", "--require-client-certificate"]).contains("--truststore")
    );
    assert!(
        create(&["--keystore", "edge", "--min-tls-version", "TLSv1.0"])
            .contains("TLSv1.1, TLSv1.2, TLSv1.3")
    );
    assert!(create(&["--keystore", "edge", "--alpn", "h3"]).contains("h2, http/1.1"));
    let refused = create(&["--keystore", "edge", "--cipher", "AES"]);
    assert!(
        refused.contains("unknown cipher suite \"AES\""),
        "{refused}"
    );
    assert!(
        refused.contains("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        "{refused}"
    );
    assert!(scene.vault.heard().is_empty());
}

#[test]
fn an_unknown_store_is_named_with_its_kind() {
    let scene = with_stores();
    let ended = scene.run(&[
        "tls-context",
        "create",
        "x",
        "--group",
        GROUP,
        "--truststore",
        "edge",
    ]);
    assert!(
        ended
            .fails(1)
            .starts_with("error: no truststore \"edge\"; there are: ca\n")
    );
}

const CRL: &str = "50000000-0000-4000-8000-000000000006";
const PINSET: &str = "50000000-0000-4000-8000-000000000007";

fn created(scene: &Scene, line: &str) -> serde_json::Value {
    scene.say(line).succeeds();
    scene.vault.heard().last().unwrap().json()
}

#[test]
fn a_mule_context_has_versions_and_any_ciphers() {
    let scene = with_stores();
    let create = "tls-context create inbound --group payments --target mule --keystore edge";
    assert_eq!(
        created(&scene, create),
        json!({
            "target": "Mule", "name": "inbound", "insecure": false, "cipherSuites": [],
            "acceptableTlsVersions": {"tlsV1Dot1": false, "tlsV1Dot2": true, "tlsV1Dot3": false},
            "keystore": {"path": format!("keystores/{KEYSTORE}")},
        })
    );
    let line = format!(
        "{create} --truststore ca --insecure --tls-version TLSv1.1 --tls-version TLSv1.3 \
         --cipher TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 --cipher ANY_NAME \
         --expiration-date 2027-06-06"
    );
    assert_eq!(
        created(&scene, &line),
        json!({
            "target": "Mule", "name": "inbound", "expirationDate": "2027-06-06", "insecure": true,
            "cipherSuites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ANY_NAME"],
            "acceptableTlsVersions": {"tlsV1Dot1": true, "tlsV1Dot2": false, "tlsV1Dot3": true},
            "keystore": {"path": format!("keystores/{KEYSTORE}")},
            "truststore": {"path": format!("truststores/{TRUSTSTORE}")},
        })
    );
}

#[test]
fn a_fabric_context_says_how_client_certificates_are_checked() {
    let scene = with_stores();
    for (collection, name, id) in [
        ("crlDistributorConfigs", "crl", CRL),
        ("certificatePinsets", "pins", PINSET),
    ] {
        let list = json!([{"name": name, "meta": {"id": id}}]);
        scene
            .vault
            .answer("GET", &in_group(&format!("/{collection}")), 200, list);
    }
    let create = "tls-context create inbound --group payments --target security-fabric \
                  --keystore edge --truststore ca";
    let body = created(&scene, create);
    assert_eq!(body["enableMutualAuthentication"], false);
    assert_eq!(body["mutualAuthentication"], json!(null));
    let suites = body["acceptableCipherSuites"].as_object().unwrap();
    assert_eq!(suites.len(), 22);
    assert_eq!(suites["ecdheRsaAes128GcmSha256"], true);
    assert_eq!(suites["aes128Sha256"], false);

    let body = created(
        &scene,
        &format!(
            "{create} --cipher aes128Sha256 --mutual-authentication --checking-strength lax \
             --verification-depth 4 --certificate-policy 1.2.3 --policy-checking \
             --crl-distributor crl --crl-for-all-cas --pinset pins --overlook allowSelfSigned"
        ),
    );
    assert_eq!(body["acceptableCipherSuites"]["aes128Sha256"], true);
    assert_eq!(
        body["acceptableCipherSuites"]["ecdheRsaAes128GcmSha256"],
        false
    );
    assert_eq!(
        body["mutualAuthentication"],
        json!({
            "certificatePolicies": ["1.2.3"], "certCheckingStrength": "Lax", "verificationDepth": 4,
            "performDomainChecking": false, "certificatePolicyChecking": true,
            "requireInitialExplicitPolicy": false, "revocationChecking": true,
            "revocationCheckingMethod": "CRL",
            "crlDistributorConfig": {"path": format!("crlDistributorConfigs/{CRL}")},
            "requireCrlForAllCa": true, "sendTruststore": false,
            "certificatePinning": {"performCertificatePinning": true,
                "certificatePinset": {"path": format!("certificatePinsets/{PINSET}")}},
            "authenticationOverrides": {
                "certificateBadFormat": false, "certificateBadSignature": false,
                "certificateNotYetValid": false, "certificateHasExpired": false,
                "allowSelfSigned": true, "certificateUnresolved": false,
                "certificateUntrusted": false, "invalidCa": false, "invalidPurpose": false,
                "other": false,
            },
        })
    );
}

#[test]
fn a_gateway_context_says_how_peers_are_verified_only_if_asked_to() {
    let scene = with_stores();
    let list = json!([{"name": "crl", "meta": {"id": CRL}}]);
    let path = in_group("/crlDistributorConfigs");
    scene.vault.answer("GET", &path, 200, list);
    let create = "tls-context create inbound --group payments --truststore ca";
    assert_eq!(created(&scene, create)["verification"], json!(null));
    let body = created(&scene, &format!("{create} --profile strict --max-depth 2"));
    let expected = json!({"profile": "strict", "maxDepth": 2});
    assert_eq!(body["verification"], expected);
    let body = created(
        &scene,
        &format!("{create} --crl-distributor crl --allow-expired-crl --crl-for-peer-only"),
    );
    assert_eq!(
        body["verification"],
        json!({"profile": "balanced", "revocation": {
            "crlDistributorConfig": {"path": format!("crlDistributorConfigs/{CRL}")},
            "unknown": "deny", "expired": "allow", "certificates": "peer"}})
    );
}

#[test]
fn a_file_gives_the_whole_object_but_the_name() {
    let scene = with_stores();
    let object = json!({"target": "SecurityFabric", "name": "other", "enableMutualAuthentication": false,
        "acceptableTlsVersions": {"tlsV1Dot2": true}, "keystore": {"path": "keystores/edge"}});
    scene.file("context.json", &object.to_string());
    let mut expected = object;
    expected["name"] = "inbound".into();
    let create = "tls-context create inbound --group payments --from-file context.json";
    assert_eq!(created(&scene, create), expected);

    scene.file("list.json", "[]");
    scene.file("targetless.json", "{}");
    for (file, reason) in [
        ("list.json", "it is no JSON object"),
        ("targetless.json", "it has no member \"target\""),
    ] {
        let line = format!("tls-context create x --group payments --from-file {file}");
        assert!(scene.say(&line).fails(2).contains(reason));
    }
    assert!(
        scene
            .say(&format!("{create} --insecure"))
            .fails(2)
            .contains("not the file")
    );
}

#[test]
fn options_of_another_target_are_refused_before_any_request() {
    let scene = with_stores();
    let create = |rest: &str| {
        let line = format!("tls-context create x --group payments --keystore edge {rest}");
        scene.say(&line).fails(2).to_owned()
    };
    for (given, said) in [
        ("--insecure", "--insecure is for --target mule"),
        (
            "--tls-version TLSv1.2",
            "--tls-version is for --target mule or security-fabric",
        ),
        (
            "--target mule --alpn h2",
            "--alpn is for --target flex-gateway",
        ),
        ("--target security-fabric --cipher AES", "unknown word"),
        (
            "--target security-fabric --insecure",
            "--insecure is for --target mule",
        ),
        (
            "--target security-fabric --max-depth 1",
            "--max-depth is for --target flex-gateway",
        ),
        (
            "--target mule --crl-distributor p",
            "--crl-distributor is for --target flex-gateway or security-fabric",
        ),
        (
            "--pinset p",
            "--pinset is for --target security-fabric, with --mutual-authentication",
        ),
        (
            "--mutual-authentication --truststore partners --pinset p",
            "--pinset is for --target security-fabric",
        ),
        (
            "--target security-fabric --pinset p",
            "--pinset goes with --mutual-authentication",
        ),
        (
            "--target security-fabric --crl-distributor p",
            "--crl-distributor goes with --mutual-authentication",
        ),
    ] {
        let answer = create(given);
        assert!(answer.contains(said), "{given}: {answer}");
    }
    assert!(create("--allow-expired-crl").contains("--crl-distributor"));
    assert!(scene.vault.heard().is_empty());
}
