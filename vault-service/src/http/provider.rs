//! Routes of the internal door.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use sallyport_model::{
    DOWNLOAD_PATH, DownloadFormat, DownloadRequest, MARKER_HEADER, MARKER_VALUE, RENEWAL_PATH,
    RESOLVE_PATH, Refusal, RenewalRequest, RenewedCertificate, ResolveRequest, VERSION_HEADER,
};
use serde::de::DeserializeOwned;
use tracing::error;

use super::listener::Peer;
use super::problem::Problem;
use super::{body, door, edge, health, sds};
use crate::audit::AuditError;
use crate::clock;
use crate::manager::IssueError;
use crate::provider::sds::Sds;
use crate::provider::{
    DownloadError, Gateway, Provider, ProviderError, RenewalError, ResolveLimits,
};

/// Largest body of a request for a download, in bytes.
const MAX_DOWNLOAD_REQUEST: usize = 16 * 1024;

/// The routes. Every answer carries the marker, so that an answer without it is known not to be the
/// vault's.
pub fn router(provider: Arc<Provider>, sds: Arc<Sds>) -> Router {
    Router::new()
        .route(RESOLVE_PATH, post(resolve))
        .route(DOWNLOAD_PATH, post(download))
        .route(RENEWAL_PATH, post(renew))
        .route("/livez", get(door::livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(health::metrics))
        .fallback(door::not_found)
        .method_not_allowed_fallback(door::method_not_allowed)
        .with_state(provider)
        .merge(sds::router_for_certificates(sds))
        .layer(middleware::from_fn(edge::follow))
        .layer(middleware::from_fn(edge::identify_named))
        .layer(middleware::from_fn(edge::security_headers))
        .layer(middleware::from_fn(mark))
}

async fn resolve(
    State(provider): State<Arc<Provider>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let gateway = authenticated(&provider, &peer).await?;
    let request: ResolveRequest = read(&headers, request, ResolveLimits::BODY).await?;
    let answer = provider
        .resolve(&gateway, &request, clock::now)
        .await
        .map_err(|error| problem(&error))?;
    let json = (
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Ok(([json], answer.to_vec()).into_response())
}

/// A file: `application/x-pem-file` or `application/x-pkcs12`.
async fn download(
    State(provider): State<Arc<Provider>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    const VERSION: HeaderName = HeaderName::from_static(VERSION_HEADER);
    let gateway = authenticated(&provider, &peer).await?;
    let request: DownloadRequest = read(&headers, request, MAX_DOWNLOAD_REQUEST).await?;
    let content_type = match request.format {
        DownloadFormat::Pem => "application/x-pem-file",
        DownloadFormat::Pkcs12 => "application/x-pkcs12",
    };
    let download = provider
        .download(&gateway, request, clock::now())
        .await
        .map_err(|error| download_problem(&error))?;
    let head = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (VERSION, HeaderValue::from(download.version)),
    ];
    Ok((head, download.file.to_vec()).into_response())
}

/// The next certificate of the gateway that asks.
async fn renew(
    State(provider): State<Arc<Provider>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<RenewedCertificate>, Problem> {
    let gateway = authenticated(&provider, &peer).await?;
    let request: RenewalRequest = read(&headers, request, body::MAX_BODY).await?;
    let shown = peer.certificates.first().map_or(&[][..], AsRef::as_ref);
    let issued = provider
        .renew(&gateway, shown, &request.csr, clock::now())
        .await
        .map_err(|error| renewal_problem(&error))?;
    Ok(Json(RenewedCertificate {
        id: issued.identity.gateway,
        name: gateway.name().to_owned(),
        identity: issued.identity.to_string(),
        certificate: issued.certificate,
        ca: issued.ca,
        not_after: clock::rfc3339(issued.not_after),
    }))
}

async fn authenticated(provider: &Provider, peer: &Peer) -> Result<Gateway, Problem> {
    let gateway = provider.authenticate(&peer.certificates).await;
    let gateway = gateway.map_err(|error| problem(&error))?;
    edge::name_actor(gateway.id());
    Ok(gateway)
}

async fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    request: Body,
    limit: usize,
) -> Result<T, Problem> {
    body::json(headers, request, limit).await.map_err(|error| {
        let problem = Problem::new(error.status(), error.code(), error.to_string());
        match error {
            body::BodyError::Invalid(violation) => problem.at(violation.place),
            _ => problem,
        }
    })
}

async fn readyz(State(provider): State<Arc<Provider>>) -> Response {
    let reasons = provider.unready().await;
    door::readiness(&reasons, &provider.sinks(), &provider.lapsed_cas())
}

async fn mark(request: Request, next: Next) -> Response {
    const MARKER: HeaderName = HeaderName::from_static(MARKER_HEADER);
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(MARKER, HeaderValue::from_static(MARKER_VALUE));
    response
}

fn problem(error: &ProviderError) -> Problem {
    let (status, code) = match error {
        ProviderError::NotAGateway { .. } => (StatusCode::FORBIDDEN, "not_a_gateway"),
        ProviderError::References { .. } => (StatusCode::BAD_REQUEST, "too_many_references"),
        ProviderError::Wait { .. } => (StatusCode::BAD_REQUEST, "wait_too_long"),
        ProviderError::Audit(AuditError::Sinks(no_sink)) => {
            error!(error = %no_sink, "an answer is held back");
            return Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                door::AUDIT_UNAVAILABLE,
                door::NO_SINK,
            );
        }
        ProviderError::Store(_)
        | ProviderError::Audit(AuditError::Store(_))
        | ProviderError::Key(_)
        | ProviderError::Encode(_) => {
            error!(%error, source = ?std::error::Error::source(error), "resolve failed");
            return Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "the vault cannot answer now; its log says why",
            );
        }
    };
    Problem::new(status, code, error.to_string())
}

fn renewal_problem(error: &RenewalError) -> Problem {
    let (status, code) = match error {
        RenewalError::Provider(error) => return problem(error),
        RenewalError::OtherKey => (StatusCode::FORBIDDEN, "other_key"),
        RenewalError::AnotherCa => (StatusCode::FORBIDDEN, "another_ca"),
        RenewalError::Issue(IssueError::SigningRequest) => {
            let problem = Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid_signing_request",
                error.to_string(),
            );
            return problem.at("/csr");
        }
        RenewalError::Issue(IssueError::Signing) => {
            error!(%error, "renewal failed");
            (StatusCode::INTERNAL_SERVER_ERROR, "internal")
        }
    };
    Problem::new(status, code, error.to_string())
}

fn download_problem(error: &DownloadError) -> Problem {
    let (status, pointer) = match error {
        DownloadError::Provider(error) => return problem(error),
        DownloadError::Withdrawn { .. } => (StatusCode::GONE, "/reference"),
        // What a gateway may not see looks like what is not there.
        DownloadError::Refused {
            reason: Refusal::NotGranted | Refusal::NotFound,
            ..
        } => (StatusCode::NOT_FOUND, "/reference"),
        DownloadError::Refused { .. } => (StatusCode::BAD_REQUEST, "/reference"),
        DownloadError::NotDownloadable { .. } => (StatusCode::FORBIDDEN, "/reference"),
        DownloadError::Request(_) => (StatusCode::BAD_REQUEST, "/passphrase"),
        DownloadError::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "/reference"),
    };
    Problem::new(status, error.code(), error.to_string()).at(pointer)
}
