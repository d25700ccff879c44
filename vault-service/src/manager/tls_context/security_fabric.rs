//! Target SecurityFabric: the ingress of Runtime Fabric.

use sallyport_model::{
    AcceptableTlsVersions, ClientCertificatePolicy, FabricCipherSuites, TlsVersion,
};
use serde_json::json;

use super::super::Manager;
use super::super::error::ManagerError;
use super::super::violation::{Problem, Violation};
use super::mule::no_version;
use super::{Checked, Stores, TlsContextUpload};
use crate::payload::{Payload, SecurityFabricPayload};
use crate::store::GroupRecord;

impl Manager {
    /// Checks the fields of this target, and what its mutual authentication refers to.
    pub(super) async fn security_fabric(
        &self,
        group: &GroupRecord,
        upload: &TlsContextUpload,
        stores: &Stores,
    ) -> Result<Checked, ManagerError> {
        let versions = upload
            .acceptable_tls_versions
            .ok_or_else(|| Violation::new("/acceptableTlsVersions", Problem::Missing))?;
        let cipher_suites = upload
            .acceptable_cipher_suites
            .clone()
            .ok_or_else(|| Violation::new("/acceptableCipherSuites", Problem::Missing))?;
        suites_fit(versions, &cipher_suites)?;
        let mutual = upload.enable_mutual_authentication.unwrap_or(false);
        if mutual {
            both(stores)?;
        }
        let authentication = self
            .mutual_authentication(group, upload.mutual_authentication.clone())
            .await?;

        let shown = json!({
            "acceptableTlsVersions": versions,
            "acceptableCipherSuites": cipher_suites,
            "enableMutualAuthentication": mutual,
            "mutualAuthentication": authentication.resolved,
        });
        Ok(Checked {
            shown,
            payload: Payload::SecurityFabricTlsContext(Box::new(SecurityFabricPayload {
                versions,
                cipher_suites,
                client_certificate: if mutual {
                    ClientCertificatePolicy::Require
                } else {
                    ClientCertificatePolicy::Ignore
                },
                mutual_authentication: authentication.resolved,
                keystore: stores.keystore,
                truststore: stores.truststore,
            })),
            refers_to: authentication.refers_to,
            warnings: authentication.warnings,
        })
    }
}

/// The API allows a suite only where TLS 1.2 is acceptable; those of TLS 1.3 work with it alone too.
fn suites_fit(
    versions: AcceptableTlsVersions,
    suites: &FabricCipherSuites,
) -> Result<(), Violation> {
    if versions.is_empty() {
        return Err(no_version());
    }
    let mut usable = false;
    for suite in suites.enabled() {
        let version = suite.version();
        if !versions.contains(TlsVersion::V1_2) && !versions.contains(version) {
            let when = match version {
                TlsVersion::V1_3 => "may be true only if tlsV1Dot2 or tlsV1Dot3 is",
                _ => "may be true only if tlsV1Dot2 is",
            };
            let place = format!("/acceptableCipherSuites/{}", suite.as_str());
            let expected = when.to_owned();
            return Err(Violation::new(place, Problem::Value { expected }));
        }
        usable |= versions.contains(version);
    }
    if usable {
        return Ok(());
    }
    let expected = "has at least one cipher suite true that an acceptable TLS version can use; those \
                    that begin with tls are for TLS 1.3, the others for TLS 1.2";
    Err(Violation::new(
        "/acceptableCipherSuites",
        Problem::Value {
            expected: expected.to_owned(),
        },
    ))
}

fn both(stores: &Stores) -> Result<(), Violation> {
    let when = "enableMutualAuthentication is true";
    for (place, store) in [
        ("/keystore", stores.keystore),
        ("/truststore", stores.truststore),
    ] {
        if store.is_none() {
            return Err(Violation::new(place, Problem::Required { when }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{refusal, upload};
    use super::*;

    fn check(versions: [bool; 3], suites: serde_json::Value) -> Result<(), Violation> {
        let [v1_1, v1_2, v1_3] = versions;
        let versions = AcceptableTlsVersions { v1_1, v1_2, v1_3 };
        suites_fit(versions, &upload(suites))
    }

    #[test]
    fn suites_that_an_acceptable_version_can_use_are_taken() {
        for (versions, suites) in [
            ([false, true, false], json!({"aes128GcmSha256":true})),
            (
                [true, true, true],
                json!({"aes128GcmSha256":true,"tlsAes128GcmSha256":true}),
            ),
            ([false, false, true], json!({"tlsAes128GcmSha256":true})),
            ([false, true, true], json!({"tlsAes128GcmSha256":true})),
        ] {
            assert!(check(versions, suites.clone()).is_ok(), "{suites}");
        }
    }

    #[test]
    fn a_refusal_names_the_field() {
        for (versions, suites, place) in [
            (
                [false, false, false],
                json!({"aes128GcmSha256":true}),
                "/acceptableTlsVersions",
            ),
            ([false, true, false], json!({}), "/acceptableCipherSuites"),
            (
                [false, true, false],
                json!({"aes128GcmSha256":false}),
                "/acceptableCipherSuites",
            ),
            (
                [false, true, false],
                json!({"tlsAes128GcmSha256":true}),
                "/acceptableCipherSuites",
            ),
            (
                [true, false, false],
                json!({"ecdheRsaAes128Sha1":true}),
                "/acceptableCipherSuites/ecdheRsaAes128Sha1",
            ),
            (
                [false, false, true],
                json!({"tlsAes128GcmSha256":true,"aes256Sha256":true}),
                "/acceptableCipherSuites/aes256Sha256",
            ),
            (
                [true, false, false],
                json!({"tlsAes128GcmSha256":true}),
                "/acceptableCipherSuites/tlsAes128GcmSha256",
            ),
        ] {
            let refused = refusal(check(versions, suites.clone()));
            assert_eq!(refused, (place.to_owned(), "invalid_value"), "{suites}");
        }
    }

    #[test]
    fn mutual_authentication_needs_both_stores() {
        use super::super::tests::ID;
        for (keystore, truststore, place) in [
            (None, Some(ID), "/keystore"),
            (Some(ID), None, "/truststore"),
        ] {
            let stores = Stores {
                keystore,
                truststore,
            };
            assert_eq!(refusal(both(&stores)), (place.to_owned(), "required"));
        }
    }
}
