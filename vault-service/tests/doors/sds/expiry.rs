//! A connection lives no longer than the certificate of its client: whoever has renewed it comes again.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sallyport_vault::clock;
use sallyport_vault::http::listener::{self, Limits};
use sallyport_vault::http::tls::{self, ServerIdentity};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::door::greet;
use crate::vault::ca;

#[tokio::test]
async fn a_connection_ends_with_the_certificate_of_its_client() {
    let (ca, server_key, client_key) = (
        ca(),
        KeyPair::generate().unwrap(),
        KeyPair::generate().unwrap(),
    );
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&server_key, &ca).unwrap();
    let mut client = CertificateParams::default();
    client.not_after = OffsetDateTime::from_unix_timestamp(clock::now().0 + 3).unwrap();
    let client = client.signed_by(&client_key, &ca).unwrap();
    let identity = ServerIdentity {
        chain: vec![server.der().clone()],
        key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der())),
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_stop, stopped) = watch::channel(false);
    let tls = tls::mutual(identity, [ca.der().clone()], Arc::default()).unwrap();
    tokio::spawn(listener::serve(
        listener,
        tls,
        Router::new(),
        Limits::INTERNAL,
        None,
        stopped,
    ));

    let stream = greet(
        address,
        ca.der(),
        &[client.der().clone()],
        &client_key.serialize_der(),
    )
    .await;
    let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    let connection = tokio::spawn(connection);
    // Something is said, so that it is not for its silence.
    let request = axum::http::Request::get("https://localhost/").body(axum::body::Body::empty());
    sender.send_request(request.unwrap()).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(30), connection).await;
    assert!(ended.unwrap().unwrap().is_ok());
    drop(sender);
}
