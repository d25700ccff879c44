//! Times in options: `--at` of `explain`, `--since` and `--until` of `audit search`.

use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use sallyport_pki::UnixTime;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::error::Error;
use crate::expiration::ExpirationDate;

/// A moment, RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) UnixTime);

/// A time of the past: a moment, a day in UTC, or one of both counted from now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// A moment or a day, as the vault reads it, too.
    Written(String),
    /// So long ago.
    Ago(Duration),
    /// The day so many days before today.
    DaysBefore(i64),
}

impl Moment {
    /// What the clock shows; without one that makes sense, `flag` has to tell.
    pub(crate) fn now(flag: &'static str) -> Result<Self, Error> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        let seconds = since.and_then(|since| i64::try_from(since.as_secs()).ok());
        let seconds = seconds.ok_or(Error::Flag {
            flag,
            reason: "is needed: the clock shows no time that makes sense".into(),
        })?;
        Ok(Self(UnixTime(seconds)))
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        OffsetDateTime::parse(text, &Rfc3339)
            .map(|at| Self(UnixTime(at.unix_timestamp())))
            .map_err(|_| "not a moment; write it like 2027-01-01T00:00:00Z".to_owned())
    }
}

impl Time {
    /// As the vault reads it: a moment in RFC 3339, or a day. `now` is asked for if that depends on it.
    ///
    /// # Errors
    /// Those of `now`; or it lies before 1970.
    pub(crate) fn written(
        &self,
        flag: &'static str,
        now: impl FnOnce() -> Result<Moment, Error>,
    ) -> Result<String, Error> {
        let (ago, wanted) = match self {
            Self::Written(text) => return Ok(text.clone()),
            Self::Ago(ago) => (*ago, Wanted::Moment),
            Self::DaysBefore(days) => (Duration::days(*days), Wanted::Day),
        };
        let Moment(now) = now()?;
        let now = OffsetDateTime::from_unix_timestamp(now.0).ok();
        let then = now.and_then(|now| now.checked_sub(ago));
        let then = then.filter(|then| *then >= OffsetDateTime::UNIX_EPOCH);
        let written = then.and_then(|then| match wanted {
            Wanted::Moment => then.format(&Rfc3339).ok(),
            Wanted::Day => Some(then.date().to_string()),
        });
        written.ok_or(Error::Flag {
            flag,
            reason: "is before 1970, when there was no vault".into(),
        })
    }
}

/// When a written time begins, in seconds since 1970.
pub(crate) fn first_moment(written: &str) -> Option<i64> {
    let moment = written.parse::<Moment>();
    let moment = moment.or_else(|_| format!("{written}T00:00:00Z").parse::<Moment>());
    moment.ok().map(|moment| moment.0.0)
}

/// When it ends: a day is over with its last second.
pub(crate) fn last_moment(written: &str) -> Option<i64> {
    let first = first_moment(written)?;
    let is_day = written.parse::<Moment>().is_err();
    first.checked_add(if is_day { 86_399 } else { 0 })
}

/// What a time is written as.
enum Wanted {
    Moment,
    Day,
}

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "today" => return Ok(Self::DaysBefore(0)),
            "yesterday" => return Ok(Self::DaysBefore(1)),
            _ => {}
        }
        if let Some(ago) = ago(text) {
            return Ok(Self::Ago(ago));
        }
        let is_day = || text.parse::<ExpirationDate>().is_ok();
        if text.parse::<Moment>().is_ok() || is_day() {
            return Ok(Self::Written(text.to_owned()));
        }
        Err(
            "write how long ago, like 15m, 2h or 7d, or today, yesterday, a day like 2026-11-23, \
             or a moment like 2026-11-23T21:50:00Z"
                .to_owned(),
        )
    }
}

/// A whole number with one of the units s, m, h, d and w.
fn ago(text: &str) -> Option<Duration> {
    let at = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(at)?;
    let number = i64::from(number.parse::<u32>().ok()?);
    match unit {
        "s" => Some(Duration::seconds(number)),
        "m" => Some(Duration::minutes(number)),
        "h" => Some(Duration::hours(number)),
        "d" => Some(Duration::days(number)),
        "w" => Some(Duration::weeks(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-11-23T00:10:00Z.
    const NOW: Moment = Moment(UnixTime(1_795_392_600));

    fn written(text: &str) -> String {
        text.parse::<Time>()
            .unwrap()
            .written("--since", || Ok(NOW))
            .unwrap()
    }

    #[test]
    fn moments_are_read_with_their_offset() {
        let read = |text: &str| text.parse::<Moment>().map(|at| at.0.0);
        assert_eq!(read("1970-01-01T00:01:00Z"), Ok(60));
        assert_eq!(read("1970-01-01T01:00:00+01:00"), Ok(0));
        assert!(read("2027-01-01").is_err());
    }

    #[test]
    fn times_are_moments_days_or_so_long_ago() {
        for (text, means) in [
            ("2026-11-23", "2026-11-23"),
            ("2026-11-23T21:50:00+01:00", "2026-11-23T21:50:00+01:00"),
            ("30s", "2026-11-23T00:09:30Z"),
            ("15m", "2026-11-22T23:55:00Z"),
            ("2h", "2026-11-22T22:10:00Z"),
            ("7d", "2026-11-16T00:10:00Z"),
            ("4w", "2026-10-26T00:10:00Z"),
            ("0s", "2026-11-23T00:10:00Z"),
            ("today", "2026-11-23"),
            ("yesterday", "2026-11-22"),
        ] {
            assert_eq!(written(text), means, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_examples() {
        for text in [
            "",
            "m",
            "15",
            "15 m",
            "-15m",
            "+15m",
            "1.5h",
            "15M",
            "15min",
            "2h30m",
            "tomorrow",
            "Today",
            "now",
            "2026-02-30",
            "2026-11-23T21:50:00",
            "99999999999d",
            "\u{661}m",
        ] {
            let refused = text.parse::<Time>().unwrap_err();
            assert!(
                refused.contains("15m") && refused.contains("yesterday"),
                "{text}"
            );
        }
        let ancient: Time = "9999w".parse().unwrap();
        let refused = ancient.written("--since", || Ok(NOW)).unwrap_err();
        assert!(
            refused.to_string().starts_with("--since is before 1970"),
            "{refused}"
        );
    }

    proptest! {
        #[test]
        fn so_long_ago_is_so_long_before_now(number in 0_u32..20_000, unit in 0_usize..4) {
            let (unit, seconds) = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)][unit];
            let text = written(&format!("{number}{unit}"));
            let moment: Moment = text.parse().unwrap();
            prop_assert_eq!(NOW.0.0 - moment.0.0, i64::from(number) * seconds);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,24}", now: i64) {
            if let Ok(time) = text.parse::<Time>() {
                let _ = time.written("--since", || Ok(Moment(UnixTime(now))));
            }
        }

        #[test]
        fn no_length_of_time_makes_it_panic(number: u32, unit in "[smhdw]", now: i64) {
            let time: Time = format!("{number}{unit}").parse().unwrap();
            let _ = time.written("--since", || Ok(Moment(UnixTime(now))));
        }
    }
}
