//! TLS contexts: what is the same for every target. The rest is in a file per target.

mod flex_gateway;
mod mule;
mod mutual_authentication;
mod security_fabric;
mod verification;

use sallyport_model::{
    AcceptableTlsVersions, AlpnProtocol, Collection, FabricCipherSuites, MutualAuthentication,
    SecretId, SecretName, SecretPath, SecretString, StoreType, TlsTarget, TlsVersion,
    VerificationSettings,
};
use sallyport_pki::UnixTime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Manager;
use super::draft::Draft;
use super::error::ManagerError;
use super::expiry::{given_date, in_a_year};
use super::metadata::Metadata;
use super::referred::Referred;
use super::violation::{Problem, Violation};
use crate::payload::Payload;
use crate::store::GroupRecord;

/// The JSON body of a create or replace: the fields of every target. Which of them belong there is
/// checked when the target is known.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TlsContextUpload {
    name: SecretName,
    target: TlsTarget,
    expiration_date: Option<String>,
    keystore: Option<SecretPath>,
    truststore: Option<SecretPath>,
    min_tls_version: Option<TlsVersion>,
    max_tls_version: Option<TlsVersion>,
    alpn_protocols: Option<Vec<AlpnProtocol>>,
    inbound_settings: Option<InboundSettings>,
    outbound_settings: Option<OutboundSettings>,
    cipher_suites: Option<Vec<String>>,
    acceptable_tls_versions: Option<AcceptableTlsVersions>,
    insecure: Option<bool>,
    acceptable_cipher_suites: Option<FabricCipherSuites>,
    enable_mutual_authentication: Option<bool>,
    mutual_authentication: Option<MutualAuthentication>,
    verification: Option<VerificationSettings>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct InboundSettings {
    enable_client_cert_validation: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct OutboundSettings {
    skip_server_cert_validation: bool,
}

/// The keystore and truststore of a context, found in the group.
struct Stores {
    keystore: Option<SecretId>,
    truststore: Option<SecretId>,
}

/// What a target makes of an upload.
struct Checked {
    /// The fields it shows.
    shown: Value,
    payload: Payload<SecretString>,
    /// What it refers to beside keystore and truststore.
    refers_to: Vec<SecretId>,
    warnings: Vec<String>,
}

impl Manager {
    /// Checks an uploaded TLS context, and that what it refers to is in the group and fits.
    pub async fn tls_context(
        &self,
        group: &GroupRecord,
        upload: TlsContextUpload,
        now: UnixTime,
    ) -> Result<Draft, ManagerError> {
        upload.refuse_fields_of_other_targets()?;
        let expiration_date = given_date(upload.expiration_date.clone())?;
        let (place, reference) = ("/keystore", upload.keystore.as_ref());
        let keystore = self
            .referred(group, reference, Collection::Keystores, place)
            .await?;
        fits(keystore.as_ref(), upload.target, place)?;
        let (place, reference) = ("/truststore", upload.truststore.as_ref());
        let truststore = self
            .referred(group, reference, Collection::Truststores, place)
            .await?;
        fits(truststore.as_ref(), upload.target, place)?;
        let stores = Stores {
            keystore: keystore.as_ref().map(|store| store.id),
            truststore: truststore.as_ref().map(|store| store.id),
        };

        let checked = match upload.target {
            TlsTarget::FlexGateway => self.flex_gateway(group, &upload, &stores).await?,
            TlsTarget::Mule => mule::check(&upload, &stores)?,
            TlsTarget::SecurityFabric => self.security_fabric(group, &upload, &stores).await?,
        };
        if stores.keystore.is_none() && stores.truststore.is_none() {
            return Err(Violation::new("/keystore", Problem::NoMaterial).into());
        }

        let mut metadata = Metadata::showing(checked.shown);
        metadata.show("target", json!(upload.target));
        metadata.show("type", json!(upload.target));
        if let Some(store) = &keystore {
            metadata.show("keystore", json!(store.path()));
        }
        if let Some(store) = &truststore {
            metadata.show("truststore", json!(store.path()));
        }
        let refers_to = stores.keystore.into_iter().chain(stores.truststore);
        Ok(Draft {
            name: upload.name,
            expiration_date: Some(expiration_date.unwrap_or_else(|| in_a_year(now))),
            metadata,
            payload: checked.payload,
            refers_to: refers_to.chain(checked.refers_to).collect(),
            warnings: checked.warnings,
        })
    }
}

/// Whether the consumer of the context can read the store.
fn fits(store: Option<&Referred>, target: TlsTarget, place: &str) -> Result<(), Violation> {
    let Some(store) = store else {
        return Ok(());
    };
    let found = store.metadata.shown.get("type").and_then(Value::as_str);
    let Some(found) = found.and_then(|word| word.parse::<StoreType>().ok()) else {
        return Ok(());
    };
    let fit = match (target, found) {
        (TlsTarget::SecurityFabric, _)
        | (TlsTarget::FlexGateway, StoreType::Pem)
        | (TlsTarget::Mule, StoreType::Jks | StoreType::Jceks | StoreType::Pkcs12) => return Ok(()),
        (TlsTarget::FlexGateway, _) => "PEM",
        (TlsTarget::Mule, StoreType::Pem) => "JKS, JCEKS or PKCS12",
    };
    Err(Violation::new(
        format!("{place}/path"),
        Problem::UnfitStore {
            what: store.collection.singular(),
            found,
            target,
            fit,
        },
    ))
}

impl TlsContextUpload {
    fn refuse_fields_of_other_targets(&self) -> Result<(), Violation> {
        use TlsTarget::{FlexGateway, Mule, SecurityFabric};
        let fields: [(&str, bool, &[TlsTarget], &'static str); 12] = [
            (
                "/minTlsVersion",
                self.min_tls_version.is_some(),
                &[FlexGateway],
                "FlexGateway",
            ),
            (
                "/maxTlsVersion",
                self.max_tls_version.is_some(),
                &[FlexGateway],
                "FlexGateway",
            ),
            (
                "/alpnProtocols",
                self.alpn_protocols.is_some(),
                &[FlexGateway],
                "FlexGateway",
            ),
            (
                "/inboundSettings",
                self.inbound_settings.is_some(),
                &[FlexGateway],
                "FlexGateway",
            ),
            (
                "/outboundSettings",
                self.outbound_settings.is_some(),
                &[FlexGateway],
                "FlexGateway",
            ),
            (
                "/verification",
                self.verification.is_some(),
                &[FlexGateway],
                "FlexGateway",
            ),
            (
                "/cipherSuites",
                self.cipher_suites.is_some(),
                &[FlexGateway, Mule],
                "FlexGateway and Mule",
            ),
            (
                "/acceptableTlsVersions",
                self.acceptable_tls_versions.is_some(),
                &[Mule, SecurityFabric],
                "Mule and SecurityFabric",
            ),
            ("/insecure", self.insecure.is_some(), &[Mule], "Mule"),
            (
                "/acceptableCipherSuites",
                self.acceptable_cipher_suites.is_some(),
                &[SecurityFabric],
                "SecurityFabric",
            ),
            (
                "/enableMutualAuthentication",
                self.enable_mutual_authentication.is_some(),
                &[SecurityFabric],
                "SecurityFabric",
            ),
            (
                "/mutualAuthentication",
                self.mutual_authentication.is_some(),
                &[SecurityFabric],
                "SecurityFabric",
            ),
        ];
        for (place, there, targets, owner) in fields {
            if there && !targets.contains(&self.target) {
                let this = self.target.as_str();
                return Err(Violation::new(place, Problem::Misplaced { owner, this }));
            }
        }
        Ok(())
    }
}

/// The first item of a list that is there twice.
fn without_repetition<T: PartialEq>(place: &str, items: &[T]) -> Result<(), Violation> {
    for (index, item) in items.iter().enumerate() {
        if items.iter().take(index).any(|before| before == item) {
            return Err(Violation::new(format!("{place}/{index}"), Problem::Twice));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::sample::{refusal, upload};
    use super::*;

    pub(super) const ID: SecretId = SecretId::new(Uuid::from_u128(7));

    #[test]
    fn fields_of_another_target_are_refused_at_their_place() {
        for (target, field, value) in [
            ("Mule", "minTlsVersion", json!("TLSv1.2")),
            ("Mule", "alpnProtocols", json!(["h2"])),
            ("Mule", "inboundSettings", json!({})),
            ("SecurityFabric", "maxTlsVersion", json!("TLSv1.2")),
            ("SecurityFabric", "outboundSettings", json!({})),
            ("SecurityFabric", "cipherSuites", json!([])),
            ("SecurityFabric", "insecure", json!(false)),
            ("FlexGateway", "insecure", json!(true)),
            ("FlexGateway", "acceptableTlsVersions", json!({})),
            ("FlexGateway", "acceptableCipherSuites", json!({})),
            ("Mule", "enableMutualAuthentication", json!(false)),
            ("FlexGateway", "mutualAuthentication", json!({})),
            ("Mule", "verification", json!({})),
            ("SecurityFabric", "verification", json!({})),
        ] {
            let body = json!({"name":"x","target":target,field:value});
            let read: TlsContextUpload = upload(body.clone());
            let refused = refusal(read.refuse_fields_of_other_targets());
            assert_eq!(refused, (format!("/{field}"), "misplaced"), "{body}");
        }
    }

    #[test]
    fn each_target_takes_the_stores_its_consumer_can_read() {
        let types = [
            StoreType::Pem,
            StoreType::Jks,
            StoreType::Jceks,
            StoreType::Pkcs12,
        ];
        for (target, readable) in [
            (TlsTarget::FlexGateway, [true, false, false, false]),
            (TlsTarget::Mule, [false, true, true, true]),
            (TlsTarget::SecurityFabric, [true; 4]),
        ] {
            for (store_type, readable) in types.into_iter().zip(readable) {
                let store = Referred {
                    id: ID,
                    collection: Collection::Keystores,
                    metadata: Metadata::showing(json!({"type":store_type})),
                };
                let verdict = fits(Some(&store), target, "/keystore");
                assert_eq!(verdict.is_ok(), readable, "{target} {store_type}");
                if !readable {
                    let refused = ("/keystore/path".to_owned(), "unfit_store_type");
                    assert_eq!(refusal(verdict), refused);
                }
            }
        }
    }
}
