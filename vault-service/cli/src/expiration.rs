//! `--expiration-date`.

use std::str::FromStr;

use clap::Args;
use time::Date;
use time::macros::format_description;

/// A day, `YYYY-MM-DD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExpirationDate(String);

/// When what is stored counts as expired.
#[derive(Args)]
pub(crate) struct Expiring {
    /// Day after which it counts as expired, YYYY-MM-DD [default: the end of its certificate, or
    /// what the vault knows for the kind]
    // A kind may have headings for its own options: this is not one of them.
    #[arg(long, value_name = "DATE", help_heading = None::<&str>)]
    pub(crate) expiration_date: Option<ExpirationDate>,
}

impl FromStr for ExpirationDate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Date::parse(text, format_description!("[year]-[month]-[day]"))
            .map(|_| Self(text.to_owned()))
            .map_err(|_| "not a day; write it like 2027-12-31".to_owned())
    }
}

impl From<ExpirationDate> for String {
    fn from(date: ExpirationDate) -> Self {
        date.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_in_one_spelling_are_dates() {
        assert!("2028-02-29".parse::<ExpirationDate>().is_ok());
        for text in [
            "2027-02-29",
            "01/01/2027",
            "2027-1-1",
            "",
            "2027-01-01T00:00:00Z",
        ] {
            assert!(text.parse::<ExpirationDate>().is_err(), "{text}");
        }
    }
}
