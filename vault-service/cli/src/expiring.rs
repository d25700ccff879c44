//! `expiring`: what ends soon, and what has ended.

use clap::Args;

use crate::error::Error;
use crate::output::Output;
use crate::session::Session;

/// List the secrets of the environment that expire soon, and those that have expired
///
/// Soonest first; a negative number of days says how long ago.
#[derive(Args)]
#[command(after_help = "Example:\n  sallyport expiring --within 30d\n  \
                  sallyport expiring --within 2w -o json")]
pub(crate) struct Expiring {
    /// How far to look ahead: days (30d or 30) or weeks (4w)
    #[arg(long, value_name = "TIME", default_value = "30d", value_parser = days)]
    within: u32,
}

/// Prints the list.
pub(crate) fn run(expiring: &Expiring, output: Output) -> Result<(), Error> {
    let mut session = Session::open()?;
    let within = expiring.within;
    let path = session.own(format_args!("/expiring?within={within}"));
    let answer = session.client.list(&path)?;
    output.items(
        &answer,
        &[
            ("NAME", "/name"),
            ("KIND", "/collection"),
            ("GROUP", "/group/name"),
            ("EXPIRES", "/expirationDate"),
            ("DAYS LEFT", "/daysLeft"),
            ("ID", "/id"),
        ],
        &format!("Nothing expires within {within} days."),
    )
}

fn days(text: &str) -> Result<u32, String> {
    const MAX: u32 = 36_500;
    let (number, factor) = match text.strip_suffix('w') {
        Some(number) => (number, 7),
        None => (text.strip_suffix('d').unwrap_or(text), 1),
    };
    let number: Option<u32> = number.parse().ok();
    number
        .and_then(|number| number.checked_mul(factor))
        .filter(|days| *days <= MAX)
        .ok_or_else(|| format!("write days or weeks like 30d or 4w, at most {MAX}d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_weeks_are_read() {
        assert_eq!(days("30d"), Ok(30));
        assert_eq!(days("30"), Ok(30));
        assert_eq!(days("4w"), Ok(28));
        for text in ["", "d", "-1d", "1.5d", "36501d", "4294967295w", "1m"] {
            assert!(days(text).is_err(), "{text}");
        }
    }
}
