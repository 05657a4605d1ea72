//! Amounts as people write them: CPU, memory, durations.

use std::fmt;

/// Why a text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// It is not understood.
    #[error("`{text}` is not {expected}")]
    Malformed {
        /// The text as given.
        text: String,
        /// What would be understood.
        expected: &'static str,
    },
    /// It does not fit.
    #[error("`{text}` is more than can be held")]
    TooLarge {
        /// The text as given.
        text: String,
    },
    /// It has more digits than the unit can hold.
    #[error("`{text}` is finer than {finest}")]
    TooFine {
        /// The text as given.
        text: String,
        /// The smallest amount.
        finest: &'static str,
    },
}

/// An amount of CPU time in thousandths of one CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millicores(pub u64);

/// An amount of memory or disk in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

const CPU: &str = "an amount of CPU such as `2`, `0.5` or `500m`";
const MEMORY: &str = "an amount of memory such as `512Mi`, `1Gi`, `100M` or a number of bytes";
const DURATION: &str = "a duration such as `250us`, `250ms`, `3s`, `5m` or `1h`";

impl Millicores {
    /// Reads `2`, `0.5` or `500m`.
    ///
    /// # Errors
    /// [`UnitError`] for anything else, and for less than a thousandth.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let units = [("m", 1), ("", 1_000)];
        scaled(text, &units, CPU, "1m, a thousandth of a CPU").map(Self)
    }
}

impl fmt::Display for Millicores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 1_000 {
            0 => write!(f, "{}", self.0 / 1_000),
            _ => write!(f, "{}m", self.0),
        }
    }
}

impl Bytes {
    /// Reads `512Mi`, `1Gi`, `64Ki`, `100M`, `2G`, `5K` or a number of bytes.
    ///
    /// `Ki`, `Mi` and `Gi` are powers of 1,024; `K`, `k`, `M` and `G` powers of 1,000.
    ///
    /// # Errors
    /// [`UnitError`] for anything else, and for a part of a byte.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let units = [
            ("Ki", 1 << 10),
            ("Mi", 1 << 20),
            ("Gi", 1 << 30),
            ("K", 1_000),
            ("k", 1_000),
            ("M", 1_000_000),
            ("G", 1_000_000_000),
            ("", 1),
        ];
        scaled(text, &units, MEMORY, "1 byte").map(Self)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1u64 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")];
        let whole = units.iter().find(|(size, _)| self.0 != 0 && self.0.is_multiple_of(*size));
        match whole {
            Some((size, unit)) => write!(f, "{}{unit}", self.0 / size),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Reads a duration, `250us`, `250ms`, `3s`, `1.5s`, `5m` or `1h`, in microseconds.
///
/// # Errors
/// [`UnitError`] for anything else, a missing unit included, and for less than a microsecond.
pub fn parse_duration_us(text: &str) -> Result<u64, UnitError> {
    let units =
        [("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000)];
    scaled(text, &units, DURATION, "1us")
}

/// A decimal number times the unit that follows it; exact, without floating point.
fn scaled(
    text: &str,
    units: &[(&str, u64)],
    expected: &'static str,
    finest: &'static str,
) -> Result<u64, UnitError> {
    let malformed = || UnitError::Malformed { text: text.to_owned(), expected };
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let (_, size) = units.iter().find(|(name, _)| *name == unit).ok_or_else(malformed)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Err(malformed());
    }
    let too_large = || UnitError::TooLarge { text: text.to_owned() };
    let whole: u128 = whole.parse().map_err(|_| too_large())?;
    let fraction = fraction.trim_end_matches('0');
    let digits = u32::try_from(fraction.len()).unwrap_or(u32::MAX);
    let too_fine = || UnitError::TooFine { text: text.to_owned(), finest };
    let denominator = 10u128.checked_pow(digits).filter(|_| digits <= 18).ok_or_else(too_fine)?;
    let numerator = match fraction {
        "" => 0,
        digits => digits.parse::<u128>().map_err(|_| too_large())? * u128::from(*size),
    };
    if numerator % denominator != 0 {
        return Err(too_fine());
    }
    let total = whole.checked_mul(u128::from(*size)).ok_or_else(too_large)?;
    let total = total.checked_add(numerator / denominator).ok_or_else(too_large)?;
    u64::try_from(total).map_err(|_| too_large())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What became of a text: the amount, or the first word that tells the error.
    fn outcome<T: fmt::Debug>(result: Result<T, UnitError>) -> String {
        match result {
            Ok(value) => format!("{value:?}"),
            Err(UnitError::Malformed { .. }) => "malformed".into(),
            Err(UnitError::TooLarge { .. }) => "too large".into(),
            Err(UnitError::TooFine { .. }) => "too fine".into(),
        }
    }

    fn check<T: fmt::Debug>(parse: impl Fn(&str) -> Result<T, UnitError>, cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            assert_eq!(outcome(parse(text)), *expected, "{text:?}");
        }
    }

    #[test]
    fn cpu() {
        check(
            |text| Millicores::parse(text).map(|cpu| cpu.0),
            &[
                ("1", "1000"),
                ("0.5", "500"),
                ("500m", "500"),
                ("0", "0"),
                ("2.50", "2500"),
                (" 3 ", "3000"),
                ("0.0005", "too fine"),
                ("0.5m", "too fine"),
                ("", "malformed"),
                ("m", "malformed"),
                (".5", "malformed"),
                ("5.", "malformed"),
                ("1.2.3", "malformed"),
                ("-1", "malformed"),
                ("1e3", "malformed"),
                ("2 cores", "malformed"),
                ("99999999999999999999", "too large"),
            ],
        );
    }

    #[test]
    fn memory() {
        check(
            |text| Bytes::parse(text).map(|bytes| bytes.0),
            &[
                ("1Gi", "1073741824"),
                ("512Mi", "536870912"),
                ("64Ki", "65536"),
                ("2G", "2000000000"),
                ("100M", "100000000"),
                ("5K", "5000"),
                ("5k", "5000"),
                ("1.5Gi", "1610612736"),
                ("1048576", "1048576"),
                ("0.5", "too fine"),
                ("1.1Ki", "too fine"),
                ("1Ti", "malformed"),
                ("1gi", "malformed"),
                ("Gi", "malformed"),
                ("17179869184Gi", "too large"),
                ("999999999999999999999999999999999999999999Gi", "too large"),
                ("0.0000000000000000000000000000000000000001Gi", "too fine"),
            ],
        );
    }

    #[test]
    fn durations() {
        check(
            parse_duration_us,
            &[
                ("1us", "1"),
                ("250ms", "250000"),
                ("3s", "3000000"),
                ("1.5s", "1500000"),
                ("5m", "300000000"),
                ("1h", "3600000000"),
                ("0s", "0"),
                ("0.5us", "too fine"),
                ("3", "malformed"),
                ("s", "malformed"),
                ("3 s", "malformed"),
                ("3S", "malformed"),
                ("-3s", "malformed"),
                ("1m30s", "malformed"),
                ("6000000000h", "too large"),
            ],
        );
    }

    #[test]
    fn amounts_read_back_as_they_are_written() {
        for amount in [0, 1, 999, 1_000, 1_024, 1_500, 1 << 20, 3 << 29, u64::MAX / 1_000] {
            assert_eq!(Millicores::parse(&Millicores(amount).to_string()), Ok(Millicores(amount)));
            assert_eq!(Bytes::parse(&Bytes(amount).to_string()), Ok(Bytes(amount)));
        }
    }
}
