//! Single certificates, without a key: CAs, and the signers of revocation lists.

use sallyport_model::{Der, StoreType};
use sallyport_pki::{Certificate, UnixTime, certificate_from_pem};
use serde_json::json;

use super::Manager;
use super::draft::Draft;
use super::expiry::{ExpiredCertificates, first_to_end, not_valid};
use super::form::{File, Form, Parts};
use super::java_store::JavaStore;
use super::limits::UploadLimits;
use super::metadata::{Metadata, certificate_details};
use super::violation::{Problem, Violation};
use crate::payload::{CertificatePayload, Payload};

const PARTS: Parts = Parts {
    texts: &["type", "name", "storePassphrase", "expirationDate"],
    files: &["certStore"],
    listed: "type, name, certStore, storePassphrase, expirationDate",
};

/// What an upload holds, whatever its format.
struct Single<'a> {
    file: &'a File,
    certificate: Certificate,
    warnings: Vec<String>,
}

impl Manager {
    /// Checks an uploaded certificate.
    pub fn certificate(
        form: &Form,
        expired: ExpiredCertificates,
        now: UnixTime,
    ) -> Result<Draft, Violation> {
        let store_type = form.store_type()?;
        form.only(&PARTS)?;
        let name = form.secret_name()?;
        let Single {
            file,
            certificate,
            mut warnings,
        } = match store_type {
            StoreType::Pem => from_pem(form)?,
            StoreType::Jks | StoreType::Jceks | StoreType::Pkcs12 => from_java(form, store_type)?,
        };
        certificate.check_public_key().map_err(|error| {
            let subject = certificate.subject().to_owned();
            Violation::new("certStore", Problem::PublicKey { subject, error })
        })?;
        let certificates = [certificate];
        expired.check("certStore", &certificates, now)?;
        warnings.extend(not_valid("certStore", &certificates, now));

        let [certificate] = &certificates;
        let shown = json!({
            "type": store_type,
            "certificateFileName": file.name,
            "details": certificate_details(certificate),
        });
        Ok(Draft {
            name,
            expiration_date: form
                .expiration_date()?
                .or_else(|| first_to_end(&certificates, now)),
            metadata: Metadata::showing(shown).with_certificates(&certificates),
            payload: Payload::Certificate(CertificatePayload {
                certificate: Der(certificate.der().to_vec()),
            }),
            refers_to: Vec::new(),
            warnings,
        })
    }
}

fn from_pem(form: &Form) -> Result<Single<'_>, Violation> {
    form.without(&["storePassphrase"], "JKS, JCEKS and PKCS12", "PEM")?;
    let file = form.required_file("certStore", UploadLimits::CERTIFICATE_FILE)?;
    let certificate =
        certificate_from_pem(&file.bytes).map_err(|error| Violation::new("certStore", error))?;
    Ok(Single {
        file,
        certificate,
        warnings: Vec::new(),
    })
}

/// The only certificate of a keystore file, whatever entry it is in.
fn from_java(form: &Form, store_type: StoreType) -> Result<Single<'_>, Violation> {
    let store = JavaStore::open(form, "certStore", store_type)?;
    let entries = store.keystore.entries().iter();
    let certificates: Vec<&Certificate> = entries.flat_map(|entry| entry.certificates()).collect();
    let [certificate] = certificates.as_slice() else {
        let count = certificates.len();
        return Err(Violation::new(
            "certStore",
            Problem::CertificateCount { count },
        ));
    };
    Ok(Single {
        file: store.file,
        certificate: Certificate::clone(certificate),
        warnings: store
            .warnings()
            .into_iter()
            .chain(store.unused_keys())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{NOW, ca, ended_leaf, form, leaf, refusal};
    use super::*;

    const REFUSE: ExpiredCertificates = ExpiredCertificates::Refuse;

    #[test]
    fn a_certificate_ends_when_it_says_unless_a_date_is_given() {
        let pem = ca("root");
        let file: [(&str, &[u8]); 1] = [("certStore", pem.as_bytes())];
        let texts = [("name", "x"), ("type", "PEM"), ("expirationDate", "")];
        let draft = Manager::certificate(&form(&texts, &file), REFUSE, NOW).unwrap();
        assert_eq!(draft.expiration_date.as_deref(), Some("4000-01-01"));
        assert_eq!(
            draft.metadata.shown["certificateFileName"],
            "certStore.file"
        );
        assert_eq!(
            draft.metadata.shown["details"]["subject"]["commonName"],
            "root"
        );
        assert!(draft.refers_to.is_empty() && draft.warnings().is_empty());

        let texts = [
            ("name", "x"),
            ("type", "PEM"),
            ("expirationDate", "2027-02-28"),
        ];
        let draft = Manager::certificate(&form(&texts, &file), REFUSE, NOW).unwrap();
        assert_eq!(draft.expiration_date.as_deref(), Some("2027-02-28"));
    }

    #[test]
    fn an_ended_certificate_is_taken_only_on_request_and_named() {
        let pem = ended_leaf("old").certificate;
        let form = form(
            &[("type", "PEM"), ("name", "x")],
            &[("certStore", pem.as_bytes())],
        );
        let refused = refusal(Manager::certificate(&form, REFUSE, NOW));
        assert_eq!(refused, ("certStore".to_owned(), "expired_certificate"));
        let draft = Manager::certificate(&form, ExpiredCertificates::Allow, NOW).unwrap();
        assert_eq!(
            draft.warnings(),
            ["certStore: the certificate of CN=old expired on 2020-01-01"]
        );
    }

    #[test]
    fn a_certificate_with_a_weak_key_is_refused() {
        let chain = include_str!("../../pki/tests/fixtures/algorithms/weak-rsa1024.pem");
        let weak = &chain[..chain.rfind("-----BEGIN").unwrap()];
        let texts = [("type", "PEM"), ("name", "x")];
        let form = form(&texts, &[("certStore", weak.as_bytes())]);
        let violation = Manager::certificate(&form, REFUSE, NOW).err().unwrap();
        assert!(
            matches!(violation.problem, Problem::PublicKey { .. }),
            "{violation}"
        );
    }

    #[test]
    fn a_refusal_names_the_part() {
        let (one, other) = (leaf("one"), leaf("other"));
        let both = format!("{}{}", one.certificate, other.certificate);
        let large = vec![b' '; UploadLimits::CERTIFICATE_FILE + 1];
        let good = one.certificate.as_bytes();
        for (texts, files, place, code) in [
            (vec![], vec![("certStore", good)], "type", "missing"),
            (
                vec![("type", "DER")],
                vec![("certStore", good)],
                "type",
                "unknown_type",
            ),
            (
                vec![("type", "PEM"), ("name", " x")],
                vec![("certStore", good)],
                "name",
                "invalid_name",
            ),
            (
                vec![("type", "PEM"), ("name", "x")],
                vec![],
                "certStore",
                "missing",
            ),
            (
                vec![("type", "PEM"), ("name", "x")],
                vec![("certStore", b"")],
                "certStore",
                "empty_file",
            ),
            (
                vec![
                    ("type", "PEM"),
                    ("name", "x"),
                    ("certStore", &one.certificate),
                ],
                vec![],
                "certStore",
                "invalid_part",
            ),
            (
                vec![("type", "PEM"), ("name", "x")],
                vec![("certStore", &large)],
                "certStore",
                "too_large",
            ),
            (
                vec![("type", "PEM"), ("name", "x")],
                vec![("certStore", both.as_bytes())],
                "certStore",
                "invalid_certificate",
            ),
            (
                vec![("type", "PEM"), ("name", "x")],
                vec![("certStore", one.key.as_bytes())],
                "certStore",
                "invalid_certificate",
            ),
            (
                vec![("type", "PEM"), ("name", "x"), ("storePassphrase", "p")],
                vec![("certStore", good)],
                "storePassphrase",
                "misplaced",
            ),
            (
                vec![("type", "PEM"), ("name", "x")],
                vec![("certStore", good), ("key", good)],
                "key",
                "unknown_field",
            ),
            (
                vec![
                    ("type", "PEM"),
                    ("name", "x"),
                    ("expirationDate", "2027-02-30"),
                ],
                vec![("certStore", good)],
                "expirationDate",
                "invalid_date",
            ),
        ] {
            let refused = refusal(Manager::certificate(&form(&texts, &files), REFUSE, NOW));
            assert_eq!(refused, (place.to_owned(), code), "{texts:?}");
        }
    }
}
