//! The verdicts that count, the same natively and as WebAssembly.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "clippy knows #[test] functions, not what they call"
)]

use sallyport_pki::{
    Certificate, CrlRules, PathError, PathRules, PinSet, RevocationPolicy, Revocations,
    TrustAnchors, UnixTime, Usage, certificate_from_pem, crl_from_pem, verify_server_name,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test;

macro_rules! fixture {
    ($name:literal) => {
        certificate_from_pem(include_bytes!(concat!("fixtures/", $name, ".pem"))).unwrap()
    };
}

/// 2030-01-01.
const NOW: UnixTime = UnixTime(1_893_456_000);

fn anchors(certificate: Certificate) -> TrustAnchors {
    TrustAnchors::new(vec![certificate]).unwrap()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn good_chains_of_every_key_type_are_accepted() {
    let chain = [fixture!("issuing")];
    for (peer, intermediates, root) in [
        (fixture!("client"), chain.as_slice(), fixture!("root")),
        (fixture!("rsa"), &[], fixture!("root")),
        (fixture!("under-rsa"), &[], fixture!("rsa-root")),
        (fixture!("under-ed25519"), &[], fixture!("ed25519-root")),
    ] {
        let path =
            PathRules::new(Usage::ClientAuth, NOW).verify(&peer, intermediates, &anchors(root));
        assert!(path.is_ok(), "{}: {path:?}", peer.subject());
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn another_root_or_a_missing_intermediate_is_an_unknown_issuer() {
    let client = fixture!("client");
    let chain = [fixture!("issuing")];
    for (intermediates, root) in [
        (chain.as_slice(), fixture!("rsa-root")),
        (&[], fixture!("root")),
    ] {
        let path =
            PathRules::new(Usage::ClientAuth, NOW).verify(&client, intermediates, &anchors(root));
        assert!(
            matches!(path, Err(PathError::UnknownIssuer { .. })),
            "{path:?}"
        );
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_certificate_counts_between_its_dates_only() {
    let server = fixture!("server");
    let root = anchors(fixture!("root"));
    let at = |time| {
        PathRules::new(Usage::ServerAuth, time)
            .verify(&server, &[], &root)
            .map(|_| ())
            .map_err(|error| error.code())
    };
    assert_eq!(at(NOW), Ok(()));
    assert_eq!(
        at(UnixTime(server.not_before().0 - 1)),
        Err("certificate_not_yet_valid")
    );
    assert_eq!(
        at(UnixTime(server.not_after().0 + 1)),
        Err("certificate_expired")
    );
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_certificate_counts_for_its_purpose_only() {
    let root = anchors(fixture!("root"));
    let client = PathRules::new(Usage::ClientAuth, NOW).verify(&fixture!("server"), &[], &root);
    assert!(
        matches!(client, Err(PathError::WrongUsage { .. })),
        "{client:?}"
    );
    let server = PathRules::new(Usage::ServerAuth, NOW).verify(&fixture!("rsa"), &[], &root);
    assert!(
        matches!(server, Err(PathError::WrongUsage { .. })),
        "{server:?}"
    );
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_certificate_with_a_changed_bit_never_passes() {
    let root = anchors(fixture!("root"));
    let der = fixture!("server").der().to_vec();
    for position in (0..der.len()).step_by(7) {
        let mut changed = der.clone();
        if let Some(byte) = changed.get_mut(position) {
            *byte ^= 1;
        }
        if let Ok(certificate) = Certificate::from_der(&changed) {
            let path = PathRules::new(Usage::ServerAuth, NOW).verify(&certificate, &[], &root);
            assert!(path.is_err(), "byte {position}");
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn pins_match_on_the_verified_path_and_nowhere_else() {
    let (client, issuing, root) = (fixture!("client"), fixture!("issuing"), fixture!("root"));
    let presented = [issuing.clone(), fixture!("rsa-root")];
    let path = PathRules::new(Usage::ClientAuth, NOW)
        .verify(&client, &presented, &anchors(root.clone()))
        .unwrap();
    for pinned in [&client, &issuing, &root] {
        let pins = PinSet::of_public_keys(vec![pinned.spki_sha256()]).unwrap();
        assert_eq!(
            pins.match_path(&path, NOW).map(|found| found.pin.digest),
            Ok(pinned.spki_sha256()),
            "{}",
            pinned.subject()
        );
    }
    for stranger in [fixture!("server"), fixture!("rsa-root")] {
        let pins = PinSet::of_public_keys(vec![stranger.spki_sha256()]).unwrap();
        let found = pins.match_path(&path, NOW);
        assert!(found.is_err(), "{}", stranger.subject());
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn names_are_those_of_the_subject_alternative_name() {
    let server = fixture!("server");
    assert!(verify_server_name(&server, "server.test").is_ok());
    for name in [
        "server",
        "other.test",
        "a.server.test",
        "server.test.evil",
        "127.0.0.1",
        "",
        "server.test\0",
    ] {
        assert!(verify_server_name(&server, name).is_err(), "{name:?}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_leaf_is_no_trust_anchor_and_a_ca_is_no_peer() {
    assert!(TrustAnchors::new(vec![fixture!("server")]).is_err());
    assert!(TrustAnchors::new(Vec::new()).is_err());
    let path = PathRules::new(Usage::ClientAuth, NOW).verify(
        &fixture!("issuing"),
        &[],
        &anchors(fixture!("root")),
    );
    assert!(path.is_err(), "{path:?}");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_revoked_certificate_is_refused() {
    let complete = crl_from_pem(include_bytes!("fixtures/crls/complete.pem"));
    let delta = crl_from_pem(include_bytes!("fixtures/crls/delta.pem"));
    let crls = [complete, delta].map(Result::unwrap);
    let root = fixture!("crls/root");
    let issuers = [root.clone()];
    let crls = crls.iter().map(Vec::as_slice);
    let (revocations, refused) = Revocations::load(crls, &issuers, &CrlRules::new(NOW));
    assert_eq!(refused, []);
    let further = |path: &[&Certificate]| {
        let checked = revocations.check(path, NOW, &RevocationPolicy::default());
        checked.map(drop).map_err(PathError::from)
    };
    let anchors = anchors(root);
    let verdict = |peer: Certificate| {
        let mut rules = PathRules::new(Usage::ClientAuth, NOW);
        rules.further = Some(&further);
        let path = rules.verify(&peer, &[], &anchors);
        path.map(drop).map_err(|error| error.code())
    };
    assert_eq!(verdict(fixture!("crls/good")), Ok(()));
    assert_eq!(
        verdict(fixture!("crls/revoked")),
        Err("certificate_revoked")
    );
    assert_eq!(verdict(fixture!("crls/held")), Err("certificate_revoked"));
}
