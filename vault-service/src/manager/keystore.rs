//! Keystores: a certificate, its CA path and its private key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sallyport_model::{Der, SecretString, StoreType};
use sallyport_pki::{
    Certificate, KeystoreError, PrivateKey, PrivateKeyError, UnixTime, certificate_from_pem,
    certificates_from_pem_up_to,
};
use serde_json::json;

use super::Manager;
use super::draft::Draft;
use super::expiry::{ExpiredCertificates, first_to_end, not_valid};
use super::form::{File, Form, Parts};
use super::java_store::{JavaStore, algorithm};
use super::limits::UploadLimits;
use super::metadata::{Metadata, certificate_details};
use super::violation::{Problem, Violation};
use crate::payload::{KeystorePayload, Payload};

const PARTS: Parts = Parts {
    texts: &[
        "type",
        "name",
        "keyPassphrase",
        "storePassphrase",
        "alias",
        "algorithm",
        "expirationDate",
    ],
    files: &[
        "certificate",
        "key",
        "capath",
        CA_PATH_OF_TERRAFORM,
        "keyStore",
    ],
    listed: "type, name, expirationDate; for PEM certificate, key, capath, keyPassphrase; for JKS, \
             JCEKS and PKCS12 keyStore, storePassphrase, alias, keyPassphrase, algorithm, capath",
};

/// The Terraform provider's name of `capath`.
const CA_PATH_OF_TERRAFORM: &str = "caPathCertificate";

/// What an upload holds, whatever its format.
struct KeyPair {
    key: PrivateKey,
    certificate: Certificate,
    /// CA certificates that came with it.
    ca_path: Vec<Certificate>,
    /// The part the certificate came in.
    place: &'static str,
    /// With the fields only this format shows.
    metadata: Metadata,
    warnings: Vec<String>,
}

impl Manager {
    /// Checks an uploaded keystore.
    pub fn keystore(
        form: &Form,
        expired: ExpiredCertificates,
        now: UnixTime,
    ) -> Result<Draft, Violation> {
        let store_type = form.store_type()?;
        form.only(&PARTS)?;
        let name = form.secret_name()?;
        let (ca_path_part, ca_path_file) = ca_path_file(form)?;
        let more = ca_path(ca_path_part, ca_path_file)?;
        let mut pair = match store_type {
            StoreType::Pem => from_pem(form)?,
            StoreType::Jks | StoreType::Jceks | StoreType::Pkcs12 => from_java(form, store_type)?,
        };
        let leaf = std::slice::from_ref(&pair.certificate);
        expired.check(pair.place, leaf, now)?;
        expired.check(pair.place, &pair.ca_path, now)?;
        expired.check(ca_path_part, &more, now)?;
        let mut warnings = std::mem::take(&mut pair.warnings);
        warnings.extend(not_valid(pair.place, leaf, now));
        warnings.extend(not_valid(pair.place, &pair.ca_path, now));
        warnings.extend(not_valid(ca_path_part, &more, now));
        let expiration_date = form.expiration_date()?.or_else(|| first_to_end(leaf, now));
        let own = pair.ca_path.len();
        let ca_path = joined(pair.ca_path, more, ca_path_part)?;
        let stray = strays(&pair.certificate, &ca_path).into_iter();
        warnings.extend(stray.map(|(index, certificate)| {
            let place = if index < own {
                pair.place
            } else {
                ca_path_part
            };
            let subject = certificate.subject();
            format!(
                "{place}: the certificate of {subject} is not in the path of the keystore's \
                 certificate: it issued none of the others"
            )
        }));

        let mut metadata = pair.metadata;
        metadata.show("type", json!(store_type));
        if let Some(file) = ca_path_file {
            metadata.show("capathFileName", json!(file.name));
        }
        metadata.show(
            "details",
            json!({
                "certificate": certificate_details(&pair.certificate),
                "capath": ca_path.iter().map(certificate_details).collect::<Vec<_>>(),
            }),
        );
        let certificates: Vec<_> = std::iter::once(pair.certificate).chain(ca_path).collect();
        Ok(Draft {
            name,
            expiration_date,
            metadata: Metadata {
                key_spki_sha256: Some(pair.key.spki_sha256().to_string()),
                ..metadata.with_certificates(&certificates)
            },
            payload: Payload::Keystore(KeystorePayload {
                private_key: SecretString::new(STANDARD.encode(pair.key.pkcs8_der())),
                certificates: certificates
                    .iter()
                    .map(|item| Der(item.der().to_vec()))
                    .collect(),
            }),
            refers_to: Vec::new(),
            warnings,
        })
    }
}

/// The CA path under either of its names.
fn ca_path_file(form: &Form) -> Result<(&'static str, Option<&File>), Violation> {
    let [ours, terraform] = ["capath", CA_PATH_OF_TERRAFORM].map(|part| {
        form.file(part, UploadLimits::CHAIN_FILE)
            .map(|file| (part, file))
    });
    match (ours?, terraform?) {
        ((_, Some(_)), (terraform, Some(_))) => Err(Violation::new(terraform, Problem::Twice)),
        ((_, None), terraform @ (_, Some(_))) => Ok(terraform),
        (ours, _) => Ok(ours),
    }
}

fn ca_path(part: &'static str, file: Option<&File>) -> Result<Vec<Certificate>, Violation> {
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    certificates_from_pem_up_to(&file.bytes, UploadLimits::CHAIN - 1)
        .map_err(|error| Violation::new(part, error))
}

fn from_pem(form: &Form) -> Result<KeyPair, Violation> {
    form.without(
        &["keyStore", "storePassphrase", "alias", "algorithm"],
        "JKS, JCEKS and PKCS12",
        "PEM",
    )?;
    let certificate_file = form.required_file("certificate", UploadLimits::CERTIFICATE_FILE)?;
    let key_file = form.required_file("key", UploadLimits::KEY_FILE)?;
    let certificate = certificate_from_pem(&certificate_file.bytes)
        .map_err(|error| Violation::new("certificate", error))?;
    let passphrase = form.text("keyPassphrase").map(SecretString::expose);
    let key = PrivateKey::from_pem(&key_file.bytes, passphrase).map_err(|error| {
        let place = match error {
            PrivateKeyError::WrongPassphrase | PrivateKeyError::PassphraseNeeded => "keyPassphrase",
            _ => "key",
        };
        Violation::new(place, error)
    })?;
    if key.spki_sha256() != certificate.spki_sha256() {
        let subject = certificate.subject().to_owned();
        return Err(Violation::new("key", Problem::KeyMismatch { subject }));
    }
    Ok(KeyPair {
        key,
        certificate,
        ca_path: Vec::new(),
        place: "certificate",
        metadata: Metadata::showing(json!({
            "certificateFileName": certificate_file.name,
            "keyFileName": key_file.name,
        })),
        warnings: Vec::new(),
    })
}

/// The entry that the `alias` part names.
fn from_java(form: &Form, store_type: StoreType) -> Result<KeyPair, Violation> {
    form.without(&["certificate", "key"], "PEM", store_type.as_str())?;
    let alias = form.required_text("alias")?.expose();
    let passphrase = form.required_text("keyPassphrase")?;
    let algorithm = algorithm(form)?;
    let store = JavaStore::open(form, "keyStore", store_type)?;
    let entry = store
        .keystore
        .private_key(alias, passphrase.expose())
        .map_err(|error| store.violation(error))?;
    let mut chain = entry.chain.into_iter();
    let certificate = chain.next().ok_or_else(|| {
        let alias = alias.to_owned();
        store.violation(KeystoreError::KeyWithoutCertificate { alias })
    })?;
    let mut metadata = Metadata::showing(json!({
        "keystoreFileName": store.file.name,
        "alias": alias,
    }));
    if let Some(algorithm) = algorithm {
        metadata.show("algorithm", json!(algorithm));
    }
    Ok(KeyPair {
        key: entry.key,
        certificate,
        ca_path: chain.collect(),
        place: "keyStore",
        metadata,
        warnings: store.warnings(),
    })
}

/// CA certificates, with their indices, that no chain of issuers leads to from the leaf. By names:
/// signatures are for those who trust the result.
fn strays<'a>(leaf: &Certificate, ca_path: &'a [Certificate]) -> Vec<(usize, &'a Certificate)> {
    let mut strays: Vec<_> = ca_path.iter().enumerate().collect();
    let mut issuers = vec![leaf.issuer()];
    while let Some(issuer) = issuers.pop() {
        strays.retain(|(_, certificate)| {
            let reached = certificate.subject() == issuer;
            if reached {
                issuers.push(certificate.issuer());
            }
            !reached
        });
    }
    strays
}

/// The CA path of the keystore and what the upload adds to it.
fn joined(
    mut ca_path: Vec<Certificate>,
    more: Vec<Certificate>,
    place: &'static str,
) -> Result<Vec<Certificate>, Violation> {
    for certificate in more {
        if !ca_path.contains(&certificate) {
            ca_path.push(certificate);
        }
    }
    if ca_path.len() >= UploadLimits::CHAIN {
        let (limit, what) = (UploadLimits::CHAIN - 1, "CA certificates");
        return Err(Violation::new(place, Problem::TooMany { limit, what }));
    }
    Ok(ca_path)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{
        NOW, ca, ca_until, ended_leaf, form, future_leaf, issued_leaf, leaf, refusal,
    };
    use super::*;

    const REFUSE: ExpiredCertificates = ExpiredCertificates::Refuse;
    const TEXTS: [(&str, &str); 2] = [("type", "PEM"), ("name", "x")];

    #[test]
    fn a_ca_path_is_taken_under_both_of_its_names() {
        let (pair, ca) = (leaf("server"), ca("issuer"));
        for part in ["capath", "caPathCertificate"] {
            let files: [(&str, &[u8]); 3] = [
                ("certificate", pair.certificate.as_bytes()),
                ("key", pair.key.as_bytes()),
                (part, ca.as_bytes()),
            ];
            let draft = Manager::keystore(&form(&TEXTS, &files), REFUSE, NOW).unwrap();
            let shown = &draft.metadata.shown;
            assert_eq!(
                shown["details"]["capath"][0]["subject"]["commonName"],
                "issuer"
            );
            assert_eq!(
                shown["details"]["certificate"]["subject"]["commonName"],
                "server"
            );
            assert_eq!(shown["capathFileName"], format!("{part}.file"));
            assert_eq!(shown["keyFileName"], "key.file");
            let Payload::Keystore(keystore) = draft.payload else {
                panic!("another payload");
            };
            assert_eq!(keystore.certificates.len(), 2);
            assert!(draft.metadata.key_spki_sha256.is_some());
        }
    }

    #[test]
    fn the_key_file_may_hold_the_certificates_too() {
        let pair = leaf("server");
        let key = format!("{}{}{}", ca("issuer"), pair.key, pair.certificate);
        let files: [(&str, &[u8]); 3] = [
            ("certificate", pair.certificate.as_bytes()),
            ("key", key.as_bytes()),
            ("capath", b""),
        ];
        let draft = Manager::keystore(&form(&TEXTS, &files), REFUSE, NOW).unwrap();
        assert!(!draft.metadata.shown.contains_key("capathFileName"));
    }

    #[test]
    fn ended_certificates_are_taken_on_request_and_named() {
        let (pair, ca) = (ended_leaf("server"), ca_until("issuer", 2019));
        let form = form(
            &TEXTS,
            &[
                ("certificate", pair.certificate.as_bytes()),
                ("key", pair.key.as_bytes()),
                ("capath", ca.as_bytes()),
            ],
        );
        let refused = refusal(Manager::keystore(&form, REFUSE, NOW));
        assert_eq!(refused, ("certificate".to_owned(), "expired_certificate"));
        let draft = Manager::keystore(&form, ExpiredCertificates::Allow, NOW).unwrap();
        assert_eq!(draft.expiration_date.as_deref(), Some("2020-01-01"));
        assert_eq!(draft.warnings().len(), 3);
        let path = &draft.warnings()[1];
        assert!(path.starts_with("capath: the certificate of CN=issuer expired"));
    }

    #[test]
    fn a_ca_path_that_leads_nowhere_is_taken_and_named() {
        let (pair, root) = issued_leaf("server", "root");
        let path = format!("{}{root}", ca("stranger"));
        let form = form(
            &TEXTS,
            &[
                ("certificate", pair.certificate.as_bytes()),
                ("key", pair.key.as_bytes()),
                ("capath", path.as_bytes()),
            ],
        );
        let draft = Manager::keystore(&form, REFUSE, NOW).unwrap();
        let [warning] = draft.warnings() else {
            panic!("{:?}", draft.warnings());
        };
        assert!(warning.starts_with("capath: the certificate of CN=stranger is not in the path"));
    }

    #[test]
    fn a_certificate_that_is_not_valid_yet_is_taken_and_named() {
        let pair = future_leaf("server");
        let files: [(&str, &[u8]); 2] = [
            ("certificate", pair.certificate.as_bytes()),
            ("key", pair.key.as_bytes()),
        ];
        let draft = Manager::keystore(&form(&TEXTS, &files), REFUSE, NOW).unwrap();
        assert_eq!(
            draft.warnings(),
            ["certificate: the certificate of CN=server is not valid before 2030-01-01"]
        );
    }

    #[test]
    fn what_has_ended_is_said_once() {
        let pair = ended_leaf("server");
        let files: [(&str, &[u8]); 2] = [
            ("certificate", pair.certificate.as_bytes()),
            ("key", pair.key.as_bytes()),
        ];
        let draft = Manager::keystore(&form(&TEXTS, &files), ExpiredCertificates::Allow, NOW);
        let draft = draft.unwrap();
        assert_eq!(draft.warnings().len(), 1);
        assert_eq!(draft.expiry_warnings(NOW), Vec::<String>::new());
    }

    #[test]
    fn a_refusal_names_the_part() {
        let (mine, other) = (leaf("mine"), leaf("other"));
        let (certificate, key) = (mine.certificate.as_bytes(), mine.key.as_bytes());
        let encrypted = include_bytes!("../../pki/tests/fixtures/key-encrypted.pem").as_slice();
        let long = ca("a").repeat(UploadLimits::CHAIN);
        let good = vec![("certificate", certificate), ("key", key)];
        for (more, files, place, code) in [
            (vec![], vec![("key", key)], "certificate", "missing"),
            (vec![], vec![("certificate", certificate)], "key", "missing"),
            (
                vec![],
                vec![("certificate", certificate), ("key", other.key.as_bytes())],
                "key",
                "key_mismatch",
            ),
            (
                vec![],
                vec![("certificate", certificate), ("key", encrypted)],
                "keyPassphrase",
                "invalid_private_key",
            ),
            (
                vec![("keyPassphrase", "wrong")],
                vec![("certificate", certificate), ("key", encrypted)],
                "keyPassphrase",
                "invalid_private_key",
            ),
            (
                vec![("keyPassphrase", "open-sesame")],
                vec![("certificate", certificate), ("key", encrypted)],
                "key",
                "key_mismatch",
            ),
            (
                vec![],
                [good.clone(), vec![("capath", long.as_bytes())]].concat(),
                "capath",
                "invalid_certificate",
            ),
            (
                vec![],
                [
                    good.clone(),
                    vec![("capath", certificate), ("caPathCertificate", certificate)],
                ]
                .concat(),
                "caPathCertificate",
                "duplicate",
            ),
            (
                vec![],
                [good.clone(), vec![("keyStore", certificate)]].concat(),
                "keyStore",
                "misplaced",
            ),
            (
                vec![("algorithm", "PKIX")],
                good.clone(),
                "algorithm",
                "misplaced",
            ),
            (vec![("alias", "a")], good.clone(), "alias", "misplaced"),
            (
                vec![],
                [good.clone(), vec![("alias", certificate)]].concat(),
                "alias",
                "invalid_part",
            ),
        ] {
            let texts = [TEXTS.to_vec(), more].concat();
            let refused = refusal(Manager::keystore(&form(&texts, &files), REFUSE, NOW));
            assert_eq!(refused, (place.to_owned(), code), "{texts:?}");
        }
    }
}
