//! Truststores: CA certificates that are trusted.

use sallyport_model::{Der, StoreType, TruststoreMaterial};
use sallyport_pki::{Certificate, TrustAnchors, UnixTime, certificates_from_pem_up_to};
use serde_json::json;

use super::Manager;
use super::draft::Draft;
use super::error::{Problem, Violation};
use super::expiry::{ended, first_to_end};
use super::form::{File, Form, Parts};
use super::java_store::{JavaStore, algorithm};
use super::limits::UploadLimits;
use super::metadata::{Metadata, certificate_details};
use crate::payload::Payload;

const PARTS: Parts = Parts {
    texts: &[
        "type",
        "name",
        "storePassphrase",
        "algorithm",
        "expirationDate",
    ],
    files: &["trustStore"],
    listed: "type, name, trustStore, storePassphrase, algorithm, expirationDate",
};

/// What an upload holds, whatever its format.
struct Trusted<'a> {
    file: &'a File,
    /// Each under its alias.
    entries: Vec<(String, Certificate)>,
    algorithm: Option<&'static str>,
    warnings: Vec<String>,
}

impl Manager {
    /// Checks an uploaded truststore. A certificate that is no CA is refused: as a trust anchor it
    /// would become one; to accept exactly one certificate, pin it. Ended ones are taken, since old
    /// and new roots often travel together; no path ends at them, and the answer names them.
    pub fn truststore(form: &Form, now: UnixTime) -> Result<Draft, Violation> {
        let store_type = form.store_type()?;
        form.only(&PARTS)?;
        let name = form.secret_name()?;
        let Trusted {
            file,
            entries,
            algorithm,
            mut warnings,
        } = match store_type {
            StoreType::Pem => from_pem(form)?,
            StoreType::Jks | StoreType::Jceks | StoreType::Pkcs12 => from_java(form, store_type)?,
        };
        let certificates = entries.iter().map(|(_, certificate)| certificate.clone());
        let anchors = TrustAnchors::new(certificates.collect())
            .map_err(|error| Violation::new("trustStore", error))?;
        let certificates = anchors.certificates();

        let shown: Vec<_> = entries
            .iter()
            .map(|(alias, certificate)| {
                json!({ "alias": alias, "certificate": certificate_details(certificate) })
            })
            .collect();
        let mut metadata = Metadata::showing(json!({
            "type": store_type,
            "truststoreFileName": file.name,
            "details": { "certificateEntries": shown },
        }));
        if let Some(algorithm) = algorithm {
            metadata.show("algorithm", json!(algorithm));
        }
        warnings.extend(ended("trustStore", certificates, now));
        Ok(Draft {
            name,
            expiration_date: form
                .expiration_date()?
                .or_else(|| first_to_end(certificates, now)),
            metadata: metadata.with_certificates(certificates),
            payload: Payload::Truststore(TruststoreMaterial {
                anchors: certificates
                    .iter()
                    .map(|item| Der(item.der().to_vec()))
                    .collect(),
                pinned: Vec::new(),
            }),
            refers_to: Vec::new(),
            warnings,
        })
    }
}

/// Certificates of a PEM file; they have no names, so they are counted.
fn from_pem(form: &Form) -> Result<Trusted<'_>, Violation> {
    form.without(
        &["storePassphrase", "algorithm"],
        "JKS, JCEKS and PKCS12",
        "PEM",
    )?;
    let file = form.required_file("trustStore", UploadLimits::STORE_FILE)?;
    let certificates = certificates_from_pem_up_to(&file.bytes, UploadLimits::TRUSTED)
        .map_err(|error| Violation::new("trustStore", error))?;
    let numbered = (1_usize..).zip(certificates);
    let entries = numbered.map(|(number, certificate)| (number.to_string(), certificate));
    Ok(Trusted {
        file,
        entries: entries.collect(),
        algorithm: None,
        warnings: Vec::new(),
    })
}

/// Every certificate entry of a keystore file, under its alias.
fn from_java(form: &Form, store_type: StoreType) -> Result<Trusted<'_>, Violation> {
    let algorithm = algorithm(form)?;
    let store = JavaStore::open(form, "trustStore", store_type)?;
    let trusted = store.keystore.trusted_certificates().into_iter();
    let entries: Vec<_> = trusted
        .map(|entry| (entry.alias, entry.certificate))
        .collect();
    if entries.len() > UploadLimits::TRUSTED {
        let (limit, what) = (UploadLimits::TRUSTED, "certificates");
        return Err(Violation::new(
            "trustStore",
            Problem::TooMany { limit, what },
        ));
    }
    Ok(Trusted {
        file: store.file,
        entries,
        algorithm,
        warnings: store
            .warnings()
            .into_iter()
            .chain(store.unused_keys())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{NOW, ca, ca_until, form, leaf, refusal};
    use super::*;

    const TEXTS: [(&str, &str); 2] = [("name", "x"), ("type", "PEM")];

    fn check(pem: &str) -> Result<Draft, Violation> {
        Manager::truststore(&form(&TEXTS, &[("trustStore", pem.as_bytes())]), NOW)
    }

    #[test]
    fn ended_roots_are_kept_and_named_and_do_not_set_the_date() {
        let draft = check(&[ca("a"), ca_until("b", 2020), ca_until("c", 2030)].concat()).unwrap();
        assert_eq!(draft.expiration_date.as_deref(), Some("2030-01-01"));
        assert_eq!(
            draft.warnings(),
            ["trustStore: the certificate of CN=b expired on 2020-01-01"]
        );
        let entries = &draft.metadata.shown["details"]["certificateEntries"];
        assert_eq!(entries.as_array().map(Vec::len), Some(3));
        assert_eq!(entries[1]["alias"], "2");
        assert_eq!(entries[1]["certificate"]["subject"]["commonName"], "b");

        let draft = check(&[ca_until("b", 2020), ca_until("c", 2021)].concat()).unwrap();
        assert_eq!(draft.expiration_date.as_deref(), Some("2021-01-01"));
    }

    #[test]
    fn a_thousand_certificates_are_the_limit() {
        // Counted before any is read, so hollow ones do.
        let hollow = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
        let problem = |count| check(&hollow.repeat(count)).err().unwrap().problem;
        assert!(problem(1001).to_string().contains("at most 1000"));
        assert!(!problem(1000).to_string().contains("at most"));
    }

    #[test]
    fn a_refusal_names_the_part() {
        let (ca, leaf) = (ca("ca"), leaf("leaf").certificate);
        for (more, pem, place, code) in [
            (vec![], leaf.as_str(), "trustStore", "invalid_trust_anchor"),
            (vec![], "nonsense", "trustStore", "invalid_certificate"),
            (vec![], "", "trustStore", "empty_file"),
            (
                vec![("storePassphrase", "p")],
                ca.as_str(),
                "storePassphrase",
                "misplaced",
            ),
            (
                vec![("algorithm", "PKIX")],
                ca.as_str(),
                "algorithm",
                "misplaced",
            ),
            (vec![("alias", "a")], ca.as_str(), "alias", "unknown_field"),
        ] {
            let texts = [TEXTS.to_vec(), more].concat();
            let form = form(&texts, &[("trustStore", pem.as_bytes())]);
            let refused = refusal(Manager::truststore(&form, NOW));
            assert_eq!(refused, (place.to_owned(), code), "{texts:?}");
        }
    }
}
