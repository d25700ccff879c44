//! Durations in configuration: `"250ms"`, `"2s"`.

use std::fmt;
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
    #[error("{found} is not allowed here: write {min} to {max}")]
    Range {
        /// What was written.
        found: Written,
        /// Shortest allowed.
        min: Written,
        /// Longest allowed.
        max: Written,
    },
}

/// A duration as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    number: u64,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Milliseconds,
    Seconds,
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
    let unit = match unit {
        "ms" => Unit::Milliseconds,
        "s" => Unit::Seconds,
        _ => return Err(DurationError::Syntax),
    };
    let number = u64::from(number);
    let found = match unit {
        Unit::Milliseconds => Duration::from_millis(number),
        Unit::Seconds => Duration::from_secs(number),
    };
    if !allowed.contains(&found) {
        return Err(DurationError::Range {
            found: Written { number, unit },
            min: Written::from(*allowed.start()),
            max: Written::from(*allowed.end()),
        });
    }
    Ok(found)
}

impl From<Duration> for Written {
    fn from(duration: Duration) -> Self {
        match duration.subsec_millis() {
            0 => Self {
                number: duration.as_secs(),
                unit: Unit::Seconds,
            },
            rest => Self {
                number: duration.as_secs().saturating_mul(1000) + u64::from(rest),
                unit: Unit::Milliseconds,
            },
        }
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Milliseconds => "ms",
            Unit::Seconds => "s",
        };
        write!(f, "{}{unit}", self.number)
    }
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
    fn what_was_written_is_said_and_what_may_be() {
        let text = |text, allowed| parse(text, allowed).unwrap_err().to_string();
        assert_eq!(
            text("61s", &ANY),
            "61s is not allowed here: write 0s to 60s"
        );
        let short = Duration::from_millis(100)..=Duration::from_millis(2500);
        for written in ["0ms", "0s", "60000ms"] {
            assert_eq!(
                text(written, &short),
                format!("{written} is not allowed here: write 100ms to 2500ms")
            );
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,20}") {
            let _ = parse(&text, &ANY);
        }
    }
}
