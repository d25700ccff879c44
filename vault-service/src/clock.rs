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

/// A random number for spreading work over time; the same every time if the system has none.
pub fn chance() -> u32 {
    getrandom::u32().unwrap_or(0)
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

/// A moment written in RFC 3339, or the first one of a day written `YYYY-MM-DD` in UTC.
pub fn first_moment(text: &str) -> Option<UnixTime> {
    moment(text, 0)
}

/// A moment written in RFC 3339, or the last one of a day written `YYYY-MM-DD` in UTC.
pub fn last_moment(text: &str) -> Option<UnixTime> {
    moment(text, DAY - 1)
}

const DAY: i64 = 24 * 60 * 60;

fn moment(text: &str, into_the_day: i64) -> Option<UnixTime> {
    if let Some(day) = julian_day(text) {
        let days = i64::from(day) - i64::from(time::UtcDateTime::UNIX_EPOCH.to_julian_day());
        return Some(UnixTime(days * DAY + into_the_day));
    }
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some(UnixTime(moment.unix_timestamp()))
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

    #[test]
    fn a_day_has_a_first_and_a_last_moment_and_a_moment_is_itself() {
        let day = "2026-11-23";
        assert_eq!(
            first_moment(day).map(rfc3339).unwrap(),
            "2026-11-23T00:00:00Z"
        );
        assert_eq!(
            last_moment(day).map(rfc3339).unwrap(),
            "2026-11-23T23:59:59Z"
        );
        let moment = Some(UnixTime(1_795_470_600));
        for text in ["2026-11-23T21:50:00Z", "2026-11-23T22:50:00.9+01:00"] {
            assert_eq!((first_moment(text), last_moment(text)), (moment, moment));
        }
        for text in [
            "",
            "2026-02-30",
            "1795470600",
            "2026-11-23T21:50:00",
            "tomorrow",
        ] {
            assert_eq!(first_moment(text), None, "{text}");
        }
    }
}
