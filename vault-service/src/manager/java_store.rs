//! Keystore files of Java and of RFC 7292: opened once, with the errors at the parts that cause them.

use sallyport_model::{SecretString, StoreType};
use sallyport_pki::{EntryKind, Integrity, Keystore, KeystoreError, KeystoreFormat};

use super::form::{File, Form};
use super::limits::UploadLimits;
use super::violation::{Problem, Violation};

/// An uploaded JKS, JCEKS or PKCS12 file, opened with its passphrase.
pub(super) struct JavaStore<'a> {
    pub(super) file: &'a File,
    pub(super) keystore: Keystore,
    /// The part it came in.
    part: &'static str,
}

impl<'a> JavaStore<'a> {
    /// Opens the file of a part. An empty passphrase has to be sent for a file without one.
    pub(super) fn open(
        form: &'a Form,
        part: &'static str,
        declared: StoreType,
    ) -> Result<Self, Violation> {
        let file = form.required_file(part, UploadLimits::STORE_FILE)?;
        let passphrase = form
            .text_even_empty("storePassphrase")
            .ok_or_else(|| Violation::new("storePassphrase", Problem::Missing))?;
        let keystore = Keystore::open(&file.bytes, passphrase.expose())
            .map_err(|error| violation(part, "storePassphrase", error))?;
        let found = store_type(keystore.format());
        if found != declared {
            return Err(Violation::new(
                part,
                Problem::OtherStore { found, declared },
            ));
        }
        Ok(Self {
            file,
            keystore,
            part,
        })
    }

    /// What may not be meant about the file as a whole.
    pub(super) fn warnings(&self) -> Vec<String> {
        let part = self.part;
        match self.keystore.integrity() {
            Integrity::Verified => Vec::new(),
            Integrity::NotProtected => vec![format!(
                "{part}: the file is not protected against changes, so nothing shows that it is as \
                 it was written"
            )],
        }
    }

    /// Says that private keys in the file were not stored, where only certificates are wanted.
    pub(super) fn unused_keys(&self) -> Option<String> {
        let part = self.part;
        let entries = self.keystore.entries().iter();
        let keys = entries.filter(|entry| entry.kind() != EntryKind::TrustedCertificate);
        match keys.count() {
            0 => None,
            count => Some(format!(
                "{part}: the keys in the file ({count}) were not stored"
            )),
        }
    }

    /// An error of a private key, at the part that caused it.
    pub(super) fn violation(&self, error: KeystoreError) -> Violation {
        violation(self.part, "keyPassphrase", error)
    }
}

/// The `algorithm` part: the name of a key manager of Java, kept for those who ask for it.
pub(super) fn algorithm(form: &Form) -> Result<Option<&'static str>, Violation> {
    match form.text("algorithm").map(SecretString::expose) {
        None => Ok(None),
        Some("PKIX") => Ok(Some("PKIX")),
        Some("SunX509") => Ok(Some("SunX509")),
        Some(_) => {
            let expected = "is PKIX or SunX509".to_owned();
            Err(Violation::new("algorithm", Problem::Value { expected }))
        }
    }
}

fn violation(part: &'static str, passphrase: &'static str, error: KeystoreError) -> Violation {
    let place = match &error {
        KeystoreError::PassphraseTooLong { .. } => passphrase,
        KeystoreError::WrongPassphrase | KeystoreError::NotProtected => "storePassphrase",
        KeystoreError::WrongKeyPassphrase { .. } => "keyPassphrase",
        KeystoreError::NoSuchAlias { .. } | KeystoreError::NotAKey { .. } => "alias",
        _ => part,
    };
    Violation::new(place, error)
}

const fn store_type(format: KeystoreFormat) -> StoreType {
    match format {
        KeystoreFormat::Jks => StoreType::Jks,
        KeystoreFormat::Jceks => StoreType::Jceks,
        KeystoreFormat::Pkcs12 => StoreType::Pkcs12,
    }
}

#[cfg(test)]
mod tests {
    use super::super::draft::Draft;
    use super::super::sample::{NOW, ca, form, refusal};
    use super::super::{ExpiredCertificates, Manager, PinnedLeaves};
    use super::*;
    use crate::payload::Payload;

    const STORE: &str = "Store-pass1";

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../pki/tests/fixtures/keystores/", $name)).as_slice()
        };
    }

    fn keystore(texts: &[(&str, &str)], file: &[u8]) -> Result<Draft, Violation> {
        let texts = [&[("name", "x")], texts].concat();
        let form = form(&texts, &[("keyStore", file)]);
        Manager::keystore(&form, ExpiredCertificates::Refuse, NOW)
    }

    fn truststore(texts: &[(&str, &str)], file: &[u8]) -> Result<Draft, Violation> {
        let texts = [&[("name", "x")], texts].concat();
        Manager::truststore(
            &form(&texts, &[("trustStore", file)]),
            PinnedLeaves::Refuse,
            NOW,
        )
    }

    fn certificate(texts: &[(&str, &str)], file: &[u8]) -> Result<Draft, Violation> {
        let texts = [&[("name", "x")], texts].concat();
        let form = form(&texts, &[("certStore", file)]);
        Manager::certificate(&form, ExpiredCertificates::Refuse, NOW)
    }

    #[test]
    fn keystores_of_all_three_formats_become_the_same_payload() {
        let mut keys = Vec::new();
        for (store_type, file, passphrase) in [
            ("JKS", fixture!("java.jks"), "Key-pass22-leaf"),
            ("JCEKS", fixture!("java.jceks"), "Key-pass22-leaf"),
            ("PKCS12", fixture!("java.p12"), STORE),
            ("PKCS12", fixture!("openssl-aes-256.p12"), STORE),
        ] {
            let texts = [
                ("type", store_type),
                ("storePassphrase", STORE),
                ("keyPassphrase", passphrase),
                ("alias", "leaf"),
                ("algorithm", "SunX509"),
            ];
            let draft = keystore(&texts, file).unwrap();
            let shown = &draft.metadata.shown;
            assert_eq!(shown["type"], store_type);
            assert_eq!(
                (
                    &shown["alias"],
                    &shown["algorithm"],
                    &shown["keystoreFileName"]
                ),
                (&"leaf".into(), &"SunX509".into(), &"keyStore.file".into())
            );
            assert_eq!(
                shown["details"]["certificate"]["subject"]["commonName"],
                "leaf"
            );
            assert_eq!(shown["details"]["capath"].as_array().map(Vec::len), Some(2));
            let Payload::Keystore(payload) = draft.payload else {
                panic!("another payload");
            };
            keys.push(payload.private_key.expose().to_owned());
            assert!(draft.warnings.is_empty(), "{:?}", draft.warnings);
        }
        assert!(keys.iter().all(|key| !key.is_empty() && *key == keys[0]));
    }

    #[test]
    fn a_ca_path_beside_a_keystore_is_added_to_its_chain() {
        let ca = ca("another");
        let texts = [
            ("name", "x"),
            ("type", "JKS"),
            ("storePassphrase", STORE),
            ("keyPassphrase", "Key-pass22-leaf"),
            ("alias", "leaf"),
        ];
        let files = [
            ("keyStore", fixture!("java.jks")),
            ("caPathCertificate", ca.as_bytes()),
        ];
        let form = form(&texts, &files);
        let draft = Manager::keystore(&form, ExpiredCertificates::Refuse, NOW).unwrap();
        let path = &draft.metadata.shown["details"]["capath"];
        assert_eq!(path[2]["subject"]["commonName"], "another");
    }

    #[test]
    fn what_is_wrong_with_a_keystore_is_told_apart_at_its_part() {
        let good = [
            ("type", "JKS"),
            ("storePassphrase", STORE),
            ("keyPassphrase", "Key-pass22-leaf"),
            ("alias", "leaf"),
        ];
        let (jks, long) = (fixture!("java.jks"), "x".repeat(100_000));
        assert!(keystore(&good, jks).is_ok());
        for (part, text, file, place, code) in [
            (
                "storePassphrase",
                "wrong",
                jks,
                "storePassphrase",
                "wrong_store_passphrase",
            ),
            (
                "keyPassphrase",
                "wrong",
                jks,
                "keyPassphrase",
                "wrong_key_passphrase",
            ),
            (
                "storePassphrase",
                long.as_str(),
                jks,
                "storePassphrase",
                "too_large",
            ),
            (
                "keyPassphrase",
                long.as_str(),
                jks,
                "keyPassphrase",
                "too_large",
            ),
            ("alias", "laef", jks, "alias", "no_such_alias"),
            ("alias", "root", jks, "alias", "not_a_key"),
            ("alias", "", jks, "alias", "missing"),
            ("keyPassphrase", "", jks, "keyPassphrase", "missing"),
            ("algorithm", "X509", jks, "algorithm", "invalid_value"),
            ("type", "JCEKS", jks, "keyStore", "other_store_type"),
            ("alias", "leaf", b"", "keyStore", "empty_file"),
            ("alias", "leaf", b"PEM?", "keyStore", "invalid_keystore"),
            (
                "alias",
                "leaf",
                &jks[..jks.len() - 1],
                "keyStore",
                "invalid_keystore",
            ),
            (
                "keyPassphrase",
                "Key-pass22",
                fixture!("java-mismatch.jks"),
                "keyStore",
                "key_mismatch",
            ),
            (
                "type",
                "PKCS12",
                fixture!("openssl-camellia.p12"),
                "keyStore",
                "unsupported_cipher",
            ),
        ] {
            let mut texts = good.to_vec();
            texts.retain(|(name, _)| *name != part);
            texts.push((part, text));
            let refused = refusal(keystore(&texts, file));
            assert_eq!(refused, (place.to_owned(), code), "{part}={text}");
        }
        let texts = [&good[..1], &good[2..]].concat();
        let refused = refusal(keystore(&texts, jks));
        assert_eq!(refused, ("storePassphrase".to_owned(), "missing"));
        let problem = keystore(&[&good[..3], &[("alias", "laef")]].concat(), jks)
            .err()
            .unwrap();
        let said = problem.to_string();
        assert!(said.contains("`leaf`") && said.contains("`rsa`"), "{said}");
    }

    #[test]
    fn truststores_keep_the_aliases_of_every_certificate_entry() {
        let jks = fixture!("java-trust.jks");
        let texts = [
            ("type", "JKS"),
            ("storePassphrase", STORE),
            ("algorithm", "PKIX"),
        ];
        let draft = truststore(&texts, jks).unwrap();
        let shown = &draft.metadata.shown;
        assert_eq!(shown["algorithm"], "PKIX");
        let entries = shown["details"]["certificateEntries"].as_array().unwrap();
        let mut aliases: Vec<_> = entries.iter().map(|it| it["alias"].as_str()).collect();
        aliases.sort_unstable();
        assert_eq!(aliases, [Some("issuing"), Some("root")]);

        // Keys beside the certificates are no use here, and that is said.
        let texts = [("type", "PKCS12"), ("storePassphrase", STORE)];
        let draft = truststore(&texts, fixture!("java.p12")).unwrap();
        assert_eq!(
            draft.metadata.shown["details"]["certificateEntries"][0]["alias"],
            "root"
        );
        assert_eq!(
            draft.warnings,
            ["trustStore: the keys in the file (3) were not stored"]
        );
    }

    #[test]
    fn a_file_without_protection_needs_an_empty_passphrase_and_is_pointed_out() {
        let file = fixture!("java-unprotected.p12");
        let texts = |passphrase| [("type", "PKCS12"), ("storePassphrase", passphrase)];
        let draft = truststore(&texts(""), file).unwrap();
        assert!(draft.warnings[0].contains("not protected against changes"));
        let refused = refusal(truststore(&texts(STORE), file));
        assert_eq!(
            refused,
            ("storePassphrase".to_owned(), "store_not_protected")
        );
        let refused = refusal(truststore(&[("type", "PKCS12")], file));
        assert_eq!(refused, ("storePassphrase".to_owned(), "missing"));
    }

    #[test]
    fn a_truststore_needs_a_certificate_entry() {
        for (store_type, file) in [
            ("JKS", fixture!("java-empty.jks")),
            ("PKCS12", fixture!("openssl-aes-256.p12")),
        ] {
            let texts = [("type", store_type), ("storePassphrase", STORE)];
            let refused = refusal(truststore(&texts, file));
            assert_eq!(
                refused,
                ("trustStore".to_owned(), "invalid_trust_anchor"),
                "{store_type}"
            );
        }
    }

    #[test]
    fn a_certificate_in_a_keystore_has_to_be_the_only_one() {
        let texts = |store_type| [("type", store_type), ("storePassphrase", STORE)];
        let draft = certificate(&texts("JKS"), fixture!("java-mismatch.jks")).unwrap();
        assert_eq!(draft.metadata.shown["type"], "JKS");
        assert_eq!(
            draft.warnings,
            ["certStore: the keys in the file (1) were not stored"]
        );
        let violation = certificate(&texts("JKS"), fixture!("java-trust.jks"))
            .err()
            .unwrap();
        assert_eq!(
            violation.to_string(),
            "certStore: holds 2 certificates where exactly one is wanted"
        );
        let refused = refusal(certificate(&[("type", "JKS")], fixture!("java-trust.jks")));
        assert_eq!(refused, ("storePassphrase".to_owned(), "missing"));
    }
}
