//! Uploads: which kinds there are, and the way from a request body to a checked draft.

use axum::extract::{Query, Request};
use sallyport_model::Collection;
use sallyport_pki::UnixTime;
use serde::Deserialize;

use super::super::body;
use super::failure::Failure;
use crate::manager::{Draft, ExpiredCertificates, Manager};
use crate::store::GroupRecord;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UploadOptions {
    #[serde(default)]
    allow_expired_cert: bool,
}

/// Reads and checks the body as its kind demands.
pub(super) async fn draft(
    manager: &Manager,
    group: &GroupRecord,
    collection: Collection,
    request: Request,
    now: UnixTime,
) -> Result<Draft, Failure> {
    let expired = match Query::<UploadOptions>::try_from_uri(request.uri()) {
        Ok(Query(UploadOptions {
            allow_expired_cert: true,
        })) => ExpiredCertificates::Allow,
        Ok(_) => ExpiredCertificates::Refuse,
        Err(_) => {
            return Err(Failure::Query {
                parameters: "allowExpiredCert=true|false",
            });
        }
    };
    let draft = match collection {
        Collection::SharedSecrets => {
            let (parts, body) = request.into_parts();
            Manager::shared_secret(body::json(&parts.headers, body, body::MAX_BODY).await?)?
        }
        Collection::TlsContexts => {
            let (parts, body) = request.into_parts();
            let upload = body::json(&parts.headers, body, body::MAX_BODY).await?;
            manager.tls_context(group.id, upload, now).await?
        }
        Collection::Keystores => Manager::keystore(&body::form(request).await?, expired, now)?,
        Collection::Truststores => Manager::truststore(&body::form(request).await?, expired, now)?,
        Collection::CertificatePinsets => Manager::certificate_pinset(&body::form(request).await?)?,
        Collection::Certificates | Collection::CrlDistributorConfigs => {
            return Err(Failure::NoSuchPath);
        }
    };
    Ok(draft)
}

/// The kinds of this version.
pub(super) fn served(collection: &str) -> Result<Collection, Failure> {
    match collection.parse() {
        Ok(Collection::Certificates | Collection::CrlDistributorConfigs) | Err(_) => {
            Err(Failure::NoSuchPath)
        }
        Ok(collection) => Ok(collection),
    }
}
