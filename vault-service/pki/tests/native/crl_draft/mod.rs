//! CRLs by hand: what a CA would sign, and what none would.

use rcgen::{CertificateParams, CustomExtension};
use sallyport_pki::{
    Certificate, CheckedCertificates, CrlRules, ExpiredCrl, RefusedCrl, RevocationPolicy,
    Revocations, UnixTime, UnknownStatus,
};

use crate::authority::{Authority, NOW};
use crate::der::{OCTET_STRING, OID, SEQUENCE, SET, tlv};

pub(crate) const STRICT: RevocationPolicy = RevocationPolicy {
    unknown: UnknownStatus::Deny,
    expired: ExpiredCrl::Deny,
    certificates: CheckedCertificates::AllBelowAnchor,
};
pub(crate) const UNKNOWN_ALLOWED: RevocationPolicy = RevocationPolicy {
    unknown: UnknownStatus::Allow,
    ..STRICT
};
pub(crate) const EXPIRED_ALLOWED: RevocationPolicy = RevocationPolicy {
    expired: ExpiredCrl::Allow,
    ..STRICT
};
pub(crate) const PEER_ONLY: RevocationPolicy = RevocationPolicy {
    certificates: CheckedCertificates::PeerOnly,
    ..STRICT
};

pub(crate) const DAY: i64 = 86_400;
/// When whatever is listed was revoked.
pub(crate) const REVOKED: UnixTime = UnixTime(NOW.0 - 2 * DAY);
pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const ENUMERATED: u8 = 0x0a;

const SUBJECT_ALT_NAME_URI: u8 = 0x86;
/// ecdsa-with-SHA256.
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/// The fields of a CRL, each as DER.
#[derive(Clone)]
pub(crate) struct CrlDraft {
    pub(crate) version: Vec<u8>,
    pub(crate) algorithm: Vec<u8>,
    /// Of the signer, unless it is set.
    pub(crate) issuer: Option<Vec<u8>>,
    pub(crate) this_update: Vec<u8>,
    pub(crate) next_update: Vec<u8>,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl CrlDraft {
    /// A CRL of an hour before [`NOW`] that is good for a week.
    pub(crate) fn new(number: u64) -> Self {
        Self::without_number().with(crl_number(false, &unsigned(&number.to_be_bytes())))
    }

    pub(crate) fn without_number() -> Self {
        Self {
            version: tlv(INTEGER, &[1]),
            algorithm: tlv(SEQUENCE, &tlv(OID, ECDSA_SHA256)),
            issuer: None,
            this_update: utc_time(NOW.0 - 3600),
            next_update: utc_time(NOW.0 + 7 * DAY),
            entries: Vec::new(),
            extensions: Vec::new(),
        }
    }

    pub(crate) fn dated(mut self, this_update: i64, next_update: i64) -> Self {
        self.this_update = utc_time(this_update);
        self.next_update = utc_time(next_update);
        self
    }

    pub(crate) fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    pub(crate) fn entry(mut self, entry: Vec<u8>) -> Self {
        self.entries.push(entry);
        self
    }

    pub(crate) fn revoke(self, certificate: &Certificate) -> Self {
        self.entry(entry(&serial(certificate), &[]))
    }

    pub(crate) fn revoke_for(self, certificate: &Certificate, reason: u8) -> Self {
        self.entry(entry(&serial(certificate), &[reason_code(reason)]))
    }

    /// The CRL, signed by `signer`.
    pub(crate) fn sign(&self, signer: &Authority) -> Vec<u8> {
        let own = name(common_name(&signer.certificate));
        let signed = self.to_be_signed(&own);
        let signature = [&[0][..], &signer.sign(&signed)].concat();
        let parts = [signed, self.algorithm.clone(), tlv(BIT_STRING, &signature)];
        tlv(SEQUENCE, &parts.concat())
    }

    fn to_be_signed(&self, signer: &[u8]) -> Vec<u8> {
        let entries = match self.entries.as_slice() {
            [] => Vec::new(),
            entries => tlv(SEQUENCE, &entries.concat()),
        };
        let extensions = match self.extensions.as_slice() {
            [] => Vec::new(),
            extensions => tlv(0xa0, &tlv(SEQUENCE, &extensions.concat())),
        };
        let fields = [
            &self.version,
            &self.algorithm,
            self.issuer.as_deref().unwrap_or(signer),
            &self.this_update,
            &self.next_update,
            &entries,
            &extensions,
        ];
        tlv(SEQUENCE, &fields.concat())
    }
}

/// Loads CRLs whose issuers are these CAs, at [`NOW`].
pub(crate) fn load(crls: &[Vec<u8>], issuers: &[&Authority]) -> (Revocations, Vec<RefusedCrl>) {
    let issuers: Vec<_> = issuers.iter().map(|ca| ca.certificate.clone()).collect();
    let crls = crls.iter().map(Vec::as_slice);
    Revocations::load(crls, &issuers, &CrlRules::new(NOW))
}

/// The code of the refusal of a CRL, or `taken`.
pub(crate) fn crl_code(crl: &[u8], issuer: &Authority) -> &'static str {
    let (_, refused) = load(&[crl.to_vec()], &[issuer]);
    refused
        .first()
        .map_or("taken", |refused| refused.error.code())
}

/// `good`, or the code of the refusal at [`NOW`].
pub(crate) fn status(
    revocations: &Revocations,
    path: &[&Certificate],
    policy: &RevocationPolicy,
) -> &'static str {
    status_at(revocations, path, policy, NOW)
}

pub(crate) fn status_at(
    revocations: &Revocations,
    path: &[&Certificate],
    policy: &RevocationPolicy,
    at: UnixTime,
) -> &'static str {
    let checked = revocations.check(path, at, policy);
    checked.map_or_else(|error| error.code(), |_| "good")
}

/// The status of a peer right below the root under CRLs that are all taken.
pub(crate) fn verdict(crls: &[Vec<u8>], peer: &Certificate, root: &Authority) -> &'static str {
    let (revocations, refused) = load(crls, &[root]);
    assert_eq!(refused, []);
    status(&revocations, &[peer, &root.certificate], &STRICT)
}

pub(crate) fn points(points: &[Vec<u8>]) -> impl Fn(&mut CertificateParams) {
    let points: Vec<_> = points.iter().map(|fields| tlv(SEQUENCE, fields)).collect();
    let value = tlv(SEQUENCE, &points.concat());
    move |params| {
        let extension = CustomExtension::from_oid_content(&[2, 5, 29, 31], value.clone());
        params.custom_extensions.push(extension);
    }
}

pub(crate) fn entry(serial: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
    let extensions = match extensions {
        [] => Vec::new(),
        extensions => tlv(SEQUENCE, &extensions.concat()),
    };
    let revoked = utc_time(REVOKED.0);
    let fields = [tlv(INTEGER, serial), revoked, extensions];
    tlv(SEQUENCE, &fields.concat())
}

pub(crate) fn extension(last_arc: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = match critical {
        true => tlv(BOOLEAN, &[0xff]),
        false => Vec::new(),
    };
    let oid = tlv(OID, &[0x55, 0x1d, last_arc]);
    tlv(
        SEQUENCE,
        &[oid, critical, tlv(OCTET_STRING, value)].concat(),
    )
}

pub(crate) fn crl_number(critical: bool, number: &[u8]) -> Vec<u8> {
    extension(20, critical, &tlv(INTEGER, number))
}

/// Makes a delta CRL of a CRL.
pub(crate) fn delta_indicator(base: u64) -> Vec<u8> {
    extension(27, true, &tlv(INTEGER, &unsigned(&base.to_be_bytes())))
}

pub(crate) fn reason_code(reason: u8) -> Vec<u8> {
    extension(21, false, &tlv(ENUMERATED, &[reason]))
}

pub(crate) fn certificate_issuer(name: &[u8]) -> Vec<u8> {
    extension(29, true, &tlv(SEQUENCE, &tlv(0xa4, name)))
}

/// An issuing distribution point with these fields.
pub(crate) fn idp(fields: &[Vec<u8>]) -> Vec<u8> {
    extension(28, true, &tlv(SEQUENCE, &fields.concat()))
}

/// The field `distributionPoint`, of certificates and of CRLs.
pub(crate) fn full_name(uri: &str) -> Vec<u8> {
    let names = tlv(SUBJECT_ALT_NAME_URI, uri.as_bytes());
    tlv(0xa0, &tlv(0xa0, &names))
}

/// `TRUE` in one of the fields 1 to 5 of an issuing distribution point.
pub(crate) fn only(field: u8) -> Vec<u8> {
    tlv(0x80 | field, &[0xff])
}

/// A name with a common name.
pub(crate) fn name(common_name: &str) -> Vec<u8> {
    let value = tlv(0x0c, common_name.as_bytes());
    let attribute = tlv(SEQUENCE, &[tlv(OID, &[0x55, 4, 3]), value].concat());
    tlv(SEQUENCE, &tlv(SET, &attribute))
}

pub(crate) fn common_name(certificate: &Certificate) -> &str {
    certificate.subject().strip_prefix("CN=").unwrap()
}

pub(crate) fn utc_time(seconds: i64) -> Vec<u8> {
    let digits = generalized(seconds);
    tlv(0x17, digits.get(2..).unwrap().as_bytes())
}

pub(crate) fn generalized_time(seconds: i64) -> Vec<u8> {
    tlv(0x18, generalized(seconds).as_bytes())
}

fn generalized(seconds: i64) -> String {
    let printed = UnixTime(seconds).to_string();
    let digits: String = printed.chars().filter(char::is_ascii_digit).collect();
    digits + "Z"
}

/// Content of the serial number of a certificate.
pub(crate) fn serial(certificate: &Certificate) -> Vec<u8> {
    let digits = certificate.serial_hex().as_bytes().chunks(2);
    let octets = digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap());
    unsigned(&octets.collect::<Vec<_>>())
}

/// Content of the INTEGER of a big-endian number.
pub(crate) fn unsigned(octets: &[u8]) -> Vec<u8> {
    let leading = octets.iter().take_while(|octet| **octet == 0).count();
    let significant = octets.get(leading..).unwrap_or_default();
    match significant.first() {
        Some(first) if first & 0x80 == 0 => significant.to_vec(),
        _ => [&[0][..], significant].concat(),
    }
}
