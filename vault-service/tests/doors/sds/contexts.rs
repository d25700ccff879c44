//! TLS contexts as Envoy's certificates and validation contexts.

use axum::http::{Method, StatusCode};
use sallyport_vault::provider::sds::Aliases;
use sallyport_vault::provider::sds::wire::{
    AnySecret, DataSource, DiscoveryResponse, Secret, VERIFY_TRUST_CHAIN,
};
use serde_json::{Value, json};

use super::door::{Connection, Door, Edge, answers, secret, subscribes, wants};
use crate::http::Part::{self, File, Text};
use crate::kinds::{Scene, pair, path};
use crate::vault::ca;

const CERTIFICATE: &str = "secret://payments/tlsContexts/inbound#certificate";
const VALIDATION: &str = "secret://payments/tlsContexts/inbound#validation";
const PARTIAL: &str = "secret://payments/tlsContexts/inbound#partialValidation";

/// A group with a TLS context, and a gateway that may read it.
struct House {
    scene: Scene,
    keystore: String,
    truststore: String,
    context: String,
    edge: Edge,
    connection: Connection,
    _door: Door,
}

impl House {
    async fn new(verification: Value) -> Self {
        let scene = Scene::new().await;
        let keystore = scene.pem_keystore("server").await;
        let truststore = scene.pem_truststore("partners").await;
        let body = body(&keystore, &truststore, verification);
        let context = scene.post("tlsContexts", body).await;
        let edge = Edge::enrol(&scene.vault, "edge").await;
        scene.vault.grant(&scene.group, edge.id).await;
        let door = Door::open(&scene.vault, Aliases::new()).await;
        let connection = door.connect(&edge).await;
        Self {
            scene,
            keystore,
            truststore,
            context,
            edge,
            connection,
            _door: door,
        }
    }

    async fn fetch(&self, name: &str) -> Option<Secret> {
        let response = self.connection.fetch(name).await.unwrap();
        response.resources.first().map(secret)
    }

    async fn replace(&self, collection: &str, id: &str, parts: &[Part<'_>]) {
        let place = format!("{collection}/{id}");
        self.scene.door.form(Method::PUT, &place, parts).await.ok();
    }

    /// Why the last name was not served.
    async fn reason(&self) -> String {
        let log = self.scene.vault.audit().await;
        log.last().unwrap().reason.clone().unwrap()
    }
}

fn body(keystore: &str, truststore: &str, verification: Value) -> Value {
    json!({
        "name": "inbound", "target": "FlexGateway",
        "minTlsVersion": "TLSv1.3", "maxTlsVersion": "TLSv1.3", "alpnProtocols": ["h2"],
        "inboundSettings": {"enableClientCertValidation": true},
        "keystore": path("keystores", keystore), "truststore": path("truststores", truststore),
        "verification": verification,
    })
}

fn text(source: Option<&DataSource>) -> String {
    String::from_utf8(source.unwrap().inline_bytes.to_vec()).unwrap()
}

fn chain(response: &DiscoveryResponse) -> String {
    let certificate = secret(&response.resources[0]).tls_certificate.unwrap();
    text(certificate.certificate_chain.as_ref())
}

#[tokio::test]
async fn the_keystore_of_a_context_is_a_certificate_and_follows_its_rotation() {
    let house = House::new(Value::Null).await;
    let mut stream = house.connection.sotw().await;
    stream.say(wants(&[CERTIFICATE])).await;
    let first = stream.hear().await;
    let certificate = secret(&first.resources[0]).tls_certificate.unwrap();
    let key = text(certificate.private_key.as_ref());
    assert!(key.starts_with("-----BEGIN PRIVATE KEY-----"));
    assert!(text(certificate.certificate_chain.as_ref()).starts_with("-----BEGIN CERTIFICATE"));
    stream.say(answers(&[CERTIFICATE], &first, None)).await;

    // Whom it trusts is no news about who it is.
    let pem = ca().pem();
    house
        .replace(
            "truststores",
            &house.truststore,
            &[
                Text("name", "partners"),
                Text("type", "PEM"),
                File("trustStore", "ca.pem", pem.as_bytes()),
            ],
        )
        .await;
    let (certificate, key) = pair();
    house
        .replace(
            "keystores",
            &house.keystore,
            &[
                Text("type", "PEM"),
                Text("name", "server"),
                File("certificate", "server.pem", certificate.as_bytes()),
                File("key", "server.key", key.as_bytes()),
            ],
        )
        .await;
    let second = stream.hear().await;
    let written = |pem: &str| sallyport_pki::certificate_from_pem(pem.as_bytes()).unwrap();
    assert_eq!(written(&chain(&second)).der(), written(&certificate).der());
    assert_eq!(second.nonce, "2");
}

#[tokio::test]
async fn a_context_is_a_validation_context_of_the_same_revision_as_for_filters() {
    let house = House::new(json!({"maxDepth": 1})).await;
    let response = house.connection.fetch(VALIDATION).await.unwrap();
    let context = secret(&response.resources[0]).validation_context.unwrap();
    assert!(text(context.trusted_ca.as_ref()).starts_with("-----BEGIN CERTIFICATE"));
    assert_eq!(context.max_verify_depth, Some(2));
    let vault = &house.scene.vault;
    let gateway = vault
        .provider
        .authenticate(std::slice::from_ref(&house.edge.certificate))
        .await;
    let reference = "secret://payments/tlsContexts/inbound";
    let answer = vault.resolve(&gateway.unwrap(), reference, None, 0).await;
    assert_eq!(answer.unwrap()["revision"], response.version_info);
}

#[tokio::test]
async fn half_of_the_rules_are_served_under_their_own_name_only() {
    let house = House::new(json!({"profile": "strict"})).await;
    assert!(house.fetch(VALIDATION).await.is_none());
    assert_eq!(house.reason().await, "not_expressible");
    let partial = house.fetch(PARTIAL).await.unwrap();
    assert!(partial.validation_context.unwrap().trusted_ca.is_some());
}

/// The only context that nobody passes.
fn lets_nobody_pass(any: &AnySecret) -> bool {
    let context = secret(any).validation_context.unwrap();
    assert!(text(context.trusted_ca.as_ref()).contains("CERTIFICATE"));
    context.verify_certificate_hash == ["00".repeat(32)]
        && context.verify_certificate_spki.is_empty()
        && context.trust_chain_verification == VERIFY_TRUST_CHAIN
}

#[tokio::test]
async fn who_has_rules_that_are_none_any_more_gets_such_that_nobody_passes() {
    let house = House::new(json!({})).await;
    let replace = async |verification: Value| {
        let body = body(&house.keystore, &house.truststore, verification);
        let place = format!("tlsContexts/{}", house.context);
        let body = body.to_string();
        house.scene.door.json(Method::PUT, &place, &body).await.ok();
    };
    let mut world = house.connection.sotw().await;
    world.say(wants(&[VALIDATION])).await;
    let mut delta = house.connection.delta().await;
    delta.say(subscribes(&[VALIDATION])).await;
    let first = world.hear().await;
    assert!(!lets_nobody_pass(&first.resources[0]));
    world.say(answers(&[VALIDATION], &first, None)).await;
    delta.hear().await;

    // Envoy cannot be told these.
    replace(json!({"profile": "strict"})).await;
    let second = world.hear().await;
    assert!(lets_nobody_pass(&second.resources[0]));
    world.say(answers(&[VALIDATION], &second, None)).await;
    let told = delta.hear().await;
    let resource = told.resources[0].resource.as_ref().unwrap();
    assert!(lets_nobody_pass(resource) && told.removed_resources.is_empty());
    assert_eq!(house.reason().await, "not_expressible");
    // Who comes back with rules of before is no better off, and who never had any gets none.
    let mut again = wants(&[VALIDATION]);
    again.version_info = first.version_info.clone();
    let mut back = house.connection.sotw().await;
    back.say(again).await;
    assert!(lets_nobody_pass(&back.hear().await.resources[0]));
    let mut again = subscribes(&[VALIDATION]);
    again.initial_resource_versions = [(VALIDATION.to_owned(), first.version_info)].into();
    let mut back = house.connection.delta().await;
    back.say(again).await;
    let told = back.hear().await;
    assert!(lets_nobody_pass(
        told.resources[0].resource.as_ref().unwrap()
    ));
    assert!(house.fetch(VALIDATION).await.is_none());

    replace(json!({})).await;
    assert!(!lets_nobody_pass(&world.hear().await.resources[0]));
    // What nobody passes is no version of the context, accepted or not.
    let rollout = house.scene.vault.provider.rollout();
    let runs = rollout.running(house.edge.id, house.context.parse().unwrap());
    assert_eq!(runs.map(|runs| runs.version), Some(1));
    let place = format!("grants/{}", house.edge.id);
    let door = &house.scene.door;
    let taken = door.own(Method::DELETE, &place, Value::Null);
    taken.await.is(StatusCode::NO_CONTENT);
    assert!(lets_nobody_pass(&world.hear().await.resources[0]));
}

#[tokio::test]
async fn a_part_that_is_missing_is_not_ready_and_never_open() {
    let house = House::new(Value::Null).await;
    let mut body = body(&house.keystore, &house.truststore, Value::Null);
    let fields = body.as_object_mut().unwrap();
    fields.remove("keystore");
    let place = format!("tlsContexts/{}", house.context);
    let body = body.to_string();
    house.scene.door.json(Method::PUT, &place, &body).await.ok();
    assert!(house.fetch(CERTIFICATE).await.is_none());
    assert_eq!(house.reason().await, "not_found");
    assert!(house.fetch(VALIDATION).await.is_some());

    let place = format!("truststores/{}?force=true", house.truststore);
    house
        .scene
        .door
        .call(Method::DELETE, &place, &[], Value::Null)
        .await;
    assert!(house.fetch(VALIDATION).await.is_none());
    assert!(house.fetch(PARTIAL).await.is_none());
    assert_eq!(house.reason().await, "unavailable");
}
