//! A host that verifies, hosts that do not, and how their verdicts compare with ours.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use proptest::prelude::{Just, Strategy as _, any, prop_oneof, proptest};

use super::*;
use crate::effect::Level;
use crate::fixtures::verifying_host::{answer, fields, good_host};
use crate::signatures::self_test::Known;

fn line(signatures: &Signatures) -> Line {
    let mut effects = Vec::new();
    signatures.report(&mut effects);
    match effects.pop() {
        Some(Effect::Log(line)) => line,
        other => panic!("{other:?}"),
    }
}

/// How many are verified by the host, and how many it failed in.
fn counts(signatures: &Signatures) -> (usize, usize) {
    let mut effects = Vec::new();
    signatures.report(&mut effects);
    let count = |wanted| {
        let counted = effects.iter();
        counted
            .filter(|effect| matches!(effect, Effect::Count(counter) if *counter == wanted))
            .count()
    };
    (
        count(Counter::SignaturesByHost),
        count(Counter::SignaturesHostFailed),
    )
}

fn own(known: &Known) -> &'static dyn SignatureVerificationAlgorithm {
    let mut ours = SIGNATURE_ALGORITHMS.iter().copied();
    ours.find(|own| known.is_of(*own)).unwrap()
}

fn are_own(signatures: &Signatures) -> bool {
    format!("{:?}", signatures.algorithms()) == format!("{SIGNATURE_ALGORITHMS:?}")
}

#[test]
fn a_host_that_verifies_is_used_for_ecdsa_and_pkcs1_and_for_nothing_else() {
    let signatures = Signatures::tried(good_host);
    assert_eq!(counts(&signatures), (12, 0));
    assert_eq!(signatures.algorithms().len(), SIGNATURE_ALGORITHMS.len());
    for (chosen, own) in signatures.algorithms().iter().zip(SIGNATURE_ALGORITHMS) {
        assert_eq!(chosen.public_key_alg_id(), own.public_key_alg_id());
        assert_eq!(chosen.signature_alg_id(), own.signature_alg_id());
        let name = format!("{own:?}");
        let is_ours = name.starts_with("RSA PSS") || name == "Ed25519";
        assert_eq!(format!("{chosen:?}") == name, is_ours, "{name}");
    }
    let line = line(&signatures);
    assert_eq!(line.level, Level::Info);
    let text = "signatures: verified by the host: ECDSA P-256 SHA-256, ECDSA P-256 SHA-384,";
    assert!(line.text.starts_with(text), "{}", line.text);
    assert!(line.text.ends_with(", RSA PKCS#1 SHA-512"), "{}", line.text);
}

#[test]
fn our_own_code_passes_the_test_of_the_host() {
    for known in &KNOWN {
        let own = own(known);
        assert!(known.verdict_of(own, |_, _, _| {}).is_ok());
        assert!(
            known
                .verdict_of(own, |_, message, _| message[0] ^= 1)
                .is_err()
        );
        assert!(
            known
                .verdict_of(own, |_, _, signature| *signature = known.zero.to_vec())
                .is_err()
        );
    }
}

#[test]
fn a_host_that_does_not_answer_is_not_used() {
    let hosts: [AskHost; 4] = [
        |_| None,
        |_| Some(b"\x08".to_vec()),
        |_| Some(b"not the wire format".to_vec()),
        // Silent as soon as something is wrong.
        |arguments| good_host(arguments).filter(|answer| answer[0] == 8),
    ];
    for host in hosts {
        let signatures = Signatures::tried(host);
        assert!(are_own(&signatures));
        assert_eq!(counts(&signatures), (0, 12));
        let line = line(&signatures);
        assert_eq!(line.level, Level::Warn);
        let text = "signatures: verified by the host: none; not by the host, which failed the \
                    test: ECDSA P-256 SHA-256 (no answer) ";
        assert!(line.text.starts_with(text), "{}", line.text);
    }
}

#[test]
fn a_host_that_refuses_everything_is_not_used() {
    let hosts: [AskHost; 3] = [
        |_| answer(false),
        |_| Some(Vec::new()),
        |_| Some(b"\x08\x00".to_vec()),
    ];
    for host in hosts {
        let signatures = Signatures::tried(host);
        assert!(are_own(&signatures));
        assert_eq!(counts(&signatures), (0, 12));
        assert!(
            line(&signatures)
                .text
                .contains("(refuses a good signature)")
        );
    }
}

/// As in filter.wasm.
fn without_ecdsa(public_key: AlgorithmIdentifier) -> bool {
    let name = |own: &&dyn SignatureVerificationAlgorithm| format!("{own:?}");
    let mut ours = SIGNATURE_ALGORITHMS.iter();
    let own = ours.find(|own| own.public_key_alg_id() == public_key);
    !name(own.unwrap()).starts_with("ECDSA")
}

#[test]
fn what_neither_the_host_nor_we_can_verify_is_not_accepted_and_named() {
    let hosts: [(AskHost, [usize; 2]); 3] = [
        (good_host, [16, 0]),
        (|_| None, [7, 9]),
        (|_| answer(true), [7, 9]),
    ];
    for (host, [accepted, refused]) in hosts {
        let signatures = Signatures::tried_beside(without_ecdsa, host);
        assert_eq!(signatures.algorithms().len(), accepted);
        let text = line(&signatures).text;
        let by_nobody = text.split("by nobody, so that such certificates are refused: ");
        let named = by_nobody.skip(1).flat_map(|list| list.split(", "));
        let named: Vec<&str> = named.collect();
        assert_eq!(named.len(), refused, "{text}");
        assert!(named.iter().all(|name| name.starts_with("ECDSA")));
    }
}

#[test]
fn a_host_that_lacks_one_hash_is_used_for_the_others() {
    let signatures = Signatures::tried(|arguments| match fields(arguments)[0] {
        b"sha384" => answer(false),
        _ => good_host(arguments),
    });
    assert_eq!(counts(&signatures), (8, 4));
    for chosen in signatures.algorithms() {
        let name = format!("{chosen:?}");
        assert!(
            !(name.contains("SHA-384") && name.contains("host")),
            "{name}"
        );
    }
}

#[test]
fn a_host_that_accepts_one_broken_signature_is_used_for_nothing() {
    let hosts: [AskHost; 5] = [
        |_| answer(true),
        // Deaf for the message, for changes of the signature, for zeros; for one algorithm only.
        |arguments| match fields(arguments)[3].ends_with(b"!") {
            true => answer(true),
            false => good_host(arguments),
        },
        |arguments| match fields(arguments)[2].len() {
            8 => answer(true),
            _ => good_host(arguments),
        },
        |arguments| match fields(arguments)[2] == [0; 256] {
            true => answer(true),
            false => good_host(arguments),
        },
        |arguments| match (fields(arguments)[0], fields(arguments)[1].len()) {
            (b"sha512", 158) => answer(true),
            _ => good_host(arguments),
        },
    ];
    for host in hosts {
        let signatures = Signatures::tried(host);
        assert!(are_own(&signatures));
        assert_eq!(counts(&signatures).0, 0);
        let line = line(&signatures);
        assert_eq!(line.level, Level::Warn);
        assert!(line.text.contains("(accepts a broken signature)"));
    }
}

#[test]
fn a_host_that_falls_silent_later_is_stood_in_for() {
    static SILENT: AtomicBool = AtomicBool::new(false);
    let signatures = Signatures::tried(|arguments| match SILENT.load(Ordering::Relaxed) {
        true => None,
        false => good_host(arguments),
    });
    assert_eq!(counts(&signatures), (12, 0));
    SILENT.store(true, Ordering::Relaxed);
    for known in &KNOWN {
        let chosen = signatures.algorithms().iter();
        let chosen = chosen.copied().find(|one| known.is_of(*one)).unwrap();
        assert!(known.verdict_of(chosen, |_, _, _| {}).is_ok());
        let changed = |_: &mut Vec<u8>, _: &mut Vec<u8>, signature: &mut Vec<u8>| {
            *signature.last_mut().unwrap() ^= 1;
        };
        assert!(known.verdict_of(chosen, changed).is_err());
    }
}

#[test]
fn keys_that_we_refuse_never_reach_the_host() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let signatures = Signatures::tried(|arguments| {
        ASKED.fetch_add(1, Ordering::Relaxed);
        good_host(arguments)
    });
    let asked = ASKED.load(Ordering::Relaxed);
    for chosen in signatures.algorithms() {
        if !format!("{chosen:?}").contains("host") {
            continue;
        }
        // Compressed, hybrid, infinity, too short; RSA of 1024 bits.
        let rsa_1024 = [
            &[0x30, 0x81, 0x89, 2, 0x81, 0x81, 0][..],
            &[0xff; 128],
            &[2, 3, 1, 0, 1],
        ];
        for key in [
            [&[2][..], &[7; 32]].concat(),
            [&[3][..], &[7; 48]].concat(),
            [&[6][..], &[7; 64]].concat(),
            vec![0],
            vec![4; 64],
            Vec::new(),
            rsa_1024.concat(),
        ] {
            assert!(chosen.verify_signature(&key, b"text", &[1; 64]).is_err());
        }
    }
    assert_eq!(ASKED.load(Ordering::Relaxed), asked);
}

/// A change of a key, a message or a signature.
#[derive(Clone, Debug)]
enum Change {
    None,
    Bit(usize, u8),
    Byte(usize, u8),
    Cut(usize),
    Grow(Vec<u8>),
}

impl Change {
    fn make(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        match self {
            Self::None => {}
            Self::Bit(at, bit) => bytes[at % length] ^= 1 << (bit % 8),
            Self::Byte(at, value) => bytes[at % length] = *value,
            Self::Cut(keep) => bytes.truncate(keep % length),
            Self::Grow(more) => bytes.extend(more),
        }
    }
}

fn change() -> impl proptest::strategy::Strategy<Value = Change> {
    prop_oneof![
        3 => Just(Change::None),
        // The structure is at the beginning.
        2 => (0..12_usize, any::<u8>()).prop_map(|(at, value)| Change::Byte(at, value)),
        2 => (any::<usize>(), any::<u8>()).prop_map(|(at, bit)| Change::Bit(at, bit)),
        1 => any::<usize>().prop_map(Change::Cut),
        1 => any::<Vec<u8>>().prop_map(Change::Grow),
    ]
}

impl Known {
    fn verdict_of(
        &self,
        algorithm: &dyn SignatureVerificationAlgorithm,
        change: impl FnOnce(&mut Vec<u8>, &mut Vec<u8>, &mut Vec<u8>),
    ) -> Result<(), sallyport_pki::InvalidSignature> {
        let mut key = self.key.to_vec();
        let (mut message, mut signature) = (self_test::MESSAGE.to_vec(), self.signature.to_vec());
        change(&mut key, &mut message, &mut signature);
        algorithm.verify_signature(&key, &message, &signature)
    }
}

proptest! {
    #[test]
    fn the_host_and_our_own_code_agree(
        which in 0..KNOWN.len(),
        key_change in change(),
        message_change in change(),
        signature_change in change(),
    ) {
        let known = &KNOWN[which];
        let own = own(known);
        let host = HostVerifier::new(own, known.hash, good_host);
        let change = |key: &mut Vec<u8>, message: &mut Vec<u8>, signature: &mut Vec<u8>| {
            key_change.make(key);
            message_change.make(message);
            signature_change.make(signature);
        };
        assert_eq!(
            known.verdict_of(&host, change).is_ok(),
            known.verdict_of(own, change).is_ok()
        );
    }
}
