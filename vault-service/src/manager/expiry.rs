//! Whether ended certificates are taken, and the date a secret ends by default.

use sallyport_pki::{Certificate, UnixTime};

use super::error::{Problem, Violation};
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

/// The day the first of these certificates ends.
pub(super) fn first_to_end(certificates: &[Certificate]) -> Option<String> {
    certificates
        .iter()
        .map(Certificate::not_after)
        .min()
        .map(clock::date)
}

/// The same day next year, as TLS contexts end by default.
pub(super) fn in_a_year(now: UnixTime) -> String {
    const YEAR: i64 = 365 * 24 * 60 * 60;
    clock::date(UnixTime(now.0.saturating_add(YEAR)))
}
