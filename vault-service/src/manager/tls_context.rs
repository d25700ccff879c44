//! TLS contexts. Target `FlexGateway` in this version.

use sallyport_model::{
    AlpnProtocol, CipherSuite, ClientCertificatePolicy, Collection, GroupId, SecretId, SecretName,
    ServerCertificatePolicy, TlsVersion,
};
use sallyport_pki::UnixTime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Manager;
use super::draft::Draft;
use super::error::{ManagerError, Problem, Violation};
use super::expiry::in_a_year;
use super::metadata::Metadata;
use crate::clock;
use crate::payload::{Payload, TlsContextPayload};

/// The JSON body of a create or replace.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TlsContextUpload {
    name: SecretName,
    target: Target,
    expiration_date: Option<String>,
    min_tls_version: TlsVersion,
    max_tls_version: TlsVersion,
    alpn_protocols: Vec<AlpnProtocol>,
    #[serde(default)]
    cipher_suites: Vec<CipherSuite>,
    #[serde(default)]
    inbound_settings: InboundSettings,
    #[serde(default)]
    outbound_settings: OutboundSettings,
    keystore: Option<SecretPath>,
    truststore: Option<SecretPath>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Target {
    FlexGateway,
    Mule,
    SecurityFabric,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InboundSettings {
    #[serde(default)]
    enable_client_cert_validation: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OutboundSettings {
    #[serde(default)]
    skip_server_cert_validation: bool,
}

/// A reference inside the group: `keystores/<id>`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretPath {
    path: String,
}

impl Manager {
    /// Checks an uploaded TLS context, and that what it refers to is in the group.
    pub async fn tls_context(
        &self,
        group: GroupId,
        upload: TlsContextUpload,
        now: UnixTime,
    ) -> Result<Draft, ManagerError> {
        check_words(&upload)?;
        let keystore = self
            .referred(
                group,
                upload.keystore,
                Collection::Keystores,
                "/keystore/path",
            )
            .await?;
        let truststore = self
            .referred(
                group,
                upload.truststore,
                Collection::Truststores,
                "/truststore/path",
            )
            .await?;
        let client_certificate = if upload.inbound_settings.enable_client_cert_validation {
            ClientCertificatePolicy::Require
        } else {
            ClientCertificatePolicy::Ignore
        };
        let server_certificate = if upload.outbound_settings.skip_server_cert_validation {
            ServerCertificatePolicy::Skip
        } else {
            ServerCertificatePolicy::Verify
        };
        match (client_certificate, keystore, truststore) {
            (ClientCertificatePolicy::Require, _, None) => {
                return Err(Violation::new("/truststore", Problem::TruststoreRequired).into());
            }
            (_, None, None) => return Err(Violation::new("/keystore", Problem::NoMaterial).into()),
            _ => {}
        }

        let mut shown = json!({
            "target": "FlexGateway",
            "type": "FlexGateway",
            "minTlsVersion": upload.min_tls_version,
            "maxTlsVersion": upload.max_tls_version,
            "alpnProtocols": upload.alpn_protocols,
            "cipherSuites": upload.cipher_suites,
            "inboundSettings": {
                "enableClientCertValidation": upload.inbound_settings.enable_client_cert_validation,
            },
            "outboundSettings": {
                "skipServerCertValidation": upload.outbound_settings.skip_server_cert_validation,
            },
        });
        for (field, collection, secret) in [
            ("keystore", Collection::Keystores, keystore),
            ("truststore", Collection::Truststores, truststore),
        ] {
            if let (Some(secret), Some(shown)) = (secret, shown.as_object_mut()) {
                let path: Value = json!({ "path": format!("{collection}/{secret}") });
                shown.insert(field.to_owned(), path);
            }
        }
        Ok(Draft {
            name: upload.name,
            expiration_date: Some(upload.expiration_date.unwrap_or_else(|| in_a_year(now))),
            metadata: Metadata::showing(shown),
            payload: Payload::TlsContext(TlsContextPayload {
                min_version: upload.min_tls_version,
                max_version: upload.max_tls_version,
                cipher_suites: upload.cipher_suites,
                alpn_protocols: upload.alpn_protocols,
                client_certificate,
                server_certificate,
                keystore,
                truststore,
            }),
            refers_to: keystore.into_iter().chain(truststore).collect(),
        })
    }

    async fn referred(
        &self,
        group: GroupId,
        reference: Option<SecretPath>,
        collection: Collection,
        place: &'static str,
    ) -> Result<Option<SecretId>, ManagerError> {
        let Some(SecretPath { path }) = reference else {
            return Ok(None);
        };
        let id: SecretId = path
            .strip_prefix(collection.as_str())
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| {
                let expected = format!("is {collection}/<id> of a {}", collection.singular());
                Violation::new(place, Problem::Value { expected })
            })?;
        match self.store.secret(group, collection, id).await? {
            Some(_) => Ok(Some(id)),
            None => {
                let what = collection.singular();
                Err(Violation::new(place, Problem::NoSuchSecret { what }).into())
            }
        }
    }
}

fn check_words(upload: &TlsContextUpload) -> Result<(), Violation> {
    if upload.target != Target::FlexGateway {
        return Err(Violation::new(
            "/target",
            Problem::Unsupported {
                supported: "FlexGateway",
            },
        ));
    }
    if upload
        .expiration_date
        .as_deref()
        .is_some_and(|date| !clock::is_date(date))
    {
        return Err(Violation::new("/expirationDate", Problem::Date));
    }
    let (min, max) = (upload.min_tls_version, upload.max_tls_version);
    if min > max {
        return Err(Violation::new(
            "/minTlsVersion",
            Problem::TlsRange { min, max },
        ));
    }
    if upload.alpn_protocols.is_empty() {
        return Err(Violation::new("/alpnProtocols", Problem::Missing));
    }
    if min < TlsVersion::V1_3 && upload.cipher_suites.is_empty() {
        return Err(Violation::new("/cipherSuites", Problem::CipherRequired));
    }
    if min >= TlsVersion::V1_2
        && let Some(index) = upload
            .cipher_suites
            .iter()
            .position(|suite| !suite.fits(TlsVersion::V1_2))
        && let Some(suite) = upload.cipher_suites.get(index)
    {
        let problem = Problem::CipherUnfit {
            suite: suite.as_str(),
        };
        return Err(Violation::new(format!("/cipherSuites/{index}"), problem));
    }
    Ok(())
}
