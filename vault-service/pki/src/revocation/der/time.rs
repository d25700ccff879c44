//! `Time` (RFC 5280 section 4.1.2.5): seconds are there, fractions and other zones are not.

use crate::revocation::der::{Element, GENERALIZED_TIME, Malformed, UTC_TIME};
use crate::unix_time::UnixTime;

/// Two digits of a year in a UTCTime mean 1950 to 2049.
pub(super) fn read(element: Element<'_>) -> Result<UnixTime, Malformed> {
    match (element.tag, element.content) {
        (UTC_TIME, [y, z, rest @ ..]) => {
            let year = two_digits(*y, *z)?;
            moment(if year < 50 { 2000 } else { 1900 } + year, rest)
        }
        (GENERALIZED_TIME, [c, d, y, z, rest @ ..]) => {
            moment(100 * two_digits(*c, *d)? + two_digits(*y, *z)?, rest)
        }
        _ => Err(Malformed),
    }
}

fn two_digits(tens: u8, ones: u8) -> Result<i64, Malformed> {
    if tens.is_ascii_digit() && ones.is_ascii_digit() {
        Ok(i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
    } else {
        Err(Malformed)
    }
}

/// `MMDDHHMMSSZ` of a year.
fn moment(year: i64, rest: &[u8]) -> Result<UnixTime, Malformed> {
    let &[m1, m2, d1, d2, h1, h2, i1, i2, s1, s2, b'Z'] = rest else {
        return Err(Malformed);
    };
    let (month, day) = (two_digits(m1, m2)?, two_digits(d1, d2)?);
    let (hour, minute, second) = (
        two_digits(h1, h2)?,
        two_digits(i1, i2)?,
        two_digits(s1, s2)?,
    );
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last_day = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return Err(Malformed),
    };
    if !(1..=last_day).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return Err(Malformed);
    }
    let seconds = hour * 3600 + minute * 60 + second;
    Ok(UnixTime(
        days_since_1970(year, month, day) * 86_400 + seconds,
    ))
}

/// Days of the proleptic Gregorian calendar; years begin on 1 March here, so that the leap day is
/// the last one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400;
    days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::revocation::der::{OCTET_STRING, Reader, encode};

    fn time(tag: u8, text: &str) -> Result<String, Malformed> {
        let encoded = encode(tag, text.as_bytes());
        Reader::new(&encoded).time().map(|time| time.to_string())
    }

    #[test]
    fn both_kinds_of_time_are_read() {
        for (tag, text, moment) in [
            (UTC_TIME, "700101000000Z", "1970-01-01T00:00:00Z"),
            (UTC_TIME, "491231235959Z", "2049-12-31T23:59:59Z"),
            (UTC_TIME, "500101000000Z", "1950-01-01T00:00:00Z"),
            (UTC_TIME, "240229120000Z", "2024-02-29T12:00:00Z"),
            (GENERALIZED_TIME, "20500301000001Z", "2050-03-01T00:00:01Z"),
            (GENERALIZED_TIME, "99991231235959Z", "9999-12-31T23:59:59Z"),
            (GENERALIZED_TIME, "20000229000000Z", "2000-02-29T00:00:00Z"),
        ] {
            assert_eq!(time(tag, text).as_deref(), Ok(moment));
        }
        for (tag, text) in [
            (UTC_TIME, "230229120000Z"),
            (UTC_TIME, "2401011200Z"),
            (UTC_TIME, "240101120000+0100"),
            (UTC_TIME, "241301120000Z"),
            (UTC_TIME, "240100120000Z"),
            (UTC_TIME, "240101240000Z"),
            (UTC_TIME, "24010112000 Z"),
            (GENERALIZED_TIME, "20240101120000.5Z"),
            (GENERALIZED_TIME, "19000229000000Z"),
            (OCTET_STRING, "240101120000Z"),
        ] {
            assert_eq!(time(tag, text), Err(Malformed), "{text}");
        }
    }

    proptest! {
        #[test]
        fn times_are_read_as_they_are_printed(seconds in 0_i64..4_102_444_800) {
            let printed = UnixTime(seconds).to_string();
            let digits: String = printed.chars().filter(char::is_ascii_digit).collect();
            prop_assert_eq!(time(GENERALIZED_TIME, &format!("{digits}Z")), Ok(printed));
        }
    }
}
