//! The time, read once at the edge and handed down as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

use sallyport_pki::UnixTime;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// Now, in whole seconds. A clock before 1970 reads as 1970.
pub fn now() -> UnixTime {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    UnixTime(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// `2026-11-23T21:50:00Z`.
pub fn rfc3339(time: UnixTime) -> String {
    OffsetDateTime::from_unix_timestamp(time.0)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("@{}", time.0))
}

/// `2026-11-23`: the day of a time, in UTC.
pub fn date(time: UnixTime) -> String {
    OffsetDateTime::from_unix_timestamp(time.0)
        .ok()
        .and_then(|time| {
            time.format(format_description!("[year]-[month]-[day]"))
                .ok()
        })
        .unwrap_or_else(|| "9999-12-31".to_owned())
}

/// Whether a text is a day that exists, written `YYYY-MM-DD`.
pub fn is_date(text: &str) -> bool {
    julian_day(text).is_some()
}

/// The number of a day written `YYYY-MM-DD`, for counting days between two of them.
pub fn julian_day(text: &str) -> Option<i32> {
    let date = time::Date::parse(text, format_description!("[year]-[month]-[day]"));
    date.ok().map(time::Date::to_julian_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_written_in_utc() {
        assert_eq!(rfc3339(UnixTime(1_795_470_600)), "2026-11-23T21:50:00Z");
        assert_eq!(date(UnixTime(1_795_470_600)), "2026-11-23");
    }

    #[test]
    fn days_that_do_not_exist_are_no_dates() {
        assert!(is_date("2028-02-29"));
        for text in [
            "2027-02-29",
            "01/01/2027",
            "2027-1-1",
            "2027-01-01T00:00:00Z",
            "",
        ] {
            assert!(!is_date(text), "{text}");
        }
    }
}
