//! The internal door on a port of its own, and Envoy's side of a stream.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, uri::PathAndQuery};
use futures_util::stream;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use rcgen::KeyPair;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use sallyport_model::ActorId;
use sallyport_vault::clock;
use sallyport_vault::http::listener::{self, Limits};
use sallyport_vault::http::provider;
use sallyport_vault::http::tls::{self, ServerIdentity};
use sallyport_vault::provider::sds::wire::{
    AnySecret, DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse,
    Rejection, Secret,
};
use sallyport_vault::provider::sds::{Aliases, Sds};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::{Code, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::vault::Vault;

const SERVICE: &str = "/envoy.service.secret.v3.SecretDiscoveryService";

/// Longer than anything here takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The internal door. Stops when dropped.
pub(super) struct Door {
    pub(super) sds: Arc<Sds>,
    address: SocketAddr,
    ca: CertificateDer<'static>,
    _stop: watch::Sender<bool>,
}

/// A gateway with what it needs for a handshake.
pub(super) struct Edge {
    pub(super) id: ActorId,
    pub(super) certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

/// An open stream.
pub(super) struct Talk<Q, R> {
    requests: mpsc::Sender<Q>,
    responses: Streaming<R>,
}

impl Door {
    pub(super) async fn open(vault: &Vault, aliases: Aliases) -> Self {
        let ca = vault.internal_ca().await;
        let issued = ca
            .issue_server(&["localhost".to_owned()], clock::now())
            .unwrap();
        let identity = ServerIdentity {
            chain: vec![issued.certificate],
            key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(issued.key.to_vec())),
        };
        let sds = Arc::new(Sds::new(Arc::clone(&vault.provider), aliases));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(listener::serve(
            listener,
            tls::mutual(identity, [ca.certificate().clone()], Arc::default()).unwrap(),
            provider::router(Arc::clone(&vault.provider), Arc::clone(&sds)),
            Limits::INTERNAL,
            None,
            stopped,
        ));
        Self {
            sds,
            address,
            ca: ca.certificate().clone(),
            _stop: stop,
        }
    }

    /// A connection of a gateway.
    pub(super) async fn connect(&self, edge: &Edge) -> Connection {
        let stream = greet(
            self.address,
            &self.ca,
            std::slice::from_ref(&edge.certificate),
            &edge.key,
        )
        .await;
        speak(stream).await.unwrap()
    }
}

/// The handshake of a client with that chain.
pub(crate) async fn greet(
    address: SocketAddr,
    ca: &CertificateDer<'static>,
    chain: &[CertificateDer<'static>],
    key: &[u8],
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone()).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.to_vec()));
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain.to_vec(), key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap()
}

/// The other end of a stream of bytes speaks HTTP/2.
pub(super) async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<Connection, hyper::Error> {
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(Connection(sender))
}

/// An HTTP/2 connection.
pub(super) struct Connection(http2::SendRequest<tonic::body::Body>);

impl Connection {
    /// State of the World.
    pub(super) async fn sotw(&self) -> Talk<DiscoveryRequest, DiscoveryResponse> {
        self.stream("StreamSecrets").await.unwrap()
    }

    /// Delta.
    pub(super) async fn delta(&self) -> Talk<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
        self.stream("DeltaSecrets").await.unwrap()
    }

    pub(super) async fn fetch(&self, name: &str) -> Result<DiscoveryResponse, Status> {
        let codec = ProstCodec::<DiscoveryRequest, DiscoveryResponse>::default();
        let path = PathAndQuery::try_from(format!("{SERVICE}/FetchSecrets")).unwrap();
        let request = tonic::Request::new(wants(&[name]));
        let response = self.grpc().unary(request, path, codec).await?;
        Ok(response.into_inner())
    }

    /// State of the World, as a part of a trace.
    pub(super) async fn traced(
        &self,
        traceparent: &str,
    ) -> Talk<DiscoveryRequest, DiscoveryResponse> {
        let stream = self.open("StreamSecrets", Some(traceparent));
        stream.await.unwrap()
    }

    pub(super) async fn stream<Q, R>(&self, method: &str) -> Result<Talk<Q, R>, Status>
    where
        Q: Message + Send + 'static,
        R: Message + Default + Send + 'static,
    {
        self.open(method, None).await
    }

    async fn open<Q, R>(
        &self,
        method: &str,
        traceparent: Option<&str>,
    ) -> Result<Talk<Q, R>, Status>
    where
        Q: Message + Send + 'static,
        R: Message + Default + Send + 'static,
    {
        let (requests, queue) = mpsc::channel(16);
        let queue = stream::unfold(queue, async |mut queue: mpsc::Receiver<Q>| {
            Some((queue.recv().await?, queue))
        });
        let path = PathAndQuery::try_from(format!("{SERVICE}/{method}")).unwrap();
        let codec = ProstCodec::<Q, R>::default();
        let mut request = tonic::Request::new(queue);
        if let Some(traceparent) = traceparent {
            let traceparent = traceparent.parse().unwrap();
            request.metadata_mut().insert("traceparent", traceparent);
        }
        let response = self.grpc().streaming(request, path, codec).await?;
        Ok(Talk {
            requests,
            responses: response.into_inner(),
        })
    }

    fn grpc(
        &self,
    ) -> tonic::client::Grpc<
        impl tonic::client::GrpcService<
            tonic::body::Body,
            ResponseBody = hyper::body::Incoming,
            Error = hyper::Error,
        >,
    > {
        let sender = self.0.clone();
        let service = tower::service_fn(move |request: Request<tonic::body::Body>| {
            let mut sender = sender.clone();
            async move { sender.send_request(request).await }
        });
        let origin = "https://localhost".parse().unwrap();
        tonic::client::Grpc::with_origin(service, origin)
    }
}

impl Edge {
    pub(super) async fn enrol(vault: &Vault, name: &str) -> Self {
        let (id, certificate, key): (_, _, KeyPair) = vault.enrolled(name).await;
        Self {
            id,
            certificate: certificate.der().to_vec().into(),
            key: key.serialize_der(),
        }
    }
}

impl<Q, R> Talk<Q, R> {
    pub(super) async fn say(&self, request: Q) {
        self.requests.send(request).await.unwrap();
    }

    /// The next response.
    pub(super) async fn hear(&mut self) -> R {
        let response = tokio::time::timeout(PATIENCE, self.responses.message()).await;
        response.unwrap().unwrap().unwrap()
    }

    /// Why the stream has ended.
    pub(super) async fn end(&mut self) -> Code {
        self.told_until_the_end(|_| panic!("the stream goes on"))
            .await
    }

    /// The same after some responses.
    pub(super) async fn told_until_the_end(&mut self, told: impl Fn(R)) -> Code {
        loop {
            let response = tokio::time::timeout(PATIENCE, self.responses.message()).await;
            match response.unwrap() {
                Err(status) => return status.code(),
                Ok(response) => told(response.unwrap()),
            }
        }
    }
}

/// The secret in a response.
pub(super) fn secret(any: &AnySecret) -> Secret {
    Secret::decode(any.value.clone()).unwrap()
}

pub(super) fn wants(names: &[&str]) -> DiscoveryRequest {
    DiscoveryRequest {
        resource_names: names.iter().map(|name| (*name).to_owned()).collect(),
        ..DiscoveryRequest::default()
    }
}

/// The client's answer to a response: it takes it, or not.
pub(super) fn answers(
    names: &[&str],
    response: &DiscoveryResponse,
    rejection: Option<&str>,
) -> DiscoveryRequest {
    DiscoveryRequest {
        response_nonce: response.nonce.clone(),
        version_info: response.version_info.clone(),
        error_detail: rejection.map(|message| Rejection {
            code: 13,
            message: message.to_owned(),
        }),
        ..wants(names)
    }
}

pub(super) fn subscribes(names: &[&str]) -> DeltaDiscoveryRequest {
    DeltaDiscoveryRequest {
        resource_names_subscribe: names.iter().map(|name| (*name).to_owned()).collect(),
        ..DeltaDiscoveryRequest::default()
    }
}
