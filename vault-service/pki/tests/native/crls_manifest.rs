//! A manifest with a case for every kind of CRL, through the code of the example.

#[path = "../../examples/crls/manifest/mod.rs"]
mod manifest;

use std::fs;
use std::path::Path;

use crate::authority::{Authority, NOW};
use crate::crl_draft::{
    CrlDraft, DAY, crl_number, delta_indicator, entry, extension, full_name, idp, only, points,
    serial,
};
use crate::der::tlv;
use rcgen::KeyUsagePurpose;
use sallyport_pki::Certificate;
use serde_json::{Value, json};

/// Writes the files of cases and the manifest.
struct Cases<'a> {
    folder: &'a Path,
    root: Authority,
    list: Vec<Value>,
}

impl Cases<'_> {
    fn add(&mut self, id: &str, leaf: &Certificate, drafts: &[&CrlDraft], expect: &str) {
        let crls: Vec<_> = drafts.iter().map(|draft| draft.sign(&self.root)).collect();
        self.add_signed(id, leaf, &crls, Value::Null, expect);
    }

    fn add_signed(
        &mut self,
        id: &str,
        leaf: &Certificate,
        crls: &[Vec<u8>],
        policy: Value,
        expect: &str,
    ) {
        let write = |name: String, bytes: &[u8]| {
            fs::write(self.folder.join(&name), bytes).unwrap();
            name
        };
        let crls = crls.iter().enumerate();
        let crls: Vec<_> = crls
            .map(|(index, crl)| write(format!("{id}-{index}.crl"), crl))
            .collect();
        self.list.push(json!({
            "id": id,
            "leaf": write(format!("{id}.der"), leaf.der()),
            "root": write("root.der".to_owned(), self.root.certificate.der()),
            "intermediates": [],
            "crls": crls,
            "time": NOW.0,
            "policy": policy,
            "expect": expect,
            "why": "",
        }));
    }

    fn run(&self) -> manifest::Summary {
        let path = self.folder.join("manifest.json");
        fs::write(&path, Value::from(self.list.clone()).to_string()).unwrap();
        let mut lines = Vec::new();
        let summary = manifest::run(&path, |line| lines.push(line)).unwrap();
        for line in &lines {
            let line: Value = serde_json::from_str(line).unwrap();
            assert!(line["us"].is_u64(), "{line}");
        }
        assert_eq!(lines.len(), self.list.len());
        summary
    }
}

#[test]
fn every_case_of_the_manifest_has_the_expected_verdict_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    let root = Authority::root("root", |_| {});
    let mut cases = Cases {
        folder: folder.path(),
        list: Vec::new(),
        root,
    };
    let leaf = cases.root.issue(|_| {});
    let other = cases.root.issue(|_| {});
    let plain = CrlDraft::new(5);
    let revoking = plain.clone().revoke(&leaf);
    let padded = [&[0][..], &[0x11; 8]].concat();
    let unknown = |critical| extension(99, critical, &[5, 0]);
    let unnumbered = CrlDraft::without_number;
    let undated = CrlDraft {
        next_update: Vec::new(),
        ..plain.clone()
    };
    let version_1 = CrlDraft {
        version: Vec::new(),
        ..plain.clone()
    };
    let stale = CrlDraft::new(4).dated(NOW.0 - 9 * DAY, NOW.0 - DAY);
    let on_time = plain.clone().dated(NOW.0 - DAY, NOW.0);
    let future = plain.clone().dated(NOW.0 + 3600, NOW.0 + DAY);
    let [a, b] = ["http://crl.test/a", "http://crl.test/b"].map(full_name);
    let two = cases.root.issue(points(&[a, b.clone()]));
    let for_b = CrlDraft::new(1).with(idp(&[b])).revoke(&two);
    let some_reasons = |content: &[u8]| CrlDraft::new(1).with(idp(&[tlv(0x83, content)]));
    let hold = CrlDraft::new(6)
        .with(delta_indicator(5))
        .revoke_for(&leaf, 6);
    for (id, leaf, drafts, expect) in [
        ("good", &other, &[&revoking][..], "accept"),
        ("revoked", &leaf, &[&revoking], "reject:revoked"),
        ("missing", &leaf, &[], "reject:unknown"),
        (
            "stale-then-fresh-revoked",
            &leaf,
            &[&CrlDraft::new(4), &revoking],
            "reject:revoked",
        ),
        (
            "fresh-then-stale-revoked",
            &leaf,
            &[&revoking, &CrlDraft::new(4)],
            "reject:revoked",
        ),
        ("expired-then-fresh", &leaf, &[&stale, &plain], "accept"),
        ("expired", &leaf, &[&stale], "reject:expired"),
        ("next-update-now", &leaf, &[&on_time], "reject:expired"),
        ("future", &leaf, &[&future], "reject:not-yet-valid"),
        (
            "no-next-update",
            &leaf,
            &[&undated],
            "reject:no-next-update",
        ),
        ("version-1", &leaf, &[&version_1], "reject:version"),
        (
            "number-missing",
            &leaf,
            &[&unnumbered()],
            "reject:crlnumber-missing",
        ),
        (
            "number-critical",
            &leaf,
            &[&unnumbered().with(crl_number(true, &[1]))],
            "reject:crlnumber-critical",
        ),
        (
            "number-21-octets",
            &leaf,
            &[&unnumbered().with(crl_number(false, &[1; 21]))],
            "reject:malformed",
        ),
        (
            "serial-padded-00",
            &leaf,
            &[&plain.clone().entry(entry(&padded, &[]))],
            "reject:serial-encoding",
        ),
        (
            "unknown-critical",
            &leaf,
            &[&plain.clone().with(unknown(true))],
            "reject:unknown-critical-extension",
        ),
        (
            "unknown-critical-entry",
            &leaf,
            &[&plain
                .clone()
                .entry(entry(&serial(&other), &[unknown(true)]))],
            "reject:unknown-critical-extension",
        ),
        (
            "unknown-plain",
            &leaf,
            &[&plain.clone().with(unknown(false))],
            "accept",
        ),
        (
            "some-reasons",
            &leaf,
            &[&some_reasons(&[6, 0x40])],
            "reject:only-some-reasons",
        ),
        (
            "rustsec-2026-0104",
            &leaf,
            &[&some_reasons(&[])],
            "reject:only-some-reasons",
        ),
        (
            "attribute-certificates",
            &leaf,
            &[&plain.clone().with(idp(&[only(5)]))],
            "reject:only-attribute-certs",
        ),
        (
            "second-distribution-point",
            &two,
            &[&for_b],
            "reject:revoked",
        ),
        (
            "other-distribution-point",
            &leaf,
            &[&for_b],
            "reject:unknown",
        ),
        (
            "for-cas-only",
            &leaf,
            &[&plain.clone().with(idp(&[only(2)]))],
            "reject:unknown",
        ),
        (
            "for-users-only",
            &leaf,
            &[&plain.clone().with(idp(&[only(1)]))],
            "accept",
        ),
        ("delta", &leaf, &[&plain, &hold], "reject:revoked"),
        ("delta-first", &leaf, &[&hold, &plain], "reject:revoked"),
        ("delta-alone", &leaf, &[&hold], "reject:delta-without-base"),
    ] {
        cases.add(id, leaf, drafts, expect);
    }

    let impostor = Authority::root("root", |_| {});
    let signed = |draft: &CrlDraft, by: &Authority| vec![draft.sign(by)];
    let good = plain.sign(&cases.root);
    let trailing = vec![[&good[..], &[0]].concat()];
    let truncated = vec![good[..good.len() - 1].to_vec()];
    let strange = signed(&plain, &impostor);
    let spoiled = vec![b"junk".to_vec(), strange[0].clone(), good];
    let expired = signed(&stale, &cases.root);
    let none = Value::Null;
    for (id, crls, policy, expect) in [
        ("wrong-key", &strange, none.clone(), "reject:signature"),
        (
            "trailing-data",
            &trailing,
            none.clone(),
            "reject:trailing-data",
        ),
        ("truncated", &truncated, none.clone(), "reject:malformed"),
        ("bad-ones-beside-a-good-one", &spoiled, none, "accept"),
        (
            "unknown-allowed",
            &vec![],
            json!({"unknown": "allow"}),
            "accept",
        ),
        (
            "unknown-allowed-in-words",
            &vec![],
            json!("allow-unknown"),
            "accept",
        ),
        (
            "expired-allowed",
            &expired,
            json!({"allow_expired": true}),
            "accept",
        ),
        (
            "expired-denied",
            &expired,
            json!("unknown=allow,expired=deny"),
            "reject:expired",
        ),
        ("either", &vec![], json!("leaf"), "accept-or-reject"),
    ] {
        cases.add_signed(id, &leaf, crls, policy, expect);
    }

    let summary = cases.run();
    assert_eq!(summary.differ, Vec::<String>::new());
    assert_eq!(summary.other_reason, Vec::<String>::new());
    assert_eq!((summary.cases, summary.agree), (37, 37));
}

#[test]
fn a_root_without_crl_sign_signs_no_crl() {
    let folder = tempfile::tempdir().unwrap();
    let root = Authority::root("root", |p| {
        p.key_usages = vec![KeyUsagePurpose::KeyCertSign]
    });
    let leaf = root.issue(|_| {});
    let mut cases = Cases {
        folder: folder.path(),
        list: Vec::new(),
        root,
    };
    cases.add(
        "no-crl-sign",
        &leaf,
        &[&CrlDraft::new(1)],
        "reject:no-crl-sign",
    );
    cases.add("differs", &leaf, &[&CrlDraft::new(1)], "accept");
    cases.add(
        "other-reason",
        &leaf,
        &[&CrlDraft::new(1)],
        "reject:revoked",
    );
    let summary = cases.run();
    assert_eq!(summary.differ, ["differs"]);
    assert_eq!(summary.other_reason, ["other-reason"]);
}

#[test]
fn a_case_with_a_bad_file_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let root = Authority::root("root", |_| {});
    let leaf = root.issue(|_| {});
    let mut cases = Cases {
        folder: folder.path(),
        list: Vec::new(),
        root,
    };
    for id in ["malformed", "missing", "good"] {
        cases.add(id, &leaf, &[&CrlDraft::new(1)], "accept");
    }
    cases.list[0]["expect"] = json!("reject:malformed-certificate");
    cases.list[1]["leaf"] = json!("nowhere.der");
    fs::write(folder.path().join("malformed.der"), b"junk").unwrap();
    let summary = cases.run();
    assert_eq!(summary.differ, ["missing"]);
    assert_eq!(summary.other_reason, Vec::<String>::new());
}

#[test]
fn words_that_are_not_known_are_named_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let root = Authority::root("root", |_| {});
    let leaf = root.issue(|_| {});
    for (policy, expect, error) in [
        (
            json!({"unknown": "maybe"}),
            "accept",
            "policy.unknown: `maybe` is neither deny nor allow",
        ),
        (
            json!({"colour": "red"}),
            "accept",
            "policy.colour is not known",
        ),
        (json!("lax"), "accept", "policy: `lax` is not known"),
        (json!(7), "accept", "policy: 7 is neither text nor object"),
        (json!(null), "perhaps", "expect: `perhaps` is no verdict"),
    ] {
        let mut cases = Cases {
            folder: folder.path(),
            list: Vec::new(),
            root: Authority::root("root", |_| {}),
        };
        cases.add_signed("odd", &leaf, &[], policy, expect);
        let path = folder.path().join("manifest.json");
        fs::write(&path, Value::from(cases.list).to_string()).unwrap();
        let mut lines = Vec::new();
        let summary = manifest::run(&path, |line| lines.push(line)).unwrap();
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["actual"], format!("error:{error}"));
        assert_eq!(summary.differ, ["odd"]);
    }
}
