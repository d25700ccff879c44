//! `--at`.

use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use sallyport_pki::UnixTime;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::Error;

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(pub(super) UnixTime);

impl Moment {
    /// What the clock shows.
    pub(super) fn now() -> Result<Self, Error> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
        let seconds = since.and_then(|since| i64::try_from(since.as_secs()).ok());
        let seconds = seconds.ok_or(Error::Flag {
            flag: "--at",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_with_their_offset() {
        let read = |text: &str| text.parse::<Moment>().map(|at| at.0.0);
        assert_eq!(read("1970-01-01T00:01:00Z"), Ok(60));
        assert_eq!(read("1970-01-01T01:00:00+01:00"), Ok(0));
        assert!(read("2027-01-01").is_err());
    }
}
