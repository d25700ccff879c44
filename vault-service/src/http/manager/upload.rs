//! Uploads: which kinds there are, and the way from a request body to a checked draft.

use axum::extract::{Query, Request};
use sallyport_model::Collection;
use sallyport_pki::UnixTime;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::body;
use super::failure::Failure;
use crate::manager::{Draft, ExpiredCertificates, Form, Manager, PinnedLeaves, Violation};
use crate::store::GroupRecord;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UploadOptions {
    #[serde(default)]
    allow_expired_cert: bool,
    #[serde(default)]
    allow_pinned_leaves: bool,
}

/// Reads and checks the body as its kind demands.
pub(super) async fn draft(
    manager: &Manager,
    group: &GroupRecord,
    collection: Collection,
    request: Request,
    now: UnixTime,
) -> Result<Draft, Failure> {
    let Ok(Query(options)) = Query::<UploadOptions>::try_from_uri(request.uri()) else {
        return Err(Failure::Query {
            parameters: "allowExpiredCert=true|false, allowPinnedLeaves=true|false",
        });
    };
    let expired = match options.allow_expired_cert {
        true => ExpiredCertificates::Allow,
        false => ExpiredCertificates::Refuse,
    };
    let leaves = match options.allow_pinned_leaves {
        true => PinnedLeaves::Allow,
        false => PinnedLeaves::Refuse,
    };
    match collection {
        Collection::SharedSecrets => Ok(Manager::shared_secret(json(request).await?)?),
        Collection::TlsContexts => {
            let upload = json(request).await?;
            Ok(manager.tls_context(group, upload, now).await?)
        }
        Collection::CrlDistributorConfigs => {
            let upload = json(request).await?;
            Ok(manager.crl_distributor(group, upload, now).await?)
        }
        Collection::Certificates => {
            form(request, move |form| {
                Manager::certificate(form, expired, now)
            })
            .await
        }
        Collection::Keystores => {
            form(request, move |form| Manager::keystore(form, expired, now)).await
        }
        Collection::Truststores => {
            form(request, move |form| Manager::truststore(form, leaves, now)).await
        }
        Collection::CertificatePinsets => {
            form(request, move |form| Manager::certificate_pinset(form, now)).await
        }
    }
}

/// Reads a form and checks it on a thread of its own: passphrases are made expensive to try, and that
/// work is none for the threads that answer.
async fn form(
    request: Request,
    check: impl FnOnce(&Form) -> Result<Draft, Violation> + Send + 'static,
) -> Result<Draft, Failure> {
    let form = body::form(request).await?;
    let checked = tokio::task::spawn_blocking(move || check(&form)).await;
    Ok(checked.map_err(|_| Failure::Interrupted)??)
}

async fn json<T: DeserializeOwned>(request: Request) -> Result<T, Failure> {
    let (parts, body) = request.into_parts();
    Ok(body::json(&parts.headers, body, body::MAX_BODY).await?)
}

/// The collection of a path segment.
pub(super) fn served(collection: &str) -> Result<Collection, Failure> {
    collection.parse().map_err(|_| Failure::NoSuchPath)
}
