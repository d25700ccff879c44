//! A vault that trusts other CAs, and clients with their certificates.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertifiedIssuer, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sallyport_vault::clock;
use sallyport_vault::http::listener::{self, Limits};
use sallyport_vault::http::provider;
use sallyport_vault::http::tls::{self, ServerIdentity};
use sallyport_vault::provider::sds::{Aliases, Sds};
use sallyport_vault::provider::{ExternalCa, ExternalCas, ExternalNames, GivenLists, Provider};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::shown::Shown;
use crate::scene::Scene;
use crate::sds::greet;
use crate::vault::ca;

pub(super) const EDGE: &str = "spiffe://example.org/edge";
pub(super) const RESOLVE: &str = "/provider/v1/resolve";
pub(super) const BACKEND: &str = "secret://payments/sharedSecrets/backend";

pub(super) type Authority = CertifiedIssuer<'static, KeyPair>;

/// A vault that trusts two more CAs: one for SPIFFE IDs of example.org, one for subjects.
pub(super) struct Outside {
    pub(super) scene: Scene,
    pub(super) spire: Authority,
    pub(super) corporate: Authority,
    pub(super) address: SocketAddr,
    pub(super) internal: CertificateDer<'static>,
    pub(super) external: Arc<ExternalCas>,
    pub(super) sds: Arc<Sds>,
    pub(super) inside: Arc<Provider>,
    _stop: watch::Sender<bool>,
}

impl Outside {
    pub(super) async fn new() -> Self {
        Self::listing(|_| GivenLists::Unlisted).await
    }

    /// The same, with these revocation lists of the CA for SPIFFE IDs.
    pub(super) async fn listing(lists: impl FnOnce(&Authority) -> GivenLists) -> Self {
        let (spire, corporate) = (ca(), ca());
        let lists = lists(&spire);
        let scene = Scene::new().await;
        scene.password("backend", "one").await;
        Self::over(scene, spire, corporate, lists).await
    }

    /// With other limits than those of a vault.
    pub(super) async fn within(limits: Limits) -> Self {
        let scene = Scene::new().await;
        scene.password("backend", "one").await;
        Self::limited(scene, ca(), ca(), GivenLists::Unlisted, limits).await
    }

    /// The inner door of a vault that is there.
    pub(super) async fn over(
        scene: Scene,
        spire: Authority,
        corporate: Authority,
        lists: GivenLists,
    ) -> Self {
        Self::limited(scene, spire, corporate, lists, Limits::INTERNAL).await
    }

    pub(super) async fn limited(
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

    pub(super) async fn register(&self, body: Value) -> crate::http::Reply {
        let path = "{}/gateways/external";
        self.scene.door.own(Method::POST, path, body).await
    }

    /// Registers a gateway and lets it read.
    pub(super) async fn let_read(&self, body: Value) {
        let id = self.register(body).await.is(StatusCode::CREATED).json()["id"].clone();
        let path = format!("grants/{}", id.as_str().unwrap());
        let read = json!({ "access": ["read"] });
        self.scene.door.own(Method::PUT, &path, read).await.ok();
    }

    /// Returns when it is so.
    pub(super) async fn until(&self, is_so: impl Fn(&Self) -> bool) {
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
    pub(super) async fn ask(&self, path: &str, shown: &Shown, body: Value) -> (StatusCode, Value) {
        let mut connection = self.connect(shown).await.unwrap();
        ask(&mut connection, path, body).await.unwrap()
    }

    /// A connection of a client with that certificate.
    pub(super) async fn connect(&self, shown: &Shown) -> Result<Sender, hyper::Error> {
        let stream = greet(self.address, &self.internal, &shown.chain, &shown.key).await;
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// A call for the secret that waits for so long.
    pub(super) fn call(&self, known: &Value, wait: u32) -> Value {
        json!({
            "scope": self.scene.vault.scope,
            "references": [{ "reference": BACKEND, "revision": known }],
            "wait": wait,
        })
    }

    /// Whether a certificate gets the secret; otherwise it belongs to no gateway.
    pub(super) async fn reads(&self, shown: &Shown) -> bool {
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

pub(super) type Sender = http2::SendRequest<Full<Bytes>>;

/// What is answered on an open connection.
pub(super) async fn ask(
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

pub(super) fn external(ca: &Authority, names: ExternalNames) -> ExternalCa {
    ExternalCa {
        certificates: vec![ca.der().clone()],
        names,
        lists: GivenLists::Unlisted,
    }
}
