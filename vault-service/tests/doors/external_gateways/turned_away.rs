//! Who is not let in at the internal door, and how it is told.

use std::sync::Arc;

use axum::http::Request;
use http_body_util::{BodyExt as _, Full};
use rcgen::date_time_ymd;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use sallyport_model::ActorId;
use sallyport_vault::http::listener::Limits;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{EDGE, Outside, RESOLVE, Shown, ask, shown, shown_until};
use crate::vault::ca;

impl Outside {
    /// A gateway with a certificate of the internal CA.
    pub(super) async fn own_gateway(&self) -> (ActorId, Shown) {
        let (own, certificate, key) = self.scene.vault.enrolled("own").await;
        self.scene.vault.grant(&self.scene.group, own).await;
        let shown = Shown {
            chain: vec![certificate.der().to_vec().into()],
            key: key.serialize_der(),
            pem: String::new(),
        };
        (own, shown)
    }

    /// What `/readyz` says to a client with that certificate.
    pub(super) async fn probe(&self, shown: &Shown) -> String {
        let mut connection = self.connect(shown).await.unwrap();
        let request = Request::get("https://localhost/readyz").body(Full::default());
        let answer = connection.send_request(request.unwrap()).await.unwrap();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// How often somebody was turned away for that reason.
    fn turned_away(&self, reason: &str) -> u64 {
        let text = self.inside.metrics().unwrap();
        let line = format!("sallyport_gateways_turned_away_total{{reason=\"{reason}\"}} ");
        let count = text.lines().find_map(|it| it.strip_prefix(&line));
        count.map_or(0, |count| count.parse().unwrap())
    }

    /// Returns when it has happened once; a client may hear of it before it is counted.
    async fn turned_one_away(&self, reason: &str) {
        self.until(|outside| outside.turned_away(reason) == 1).await;
    }

    /// A handshake without a certificate, which is refused.
    async fn show_nothing(&self) {
        let mut roots = RootCertStore::empty();
        roots.add(self.internal.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        if let Ok(mut stream) = connector.connect(name, stream).await {
            stream.read_to_end(&mut Vec::new()).await.unwrap_err();
        }
    }
}

#[tokio::test]
async fn whoever_is_turned_away_is_counted_by_the_reason() {
    let outside = Outside::new().await;
    let spire = &outside.spire;
    outside.show_nothing().await;
    outside.turned_one_away("no_certificate").await;
    assert!(outside.turns_away(&shown(&ca(), &[EDGE], None)).await);
    outside.turned_one_away("unknown_ca").await;
    let ended = date_time_ymd(2020, 1, 1);
    assert!(outside.turns_away(&shown_until(spire, EDGE, ended)).await);
    outside.turned_one_away("expired").await;
    assert!(!outside.reads(&shown(spire, &[], Some("edge"))).await);
    assert_eq!(outside.turned_away("no_identity"), 1);
    let edge = shown(spire, &[EDGE], None);
    assert!(!outside.reads(&edge).await);
    assert_eq!(outside.turned_away("not_registered"), 1);
    let registration = json!({ "name": "edge", "spiffeId": EDGE });
    outside.let_read(registration).await;
    assert!(outside.reads(&edge).await);
    let reasons = outside.inside.metrics().unwrap();
    let counted = reasons.matches("\nsallyport_gateways_turned_away_total{");
    assert_eq!(counted.count(), 5);
}

#[tokio::test]
async fn half_open_connections_keep_others_of_their_network_out_until_they_end() {
    const MOST: usize = 4;
    let outside = Outside::within(Limits {
        connections_per_network: MOST,
        ..Limits::INTERNAL
    })
    .await;
    let registration = json!({ "name": "edge", "spiffeId": EDGE });
    outside.let_read(registration).await;
    let edge = shown(&outside.spire, &[EDGE], None);
    // Who has shown a certificate does not count: more of them than there are places.
    let call = outside.call(&Value::Null, 0);
    let mut gateways = Vec::new();
    for _ in 0..=MOST {
        let mut gateway = outside.connect(&edge).await.unwrap();
        ask(&mut gateway, RESOLVE, call.clone()).await.unwrap();
        gateways.push(gateway);
    }
    let mut silent = Vec::new();
    for _ in 0..MOST {
        silent.push(TcpStream::connect(outside.address).await.unwrap());
    }
    let mut refused = TcpStream::connect(outside.address).await.unwrap();
    assert_eq!(refused.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(outside.turned_away("network_full"), 1);
    // Those that are in stay, and one that leaves makes a place.
    let mut first = gateways.remove(0);
    ask(&mut first, RESOLVE, call).await.unwrap();
    drop(silent.pop());
    outside.turned_one_away("bad_handshake").await;
    assert!(outside.reads(&edge).await);
}
