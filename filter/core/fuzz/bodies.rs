//! What the fuzz targets call. `tests/fuzz_bodies.rs` runs the same over seeds and over damaged
//! seeds, so that nothing in here can rot.

#![allow(dead_code, reason = "each fuzz target calls one of them")]

use std::fmt::Write as _;
use std::sync::LazyLock;

use sallyport_filter_core::decide::{Checks, Policy, Verdict, decide};
use sallyport_filter_core::{DownstreamFacts, Facts, TlsContext, UnixTime, Verification};
use sallyport_model::{
    AcceptableTlsVersions, ClientCertificatePolicy, PinsetMaterial, ServerCertificatePolicy,
};
use sallyport_pki::{
    Certificate, MAX_PINS, PinSet, PinnedCertificates, SIGNATURE_ALGORITHMS, TrustAnchors,
    certificate_from_pem,
};

/// Within the ten years of the certificates.
const AT: UnixTime = UnixTime(1_830_000_000);

const CLIENT: &[u8] = include_bytes!("../tests/fixtures/client.pem");
const ROGUE: &[u8] = include_bytes!("../tests/fixtures/rogue.pem");

static ROOT: LazyLock<Option<Certificate>> =
    LazyLock::new(|| certificate_from_pem(include_bytes!("../tests/fixtures/root.pem")).ok());

static CONTEXT: LazyLock<TlsContext> = LazyLock::new(|| TlsContext {
    versions: AcceptableTlsVersions {
        v1_1: false,
        v1_2: true,
        v1_3: true,
    },
    client_certificate: ClientCertificatePolicy::Require,
    server_certificate: ServerCertificatePolicy::Verify,
    truststore: TrustAnchors::new(ROOT.iter().cloned().collect()).ok(),
    pinned: PinnedCertificates::default(),
    verification: Verification::default(),
});

/// The wire form of a pin set: what is taken is a set within its limits, and is written and read
/// again as the same one.
pub(crate) fn pin_set(data: &[u8]) {
    let Ok(material) = serde_json::from_slice::<PinsetMaterial>(data) else {
        return;
    };
    let Ok(set) = PinSet::try_from(&material) else {
        return;
    };
    assert!((1..=MAX_PINS).contains(&set.pins().len()));
    let again = serde_json::to_vec(&PinsetMaterial::of(set.pins()))
        .map(|text| serde_json::from_slice::<PinsetMaterial>(&text));
    assert!(matches!(again, Ok(Ok(again)) if PinSet::try_from(&again).as_ref() == Ok(&set)));
    let root = ROOT.as_ref();
    if let Some(Ok(found)) = root.map(|root| set.match_certificate(root, AT)) {
        assert!(found.pin.is_usable(AT));
    }
}

/// `x-forwarded-client-cert`: whatever is in it, it makes no client of a trusted authority a stranger
/// and no stranger a client.
pub(crate) fn xfcc(data: &[u8]) {
    judge(data);
    // As the chain of the right leaf, so that what is in it is looked at.
    for pem in [CLIENT, ROGUE] {
        let (cert, chain) = (percent_encoded(pem), percent_encoded(data));
        judge(format!("Cert=\"{cert}\";Chain=\"{chain}\"").as_bytes());
    }
}

fn judge(header: &[u8]) {
    let policy = Policy {
        context: &CONTEXT,
        pins: None,
        server_name: None,
        peer_names: None,
        observed: Checks::default(),
        algorithms: SIGNATURE_ALGORITHMS,
    };
    for (pem, trusted) in [(CLIENT, true), (ROGUE, false)] {
        let facts = Facts::Downstream(DownstreamFacts {
            mtls: Some(true),
            tls_version: Some(b"TLSv1.3".to_vec()),
            peer_certificate: Some(pem.to_vec()),
            forwarded_client_certificate: Some(header.to_vec()),
        });
        let allowed = matches!(decide(&policy, &facts, AT), Verdict::Allow { .. });
        assert_eq!(allowed, trusted);
    }
}

fn percent_encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "%{byte:02X}");
        text
    })
}
