//! Durations as rules write them.

use thiserror::Error;

/// A text that is no duration.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum DurationError {
    /// It has no number, or one that is not a whole number.
    #[error("a duration starts with a whole number")]
    Number,
    /// It has no unit, or one that is not known.
    #[error("a duration ends with one of `us`, `ms`, `s`, `m` or `h`")]
    Unit,
    /// It is longer than a signed 64-bit number of microseconds.
    #[error("the duration is too long")]
    TooLong,
}

const UNITS: [(&str, u64); 5] =
    [("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000)];

/// Reads `"250ms"`, `"3s"`, `"5m"` or `"1h"`, in microseconds.
pub fn parse_duration_us(text: &str) -> Result<u64, DurationError> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(DurationError::Number);
    }
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(DurationError::Unit)?;
    let number: u64 = number.parse().map_err(|_| DurationError::TooLong)?;
    let product = number.checked_mul(*factor).filter(|us| i64::try_from(*us).is_ok());
    product.ok_or(DurationError::TooLong)
}

/// Writes a duration as [`parse_duration_us`] reads it, in the largest unit that divides it.
pub fn format_duration(duration_us: u64) -> String {
    let divides = |(_, factor): &&(&str, u64)| duration_us.is_multiple_of(*factor);
    match UNITS.iter().rev().find(divides) {
        Some((unit, factor)) if duration_us > 0 => format!("{}{unit}", duration_us / factor),
        _ => "0s".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{DurationError, parse_duration_us};

    #[test]
    fn durations() {
        for (text, expected) in [
            ("0s", Ok(0)),
            ("1us", Ok(1)),
            ("250ms", Ok(250_000)),
            ("3s", Ok(3_000_000)),
            ("5m", Ok(300_000_000)),
            ("1h", Ok(3_600_000_000)),
            ("", Err(DurationError::Number)),
            ("s", Err(DurationError::Number)),
            ("-1s", Err(DurationError::Number)),
            ("1", Err(DurationError::Unit)),
            ("1.5s", Err(DurationError::Unit)),
            ("1 s", Err(DurationError::Unit)),
            ("1d", Err(DurationError::Unit)),
            ("99999999999999999999s", Err(DurationError::TooLong)),
            ("9999999999999999s", Err(DurationError::TooLong)),
        ] {
            assert_eq!(parse_duration_us(text), expected, "{text:?}");
        }
    }
}
