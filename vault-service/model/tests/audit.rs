//! Nothing can be done to a line of an audit log that its verifier does not find.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows #[test] functions, not what they call"
)]

use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use sallyport_model::audit::{
    AuditEntry, AuditFault, AuditFinding, AuditLine, AuditLineError, AuditProof, AuditPublicKey,
    AuditVerifier, CHECKPOINT, GENESIS, OpenTail, Sealed, Signatures, seal, signed_message,
};
use sallyport_pki::Digest;

fn signer() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn public(key: &SigningKey) -> AuditPublicKey {
    AuditPublicKey::from_bytes(&key.verifying_key().to_bytes()).unwrap()
}

fn entry(seq: u64, operation: &'static str, object: &str) -> AuditEntry<'static> {
    AuditEntry {
        seq,
        time: "2026-11-26T20:00:00Z".into(),
        organization: None,
        environment: None,
        actor: "edge-1".into(),
        actor_id: None,
        actor_kind: Some("gateway".into()),
        operation: operation.into(),
        object: object.to_owned().into(),
        outcome: "allowed".into(),
        reason: None,
        version: Some(seq),
        trace_id: None,
    }
}

fn sealed(entry: &AuditEntry<'_>, previous: &Digest, key: &SigningKey) -> Sealed {
    seal(entry, previous, |hash| {
        entry
            .is_checkpoint()
            .then(|| key.sign(&signed_message(hash)).to_bytes())
    })
    .unwrap()
}

/// A log with a checkpoint after every so many entries and at the end.
fn log(objects: &[String], every: usize) -> Vec<Vec<u8>> {
    log_from(GENESIS, objects, every)
}

fn log_from(mut previous: Digest, objects: &[String], every: usize) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut add = |operation, object: &str| {
        let seq = lines.len() as u64 + 1;
        let sealed = sealed(&entry(seq, operation, object), &previous, &signer());
        previous = sealed.hash;
        lines.push(sealed.line.into_bytes());
    };
    for chunk in objects.chunks(every) {
        for object in chunk {
            add("secret.resolve", object);
        }
        add(CHECKPOINT, "");
    }
    lines
}

fn verify(lines: &[Vec<u8>]) -> Result<AuditProof, AuditFinding> {
    verify_with(lines, Signatures::Of(public(&signer())), None)
}

fn verify_with(
    lines: &[Vec<u8>],
    signatures: Signatures,
    through: Option<u64>,
) -> Result<AuditProof, AuditFinding> {
    let mut verifier = AuditVerifier::new(signatures, 1);
    for line in lines {
        verifier.line(line)?;
    }
    verifier.finish(through, OpenTail::Refuse)
}

fn numbered(count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| format!("secret://g/{number}"))
        .collect()
}

#[test]
fn a_line_is_what_it_always_was() {
    let sealed = sealed(
        &entry(1, "secret.resolve", "secret://g/\"x"),
        &GENESIS,
        &signer(),
    );
    let zeros = "0".repeat(64);
    let hashed = format!(
        r#"{{"seq":1,"time":"2026-11-26T20:00:00Z","actor":"edge-1","actorKind":"gateway","operation":"secret.resolve","object":"secret://g/\"x","outcome":"allowed","version":1,"prev":"{zeros}""#
    );
    let hash = Digest::of(hashed.as_bytes());
    assert_eq!(sealed.line, format!(r#"{hashed},"hash":"{hash}"}}"#));
    assert_eq!(sealed.hash, hash);
}

#[test]
fn a_line_has_the_trace_of_its_call_last_and_lines_without_one_stay_as_they_were() {
    let traced = AuditEntry {
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736".into()),
        ..entry(2, "secret.resolve", "secret://g/x")
    };
    let before = sealed(&entry(1, "secret.resolve", "x"), &GENESIS, &signer());
    let after = sealed(&traced, &before.hash, &signer());
    let expected = r#","version":2,"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","prev":"#;
    assert!(after.line.contains(expected), "{}", after.line);
    assert!(!before.line.contains("traceId"), "{}", before.line);
    let mut verifier = AuditVerifier::new(Signatures::Unchecked, 1);
    for line in [&before.line, &after.line] {
        verifier.line(line.as_bytes()).unwrap();
    }
    // It is under the hash.
    let other = after.line.replace("4bf92f", "5bf92f");
    assert_eq!(
        AuditLine::parse(other.as_bytes()),
        Err(AuditLineError::Hash)
    );
    let read = AuditLine::parse(after.line.as_bytes()).unwrap();
    assert_eq!(read.entry, traced);
}

#[test]
fn a_whole_log_is_proven_through_its_last_checkpoint() {
    let lines = log(&numbered(10), 4);
    let proof = verify(&lines).unwrap();
    assert_eq!((proof.first, proof.last, proof.checkpoints), (1, 13, 3));
    assert_eq!(proof.signed_through.unwrap().seq, 13);
}

#[test]
fn an_object_that_looks_like_the_end_of_a_line_is_only_an_object() {
    let evil = r#"x","prev":"0","hash":"0","signature":"0"}"#.to_owned();
    let lines = log(&[evil.clone(), "y".to_owned()], 1);
    assert_eq!(verify(&lines).unwrap().last, 4);
    assert_eq!(AuditLine::parse(&lines[0]).unwrap().entry.object, evil);
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let lines = log(&numbered(8), 4);
    let fault = |lines: &[Vec<u8>]| {
        let finding = verify(lines).unwrap_err();
        (
            finding.line,
            finding.fault,
            finding.after.map(|after| after.seq),
        )
    };

    let mut edited = lines.clone();
    let text = String::from_utf8(edited[6].clone()).unwrap();
    edited[6] = text.replace("edge-1", "edge-2").into_bytes();
    assert_eq!(fault(&edited), (7, AuditFault::Edited, Some(5)));

    let mut removed = lines.clone();
    removed.drain(6..8);
    assert_eq!(
        fault(&removed),
        (7, AuditFault::Removed { first: 7, last: 8 }, Some(5))
    );

    let mut swapped = lines.clone();
    swapped.swap(2, 3);
    let expected = AuditFault::Reordered {
        expected: 3,
        found: 4,
    };
    assert_eq!(fault(&swapped), (3, expected, None));

    let mut repeated = lines.clone();
    repeated.insert(3, lines[2].clone());
    let expected = AuditFault::Reordered {
        expected: 4,
        found: 3,
    };
    assert_eq!(fault(&repeated), (4, expected, None));

    let truncated = &lines[..7];
    let expected = AuditFault::OpenTail { entries: 2 };
    assert_eq!(fault(truncated), (8, expected, Some(5)));

    assert_eq!(fault(&[]), (1, AuditFault::Empty, None));
}

#[test]
fn a_log_cut_right_after_a_checkpoint_is_short_of_what_is_known_of_it() {
    let lines = log(&numbered(8), 4);
    let key = || Signatures::Of(public(&signer()));
    assert!(verify_with(&lines[..5], key(), None).is_ok());
    let finding = verify_with(&lines[..5], key(), Some(10)).unwrap_err();
    let short = AuditFault::Short { first: 6, last: 10 };
    assert_eq!((finding.line, finding.fault), (6, short));
    assert!(verify_with(&lines, key(), Some(10)).is_ok());
}

#[test]
fn who_rewrites_the_log_and_chains_it_anew_is_found_at_the_next_checkpoint() {
    let lines = log(&numbered(4), 2);
    let mut forged = Vec::new();
    let mut previous = GENESIS;
    for line in &lines {
        let AuditLine {
            mut entry,
            signature,
            ..
        } = AuditLine::parse(line).unwrap();
        if entry.seq == 2 {
            entry.object = "something harmless".into();
        }
        let again = seal(&entry, &previous, |_| signature).unwrap();
        previous = again.hash;
        forged.push(again.line.into_bytes());
    }
    assert!(verify_with(&forged, Signatures::Unchecked, None).is_ok());
    let finding = verify(&forged).unwrap_err();
    assert_eq!(
        (finding.line, finding.fault),
        (3, AuditFault::Forged { seq: 3 })
    );

    let other = Signatures::Of(public(&SigningKey::from_bytes(&[8; 32])));
    let finding = verify_with(&lines, other, None).unwrap_err();
    assert_eq!(finding.fault, AuditFault::Forged { seq: 3 });
}

#[test]
fn signatures_cannot_be_added_or_taken_away() {
    let lines = log(&numbered(1), 1);
    let checkpoint = String::from_utf8(lines[1].clone()).unwrap();
    let (bare, signature) = checkpoint.split_once(r#","signature""#).unwrap();
    let unsigned = vec![lines[0].clone(), format!("{bare}}}").into_bytes()];
    let entry = String::from_utf8(lines[0].clone()).unwrap();
    let entry = entry.strip_suffix('}').unwrap();
    let signed = vec![
        format!(r#"{entry},"signature"{signature}"#).into_bytes(),
        lines[1].clone(),
    ];
    for (lines, present, at) in [(unsigned, false, 2), (signed, true, 1)] {
        for signatures in [Signatures::Of(public(&signer())), Signatures::Unchecked] {
            let finding = verify_with(&lines, signatures, None).unwrap_err();
            assert_eq!(
                (finding.line, finding.fault),
                (at, AuditFault::Signature { present })
            );
        }
    }
}

#[test]
fn a_log_whose_older_files_were_put_away_begins_where_it_is_said_to() {
    let lines = &log(&numbered(8), 2)[4..];
    let finding = verify(lines).unwrap_err();
    let removed = AuditFault::Removed { first: 1, last: 4 };
    assert_eq!((finding.line, finding.fault), (1, removed));
    let mut verifier = AuditVerifier::new(Signatures::Of(public(&signer())), 5);
    for line in lines {
        verifier.line(line).unwrap();
    }
    assert_eq!(verifier.finish(None, OpenTail::Refuse).unwrap().first, 5);
    // The first entry of all follows nothing.
    let astray = log_from(Digest::of(b"x"), &numbered(1), 1);
    assert_eq!(
        verify(&astray).unwrap_err().fault,
        AuditFault::Unchained { seq: 1 }
    );
}

#[test]
fn a_public_key_is_read_as_it_was_written_and_nothing_else_is_one() {
    let key = public(&signer());
    let pem = key.to_pem().unwrap();
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
    assert_eq!(AuditPublicKey::from_pem(&pem), Ok(key));
    for text in [
        "",
        "-----BEGIN PUBLIC KEY-----",
        &pem.replace("MCow", "MCoa"),
    ] {
        assert!(AuditPublicKey::from_pem(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_changed_byte_is_found(
        objects in prop::collection::vec(".{0,20}", 1..12),
        every in 1_usize..5,
        at in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(),
        to in any::<u8>(),
    ) {
        let mut lines = log(&objects, every);
        let line = at.index(lines.len());
        let byte = byte.index(lines[line].len());
        prop_assume!(lines[line][byte] != to);
        lines[line][byte] = to;
        prop_assert!(verify(&lines).is_err());
    }

    #[test]
    fn any_byte_put_in_or_taken_out_is_found(
        objects in prop::collection::vec(".{0,20}", 1..12),
        at in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(),
        put in any::<Option<u8>>(),
    ) {
        let mut lines = log(&objects, 3);
        let line = at.index(lines.len());
        let byte = byte.index(lines[line].len());
        match put {
            Some(put) => lines[line].insert(byte, put),
            None => { lines[line].remove(byte); }
        }
        let original = log(&objects, 3);
        prop_assume!(lines != original);
        let finding = verify(&lines).unwrap_err();
        prop_assert_eq!(finding.line, line as u64 + 1);
    }

    #[test]
    fn any_removed_swapped_or_repeated_line_is_found(
        objects in prop::collection::vec(".{0,20}", 1..12),
        every in 1_usize..5,
        one in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
    ) {
        let lines = log(&objects, every);
        let (one, other) = (one.index(lines.len()), other.index(lines.len()));

        let mut removed = lines.clone();
        removed.remove(one);
        prop_assert!(verify(&removed).is_err());

        let mut repeated = lines.clone();
        repeated.insert(other, lines[one].clone());
        prop_assert!(verify(&repeated).is_err());

        if one != other {
            let mut swapped = lines;
            swapped.swap(one, other);
            let finding = verify(&swapped).unwrap_err();
            prop_assert_eq!(finding.line, one.min(other) as u64 + 1);
        }
    }

    #[test]
    fn no_bytes_make_the_verifier_stumble(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..5)) {
        prop_assert!(verify(&lines).is_err());
    }
}
