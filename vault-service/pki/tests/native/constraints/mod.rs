//! CAs with name constraints.

use rcgen::{CertificateParams, GeneralSubtree, NameConstraints, SanType};

use crate::authority::{Authority, code};

/// The verdict must not depend on whether the anchor or an intermediate has the constraints.
pub(crate) fn below(
    ca: impl Fn(&mut CertificateParams),
    peer: impl Fn(&mut CertificateParams),
) -> &'static str {
    let plain = Authority::root("root", |_| {});
    let issuing = plain.delegate("issuing", &ca);
    let verdict = code(&issuing.issue(&peer), &[&issuing], &plain);
    if issuing.certificate.is_ca() {
        let constrained = Authority::root("root", |p| {
            ca(p);
            p.extended_key_usages.clear();
        });
        let other = code(&constrained.issue(&peer), &[], &constrained);
        assert!(
            other == verdict || verdict == "wrong_usage",
            "{other} {verdict}"
        );
    }
    verdict
}

pub(crate) fn permit(params: &mut CertificateParams, subtrees: Vec<GeneralSubtree>) {
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: subtrees,
        excluded_subtrees: Vec::new(),
    });
}

pub(crate) fn mail(host: &str) -> GeneralSubtree {
    GeneralSubtree::Rfc822Name(host.to_owned())
}

pub(crate) fn email(address: &str) -> SanType {
    SanType::Rfc822Name(address.try_into().unwrap())
}
