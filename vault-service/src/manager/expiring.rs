//! What ends soon, or has ended.

use std::collections::BTreeSet;

use sallyport_model::{GroupId, Scope};
use sallyport_pki::{Certificate, UnixTime};

use super::Manager;
use super::draft::Draft;
use super::error::ManagerError;
use super::expiry::ended;
use crate::access::Caller;
use crate::clock;
use crate::store::Expiring;

/// Writers are warned of what ends within this many days.
pub const WARNED_DAYS: u32 = 30;

const DAY: i64 = 24 * 60 * 60;

impl Manager {
    /// Secrets of an environment, in the groups the caller may read, that end within some days or
    /// have ended; soonest first.
    pub async fn expiring(
        &self,
        caller: &Caller,
        scope: Scope,
        within_days: u32,
        now: UnixTime,
    ) -> Result<Vec<Expiring>, ManagerError> {
        let groups = self.groups(caller, scope, now).await?;
        let readable: BTreeSet<GroupId> = groups.iter().map(|group| group.id).collect();
        let mut ending = self
            .published
            .expiring(Some(scope), &last_day(within_days, now))
            .await?;
        ending.retain(|item| readable.contains(&item.group.id));
        Ok(ending)
    }
}

impl Draft {
    /// What of it ends soon or has ended, one sentence each, unless its own warnings say so already.
    pub fn expiry_warnings(&self, now: UnixTime) -> Vec<String> {
        let certificates = self.metadata.certificates.iter();
        let certificates: Vec<Certificate> = certificates
            .filter_map(|der| Certificate::from_der(&der.0).ok())
            .collect();
        let ends = |certificate: &Certificate| clock::date(certificate.not_after());
        // By default a secret ends with a certificate, whose sentence says more.
        let date = self.expiration_date.iter();
        let date = date.filter(|date| !certificates.iter().any(|item| ends(item) == **date));
        let secret = date.filter_map(|date| warning("the secret", date, now));
        let said = certificates
            .iter()
            .filter_map(|item| match item.not_after() < now {
                true => Some(ended(item)),
                false => warning(
                    &format!("the certificate of {}", item.subject()),
                    &ends(item),
                    now,
                ),
            });
        let mut warnings: Vec<String> = Vec::new();
        for sentence in secret.chain(said) {
            let known = self.warnings.iter().chain(&warnings);
            if !known.into_iter().any(|known| known.ends_with(&sentence)) {
                warnings.push(sentence);
            }
        }
        warnings
    }
}

/// A sentence about something that ends on `date` (`YYYY-MM-DD`), if that is soon or past.
pub(super) fn warning(what: &str, date: &str, now: UnixTime) -> Option<String> {
    match days_left(date, now)? {
        days if days > i64::from(WARNED_DAYS) => None,
        days if days < 0 => Some(format!("{what} expired on {date}")),
        0 => Some(format!("{what} expires today")),
        1 => Some(format!("{what} expires tomorrow, on {date}")),
        days => Some(format!("{what} expires in {days} days, on {date}")),
    }
}

/// Days from today (UTC) to a day; negative after it. `None` for what is no date.
pub fn days_left(date: &str, now: UnixTime) -> Option<i64> {
    let day = clock::julian_day(date)?;
    let today = clock::julian_day(&clock::date(now))?;
    Some(i64::from(day) - i64::from(today))
}

/// The last day of a span that starts today.
pub(crate) fn last_day(within_days: u32, now: UnixTime) -> String {
    clock::date(UnixTime(
        now.0
            .saturating_add(i64::from(within_days).saturating_mul(DAY)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    // 2027-01-15T08:00:00Z
    const NOW: UnixTime = UnixTime(1_800_000_000);

    #[test]
    fn days_are_counted_from_today_in_utc() {
        for (date, days) in [
            ("2027-01-15", 0),
            ("2027-01-16", 1),
            ("2027-01-14", -1),
            ("2028-01-15", 365),
        ] {
            assert_eq!(days_left(date, NOW), Some(days), "{date}");
        }
        assert_eq!(days_left("soon", NOW), None);
        assert_eq!(last_day(30, NOW), "2027-02-14");
    }

    #[test]
    fn a_warning_is_given_within_thirty_days_and_after_the_end() {
        let said = |date| warning("the secret", date, NOW);
        assert_eq!(said("2027-02-15"), None);
        for (date, expected) in [
            ("2027-02-14", "the secret expires in 30 days, on 2027-02-14"),
            ("2027-01-16", "the secret expires tomorrow, on 2027-01-16"),
            ("2027-01-15", "the secret expires today"),
            ("2027-01-14", "the secret expired on 2027-01-14"),
        ] {
            assert_eq!(said(date).as_deref(), Some(expected));
        }
    }
}
