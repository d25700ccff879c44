//! Leaves pinned in a truststore: full certificates, never CAs (CVE-2024-2048, CVE-2025-6037).

use sallyport_model::{Der, Material, TruststoreMaterial};

use super::{PIN_SETTING, PINS, TLS};
use crate::fixtures::{
    AFTER, AT, Authority, BEFORE, Contents, Fate, Host, Leaf, key, pinset, tls_context,
};
use crate::reason::Reason;

/// A vault whose truststore has these authorities and these leaves.
fn pinning(anchors: &[&Authority], leaves: &[&Leaf]) -> Contents {
    let ders = leaves.iter().map(|leaf| leaf.certificate().der().to_vec());
    let mut context = tls_context(anchors);
    let truststore = context
        .truststore
        .get_or_insert_with(TruststoreMaterial::default);
    truststore.pinned = ders.map(Der).collect();
    Contents::default().with(TLS, Material::TlsContext(context))
}

#[test]
fn a_pinned_client_passes_without_an_issuer_beside_those_of_an_authority() {
    let ca = Authority::new("root");
    let partner = Leaf::self_signed_client("partner", &["partner.test"], &key());
    for anchors in [[].as_slice(), &[&ca]] {
        let contents = pinning(anchors, &[&partner]);
        let mut host = Host::ready(&Host::downstream(""), &contents);
        assert_eq!(host.client(&partner), Fate::Resumed);
        let other = host.client(&ca.client("other"));
        assert_eq!(other == Fate::Resumed, !anchors.is_empty());
        let rogue = Leaf::self_signed_client("rogue", &[], &key());
        let fate = host.client(&rogue);
        assert_eq!(fate.reason(), Some(Reason::UnknownIssuer));
    }
}

#[test]
fn an_impostor_with_another_key_or_other_names_does_not_pass() {
    let own = key();
    let partner = Leaf::self_signed_client("partner", &["partner.test"], &own);
    let mut host = Host::ready(&Host::downstream(""), &pinning(&[], &[&partner]));
    for impostor in [
        Leaf::self_signed_client("partner", &["partner.test"], &key()),
        Leaf::self_signed_client("partner", &["admin.test"], &own),
        Leaf::self_signed_client("admin", &["partner.test"], &own),
    ] {
        let fate = host.client(&impostor);
        assert_eq!(fate.reason(), Some(Reason::UnknownIssuer));
    }
}

#[test]
fn a_pinned_key_comes_on_top_of_trust_and_never_instead_of_it() {
    let own = key();
    let partner = Leaf::self_signed_client("partner", &["partner.test"], &own);
    let renewed = Leaf::self_signed_client("partner", &["renewed.test"], &own);
    let pins = pinset(&[partner.certificate().spki_sha256()]);
    for (trusted, passes) in [
        ([&partner].as_slice(), false),
        (&[&partner, &renewed], true),
    ] {
        let contents = pinning(&[], trusted).with(PINS, pins.clone());
        let mut host = Host::ready(&Host::downstream(PIN_SETTING), &contents);
        assert_eq!(host.client(&partner), Fate::Resumed);
        let reason = host.client(&renewed).reason();
        assert_eq!(reason, (!passes).then_some(Reason::UnknownIssuer));
    }
}

#[test]
fn dates_purpose_pins_and_names_of_a_pinned_client_still_count() {
    let ca = Authority::new("root");
    let partner = Leaf::self_signed_client("partner", &["partner.test"], &key());
    let mut host = Host::ready(&Host::downstream(""), &pinning(&[], &[&partner]));
    for (wall, reason) in [
        (AT, None),
        (AFTER, Some(Reason::CertificateExpired)),
        (BEFORE, Some(Reason::CertificateNotYetValid)),
    ] {
        host.wall = wall;
        assert_eq!(host.client(&partner).reason(), reason);
    }
    let server = ca.server("backend.test");
    let mut host = Host::ready(&Host::downstream(""), &pinning(&[], &[&server]));
    assert_eq!(host.client(&server).reason(), Some(Reason::WrongUsage));

    let contents = pinning(&[&ca], &[&partner]).with(PINS, pinset(&[ca.spki_sha256()]));
    let mut host = Host::ready(&Host::downstream(PIN_SETTING), &contents);
    assert_eq!(host.client(&partner).reason(), Some(Reason::PinMismatch));
    let config = Host::downstream(r#","peerNames":["dns:other.test"]"#);
    let mut host = Host::ready(&config, &contents);
    let fate = host.client(&partner);
    assert_eq!(fate.reason(), Some(Reason::PeerNameMismatch));
}

#[test]
fn a_ca_among_the_pinned_leaves_and_an_empty_truststore_are_refused() {
    let ca = Authority::new("root");
    for leaves in [[&ca.as_leaf()].as_slice(), &[]] {
        let contents = pinning(&[], leaves);
        let mut host = Host::ready(&Host::downstream(""), &contents);
        let fate = host.client(&ca.client("partner"));
        assert_eq!(fate.reason(), Some(Reason::SecretMalformed));
    }
}
