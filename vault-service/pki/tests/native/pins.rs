//! Pins on real paths: which one counts, where, when, and what is said of one that does not.

use crate::authority::{Authority, NOW};
use proptest::prelude::*;
use sallyport_pki::{
    Certificate, Digest, MAX_PINS, PathRules, Pin, PinKind, PinMatch, PinRefusal, PinRole, PinSet,
    PinSetError, PinUnusable, Profile, UnixTime, UnusablePin, Usage, VerifiedPath,
};

/// A peer below an issuing CA below a root, and the path that was verified.
struct Chain {
    peer: Certificate,
    issuing: Certificate,
    root: Certificate,
    path: VerifiedPath,
}

fn chain() -> Chain {
    let root = Authority::root("root", |_| {});
    let issuing = root.delegate("issuing", |_| {});
    let peer = issuing.issue(|_| {});
    // A stranger's certificate is presented as well: it is not on the path.
    let presented = [
        Authority::root("stranger", |_| {}).certificate,
        issuing.certificate.clone(),
    ];
    let path = PathRules::new(Usage::ClientAuth, NOW)
        .verify(&peer, &presented, &root.anchors())
        .unwrap();
    Chain {
        peer,
        issuing: issuing.certificate,
        root: root.certificate,
        path,
    }
}

fn spki(certificate: &Certificate) -> Pin {
    Pin::active(PinKind::Spki, certificate.spki_sha256())
}

fn whole(certificate: &Certificate) -> Pin {
    Pin::active(PinKind::Certificate, certificate.sha256())
}

fn stranger() -> Pin {
    Pin::active(PinKind::Spki, Digest::of(b"stranger"))
}

fn set(pins: &[Pin]) -> PinSet {
    PinSet::new(pins.to_vec()).unwrap()
}

#[test]
fn keys_and_certificates_match_anywhere_on_the_path_and_say_where() {
    let chain = chain();
    let certificates = [&chain.peer, &chain.issuing, &chain.root];
    for (position, certificate) in certificates.into_iter().enumerate() {
        for pin in [spki(certificate), whole(certificate)] {
            let found = set(&[stranger(), pin]).match_path(&chain.path, NOW);
            assert_eq!(found, Ok(PinMatch { pin, position }));
        }
    }
}

#[test]
fn of_several_pins_on_the_path_the_one_nearest_to_the_peer_counts() {
    let chain = chain();
    let pins = set(&[whole(&chain.root), spki(&chain.issuing)]);
    let found = pins.match_path(&chain.path, NOW).unwrap();
    assert_eq!((found.pin, found.position), (spki(&chain.issuing), 1));
    let line = found.to_string();
    let digest = chain.issuing.spki_sha256();
    assert_eq!(line, format!("active spki pin {digest} at position 1"));
}

#[test]
fn a_digest_counts_for_its_own_kind_only() {
    let chain = chain();
    let crossed = set(&[
        Pin::active(PinKind::Certificate, chain.peer.spki_sha256()),
        Pin::active(PinKind::Spki, chain.peer.sha256()),
    ]);
    let refusal = crossed.match_path(&chain.path, NOW).unwrap_err();
    assert_eq!(refusal, PinRefusal::Mismatch { unusable: None });
}

#[test]
fn what_was_presented_and_is_not_on_the_path_never_matches() {
    let root = Authority::root("root", |_| {});
    let peer = root.issue(|_| {});
    let beside = Authority::root("beside", |_| {}).certificate;
    let presented = [beside.clone()];
    let path = PathRules::new(Usage::ClientAuth, NOW)
        .verify(&peer, &presented, &root.anchors())
        .unwrap();
    for pin in [spki(&beside), whole(&beside)] {
        assert!(set(&[pin]).match_path(&path, NOW).is_err());
    }
}

#[test]
fn a_retired_pin_never_matches_and_is_told_from_a_stranger() {
    let chain = chain();
    let retired = Pin {
        role: PinRole::Retired,
        ..spki(&chain.peer)
    };
    let refusal = set(&[retired, stranger()]).match_path(&chain.path, NOW);
    let refusal = refusal.unwrap_err();
    let found = PinMatch {
        pin: retired,
        position: 0,
    };
    let unusable = Some(UnusablePin {
        found,
        why: PinUnusable::Retired,
    });
    assert_eq!(refusal, PinRefusal::Mismatch { unusable });
    let text = refusal.to_string();
    assert!(text.contains("the retired spki pin"), "{text}");
    assert!(text.ends_with("at position 0 would match"), "{text}");

    // Farther away from the peer, another pin may still count.
    let pins = set(&[retired, spki(&chain.root)]);
    assert_eq!(pins.match_path(&chain.path, NOW).unwrap().position, 2);
}

#[test]
fn a_pin_counts_from_its_first_to_its_last_moment() {
    let chain = chain();
    let (first, last) = (UnixTime(NOW.0 - 10), UnixTime(NOW.0 + 10));
    let dated = Pin {
        not_before: Some(first),
        not_after: Some(last),
        ..spki(&chain.peer)
    };
    let pins = set(&[dated, stranger()]);
    for at in [first, NOW, last] {
        assert!(pins.match_path(&chain.path, at).is_ok(), "{at}");
    }
    let why = |at| match pins.match_path(&chain.path, at) {
        Err(PinRefusal::Mismatch { unusable }) => unusable.map(|unusable| unusable.why),
        _ => None,
    };
    assert_eq!(why(UnixTime(first.0 - 1)), Some(PinUnusable::NotYet(first)));
    assert_eq!(why(UnixTime(last.0 + 1)), Some(PinUnusable::Ended(last)));
}

#[test]
fn a_set_whose_pins_have_all_ended_is_told_from_a_mismatch() {
    let chain = chain();
    let ended = Pin {
        not_after: Some(UnixTime(NOW.0 - 1)),
        ..spki(&chain.peer)
    };
    let later = Pin {
        not_before: Some(UnixTime(NOW.0 + 1)),
        ..stranger()
    };
    let retired = Pin {
        role: PinRole::Retired,
        ..whole(&chain.root)
    };
    let refusal = set(&[ended, later, retired]).match_path(&chain.path, NOW);
    let Err(PinRefusal::OutOfDate { at, unusable }) = refusal else {
        unreachable!("{refusal:?}");
    };
    assert_eq!(at, NOW);
    assert_eq!(unusable.map(|unusable| unusable.found.position), Some(0));
    let strangers = set(&[later]).match_path(&chain.path, NOW);
    let unusable = None;
    assert_eq!(strangers, Err(PinRefusal::OutOfDate { at, unusable }));
}

#[test]
fn a_certificate_alone_is_a_path_of_one() {
    let chain = chain();
    let found = set(&[whole(&chain.peer)]).match_certificate(&chain.peer, NOW);
    assert_eq!(found.map(|found| found.position), Ok(0));
    let found = set(&[whole(&chain.issuing)]).match_certificate(&chain.peer, NOW);
    assert!(found.is_err());
}

#[test]
fn only_a_backup_that_counts_now_is_one() {
    let backup = |not_before, not_after| Pin {
        role: PinRole::Backup,
        not_before,
        not_after,
        ..Pin::active(PinKind::Spki, Digest::of(b"backup"))
    };
    let has = |pins: &[Pin]| set(pins).has_backup(NOW);
    assert!(has(&[stranger(), backup(None, None)]));
    assert!(!has(&[stranger()]));
    assert!(!has(&[stranger(), backup(None, Some(UnixTime(NOW.0 - 1)))]));
    assert!(!has(&[stranger(), backup(Some(UnixTime(NOW.0 + 1)), None)]));
}

#[test]
fn the_strict_profile_wants_a_backup() {
    let alone = set(&[stranger()]);
    let at = NOW;
    for profile in [Profile::RFC5280, Profile::BALANCED] {
        assert_eq!(alone.check_backup(&profile, at), Ok(()));
    }
    let refusal = alone.check_backup(&Profile::STRICT, at);
    assert_eq!(refusal, Err(PinRefusal::NoBackup { at }));
    let backup = Pin {
        role: PinRole::Backup,
        ..Pin::active(PinKind::Spki, Digest::of(b"backup"))
    };
    let both = set(&[stranger(), backup]);
    assert_eq!(both.check_backup(&Profile::STRICT, at), Ok(()));
}

#[test]
fn sets_that_nobody_or_anybody_could_pass_are_refused() {
    assert_eq!(PinSet::new(Vec::new()), Err(PinSetError::Empty));
    let retired = Pin {
        role: PinRole::Retired,
        ..stranger()
    };
    assert_eq!(PinSet::new(vec![retired]), Err(PinSetError::AllRetired));
    let digest = stranger().digest;
    let ambiguous = PinSet::new(vec![stranger(), retired]);
    assert_eq!(ambiguous, Err(PinSetError::Ambiguous { digest }));
    let backwards = Pin {
        not_before: Some(NOW),
        not_after: Some(UnixTime(NOW.0 - 1)),
        ..stranger()
    };
    assert_eq!(
        PinSet::new(vec![backwards]),
        Err(PinSetError::Dates { digest })
    );
    assert_eq!(set(&[stranger(), stranger()]).pins(), [stranger()]);
}

#[test]
fn the_number_of_pins_is_limited() {
    let digests = |count: usize| -> Vec<Digest> {
        (0..count)
            .map(|index| Digest::of(&index.to_be_bytes()))
            .collect()
    };
    for (count, fits) in [
        (MAX_PINS - 1, true),
        (MAX_PINS, true),
        (MAX_PINS + 1, false),
    ] {
        let set = PinSet::of_public_keys(digests(count));
        let limit = MAX_PINS;
        let expected = if fits {
            Ok(count)
        } else {
            Err(PinSetError::TooMany { count, limit })
        };
        assert_eq!(set.map(|set| set.pins().len()), expected);
    }
}

fn any_pin() -> impl Strategy<Value = Pin> {
    let moment = prop::option::of((-20_i64..20).prop_map(|offset| UnixTime(NOW.0 + offset)));
    let kind = prop::sample::select(vec![PinKind::Certificate, PinKind::Spki]);
    let roles = vec![PinRole::Active, PinRole::Backup, PinRole::Retired];
    let role = prop::sample::select(roles);
    (0_u8..4, kind, role, moment.clone(), moment).prop_map(
        |(digest, kind, role, not_before, not_after)| Pin {
            kind,
            digest: Digest::new([digest; 32]),
            role,
            not_before,
            not_after,
        },
    )
}

thread_local! {
    static CHAIN: Chain = chain();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_set_answers_the_same_in_any_order_and_never_by_a_pin_that_does_not_count(
        mut pins in prop::collection::vec(any_pin(), 1..8),
        on_path in 0_usize..8,
        at in -25_i64..25,
    ) {
        let at = UnixTime(NOW.0 + at);
        CHAIN.with(|chain| {
            if let Some(pin) = pins.get_mut(on_path) {
                pin.digest = match pin.kind {
                    PinKind::Spki => chain.issuing.spki_sha256(),
                    PinKind::Certificate => chain.issuing.sha256(),
                };
            }
            let set = PinSet::new(pins.clone());
            pins.reverse();
            prop_assert_eq!(&set, &PinSet::new(pins.clone()));
            let Ok(set) = set else { return Ok(()) };
            match set.match_path(&chain.path, at) {
                Ok(found) => {
                    prop_assert!(found.pin.is_usable(at));
                    prop_assert_eq!(found.position, 1);
                }
                Err(PinRefusal::OutOfDate { .. }) => {
                    prop_assert!(!set.pins().iter().any(|pin| pin.is_usable(at)));
                }
                Err(_) => prop_assert!(set.pins().iter().any(|pin| pin.is_usable(at))),
            }
            Ok(())
        })?;
    }
}
