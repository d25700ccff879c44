//! Certificates, forms and uploads for the tests of this room.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use sallyport_model::SecretString;
use sallyport_pki::UnixTime;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use super::form::Form;
use super::violation::Violation;

/// A day in 2026; what is made here is valid from 1975 to 4096 unless it is told otherwise.
pub(super) const NOW: UnixTime = UnixTime(1_796_075_400);

/// A certificate and its private key, both PEM.
pub(super) struct Leaf {
    pub(super) certificate: String,
    pub(super) key: String,
}

pub(super) fn leaf(name: &str) -> Leaf {
    self_signed(params(name))
}

/// Ended on 1 January 2020.
pub(super) fn ended_leaf(name: &str) -> Leaf {
    let mut params = params(name);
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    self_signed(params)
}

/// Valid from 1 January 2030.
pub(super) fn future_leaf(name: &str) -> Leaf {
    let mut params = params(name);
    params.not_before = rcgen::date_time_ymd(2030, 1, 1);
    self_signed(params)
}

/// A leaf and the certificate of the CA that issued it.
pub(super) fn issued_leaf(name: &str, issuer: &str) -> (Leaf, String) {
    let ca = issuing(issuer, 4000);
    let key = KeyPair::generate().unwrap();
    let leaf = Leaf {
        certificate: params(name).signed_by(&key, &ca).unwrap().pem(),
        key: key.serialize_pem(),
    };
    (leaf, ca.pem())
}

pub(super) fn ca(name: &str) -> String {
    ca_until(name, 4000)
}

/// A CA whose certificate ends on 1 January of a year.
pub(super) fn ca_until(name: &str, year: i32) -> String {
    issuing(name, year).pem()
}

fn issuing(name: &str, year: i32) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.not_after = rcgen::date_time_ymd(year, 1, 1);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn self_signed(params: CertificateParams) -> Leaf {
    let key = KeyPair::generate().unwrap();
    Leaf {
        certificate: params.self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

pub(super) fn form(texts: &[(&str, &str)], files: &[(&str, &[u8])]) -> Form {
    let mut form = Form::default();
    for (name, text) in texts {
        let text = SecretString::new((*text).to_owned());
        form.add_text((*name).to_owned(), text).unwrap();
    }
    for (name, bytes) in files {
        let bytes = Zeroizing::new(bytes.to_vec());
        form.add_file((*name).to_owned(), &format!("{name}.file"), bytes)
            .unwrap();
    }
    form
}

/// A body as clients send it.
pub(super) fn upload<T: DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

/// Place and code of a refusal.
pub(super) fn refusal<T>(result: Result<T, Violation>) -> (String, &'static str) {
    let violation = result.err().unwrap();
    let code = violation.problem.code();
    (violation.place, code)
}
