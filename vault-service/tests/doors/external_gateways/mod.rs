//! Gateways with certificates of other CAs, over real TLS.

mod fetched;
mod revocation;
mod turned_away;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sallyport_vault::clock;
use sallyport_vault::http::listener::{self, Limits};
use sallyport_vault::http::provider;
use sallyport_vault::http::tls::{self, ServerIdentity};
use sallyport_vault::provider::sds::{Aliases, Sds};
use sallyport_vault::provider::{
    ExternalCa, ExternalCaError, ExternalCas, ExternalNames, GivenLists, Provider,
};
use sallyport_vault::serve;
use sallyport_vault::settings::Settings;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::scene::Scene;
use crate::sds::greet;
use crate::vault::{Vault, ca};

const EDGE: &str = "spiffe://example.org/edge";
const RESOLVE: &str = "/provider/v1/resolve";
const BACKEND: &str = "secret://payments/sharedSecrets/backend";

type Authority = CertifiedIssuer<'static, KeyPair>;

/// A vault that trusts two more CAs: one for SPIFFE IDs of example.org, one for subjects.
struct Outside {
    scene: Scene,
    spire: Authority,
    corporate: Authority,
    address: SocketAddr,
    internal: CertificateDer<'static>,
    external: Arc<ExternalCas>,
    sds: Arc<Sds>,
    inside: Arc<Provider>,
    _stop: watch::Sender<bool>,
}

impl Outside {
    async fn new() -> Self {
        Self::listing(|_| GivenLists::Unlisted).await
    }

    /// The same, with these revocation lists of the CA for SPIFFE IDs.
    async fn listing(lists: impl FnOnce(&Authority) -> GivenLists) -> Self {
        let (spire, corporate) = (ca(), ca());
        let lists = lists(&spire);
        let scene = Scene::new().await;
        scene.password("backend", "one").await;
        Self::over(scene, spire, corporate, lists).await
    }

    /// With other limits than those of a vault.
    async fn within(limits: Limits) -> Self {
        let scene = Scene::new().await;
        scene.password("backend", "one").await;
        Self::limited(scene, ca(), ca(), GivenLists::Unlisted, limits).await
    }

    /// The inner door of a vault that is there.
    async fn over(scene: Scene, spire: Authority, corporate: Authority, lists: GivenLists) -> Self {
        Self::limited(scene, spire, corporate, lists, Limits::INTERNAL).await
    }

    async fn limited(
        scene: Scene,
        spire: Authority,
        corporate: Authority,
        lists: GivenLists,
        limits: Limits,
    ) -> Self {
        let domain = "example.org".parse().unwrap();
        let others = [
            ExternalCa {
                lists,
                ..external(&spire, ExternalNames::SpiffeIds(domain))
            },
            external(&corporate, ExternalNames::Subjects),
        ];
        let internal = scene.vault.internal_ca().await;
        let (inner, external, turned_away) = scene.vault.provider_trusting(&others).await;
        let issued = internal
            .issue_server(&["localhost".to_owned()], clock::now())
            .unwrap();
        let identity = ServerIdentity {
            chain: vec![issued.certificate],
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(issued.key.to_vec())),
        };
        let roots = others.iter().flat_map(|ca| ca.certificates.clone());
        let roots = roots.chain([internal.certificate().clone()]);
        let sds = Arc::new(Sds::new(Arc::clone(&inner), Aliases::new()));
        let routes = provider::router(Arc::clone(&inner), Arc::clone(&sds));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let tls = tls::mutual(identity, roots, Arc::clone(&external)).unwrap();
        tokio::spawn(listener::serve(
            listener,
            tls,
            routes,
            limits,
            Some(turned_away),
            stopped,
        ));
        Self {
            scene,
            spire,
            corporate,
            address,
            internal: internal.certificate().clone(),
            external,
            sds,
            inside: inner,
            _stop: stop,
        }
    }

    async fn register(&self, body: Value) -> crate::http::Reply {
        let path = "{}/gateways/external";
        self.scene.door.own(Method::POST, path, body).await
    }

    /// Registers a gateway and lets it read.
    async fn let_read(&self, body: Value) {
        let id = self.register(body).await.is(StatusCode::CREATED).json()["id"].clone();
        let path = format!("grants/{}", id.as_str().unwrap());
        let read = json!({ "access": ["read"] });
        self.scene.door.own(Method::PUT, &path, read).await.ok();
    }

    /// Returns when it is so.
    async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let wait = async {
            while !is_so(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait)
            .await
            .unwrap();
    }

    /// What a client with that certificate is answered.
    async fn ask(&self, path: &str, shown: &Shown, body: Value) -> (StatusCode, Value) {
        let mut connection = self.connect(shown).await.unwrap();
        ask(&mut connection, path, body).await.unwrap()
    }

    /// A connection of a client with that certificate.
    async fn connect(&self, shown: &Shown) -> Result<Sender, hyper::Error> {
        let stream = greet(self.address, &self.internal, &shown.chain, &shown.key).await;
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// A call for the secret that waits for so long.
    fn call(&self, known: &Value, wait: u32) -> Value {
        json!({
            "scope": self.scene.vault.scope,
            "references": [{ "reference": BACKEND, "revision": known }],
            "wait": wait,
        })
    }

    /// Whether a certificate gets the secret; otherwise it belongs to no gateway.
    async fn reads(&self, shown: &Shown) -> bool {
        let call = self.call(&Value::Null, 0);
        let (status, answer) = self.ask(RESOLVE, shown, call).await;
        if status == StatusCode::FORBIDDEN {
            assert_eq!(answer["code"], "not_a_gateway");
            return false;
        }
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["answers"][0]["outcome"]["current"].is_object()
    }
}

type Sender = http2::SendRequest<Full<Bytes>>;

/// What is answered on an open connection.
async fn ask(
    connection: &mut Sender,
    path: &str,
    body: Value,
) -> Result<(StatusCode, Value), hyper::Error> {
    let request = Request::post(format!("https://localhost{path}"))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_string())));
    let answer = connection.send_request(request.unwrap()).await?;
    let status = answer.status();
    let bytes = answer.into_body().collect().await?.to_bytes();
    Ok((status, serde_json::from_slice(&bytes).unwrap()))
}

fn external(ca: &Authority, names: ExternalNames) -> ExternalCa {
    ExternalCa {
        certificates: vec![ca.der().clone()],
        names,
        lists: GivenLists::Unlisted,
    }
}

/// A certificate with its key.
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
    pem: String,
}

/// A certificate with these URI names and this common name, if any.
fn shown(ca: &Issuer<'_, KeyPair>, uris: &[&str], common_name: Option<&str>) -> Shown {
    signed(ca, named(uris, common_name))
}

/// A certificate with this URI name, until that moment.
fn shown_until(ca: &Issuer<'_, KeyPair>, uri: &str, until: OffsetDateTime) -> Shown {
    let mut params = named(&[uri], None);
    params.not_after = until;
    signed(ca, params)
}

fn named(uris: &[&str], common_name: Option<&str>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    if let Some(name) = common_name {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    let uris = uris.iter().map(|uri| Ia5String::try_from(*uri).unwrap());
    params.subject_alt_names = uris.map(SanType::URI).collect();
    params
}

fn signed(ca: &Issuer<'_, KeyPair>, params: CertificateParams) -> Shown {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, ca).unwrap();
    Shown {
        chain: vec![certificate.der().clone()],
        key: key.serialize_der(),
        pem: certificate.pem(),
    }
}

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
