//! Certificates with names that no library would write.

use rcgen::{CertificateParams, CustomExtension};
use sallyport_pki::{AllowedNames, Certificate, NamePattern};

use crate::authority::Authority;
use crate::der::{SEQUENCE, tlv};

/// GeneralName tags (RFC 5280 section 4.2.1.6).
pub(crate) const OTHER: u8 = 0xa0;
pub(crate) const EMAIL: u8 = 0x81;
pub(crate) const DNS: u8 = 0x82;
pub(crate) const URI: u8 = 0x86;
pub(crate) const IP: u8 = 0x87;

thread_local! {
    pub(crate) static ROOT: Authority = Authority::root("root", |_| {});
}

/// A client certificate with these names, byte for byte, if it can be read at all.
pub(crate) fn read(names: &[(u8, &[u8])]) -> Option<Certificate> {
    let names: Vec<u8> = names
        .iter()
        .flat_map(|(tag, name)| tlv(*tag, name))
        .collect();
    let content = tlv(SEQUENCE, &names);
    let change = |params: &mut CertificateParams| {
        params.subject_alt_names.clear();
        let extension = CustomExtension::from_oid_content(&[2, 5, 29, 17], content);
        params.custom_extensions.push(extension);
    };
    ROOT.with(|root| root.issue_der(change))
        .and_then(|der| Certificate::from_der(&der).ok())
}

pub(crate) fn peer(names: &[(u8, &[u8])]) -> Certificate {
    read(names).unwrap()
}

pub(crate) fn allowed(patterns: &[&str]) -> AllowedNames {
    let patterns = patterns.iter().map(|text| text.parse().unwrap());
    AllowedNames::new(patterns.collect()).unwrap()
}

pub(crate) fn passes(pattern: &str, names: &[(u8, &[u8])]) -> bool {
    allowed(&[pattern]).check(&peer(names)).is_ok()
}

pub(crate) fn refused(pattern: &str) -> bool {
    pattern.parse::<NamePattern>().is_err()
}
