//! Whether ended certificates are taken, and the date a secret ends by default.

use sallyport_pki::{Certificate, UnixTime};

use super::violation::{Problem, Violation};
use crate::clock;

/// `allowExpiredCert` of the API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpiredCertificates {
    /// An ended certificate is refused.
    #[default]
    Refuse,
    /// It is stored all the same.
    Allow,
}

impl ExpiredCertificates {
    /// Refuses the first ended certificate.
    pub(super) fn check(
        self,
        place: &'static str,
        certificates: &[Certificate],
        now: UnixTime,
    ) -> Result<(), Violation> {
        if self == Self::Allow {
            return Ok(());
        }
        match certificates
            .iter()
            .find(|certificate| certificate.not_after() < now)
        {
            Some(ended) => Err(Violation::new(
                place,
                Problem::Expired {
                    subject: ended.subject().to_owned(),
                    not_after: clock::date(ended.not_after()),
                },
            )),
            None => Ok(()),
        }
    }
}

/// The day a set of certificates ends by default: when the first of those that have not ended yet
/// does. If all have, when the last did.
pub(super) fn first_to_end(certificates: &[Certificate], now: UnixTime) -> Option<String> {
    let ends = || certificates.iter().map(Certificate::not_after);
    let next = ends().filter(|end| *end >= now).min();
    next.or_else(|| ends().max()).map(clock::date)
}

/// Says which certificates have ended, where that is allowed, and which are not valid yet.
pub(super) fn not_valid(place: &str, certificates: &[Certificate], now: UnixTime) -> Vec<String> {
    let sentences = certificates.iter().filter_map(|certificate| {
        let subject = certificate.subject();
        if certificate.not_before() > now {
            let day = clock::date(certificate.not_before());
            return Some(format!(
                "the certificate of {subject} is not valid before {day}"
            ));
        }
        (certificate.not_after() < now).then(|| ended(certificate))
    });
    sentences
        .map(|sentence| format!("{place}: {sentence}"))
        .collect()
}

/// The sentence about a certificate that has ended.
pub(super) fn ended(certificate: &Certificate) -> String {
    let (subject, day) = (certificate.subject(), clock::date(certificate.not_after()));
    format!("the certificate of {subject} expired on {day}")
}

/// The date an upload gives, if it is one. An empty text counts as absent.
pub(super) fn given_date(date: Option<String>) -> Result<Option<String>, Violation> {
    match date.filter(|date| !date.is_empty()) {
        Some(date) if !clock::is_date(&date) => {
            Err(Violation::new("/expirationDate", Problem::Date))
        }
        date => Ok(date),
    }
}

/// The same day next year, as TLS contexts end by default.
pub(super) fn in_a_year(now: UnixTime) -> String {
    const YEAR: i64 = 365 * 24 * 60 * 60;
    clock::date(UnixTime(now.0.saturating_add(YEAR)))
}
