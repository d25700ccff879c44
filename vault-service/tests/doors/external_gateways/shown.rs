//! What gateways of other CAs show.

use rcgen::string::Ia5String;
use rcgen::{CertificateParams, DnType, Issuer, KeyPair, SanType};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

/// A certificate with its key.
pub(super) struct Shown {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: Vec<u8>,
    pub(super) pem: String,
}

/// A certificate with these URI names and this common name, if any.
pub(super) fn shown(ca: &Issuer<'_, KeyPair>, uris: &[&str], common_name: Option<&str>) -> Shown {
    signed(ca, named(uris, common_name))
}

/// A certificate with this URI name, until that moment.
pub(super) fn shown_until(ca: &Issuer<'_, KeyPair>, uri: &str, until: OffsetDateTime) -> Shown {
    let mut params = named(&[uri], None);
    params.not_after = until;
    signed(ca, params)
}

pub(super) fn named(uris: &[&str], common_name: Option<&str>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    if let Some(name) = common_name {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    let uris = uris.iter().map(|uri| Ia5String::try_from(*uri).unwrap());
    params.subject_alt_names = uris.map(SanType::URI).collect();
    params
}

pub(super) fn signed(ca: &Issuer<'_, KeyPair>, params: CertificateParams) -> Shown {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, ca).unwrap();
    Shown {
        chain: vec![certificate.der().clone()],
        key: key.serialize_der(),
        pem: certificate.pem(),
    }
}
