//! Every signature algorithm that is accepted, and keys and algorithms that are not; the same
//! natively and as WebAssembly.

use sallyport_pki::{
    Certificate, CertificateError, PathError, PathRules, PemError, TrustAnchors, UnixTime, Usage,
    certificates_from_pem,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test;

macro_rules! pairs {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../fixtures/algorithms/", $name, ".pem")).as_slice())),*]
    };
}

/// 2030-01-01.
const NOW: UnixTime = UnixTime(1_893_456_000);

fn verify(pem: &[u8]) -> Result<(), PathError> {
    let pair = certificates_from_pem(pem).unwrap();
    verify_leaf(&pair[0], &pair[1])
}

fn verify_leaf(leaf: &Certificate, root: &Certificate) -> Result<(), PathError> {
    let anchors = TrustAnchors::new(vec![root.clone()]).unwrap();
    PathRules::new(Usage::ClientAuth, NOW)
        .verify(leaf, &[], &anchors)
        .map(|_| ())
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn every_accepted_signature_algorithm_verifies_and_notices_tampering() {
    for (name, pem) in pairs![
        "p256-sha256",
        "p256-sha384",
        "p256-sha512",
        "p384-sha256",
        "p384-sha384",
        "p384-sha512",
        "p521-sha256",
        "p521-sha384",
        "p521-sha512",
        "rsa-sha256",
        "rsa-sha384",
        "rsa-sha512",
        "pss-sha256",
        "pss-sha384",
        "pss-sha512",
        "ed25519",
    ] {
        assert_eq!(verify(pem), Ok(()), "{name}");

        let pair = certificates_from_pem(pem).unwrap();
        let mut der = pair[0].der().to_vec();
        *der.last_mut().unwrap() ^= 1;
        let tampered = Certificate::from_der(&der).unwrap();
        assert_eq!(
            verify_leaf(&tampered, &pair[1]),
            Err(PathError::InvalidSignature),
            "{name}"
        );
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn sha1_and_odd_pss_salts_are_unsupported() {
    for (name, pem) in pairs!["refused-rsa-sha1", "refused-pss-salt20"] {
        // The root is not verified by its own signature, so it is taken; the leaf is not.
        assert_eq!(
            verify(pem),
            Err(PathError::UnsupportedSignatureAlgorithm),
            "{name}"
        );
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn weak_and_unknown_peer_keys_are_refused_although_the_signature_is_good() {
    for (name, pem) in pairs![
        "weak-rsa1024",
        "weak-dsa",
        "weak-ed448",
        "weak-p224",
        "weak-secp256k1",
    ] {
        let verdict = verify(pem);
        assert!(
            matches!(verdict, Err(PathError::WeakKey { .. })),
            "{name}: {verdict:?}"
        );
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_compressed_point_is_not_read_at_all() {
    let [(_, pem)] = pairs!["compressed-point"];
    assert_eq!(
        certificates_from_pem(pem).unwrap_err(),
        PemError::Certificate {
            block: 1,
            error: CertificateError::CompressedPoint
        }
    );
}
