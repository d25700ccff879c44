//! Envoy's side of an SDS stream: State of the World, one resource, each response accepted.

use std::net::SocketAddr;

use futures_util::stream;
use http::Request;
use http::uri::{PathAndQuery, Uri};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sallyport_tests::client::Client;
use sallyport_tests::{Error, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;

const STREAM_SECRETS: PathAndQuery =
    PathAndQuery::from_static("/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets");

const SECRET: &str = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/// An open stream on a connection of its own.
pub(crate) struct Subscription {
    resource: &'static str,
    requests: UnboundedSender<DiscoveryRequest>,
    responses: Streaming<DiscoveryResponse>,
}

/// `envoy.service.discovery.v3.DiscoveryRequest`, as far as it is needed here.
#[derive(Clone, PartialEq, prost::Message)]
struct DiscoveryRequest {
    #[prost(string, tag = "1")]
    version_info: String,
    #[prost(string, repeated, tag = "3")]
    resource_names: Vec<String>,
    #[prost(string, tag = "4")]
    type_url: String,
    #[prost(string, tag = "5")]
    response_nonce: String,
}

/// `envoy.service.discovery.v3.DiscoveryResponse`; the resources stay as they are on the wire.
#[derive(Clone, PartialEq, prost::Message)]
struct DiscoveryResponse {
    #[prost(string, tag = "1")]
    version_info: String,
    #[prost(bytes = "vec", repeated, tag = "2")]
    resources: Vec<Vec<u8>>,
    #[prost(string, tag = "5")]
    nonce: String,
}

impl Subscription {
    /// Connects and asks for the resource.
    pub(crate) async fn open(
        client: &Client,
        peer: SocketAddr,
        resource: &'static str,
    ) -> Result<Self> {
        let failed = |error: hyper::Error| Error::Connection {
            peer: peer.to_string(),
            source: std::io::Error::other(error),
        };
        let stream = TokioIo::new(client.with_alpn("h2").tls(peer).await?);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), stream)
            .await
            .map_err(failed)?;
        tokio::spawn(connection);
        let service = tower::service_fn(move |request: Request<Body>| {
            let mut sender = sender.clone();
            async move { sender.send_request(request).await }
        });
        let (requests, queue) = unbounded_channel();
        let queue = stream::unfold(queue, async |mut queue: UnboundedReceiver<_>| {
            Some((queue.recv().await?, queue))
        });
        let first = DiscoveryRequest::of(resource, DiscoveryResponse::default());
        requests.send(first).map_err(|_| ended())?;
        let codec = ProstCodec::<DiscoveryRequest, DiscoveryResponse>::default();
        let mut grpc = Grpc::with_origin(service, Uri::from_static("https://sallyport-vault"));
        let responses = grpc
            .streaming(tonic::Request::new(queue), STREAM_SECRETS, codec)
            .await
            .map_err(refused)?;
        Ok(Self {
            resource,
            requests,
            responses: responses.into_inner(),
        })
    }

    /// Waits for the resource and accepts it; gives its version.
    pub(crate) async fn next(&mut self) -> Result<String> {
        let response = self.responses.message().await.map_err(refused)?;
        let response = response.ok_or_else(ended)?;
        if response.resources.len() != 1 {
            return Err(Error::NotStarted("the resource"));
        }
        let version = response.version_info.clone();
        let accepted = DiscoveryRequest::of(self.resource, response);
        self.requests.send(accepted).map_err(|_| ended())?;
        Ok(version)
    }
}

impl DiscoveryRequest {
    /// For that resource, after that response.
    fn of(resource: &str, after: DiscoveryResponse) -> Self {
        Self {
            version_info: after.version_info,
            resource_names: vec![resource.to_owned()],
            type_url: SECRET.to_owned(),
            response_nonce: after.nonce,
        }
    }
}

fn refused(status: Status) -> Error {
    Error::Status {
        what: "the SDS stream".to_owned(),
        status: 200,
        body: status.to_string(),
    }
}

fn ended() -> Error {
    Error::NotStarted("the SDS stream")
}
