//! The internal door.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use rcgen::string::Ia5String;
use rcgen::{CertificateParams, KeyPair, SanType};
use sallyport_model::{ActorId, Collection, GatewayIdentity};
use sallyport_vault::clock;
use sallyport_vault::http::provider::router;
use sallyport_vault::provider::ProviderError;
use sallyport_vault::provider::sds::{Aliases, Sds};
use sallyport_vault::store::AuditOutcome;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::vault::{Vault, truststore_draft};

const BACKEND: &str = "secret://payments/sharedSecrets/backend";

#[tokio::test]
async fn a_granted_gateway_gets_the_value_and_the_log_has_it() {
    let vault = Vault::new().await;
    let group = vault.group("payments").await;
    vault.password(&group, "backend", "open sesame").await;
    let (id, gateway) = vault.gateway("edge").await;
    vault.grant(&group, id).await;

    let answer = vault.resolve(&gateway, BACKEND, None, 0).await.unwrap();
    let current = &answer["outcome"]["current"];
    assert_eq!(
        current["material"]["sharedSecret"]["usernamePassword"]["password"],
        "open sesame"
    );
    assert_eq!(current["version"], 1);
    assert_eq!(current["freshness"]["staleFor"], 300);

    let log = vault.audit().await;
    let entry = log.last().unwrap();
    assert_eq!(
        (entry.operation.as_str(), entry.object.as_str()),
        ("secret.resolve", BACKEND)
    );
    assert_eq!(
        (entry.actor, entry.outcome, entry.version),
        (Some(id), AuditOutcome::Allowed, Some(1))
    );
    assert!(!format!("{log:?}").contains("open sesame"));
}

#[tokio::test]
async fn an_ungranted_and_an_absent_group_are_refused_alike_and_logged() {
    let vault = Vault::new().await;
    let group = vault.group("payments").await;
    vault.password(&group, "backend", "open sesame").await;
    let (id, gateway) = vault.gateway("edge").await;

    let ungranted = vault.resolve(&gateway, BACKEND, None, 0).await.unwrap();
    let absent = vault
        .resolve(&gateway, &BACKEND.replace("payments", "paymnts"), None, 0)
        .await
        .unwrap();
    let refused = |answer: &Value| answer["outcome"]["refused"].clone();
    assert_eq!(refused(&ungranted)["reason"], "not_granted");
    let renamed = refused(&absent)["detail"]
        .as_str()
        .unwrap()
        .replace("paymnts", "payments");
    assert_eq!(refused(&ungranted)["detail"], renamed);
    assert_eq!(ungranted["revision"], absent["revision"]);

    let entries = vault.audit().await;
    let refusals: Vec<_> = entries
        .iter()
        .filter(|entry| entry.outcome == AuditOutcome::Refused)
        .collect();
    assert_eq!(refusals.len(), 2);
    assert!(refusals.iter().all(|entry| entry.actor == Some(id)));
    assert!(
        refusals
            .iter()
            .all(|entry| entry.reason.as_deref() == Some("not_granted"))
    );
}

#[tokio::test]
async fn each_reference_is_answered_for_itself() {
    let vault = Vault::new().await;
    let group = vault.group("payments").await;
    vault.password(&group, "backend", "open sesame").await;
    let (id, gateway) = vault.gateway("edge").await;
    vault.grant(&group, id).await;
    for (reference, expected) in [
        ("not a reference", "malformed_reference"),
        ("secret://payments/sharedSecrets/bakend", "not_found"),
        (
            "secret://payments/sharedSecrets/backend#pasword",
            "not_found",
        ),
        ("secret://payments/sharedSecrets/backend@7", "not_found"),
        ("secret://payments/keystores/server", "not_served"),
        (
            "secret://99999999-9999-4999-8999-999999999999/99999999-9999-4999-8999-999999999999/payments/sharedSecrets/backend",
            "not_granted",
        ),
    ] {
        let answer = vault.resolve(&gateway, reference, None, 0).await.unwrap();
        assert_eq!(
            answer["outcome"]["refused"]["reason"], expected,
            "{reference}"
        );
    }
    let field = vault
        .resolve(&gateway, &format!("{BACKEND}#password"), None, 0)
        .await
        .unwrap();
    assert_eq!(
        field["outcome"]["current"]["material"]["field"],
        "open sesame"
    );
}

#[tokio::test]
async fn an_open_call_ends_with_the_rotated_value() {
    let vault = Arc::new(Vault::new().await);
    let group = vault.group("payments").await;
    let secret = vault.password(&group, "backend", "first").await;
    let (id, gateway) = vault.gateway("edge").await;
    vault.grant(&group, id).await;
    let first = vault.resolve(&gateway, BACKEND, None, 0).await.unwrap();

    let unchanged = vault
        .resolve(&gateway, BACKEND, Some(&first), 0)
        .await
        .unwrap();
    assert!(unchanged["outcome"]["unchanged"]["freshness"]["ttl"].is_u64());

    let watching = tokio::spawn({
        let vault = Arc::clone(&vault);
        async move { vault.resolve(&gateway, BACKEND, Some(&first), 60).await }
    });
    vault.rotate(&group, secret, "backend", "second").await;
    let answer = tokio::time::timeout(Duration::from_secs(20), watching)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let material = &answer["outcome"]["current"]["material"];
    assert_eq!(
        material["sharedSecret"]["usernamePassword"]["password"],
        "second"
    );
}

#[tokio::test]
async fn revoking_a_grant_deleting_a_group_or_the_gateway_is_told_at_once() {
    let vault = Vault::new().await;
    let group = vault.group("payments").await;
    vault.password(&group, "backend", "first").await;
    let (id, certificate, _) = vault.enrolled("edge").await;
    let shown = [certificate.der().to_vec().into()];
    let gateway = vault.provider.authenticate(&shown).await.unwrap();
    vault.grant(&group, id).await;
    let known = vault.resolve(&gateway, BACKEND, None, 0).await.unwrap();

    vault
        .manager
        .revoke(&vault.administrator, &group, id, clock::now())
        .await
        .unwrap();
    let refused = vault
        .resolve(&gateway, BACKEND, Some(&known), 60)
        .await
        .unwrap();
    assert_eq!(refused["outcome"]["refused"]["reason"], "not_granted");

    vault.grant(&group, id).await;
    vault
        .manager
        .delete_group(&vault.administrator, group, clock::now())
        .await
        .unwrap();
    let withdrawn = vault
        .resolve(&gateway, BACKEND, Some(&known), 60)
        .await
        .unwrap();
    assert!(withdrawn["outcome"]["withdrawn"].is_object(), "{withdrawn}");

    vault
        .manager
        .delete_gateway(&vault.administrator, vault.scope, id, clock::now())
        .await
        .unwrap();
    let error = vault
        .resolve(&gateway, BACKEND, Some(&withdrawn), 60)
        .await
        .unwrap_err();
    assert!(matches!(error, ProviderError::NotAGateway { .. }));
    // Who comes back with a certificate that is still good is turned away, and that is in the log.
    let again = vault.provider.authenticate(&shown).await;
    assert!(matches!(again, Err(ProviderError::NotAGateway { .. })));
    let log = vault.audit().await;
    let turned_away = log
        .iter()
        .filter(|entry| entry.operation == "gateway.authenticate");
    let turned_away: Vec<_> = turned_away
        .map(|entry| (entry.outcome, entry.reason.as_deref(), entry.object.clone()))
        .collect();
    let name = GatewayIdentity {
        trust_domain: "test.internal".parse().unwrap(),
        scope: vault.scope,
        gateway: id,
    };
    let refused = |object| (AuditOutcome::Refused, Some("not_a_gateway"), object);
    assert_eq!(
        turned_away,
        [refused("edge".to_owned()), refused(name.to_string())]
    );
}

#[tokio::test]
async fn a_tls_context_changes_when_its_truststore_is_replaced() {
    let vault = Vault::new().await;
    let group = vault.group("payments").await;
    let truststore = vault.truststore(&group, "partners").await;
    vault.tls_context(&group, "inbound", truststore).await;
    let (id, gateway) = vault.gateway("edge").await;
    vault.grant(&group, id).await;
    let reference = "secret://payments/tlsContexts/inbound";
    let before = vault.resolve(&gateway, reference, None, 0).await.unwrap();
    let context = &before["outcome"]["current"]["material"]["tlsContext"];
    assert_eq!(context["clientCertificate"], "require");
    assert_eq!(
        context["truststore"]["anchors"].as_array().unwrap().len(),
        1
    );

    vault
        .manager
        .replace_secret(
            &vault.administrator,
            &group,
            Collection::Truststores,
            truststore,
            truststore_draft("partners"),
            clock::now(),
        )
        .await
        .unwrap();
    let after = vault
        .resolve(&gateway, reference, Some(&before), 60)
        .await
        .unwrap();
    assert_ne!(before["revision"], after["revision"]);
    assert_ne!(
        context["truststore"],
        after["outcome"]["current"]["material"]["tlsContext"]["truststore"]
    );
    for (answer, version) in [(&before, 1), (&after, 2)] {
        let current = &answer["outcome"]["current"];
        assert_eq!(current["version"], 1);
        let part = format!("secret://payments/truststores/partners@{version}");
        assert_eq!(current["parts"], json!([part]));
    }
}

#[tokio::test]
async fn only_one_exact_identity_makes_a_gateway() {
    let vault = Vault::new().await;
    let (id, _) = vault.gateway("edge").await;
    let good = vault.manager.gateway_identity(vault.scope, id).to_string();
    let unknown: ActorId = "99999999-9999-4999-8999-999999999999".parse().unwrap();
    let stranger = vault
        .manager
        .gateway_identity(vault.scope, unknown)
        .to_string();
    assert!(authenticates(&vault, &[&good]).await);
    for names in [
        vec![],
        vec![good.as_str(), good.as_str()],
        vec![stranger.as_str()],
        vec![&good.replace("test.internal", "evil.internal")],
        vec![&good.replace("spiffe://", "https://")],
        vec![&format!("{good}/")],
    ] {
        assert!(!authenticates(&vault, &names).await, "{names:?}");
    }
}

async fn authenticates(vault: &Vault, names: &[&str]) -> bool {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names
        .iter()
        .map(|name| SanType::URI(Ia5String::try_from(*name).unwrap()))
        .collect();
    let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    vault
        .provider
        .authenticate(&[certificate.der().to_vec().into()])
        .await
        .is_ok()
}

#[tokio::test]
async fn a_value_in_the_place_of_a_reference_is_in_the_log_as_a_digest_only() {
    let vault = Vault::new().await;
    let (_, gateway) = vault.gateway("edge").await;
    for _ in 0..2 {
        let answer = vault.resolve(&gateway, "hunter2 canary", None, 0).await;
        let refused = &answer.unwrap()["outcome"]["refused"]["reason"];
        assert_eq!(refused, "malformed_reference");
    }
    let log = vault.audit().await;
    let [.., one, other] = log.as_slice() else {
        panic!("{log:?}");
    };
    assert_eq!(one.reason.as_deref(), Some("malformed_reference"));
    assert!(one.object.starts_with("hmac-sha256:"), "{}", one.object);
    assert_eq!(one.object, other.object);
    assert!(!format!("{log:?}").contains("canary"));
}

#[tokio::test]
async fn a_request_is_known_by_its_trace_at_the_internal_door_too() {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let vault = Vault::new().await;
    let sds = Arc::new(Sds::new(Arc::clone(&vault.provider), Aliases::new()));
    let door = router(Arc::clone(&vault.provider), sds);
    let id = async |traceparent: Option<String>| {
        let mut request = Request::get("/livez");
        if let Some(text) = traceparent {
            request = request.header("traceparent", text);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = door.clone().oneshot(request).await.unwrap();
        let id = answer.headers().get("x-request-id");
        id.map(|id| id.to_str().unwrap().to_owned())
    };
    let named = format!("00-{TRACE}-00f067aa0ba902b7-00");
    assert_eq!(id(Some(named)).await.as_deref(), Some(TRACE));
    let wrong = id(Some(format!("00-{TRACE}"))).await.unwrap();
    assert!(!wrong.contains(TRACE), "{wrong}");
    // Nobody asks, and a warm answer costs no more than it has to.
    assert_eq!(id(None).await, None);
}
