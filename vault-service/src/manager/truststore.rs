//! Truststores: CA certificates that are trusted.

use sallyport_model::{Der, StoreType, TruststoreMaterial};
use sallyport_pki::{Certificate, UnixTime, certificates_from_pem_up_to};
use serde_json::json;

use super::Manager;
use super::draft::Draft;
use super::expiry::{first_to_end, not_valid};
use super::form::{File, Form, Parts};
use super::java_store::{JavaStore, algorithm};
use super::limits::UploadLimits;
use super::metadata::{Metadata, certificate_details};
use super::pinned_leaves::{PinnedLeaves, Trusted};
use super::violation::{Problem, Violation};
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
struct Opened<'a> {
    file: &'a File,
    /// Each under its alias.
    entries: Vec<(String, Certificate)>,
    algorithm: Option<&'static str>,
    warnings: Vec<String>,
}

impl Manager {
    /// Checks an uploaded truststore. A certificate that is no CA is never a trust anchor, because it
    /// would become a CA: it is refused, or pinned where that is allowed. Ended ones are taken, since
    /// old and new roots often travel together; no path ends at them, and the answer names them.
    pub fn truststore(
        form: &Form,
        leaves: PinnedLeaves,
        now: UnixTime,
    ) -> Result<Draft, Violation> {
        let store_type = form.store_type()?;
        form.only(&PARTS)?;
        let name = form.secret_name()?;
        let Opened {
            file,
            entries,
            algorithm,
            mut warnings,
        } = match store_type {
            StoreType::Pem => from_pem(form)?,
            StoreType::Jks | StoreType::Jceks | StoreType::Pkcs12 => from_java(form, store_type)?,
        };
        let certificates = entries.iter().map(|(_, certificate)| certificate.clone());
        let Trusted { anchors, pinned } = leaves.sort("trustStore", certificates.collect())?;

        let shown: Vec<_> = entries
            .iter()
            .map(|(alias, certificate)| {
                let details = certificate_details(certificate);
                match certificate.is_ca() {
                    true => json!({ "alias": alias, "certificate": details }),
                    false => json!({ "alias": alias, "certificate": details, "pinned": true }),
                }
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
        let ders = |certificates: &[Certificate]| {
            let ders = certificates.iter().map(|item| Der(item.der().to_vec()));
            ders.collect()
        };
        let material = TruststoreMaterial {
            anchors: ders(&anchors),
            pinned: ders(&pinned),
        };
        let certificates = [anchors, pinned].concat();
        warnings.extend(not_valid("trustStore", &certificates, now));
        Ok(Draft {
            name,
            expiration_date: form
                .expiration_date()?
                .or_else(|| first_to_end(&certificates, now)),
            metadata: metadata.with_certificates(&certificates),
            payload: Payload::Truststore(material),
            refers_to: Vec::new(),
            warnings,
        })
    }
}

/// Certificates of a PEM file; they have no names, so they are counted.
fn from_pem(form: &Form) -> Result<Opened<'_>, Violation> {
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
    Ok(Opened {
        file,
        entries: entries.collect(),
        algorithm: None,
        warnings: Vec::new(),
    })
}

/// Every certificate entry of a keystore file, under its alias.
fn from_java(form: &Form, store_type: StoreType) -> Result<Opened<'_>, Violation> {
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
    Ok(Opened {
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
        check_with(PinnedLeaves::Refuse, pem)
    }

    fn check_with(leaves: PinnedLeaves, pem: &str) -> Result<Draft, Violation> {
        let form = form(&TEXTS, &[("trustStore", pem.as_bytes())]);
        Manager::truststore(&form, leaves, NOW)
    }

    #[test]
    fn a_leaf_is_pinned_only_where_that_was_asked_for() {
        let (ca, one) = (ca("ca"), leaf("one").certificate);
        let refused = check(&format!("{ca}{one}")).err().unwrap().to_string();
        assert!(refused.contains("CN=one is not a CA"), "{refused}");
        assert!(refused.contains("allowPinnedLeaves=true"), "{refused}");

        let material = |draft: &Draft| match &draft.payload {
            Payload::Truststore(material) => (material.anchors.len(), material.pinned.len()),
            _ => panic!("another payload"),
        };
        let draft = check_with(PinnedLeaves::Allow, &format!("{one}{ca}")).unwrap();
        assert_eq!(material(&draft), (1, 1));
        let entries = &draft.metadata.shown["details"]["certificateEntries"];
        assert_eq!(entries[0]["pinned"], true);
        assert!(entries[1].get("pinned").is_none());
        let draft = check_with(PinnedLeaves::Allow, &one).unwrap();
        assert_eq!(material(&draft), (0, 1));
        let draft = check_with(PinnedLeaves::Allow, &ca).unwrap();
        assert_eq!(material(&draft), (1, 0));
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
            let refused = refusal(Manager::truststore(&form, PinnedLeaves::Refuse, NOW));
            assert_eq!(refused, (place.to_owned(), code), "{texts:?}");
        }
    }
}
