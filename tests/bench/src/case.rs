//! What is measured. A new kind of work is one more function that adds to [`cases`].

use sallyport_filter_core::Signatures;
use sallyport_pki::{
    Certificate, Digest, PathRules, PinSet, TrustAnchors, UnixTime, Usage, certificates_from_pem,
};

/// Leaf, intermediate and root; see `peers/generate.sh`.
const PEERS: [(&str, &[u8]); 2] = [
    ("P-256", include_bytes!("peers/p256.pem")),
    ("RSA-2048", include_bytes!("peers/rsa2048.pem")),
];

/// 2030-01-01.
const AT: UnixTime = UnixTime(1_893_456_000);

/// Pins of a set: what a partner has and then some.
const PINS: u8 = 10;

/// Something to measure.
pub struct Case {
    /// What it is.
    pub name: String,
    /// Does it once; whether the outcome was the right one.
    pub work: Box<dyn Fn() -> bool>,
}

/// Who is judged.
struct Peer {
    leaf: Certificate,
    intermediate: Certificate,
    anchors: TrustAnchors,
}

/// Everything that is measured, `None` if the material cannot be used.
pub fn cases(signatures: &Signatures) -> Option<Vec<Case>> {
    let rules = PathRules {
        algorithms: signatures.algorithms(),
        ..PathRules::new(Usage::ClientAuth, AT)
    };
    let mut cases = Vec::new();
    for (keys, pem) in PEERS {
        cases.push(path(keys, Peer::read(pem)?, rules));
    }
    let (_, pem) = PEERS.first()?;
    cases.push(pins(&Peer::read(pem)?, &rules)?);
    Some(cases)
}

/// From DER to verdict, with two signatures.
fn path(keys: &str, peer: Peer, rules: PathRules<'static>) -> Case {
    Case {
        name: format!("path of two signatures, {keys}"),
        work: Box::new(move || {
            let leaf = Certificate::from_der(peer.leaf.der());
            let intermediate = Certificate::from_der(peer.intermediate.der());
            match (leaf, intermediate) {
                (Ok(leaf), Ok(intermediate)) => {
                    let path = rules.verify(&leaf, &[intermediate], &peer.anchors);
                    path.is_ok()
                }
                _ => false,
            }
        }),
    }
}

/// A verified path, looked up.
fn pins(peer: &Peer, rules: &PathRules<'_>) -> Option<Case> {
    let intermediates = std::slice::from_ref(&peer.intermediate);
    let path = rules
        .verify(&peer.leaf, intermediates, &peer.anchors)
        .ok()?;
    let others = (1..PINS).map(|other| Digest::of(&[other]));
    let pins = PinSet::of_public_keys(others.chain([peer.leaf.spki_sha256()]).collect()).ok()?;
    Some(Case {
        name: format!("match in a set of {PINS} pins"),
        work: Box::new(move || pins.match_path(&path, AT).is_ok()),
    })
}

impl Peer {
    fn read(pem: &[u8]) -> Option<Self> {
        let certificates = certificates_from_pem(pem).ok()?;
        let [leaf, intermediate, root] = <[Certificate; 3]>::try_from(certificates).ok()?;
        Some(Self {
            leaf,
            intermediate,
            anchors: TrustAnchors::new(vec![root]).ok()?,
        })
    }
}
