//! The extensions of a certificate, reduced to what decisions and descriptions need.

mod alt_name;
mod name_constraints;
mod policies;

use x509_parser::asn1_rs::Oid;
use x509_parser::extensions::{ExtendedKeyUsage, KeyUsage, ParsedExtension, X509Extension};

use crate::certificate::CertificateError;
use crate::policies::PolicyId;
pub(crate) use alt_name::AltName;
pub(crate) use name_constraints::{NameConstraints, Subtree};
pub(crate) use policies::{PolicyConstraints, PolicyMapping};

/// Whether an extension is marked critical, and what is in it.
#[derive(Clone, Debug)]
pub(crate) struct Extension<T> {
    pub(crate) critical: bool,
    pub(crate) value: T,
}

/// Extensions by name (RFC 5280 section 4.2.1).
#[derive(Clone, Debug, Default)]
pub(crate) struct Extensions {
    pub(crate) basic_constraints: Option<Extension<BasicConstraints>>,
    pub(crate) key_usage: Option<Extension<KeyUsageBits>>,
    pub(crate) extended_key_usage: Option<Extension<Purposes>>,
    pub(crate) subject_alt_name: Option<Extension<Vec<AltName>>>,
    pub(crate) name_constraints: Option<Extension<NameConstraints>>,
    pub(crate) subject_key_identifier: Option<Extension<Vec<u8>>>,
    pub(crate) authority_key_identifier: Option<Extension<AuthorityKey>>,
    pub(crate) certificate_policies: Option<Extension<Vec<PolicyId>>>,
    pub(crate) policy_mappings: Option<Extension<Vec<PolicyMapping>>>,
    pub(crate) policy_constraints: Option<Extension<PolicyConstraints>>,
    pub(crate) inhibit_any_policy: Option<Extension<u32>>,
    pub(crate) authority_info_access: Option<Extension<()>>,
    /// Critical extensions that nothing here processes, as dotted object identifiers.
    pub(crate) unknown_critical: Vec<String>,
}

/// RFC 5280 section 4.2.1.9.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BasicConstraints {
    pub(crate) ca: bool,
    pub(crate) path_len: Option<u32>,
}

/// RFC 5280 section 4.2.1.3.
#[derive(Clone, Debug)]
pub(crate) struct KeyUsageBits {
    pub(crate) key_cert_sign: bool,
    /// Names of the bits that are set.
    pub(crate) names: Vec<&'static str>,
}

/// RFC 5280 section 4.2.1.12.
#[derive(Clone, Debug)]
pub(crate) struct Purposes {
    pub(crate) any: bool,
    pub(crate) client_auth: bool,
    pub(crate) server_auth: bool,
    /// Names of the purposes, or their object identifiers.
    pub(crate) names: Vec<String>,
}

/// RFC 5280 section 4.2.1.1.
#[derive(Clone, Debug)]
pub(crate) struct AuthorityKey {
    pub(crate) key_identifier: Option<Vec<u8>>,
    pub(crate) issuer_or_serial: bool,
}

impl Extensions {
    /// Reads all extensions; every one that is known has to be well formed, and none may occur
    /// twice (RFC 5280 section 4.2).
    pub(crate) fn read(extensions: &[X509Extension<'_>]) -> Result<Self, CertificateError> {
        let mut result = Self::default();
        let mut seen: Vec<&Oid<'_>> = Vec::new();
        for extension in extensions {
            if seen.contains(&&extension.oid) {
                return Err(CertificateError::DuplicateExtension {
                    oid: extension.oid.to_id_string(),
                });
            }
            seen.push(&extension.oid);
            result.remember(extension)?;
        }
        Ok(result)
    }

    /// The object identifier of an extension about policies that is critical: on a path it is
    /// processed, elsewhere nothing would.
    pub(crate) fn critical_policy_extension(&self) -> Option<&'static str> {
        fn critical<T>(extension: &Option<Extension<T>>) -> bool {
            extension.as_ref().is_some_and(|found| found.critical)
        }
        let all = [
            (critical(&self.certificate_policies), "2.5.29.32"),
            (critical(&self.policy_mappings), "2.5.29.33"),
            (critical(&self.policy_constraints), "2.5.29.36"),
            (critical(&self.inhibit_any_policy), "2.5.29.54"),
        ];
        let found = all.into_iter().find(|(critical, _)| *critical);
        found.map(|(_, oid)| oid)
    }

    fn remember(&mut self, extension: &X509Extension<'_>) -> Result<(), CertificateError> {
        let critical = extension.critical;
        match extension.parsed_extension() {
            ParsedExtension::ParseError { .. } => {
                return Err(CertificateError::MalformedExtension {
                    oid: extension.oid.to_id_string(),
                });
            }
            ParsedExtension::BasicConstraints(found) => {
                let value = BasicConstraints {
                    ca: found.ca,
                    path_len: found.path_len_constraint,
                };
                self.basic_constraints = Some(Extension { critical, value });
            }
            ParsedExtension::KeyUsage(found) => {
                let value = KeyUsageBits::from(found);
                self.key_usage = Some(Extension { critical, value });
            }
            ParsedExtension::ExtendedKeyUsage(found) => {
                let value = Purposes::from(found);
                self.extended_key_usage = Some(Extension { critical, value });
            }
            ParsedExtension::SubjectAlternativeName(found) => {
                let names = found.general_names.iter().map(AltName::read);
                let value = names.collect::<Result<_, _>>()?;
                self.subject_alt_name = Some(Extension { critical, value });
            }
            ParsedExtension::NameConstraints(_) => {
                let value = NameConstraints::read(extension.value).ok_or_else(|| {
                    CertificateError::MalformedExtension {
                        oid: extension.oid.to_id_string(),
                    }
                })?;
                self.name_constraints = Some(Extension { critical, value });
            }
            ParsedExtension::SubjectKeyIdentifier(found) => {
                let value = found.0.to_vec();
                self.subject_key_identifier = Some(Extension { critical, value });
            }
            ParsedExtension::AuthorityKeyIdentifier(found) => {
                let value = AuthorityKey {
                    key_identifier: found.key_identifier.as_ref().map(|id| id.0.to_vec()),
                    issuer_or_serial: found.authority_cert_issuer.is_some()
                        || found.authority_cert_serial.is_some(),
                };
                self.authority_key_identifier = Some(Extension { critical, value });
            }
            ParsedExtension::CertificatePolicies(found) => {
                let value = policies::identifiers(found);
                self.certificate_policies = Some(Extension { critical, value });
            }
            ParsedExtension::PolicyMappings(found) => {
                let value = policies::mappings(&found.mappings);
                self.policy_mappings = Some(Extension { critical, value });
            }
            ParsedExtension::PolicyConstraints(found) => {
                let value = PolicyConstraints::from(found);
                self.policy_constraints = Some(Extension { critical, value });
            }
            ParsedExtension::InhibitAnyPolicy(found) => {
                let value = found.skip_certs;
                self.inhibit_any_policy = Some(Extension { critical, value });
            }
            ParsedExtension::AuthorityInfoAccess(_) => {
                let value = ();
                self.authority_info_access = Some(Extension { critical, value });
            }
            _ if critical => self.unknown_critical.push(extension.oid.to_id_string()),
            _ => {}
        }
        Ok(())
    }
}

impl From<&KeyUsage> for KeyUsageBits {
    fn from(usage: &KeyUsage) -> Self {
        let bits = [
            (usage.digital_signature(), "digitalSignature"),
            (usage.non_repudiation(), "nonRepudiation"),
            (usage.key_encipherment(), "keyEncipherment"),
            (usage.data_encipherment(), "dataEncipherment"),
            (usage.key_agreement(), "keyAgreement"),
            (usage.key_cert_sign(), "keyCertSign"),
            (usage.crl_sign(), "cRLSign"),
            (usage.encipher_only(), "encipherOnly"),
            (usage.decipher_only(), "decipherOnly"),
        ];
        let set = bits.into_iter().filter(|(set, _)| *set);
        Self {
            key_cert_sign: usage.key_cert_sign(),
            names: set.map(|(_, name)| name).collect(),
        }
    }
}

impl From<&ExtendedKeyUsage<'_>> for Purposes {
    fn from(usage: &ExtendedKeyUsage<'_>) -> Self {
        let known = [
            (usage.any, "anyExtendedKeyUsage"),
            (usage.server_auth, "serverAuth"),
            (usage.client_auth, "clientAuth"),
            (usage.code_signing, "codeSigning"),
            (usage.email_protection, "emailProtection"),
            (usage.time_stamping, "timeStamping"),
            (usage.ocsp_signing, "OCSPSigning"),
        ];
        let known = known.into_iter().filter(|(set, _)| *set);
        let other = usage.other.iter().map(Oid::to_id_string);
        Self {
            any: usage.any,
            client_auth: usage.client_auth,
            server_auth: usage.server_auth,
            names: known
                .map(|(_, name)| name.to_owned())
                .chain(other)
                .collect(),
        }
    }
}
