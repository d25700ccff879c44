//! Durations in configuration: `"250ms"`, `"2s"`.

use std::ops::RangeInclusive;
use std::time::Duration;

use thiserror::Error;

/// Why a text is not the duration that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DurationError {
    /// Not a whole number with a unit.
    #[error("a duration is a whole number with ms or s, like \"250ms\" or \"2s\"")]
    Syntax,
    /// Outside of what makes sense in this place.
    #[error("{found:?} is outside of {min:?} to {max:?}")]
    Range {
        /// What was written.
        found: Duration,
        /// Shortest allowed.
        min: Duration,
        /// Longest allowed.
        max: Duration,
    },
}

/// Parses a duration that must lie within `allowed`.
pub(crate) fn parse(
    text: &str,
    allowed: &RangeInclusive<Duration>,
) -> Result<Duration, DurationError> {
    let unit = text
        .find(|character: char| !character.is_ascii_digit())
        .ok_or(DurationError::Syntax)?;
    let (number, unit) = text.split_at(unit);
    let number: u32 = number.parse().map_err(|_| DurationError::Syntax)?;
    let found = match unit {
        "ms" => Duration::from_millis(number.into()),
        "s" => Duration::from_secs(number.into()),
        _ => return Err(DurationError::Syntax),
    };
    if !allowed.contains(&found) {
        return Err(DurationError::Range {
            found,
            min: *allowed.start(),
            max: *allowed.end(),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(60);

    #[test]
    fn milliseconds_and_seconds_are_read() {
        assert_eq!(parse("250ms", &ANY), Ok(Duration::from_millis(250)));
        assert_eq!(parse("2s", &ANY), Ok(Duration::from_secs(2)));
        assert_eq!(parse("0s", &ANY), Ok(Duration::ZERO));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "2",
            "s",
            "2 s",
            " 2s",
            "2s ",
            "-2s",
            "+2s",
            "1.5s",
            "2m",
            "2S",
            "99999999999s",
        ] {
            assert_eq!(parse(text, &ANY), Err(DurationError::Syntax), "{text:?}");
        }
    }

    #[test]
    fn the_range_is_named() {
        let error = parse("61s", &ANY).unwrap_err();
        assert_eq!(error.to_string(), "61s is outside of 0ns to 60s");
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,20}") {
            let _ = parse(&text, &ANY);
        }
    }
}
