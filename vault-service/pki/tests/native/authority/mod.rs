//! Certification authorities for tests, with fixed dates.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SigningKey as _, date_time_ymd,
};
use sallyport_pki::{Certificate, PathRules, TrustAnchors, UnixTime, Usage};

/// 2026-06-01; everything made here is valid from 2026-01-01 to 2036-01-01.
pub(crate) const NOW: UnixTime = UnixTime(1_780_272_000);

/// A CA with its key.
pub(crate) struct Authority {
    pub(crate) certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn root(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        Self::with_key(name, &KeyPair::generate().unwrap(), change)
    }

    pub(crate) fn with_key(
        name: &str,
        key: &KeyPair,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let params = ca_params(name, change);
        let key = KeyPair::from_pem(&key.serialize_pem()).unwrap();
        let certificate = read(&params.self_signed(&key).unwrap());
        let issuer = Issuer::new(params, key);
        Self {
            certificate,
            issuer,
        }
    }

    /// A CA below this one.
    pub(crate) fn delegate(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = ca_params(name, change);
        let certificate = read(&params.signed_by(&key, &self.issuer).unwrap());
        let issuer = Issuer::new(params, key);
        Self {
            certificate,
            issuer,
        }
    }

    /// A client certificate for `partner.test`.
    pub(crate) fn issue(&self, change: impl FnOnce(&mut CertificateParams)) -> Certificate {
        Certificate::from_der(&self.issue_der(change).unwrap()).unwrap()
    }

    /// The same in DER, which need not be readable; `None` if it cannot even be written.
    pub(crate) fn issue_der(&self, change: impl FnOnce(&mut CertificateParams)) -> Option<Vec<u8>> {
        let mut params = CertificateParams::new(["partner.test".to_owned()]).unwrap();
        dates(&mut params);
        params.distinguished_name = common_name("partner");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let issued = params.signed_by(&key, &self.issuer).ok()?;
        Some(issued.der().to_vec())
    }

    /// A signature with ECDSA on P-256 and SHA-256.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.issuer.key().sign(message).unwrap()
    }

    pub(crate) fn anchors(&self) -> TrustAnchors {
        TrustAnchors::new(vec![self.certificate.clone()]).unwrap()
    }
}

fn ca_params(name: &str, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = CertificateParams::default();
    dates(&mut params);
    params.distinguished_name = common_name(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    change(&mut params);
    params
}

fn dates(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2036, 1, 1);
    params.use_authority_key_identifier_extension = true;
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn read(certificate: &rcgen::Certificate) -> Certificate {
    Certificate::from_der(certificate.der()).unwrap()
}

/// `accepted`, or the code of the refusal.
pub(crate) fn code(
    peer: &Certificate,
    intermediates: &[&Authority],
    root: &Authority,
) -> &'static str {
    let presented: Vec<Certificate> = intermediates
        .iter()
        .map(|authority| authority.certificate.clone())
        .collect();
    let anchors = root.anchors();
    match PathRules::new(Usage::ClientAuth, NOW).verify(peer, &presented, &anchors) {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}
