//! A TLS context as Envoy's `CertificateValidationContext`.
//!
//! `#validation` lets exactly those peers pass whom the context lets pass, or there is none: half of
//! the rules would look like all of them. `#partialValidation` lets all of those pass and perhaps more,
//! for a gateway whose filter enforces the rest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::bytes::Bytes;
use rustls_pki_types::CertificateDer;
use sallyport_model::{
    CertificatesMaterial, ClientCertificatePolicy, DenyOrAllow, Der, PinsetMaterial,
    PinsetMaterialError, RevocationCheck, RevocationListMaterial, ServerCertificatePolicy,
    TlsContextMaterial, Tolerances, TruststoreMaterial, VerificationMaterial, VerificationProfile,
};
use sallyport_pki::{Certificate, PinKind, PinRole, PinSet};
use thiserror::Error;

use super::super::to_pem;
use super::name::Strength;
use super::wire::{ACCEPT_UNTRUSTED, DataSource, VERIFY_TRUST_CHAIN, ValidationContext};

/// What a TLS context asks for and Envoy cannot be told.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum Inexpressible {
    #[error(
        "the TLS context verifies neither clients nor servers: leave Envoy's validation context out"
    )]
    Nobody,
    #[error("the TLS context has no truststore")]
    NoTruststore,
    #[error("profile strict asks more of certificates than Envoy looks at{INSTEAD}")]
    Profile,
    #[error("Envoy does not look at certificate policies{INSTEAD}")]
    Policies,
    #[error("Envoy cannot let certificates pass that are {which}{INSTEAD}")]
    Tolerance { which: &'static str },
    #[error("the truststore has pinned leaves, which Envoy would take for CAs{INSTEAD}")]
    PinnedLeaves,
    #[error("pin {position} has dates, and Envoy's pins have none{INSTEAD}")]
    DatedPin { position: usize },
    #[error(
        "pin {position} is of a CA of the truststore, and Envoy compares the peer's own certificate \
         only{INSTEAD}"
    )]
    CaPin { position: usize },
    #[error("none of the pins counts")]
    NoPin,
    #[error("a pin is damaged: {0}")]
    Pins(#[from] PinsetMaterialError),
    #[error(
        "Envoy denies whose revocation status is {which}, and the TLS context allows them{INSTEAD}"
    )]
    Lenient { which: &'static str },
    #[error("no revocation list is in force yet, and without one Envoy would check nothing")]
    NoList,
    #[error("Envoy does not read {which}{INSTEAD}")]
    List { which: &'static str },
    #[error(
        "a revocation list was published before the vault kept them as signed: publish it again"
    )]
    Unsigned,
}

/// Appended to what a filter could do.
const INSTEAD: &str = ": name #partialValidation and let a filter enforce the rest";

/// The context of a strength. `signed` are the CRLs in force, as they were signed.
pub(super) fn validation_context(
    context: &TlsContextMaterial,
    strength: Strength,
    signed: &[Der],
) -> Result<ValidationContext, Inexpressible> {
    // One name serves listeners and clusters: it verifies as long as either of them does.
    if context.client_certificate == ClientCertificatePolicy::Ignore
        && context.server_certificate == ServerCertificatePolicy::Skip
    {
        return Err(Inexpressible::Nobody);
    }
    let truststore = context.truststore.as_ref();
    let truststore = truststore.filter(|it| !it.anchors.is_empty() || !it.pinned.is_empty());
    let truststore = truststore.ok_or(Inexpressible::NoTruststore)?;
    match strength {
        Strength::Whole => whole(&context.verification, truststore, signed),
        Strength::Partial => Ok(partial(&context.verification, truststore, signed)),
    }
}

/// The context that nobody passes, whatever this CA has signed: nothing has such a digest.
pub(super) fn nobody(ca: &CertificateDer<'_>) -> ValidationContext {
    ValidationContext {
        trusted_ca: Some(DataSource {
            inline_bytes: Bytes::from(to_pem(ca)),
        }),
        verify_certificate_hash: vec![hex::encode([0; 32])],
        trust_chain_verification: VERIFY_TRUST_CHAIN,
        ..ValidationContext::default()
    }
}

fn whole(
    verification: &VerificationMaterial,
    truststore: &TruststoreMaterial,
    signed: &[Der],
) -> Result<ValidationContext, Inexpressible> {
    if verification.profile == VerificationProfile::Strict {
        return Err(Inexpressible::Profile);
    }
    if verification.policies.is_some() {
        return Err(Inexpressible::Policies);
    }
    check_strictness(&verification.tolerances, truststore)?;
    let pins = pins(verification.pins.as_ref(), truststore)?;
    let lists = lists(verification.revocation.as_ref(), signed)?;
    Ok(ValidationContext {
        trusted_ca: Some(pem("CERTIFICATE", truststore.anchors.iter())),
        verify_certificate_hash: pins.certificates,
        verify_certificate_spki: pins.keys,
        crl: lists.crl,
        only_verify_leaf_cert_crl: lists.only_leaf,
        // Envoy counts the trust anchor, a context does not.
        max_verify_depth: verification.max_depth.map(|depth| u32::from(depth) + 1),
        trust_chain_verification: VERIFY_TRUST_CHAIN,
        allow_expired_certificate: false,
    })
}

fn partial(
    verification: &VerificationMaterial,
    truststore: &TruststoreMaterial,
    signed: &[Der],
) -> ValidationContext {
    let stricter = check_strictness(&verification.tolerances, truststore).is_err();
    let pins = pins(verification.pins.as_ref(), truststore).unwrap_or_default();
    let lists = lists(verification.revocation.as_ref(), signed).unwrap_or_default();
    // Without a CA Envoy would let clients pass that show no certificate at all.
    let trusted = truststore.anchors.iter().chain(&truststore.pinned);
    ValidationContext {
        trusted_ca: Some(pem("CERTIFICATE", trusted)),
        verify_certificate_hash: pins.certificates,
        verify_certificate_spki: pins.keys,
        crl: lists.crl,
        only_verify_leaf_cert_crl: lists.only_leaf,
        max_verify_depth: None,
        trust_chain_verification: match stricter {
            true => ACCEPT_UNTRUSTED,
            false => VERIFY_TRUST_CHAIN,
        },
        allow_expired_certificate: stricter,
    }
}

/// Whether Envoy would keep somebody out whom the context lets pass.
fn check_strictness(
    tolerances: &Tolerances,
    truststore: &TruststoreMaterial,
) -> Result<(), Inexpressible> {
    for (tolerance, which) in [
        (tolerances.expired, "expired, but not those of CAs"),
        (tolerances.not_yet_valid, "not valid yet"),
        (tolerances.other_purpose, "for the other purpose"),
    ] {
        if tolerance == DenyOrAllow::Allow {
            return Err(Inexpressible::Tolerance { which });
        }
    }
    match truststore.pinned.is_empty() {
        true => Ok(()),
        false => Err(Inexpressible::PinnedLeaves),
    }
}

/// Pins in Envoy's spelling. One of either list is enough for it, as for a context.
#[derive(Default)]
struct Pins {
    /// Hexadecimal.
    certificates: Vec<String>,
    /// Base64.
    keys: Vec<String>,
}

fn pins(
    material: Option<&PinsetMaterial>,
    truststore: &TruststoreMaterial,
) -> Result<Pins, Inexpressible> {
    let mut pins = Pins::default();
    let Some(material) = material else {
        return Ok(pins);
    };
    let set = PinSet::try_from(material)?;
    let cas = truststore.anchors.iter();
    let cas = cas.filter_map(|der| Certificate::from_der(&der.0).ok());
    let cas: Vec<_> = cas.map(|ca| (ca.sha256(), ca.spki_sha256())).collect();
    for (position, pin) in (1..).zip(set.pins()) {
        if pin.role == PinRole::Retired {
            continue;
        }
        if pin.not_before.is_some() || pin.not_after.is_some() {
            return Err(Inexpressible::DatedPin { position });
        }
        let of_ca = |(certificate, key)| match pin.kind {
            PinKind::Certificate => certificate == pin.digest,
            PinKind::Spki => key == pin.digest,
        };
        if cas.iter().copied().any(of_ca) {
            return Err(Inexpressible::CaPin { position });
        }
        match pin.kind {
            PinKind::Certificate => pins.certificates.push(pin.digest.to_string()),
            PinKind::Spki => pins.keys.push(STANDARD.encode(pin.digest.as_bytes())),
        }
    }
    if pins.certificates.is_empty() && pins.keys.is_empty() {
        return Err(Inexpressible::NoPin);
    }
    Ok(pins)
}

/// CRLs, and of whom they are demanded.
#[derive(Default)]
struct Lists {
    crl: Option<DataSource>,
    only_leaf: bool,
}

/// As a context that denies whoever is unknown, Envoy denies whoever no list is about, and whoever
/// only lists past their nextUpdate are about.
fn lists(check: Option<&RevocationCheck>, signed: &[Der]) -> Result<Lists, Inexpressible> {
    let Some(RevocationCheck { policy, lists }) = check else {
        return Ok(Lists::default());
    };
    for (policy, which) in [(policy.unknown, "unknown"), (policy.expired, "expired")] {
        if policy == DenyOrAllow::Allow {
            return Err(Inexpressible::Lenient { which });
        }
    }
    let only_leaf = !policy.crl_for_all_cas;
    if lists.lists.is_empty() {
        return Err(Inexpressible::NoList);
    }
    for list in &lists.lists {
        check_list(list, only_leaf)?;
    }
    if lists.lists.len() != signed.len() {
        return Err(Inexpressible::Unsigned);
    }
    Ok(Lists {
        crl: Some(pem("X509 CRL", signed.iter())),
        only_leaf,
    })
}

fn check_list(list: &RevocationListMaterial, only_leaf: bool) -> Result<(), Inexpressible> {
    let which = match list {
        list if list.delta.is_some() => "delta CRLs",
        list if list.indirect || list.delegation.is_some() => "indirect CRLs",
        list if !list.distribution_points.is_empty() => "CRLs of one distribution point",
        list if list.certificates == CertificatesMaterial::CaOnly => "CRLs about CAs only",
        list if list.certificates == CertificatesMaterial::UserOnly && !only_leaf => {
            "CRLs that are not about CAs, where every CA needs one"
        }
        _ => return Ok(()),
    };
    Err(Inexpressible::List { which })
}

fn pem<'a>(label: &str, ders: impl Iterator<Item = &'a Der>) -> DataSource {
    let blocks = ders.map(|der| pem::Pem::new(label, der.0.as_slice()));
    let blocks: Vec<_> = blocks.collect();
    DataSource {
        inline_bytes: Bytes::from(pem::encode_many(&blocks)),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use serde_json::{Value, json};

    use super::*;

    fn certificate() -> Vec<u8> {
        let params = CertificateParams::default();
        let certificate = params.self_signed(&KeyPair::generate().unwrap());
        certificate.unwrap().der().to_vec()
    }

    fn base64(bytes: &[u8]) -> Value {
        json!(STANDARD.encode(bytes))
    }

    /// A context that verifies clients, with this instead of the default verification.
    fn context(ca: &[u8], verification: Value) -> TlsContextMaterial {
        let context = json!({
            "minVersion": "TLSv1.2", "maxVersion": "TLSv1.3", "cipherSuites": [],
            "alpnProtocols": [], "clientCertificate": "require", "serverCertificate": "verify",
            "truststore": {"anchors": [base64(ca)]}, "verification": verification,
        });
        serde_json::from_value(context).unwrap()
    }

    fn list(change: fn(&mut Value)) -> Value {
        let mut list = json!({
            "signer": "MAA=", "signerSpkiSha256": base64(&[7; 32]), "distributionPoints": [],
            "certificates": "all", "indirect": false,
            "complete": {"number": "AQ==", "thisUpdate": 1, "nextUpdate": 2, "listed": []},
        });
        change(&mut list);
        list
    }

    fn revocation(policy: Value, lists: &[Value]) -> Value {
        json!({"revocation": {"policy": policy, "lists": {"lists": lists}}})
    }

    fn strict() -> Value {
        json!({"unknown": "deny", "expired": "deny", "crlForAllCas": true})
    }

    fn text(source: Option<&DataSource>) -> String {
        String::from_utf8(source.unwrap().inline_bytes.to_vec()).unwrap()
    }

    #[test]
    fn a_context_of_anchors_pins_depth_and_lists_is_told_in_full() {
        let (ca, peer) = (
            certificate(),
            Certificate::from_der(&certificate()).unwrap(),
        );
        let mut verification = revocation(strict(), &[list(|_| ())]);
        verification["maxDepth"] = json!(2);
        verification["pins"] = json!({
            "spkiSha256": [base64(peer.spki_sha256().as_bytes())],
            "pins": [
                {"kind": "certificate", "role": "backup", "digest": base64(peer.sha256().as_bytes())},
                {"kind": "spki", "role": "retired", "digest": base64(&[9; 32])},
            ],
        });
        let signed = [Der(vec![0x30, 0])];
        let told = validation_context(&context(&ca, verification), Strength::Whole, &signed);
        let told = told.unwrap();
        let trusted = text(told.trusted_ca.as_ref());
        let trusted = sallyport_pki::certificate_from_pem(trusted.as_bytes()).unwrap();
        assert_eq!(trusted.der(), ca);
        assert_eq!(
            told.verify_certificate_spki,
            [STANDARD.encode(peer.spki_sha256().as_bytes())]
        );
        assert_eq!(told.verify_certificate_hash, [peer.sha256().to_string()]);
        assert!(text(told.crl.as_ref()).starts_with("-----BEGIN X509 CRL-----"));
        assert!(!told.only_verify_leaf_cert_crl && !told.allow_expired_certificate);
        assert_eq!(told.max_verify_depth, Some(3));
        assert_eq!(told.trust_chain_verification, VERIFY_TRUST_CHAIN);
    }

    #[test]
    fn what_envoy_cannot_be_told_is_refused_and_left_to_a_filter_on_demand() {
        let ca = certificate();
        let of_ca = Certificate::from_der(&ca).unwrap().spki_sha256();
        let deny = |unknown: &str, expired: &str| json!({"unknown": unknown, "expired": expired, "crlForAllCas": true});
        let dated = json!({"spkiSha256": [], "pins": [{"kind": "spki", "role": "active",
            "digest": base64(&[9; 32]), "notAfter": 5}]});
        for (verification, reason, untrusted) in [
            (json!({"profile": "strict"}), "profile strict", false),
            (json!({"policies": ["1.2.3"]}), "policies", false),
            (json!({"tolerances": {"expired": "allow"}}), "expired", true),
            (
                json!({"tolerances": {"notYetValid": "allow"}}),
                "not valid yet",
                true,
            ),
            (
                json!({"tolerances": {"otherPurpose": "allow"}}),
                "other purpose",
                true,
            ),
            (json!({"pins": dated}), "pin 1 has dates", false),
            (
                json!({"pins": {"spkiSha256": [base64(of_ca.as_bytes())]}}),
                "pin 1 is of a CA",
                false,
            ),
            (
                revocation(deny("allow", "deny"), &[list(|_| ())]),
                "unknown",
                false,
            ),
            (
                revocation(deny("deny", "allow"), &[list(|_| ())]),
                "expired",
                false,
            ),
            (revocation(strict(), &[]), "no revocation list", false),
            (
                revocation(
                    strict(),
                    &[list(|list| list["delta"] = list["complete"].clone())],
                ),
                "delta CRLs",
                false,
            ),
            (
                revocation(strict(), &[list(|list| list["indirect"] = json!(true))]),
                "indirect CRLs",
                false,
            ),
            (
                revocation(
                    strict(),
                    &[list(|list| list["distributionPoints"] = json!(["hgFh"]))],
                ),
                "one distribution point",
                false,
            ),
            (
                revocation(
                    strict(),
                    &[list(|list| list["certificates"] = json!("userOnly"))],
                ),
                "not about CAs",
                false,
            ),
            (
                revocation(
                    strict(),
                    &[list(|_| ()), list(|list| list["signer"] = json!("MQA="))],
                ),
                "publish it again",
                false,
            ),
        ] {
            let context = context(&ca, verification);
            let signed = [Der(vec![0x30, 0])];
            let refused = validation_context(&context, Strength::Whole, &signed);
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains(reason), "{refused}");
            let partial = validation_context(&context, Strength::Partial, &signed).unwrap();
            assert!(partial.trusted_ca.is_some(), "{reason}");
            assert!(
                partial.crl.is_none() && partial.verify_certificate_spki.is_empty(),
                "{reason}"
            );
            assert_eq!(
                partial.trust_chain_verification == ACCEPT_UNTRUSTED,
                untrusted,
                "{reason}"
            );
        }
    }

    #[test]
    fn pinned_leaves_are_left_to_a_filter() {
        let mut context = context(&certificate(), json!({}));
        context.truststore.as_mut().unwrap().pinned = vec![Der(certificate())];
        let refused = validation_context(&context, Strength::Whole, &[]).unwrap_err();
        assert_eq!(refused, Inexpressible::PinnedLeaves);
        let partial = validation_context(&context, Strength::Partial, &[]).unwrap();
        let trusted = text(partial.trusted_ca.as_ref());
        assert_eq!(trusted.matches("BEGIN CERTIFICATE").count(), 2);
        assert_eq!(partial.trust_chain_verification, ACCEPT_UNTRUSTED);
    }

    #[test]
    fn leaves_alone_are_checked_where_no_ca_needs_a_list() {
        let policy = json!({"unknown": "deny", "expired": "deny", "crlForAllCas": false});
        let lists = [list(|list| list["certificates"] = json!("userOnly"))];
        let context = context(&certificate(), revocation(policy, &lists));
        let told = validation_context(&context, Strength::Whole, &[Der(vec![0x30, 0])]).unwrap();
        assert!(told.only_verify_leaf_cert_crl && told.crl.is_some());
    }

    #[test]
    fn a_context_that_verifies_nobody_or_trusts_nobody_has_no_validation() {
        use {ClientCertificatePolicy as Client, ServerCertificatePolicy as Server};
        let ca = certificate();
        for (client, server, refused) in [
            (Client::Ignore, Server::Skip, true),
            (Client::Ignore, Server::Verify, false),
            (Client::Require, Server::Skip, false),
        ] {
            let mut context = context(&ca, json!({}));
            (context.client_certificate, context.server_certificate) = (client, server);
            for strength in [Strength::Whole, Strength::Partial] {
                let told = validation_context(&context, strength, &[]);
                assert_eq!(told == Err(Inexpressible::Nobody), refused);
            }
        }
        let mut context = context(&ca, json!({}));
        for truststore in [None, Some(TruststoreMaterial::default())] {
            context.truststore = truststore;
            for strength in [Strength::Whole, Strength::Partial] {
                let told = validation_context(&context, strength, &[]);
                assert_eq!(told, Err(Inexpressible::NoTruststore));
            }
        }
    }
}
