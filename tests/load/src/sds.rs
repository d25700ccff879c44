//! Envoy's side of an SDS stream, in both protocols: one resource, each response accepted.

use std::net::SocketAddr;

use futures_util::stream;
use http::Request;
use http::uri::{PathAndQuery, Uri};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use sallyport_tests::client::Client;
use sallyport_tests::{Error, Result};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;

const SECRET: &str = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/// One of the two protocols of a stream.
pub(crate) trait Protocol: 'static {
    /// What Envoy sends.
    type Request: Message + Default + 'static;
    /// What comes back.
    type Response: Message + Default + 'static;

    const METHOD: PathAndQuery;

    /// For that resource, from the start.
    fn first(resource: &str) -> Self::Request;

    /// The version of the one resource in a response, if it is there, and what accepts it.
    fn accepted(resource: &str, response: Self::Response) -> (Option<String>, Self::Request);
}

/// `StreamSecrets`.
pub(crate) struct StateOfTheWorld;

/// `DeltaSecrets`.
pub(crate) struct Delta;

/// An open stream on a connection of its own.
pub(crate) struct Subscription<P: Protocol> {
    resource: &'static str,
    requests: UnboundedSender<P::Request>,
    responses: Streaming<P::Response>,
}

/// `envoy.service.discovery.v3.DiscoveryRequest`, as far as it is needed here.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct DiscoveryRequest {
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
#[derive(Clone, PartialEq, Message)]
pub(crate) struct DiscoveryResponse {
    #[prost(string, tag = "1")]
    version_info: String,
    #[prost(bytes = "vec", repeated, tag = "2")]
    resources: Vec<Vec<u8>>,
    #[prost(string, tag = "5")]
    nonce: String,
}

/// `envoy.service.discovery.v3.DeltaDiscoveryRequest`, as far as it is needed here.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct DeltaDiscoveryRequest {
    #[prost(string, tag = "2")]
    type_url: String,
    #[prost(string, repeated, tag = "3")]
    resource_names_subscribe: Vec<String>,
    #[prost(string, tag = "6")]
    response_nonce: String,
}

/// `envoy.service.discovery.v3.DeltaDiscoveryResponse`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct DeltaDiscoveryResponse {
    #[prost(message, repeated, tag = "2")]
    resources: Vec<Resource>,
    #[prost(string, tag = "5")]
    nonce: String,
}

/// `envoy.service.discovery.v3.Resource`; its content is skipped.
#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(string, tag = "1")]
    version: String,
}

impl Protocol for StateOfTheWorld {
    type Request = DiscoveryRequest;
    type Response = DiscoveryResponse;

    const METHOD: PathAndQuery =
        PathAndQuery::from_static("/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets");

    fn first(resource: &str) -> DiscoveryRequest {
        let (_, first) = Self::accepted(resource, DiscoveryResponse::default());
        first
    }

    fn accepted(resource: &str, response: DiscoveryResponse) -> (Option<String>, DiscoveryRequest) {
        let there = response.resources.len() == 1;
        let accepted = DiscoveryRequest {
            version_info: response.version_info.clone(),
            resource_names: vec![resource.to_owned()],
            type_url: SECRET.to_owned(),
            response_nonce: response.nonce,
        };
        (there.then_some(response.version_info), accepted)
    }
}

impl Protocol for Delta {
    type Request = DeltaDiscoveryRequest;
    type Response = DeltaDiscoveryResponse;

    const METHOD: PathAndQuery =
        PathAndQuery::from_static("/envoy.service.secret.v3.SecretDiscoveryService/DeltaSecrets");

    fn first(resource: &str) -> DeltaDiscoveryRequest {
        DeltaDiscoveryRequest {
            type_url: SECRET.to_owned(),
            resource_names_subscribe: vec![resource.to_owned()],
            response_nonce: String::new(),
        }
    }

    fn accepted(
        _: &str,
        response: DeltaDiscoveryResponse,
    ) -> (Option<String>, DeltaDiscoveryRequest) {
        let mut resources = response.resources.into_iter();
        let version = resources.next().map(|resource| resource.version);
        let accepted = DeltaDiscoveryRequest {
            type_url: SECRET.to_owned(),
            resource_names_subscribe: Vec::new(),
            response_nonce: response.nonce,
        };
        (version, accepted)
    }
}

impl<P: Protocol> Subscription<P> {
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
        requests.send(P::first(resource)).map_err(|_| ended())?;
        let codec = ProstCodec::<P::Request, P::Response>::default();
        let mut grpc = Grpc::with_origin(service, Uri::from_static("https://sallyport-vault"));
        let responses = grpc
            .streaming(tonic::Request::new(queue), P::METHOD, codec)
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
        let (version, accepted) = P::accepted(self.resource, response.ok_or_else(ended)?);
        self.requests.send(accepted).map_err(|_| ended())?;
        version.ok_or(Error::NotStarted("the resource"))
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
