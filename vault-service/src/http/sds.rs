//! SDS over gRPC: `envoy.service.secret.v3.SecretDiscoveryService`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tonic::server::Grpc;
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;
use tracing::{debug, error};

use super::listener::Peer;
use super::{door, edge};
use crate::audit::AuditError;
use crate::clock;
use crate::metrics::TurnedAway;
use crate::provider::sds::wire::{DiscoveryRequest, DiscoveryResponse};
use crate::provider::sds::{
    Breach, Conversation, Delta, Ended, MAX_REQUEST, Protocol, Sds, StateOfTheWorld,
};
use crate::provider::{Credential, ProviderError};
use crate::trace::{self, TraceContext};

/// The three methods, for whoever has shown a [`Credential`].
fn routes(sds: Arc<Sds>) -> Router {
    const SERVICE: &str = "/envoy.service.secret.v3.SecretDiscoveryService";
    Router::new()
        .route(
            &format!("{SERVICE}/StreamSecrets"),
            post(stream::<StateOfTheWorld>),
        )
        .route(&format!("{SERVICE}/DeltaSecrets"), post(stream::<Delta>))
        .route(&format!("{SERVICE}/FetchSecrets"), post(fetch))
        .with_state(sds)
}

/// The same at the internal door, where gateways show certificates.
pub(super) fn router_for_certificates(sds: Arc<Sds>) -> Router {
    routes(sds).layer(middleware::from_fn(by_certificate))
}

/// The same for processes of this machine, whose credentials come with their connections.
pub fn router_for_processes(sds: Arc<Sds>) -> Router {
    routes(sds).layer(middleware::from_fn(edge::identify_named))
}

async fn by_certificate(mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>();
    let Some(peer) = peer else {
        return status(
            &ProviderError::NotAGateway {
                why: TurnedAway::NoCertificate,
            }
            .into(),
        )
        .into_http::<Body>();
    };
    let credential = Credential::Certificate(Arc::clone(&peer.certificates));
    request.extensions_mut().insert(credential);
    next.run(request).await
}

async fn stream<P: Protocol>(
    State(sds): State<Arc<Sds>>,
    Extension(credential): Extension<Credential>,
    request: Request,
) -> Response {
    let codec = ProstCodec::<P::Response, P::Request>::default();
    let open = tower::service_fn(move |request: tonic::Request<Streaming<P::Request>>| {
        let conversation =
            Conversation::<P>::open(Arc::clone(&sds), credential.clone(), clock::now);
        async move {
            let conversation = conversation.await.map_err(|ended| status(&ended))?;
            // They are made when this call has long been answered.
            let responses = responses(conversation, request.into_inner(), trace::current());
            Ok(tonic::Response::new(responses))
        }
    });
    let mut grpc = Grpc::new(codec).max_decoding_message_size(MAX_REQUEST);
    grpc.streaming(open, request).await.into_response()
}

/// Responses, each made when the one before it is on its way; all of them are of one trace.
fn responses<P: Protocol>(
    conversation: Conversation<P>,
    requests: Streaming<P::Request>,
    trace: Option<TraceContext>,
) -> BoxStream<'static, Result<P::Response, Status>> {
    let state = Some((conversation, requests));
    stream::unfold(state, move |state| async move {
        let (mut conversation, mut requests) = state?;
        match trace::within(trace, conversation.next(&mut requests)).await {
            Ok(None) => None,
            Ok(Some(response)) => Some((Ok(response), Some((conversation, requests)))),
            Err(ended) => Some((Err(status(&ended)), None)),
        }
    })
    .boxed()
}

async fn fetch(
    State(sds): State<Arc<Sds>>,
    Extension(credential): Extension<Credential>,
    request: Request,
) -> Response {
    let codec = ProstCodec::<DiscoveryResponse, DiscoveryRequest>::default();
    let answer = tower::service_fn(move |request: tonic::Request<DiscoveryRequest>| {
        let (sds, credential) = (Arc::clone(&sds), credential.clone());
        async move {
            let conversation = Conversation::<StateOfTheWorld>::open(sds, credential, clock::now);
            let answer = match conversation.await {
                Ok(conversation) => conversation.fetch(request.into_inner()).await,
                Err(ended) => Err(ended),
            };
            answer
                .map(tonic::Response::new)
                .map_err(|ended| status(&ended))
        }
    });
    let mut grpc = Grpc::new(codec).max_decoding_message_size(MAX_REQUEST);
    grpc.unary(answer, request).await.into_response()
}

fn status(ended: &Ended) -> Status {
    debug!(%ended, "an SDS stream has ended");
    let text = ended.to_string();
    match ended {
        Ended::Breach(Breach::Names) | Ended::Streams => Status::resource_exhausted(text),
        Ended::Breach(Breach::Type | Breach::NameLength) | Ended::Request => {
            Status::invalid_argument(text)
        }
        Ended::Provider(ProviderError::NotAGateway { .. }) => Status::permission_denied(text),
        Ended::Expired => Status::unauthenticated(text),
        Ended::Closing => Status::unavailable(text),
        Ended::Provider(ProviderError::Audit(AuditError::Sinks(no_sink))) => {
            error!(error = %no_sink, "an answer is held back");
            Status::unavailable(door::NO_SINK)
        }
        Ended::Provider(error) => {
            error!(%error, source = ?std::error::Error::source(error), "SDS failed");
            Status::unavailable("the vault cannot answer now; its log says why")
        }
    }
}
