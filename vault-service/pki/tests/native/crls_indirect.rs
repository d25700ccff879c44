//! CRLs that others sign than the issuers of the certificates (RFC 5280 section 5.3.3).

use crate::authority::Authority;
use crate::crl_draft::{
    CrlDraft, PEER_ONLY, certificate_issuer, common_name, entry, full_name, idp, load, name, only,
    points, serial, status,
};
use crate::der::tlv;
use rcgen::{CertificateParams, IsCa, KeyUsagePurpose, SerialNumber, date_time_ymd};
use sallyport_pki::Certificate;

/// A certificate whose distribution point says that `signer` signs the CRL.
fn under_indirect_crl(issuer: &Authority, signer: &Authority) -> Certificate {
    let signer = tlv(0xa4, &name(common_name(&signer.certificate)));
    let point = [full_name("http://crl.test/all"), tlv(0xa2, &signer)].concat();
    issuer.issue(points(&[point]))
}

fn signer_only(params: &mut CertificateParams) {
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::CrlSign];
}

#[test]
fn entries_of_an_indirect_crl_are_about_the_issuer_that_was_named_last() {
    let root = Authority::root("root", |_| {});
    let issuing = root.delegate("issuing", |_| {});
    let [first, second, good] = [(); 3].map(|()| under_indirect_crl(&issuing, &root));
    let of_root = root.issue(|_| {});
    let point = idp(&[full_name("http://crl.test/all"), only(4)]);
    let named = entry(&serial(&first), &[certificate_issuer(&name("issuing"))]);
    let draft = CrlDraft::new(1)
        .with(point)
        .revoke(&of_root)
        .entry(named)
        .revoke(&second);
    let (revocations, refused) = load(&[draft.sign(&root)], &[&root]);
    assert_eq!(refused, []);
    let verdict = |peer| {
        let path = [peer, &issuing.certificate, &root.certificate];
        status(&revocations, &path, &PEER_ONLY)
    };
    let (revoked, unknown) = ("certificate_revoked", "revocation_unknown");
    assert_eq!(
        [&first, &second, &good].map(verdict),
        [revoked, revoked, "good"]
    );
    // Who does not say that somebody else signs is not in it.
    assert_eq!(verdict(&issuing.issue(|_| {})), unknown);
    // The same serial number of another issuer is another certificate.
    let same = SerialNumber::from_slice(&serial(&first));
    let namesake = root.issue(|p| p.serial_number = Some(same));
    let path = [&namesake, &root.certificate];
    assert_eq!(status(&revocations, &path, &PEER_ONLY), unknown);
}

#[test]
fn whoever_signs_an_indirect_crl_needs_a_certificate_of_a_ca_on_the_path() {
    let root = Authority::root("root", |_| {});
    let issuing = root.delegate("issuing", |_| {});
    let signer = root.delegate("signer", signer_only);
    let stranger = Authority::root("elsewhere", |_| {}).delegate("signer", signer_only);
    let peer = under_indirect_crl(&issuing, &signer);
    let crl = CrlDraft::new(1).with(idp(&[only(4)]));
    let path = [&peer, &issuing.certificate, &root.certificate];
    let verdict = |crls: &[Vec<u8>], issuers: &[&Authority]| {
        status(&load(crls, issuers).0, &path, &PEER_ONLY)
    };
    let unknown = "revocation_unknown";
    assert_eq!(verdict(&[crl.sign(&signer)], &[&signer, &root]), "good");
    // Without its issuer nobody knows where the signer comes from.
    assert_eq!(verdict(&[crl.sign(&signer)], &[&signer]), unknown);
    assert_eq!(
        verdict(&[crl.sign(&stranger)], &[&stranger, &root]),
        unknown
    );
    // A signer may be revoked, too, and its certificate expires.
    let against = CrlDraft::new(1).revoke(&signer.certificate).sign(&root);
    assert_eq!(
        verdict(&[crl.sign(&signer), against], &[&signer, &root]),
        unknown
    );
    let expired = root.delegate("signer", |p| {
        signer_only(p);
        p.not_after = date_time_ymd(2026, 3, 1);
    });
    assert_eq!(verdict(&[crl.sign(&expired)], &[&expired, &root]), unknown);
}

#[test]
fn a_certificate_that_is_no_ca_s_signs_crls_of_its_issuer_only_if_its_key_usage_says_so() {
    let root = Authority::root("ca", |_| {});
    let peer = root.issue(|_| {});
    let path = [&peer, &root.certificate];
    let verdict = |key_usages: &[KeyUsagePurpose]| {
        let signer = root.delegate("ca", |p| {
            p.is_ca = IsCa::ExplicitNoCa;
            p.key_usages = key_usages.to_vec();
        });
        let crl = CrlDraft::new(1).sign(&signer);
        status(&load(&[crl], &[&signer, &root]).0, &path, &PEER_ONLY)
    };
    assert_eq!(verdict(&[KeyUsagePurpose::CrlSign]), "good");
    assert_eq!(verdict(&[]), "revocation_unknown");
}

#[test]
fn a_ca_with_a_new_key_signs_for_the_certificates_of_the_old_one() {
    let old = Authority::root("ca", |_| {});
    let new = old.delegate("ca", |_| {});
    let stranger = Authority::root("ca", |_| {});
    let peer = old.issue(|_| {});
    let path = [&peer, &old.certificate];
    let verdict = |signer: &Authority| {
        let crl = CrlDraft::new(1).revoke(&peer).sign(signer);
        let (revocations, refused) = load(&[crl], &[signer, &old]);
        assert_eq!(refused, []);
        status(&revocations, &path, &PEER_ONLY)
    };
    assert_eq!(verdict(&new), "certificate_revoked");
    assert_eq!(verdict(&stranger), "revocation_unknown");
}
