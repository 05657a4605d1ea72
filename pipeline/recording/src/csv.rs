//! The two CSV formats: rows of bounded lines, read where they lie.
//!
//! A row never goes beyond its line, so that a stray quote costs one row and
//! not the rest of the file, and an empty field (a signal that became
//! unavailable) differs from a quoted empty one (empty text). General CSV
//! readers promise neither.

use std::borrow::Cow;

use crate::LineProblem;
use crate::context::Context;

pub(crate) const LONG_HEADER: [&str; 3] = ["t_us", "signal", "value"];
pub(crate) const KUKSA_HEADER: [&str; 4] = ["field", "signal", "value", "delay"];

const MICROS_PER_SECOND: u64 = 1_000_000;

/// Whether the line is that header, in letters of any case.
pub(crate) fn is_header(line: &[u8], header: &[&str]) -> bool {
    let mut names = header.iter();
    let mut fields = line.split(|byte| *byte == b',').map(|field| unquoted(field.trim_ascii()));
    let equal = fields
        .by_ref()
        .all(|field| names.next().is_some_and(|name| field.eq_ignore_ascii_case(name.as_bytes())));
    equal && names.next().is_none()
}

/// Reads one row of `t_us,signal,value`.
pub(crate) fn long_row(line: &[u8], context: &mut Context) {
    let [time, name, value] = match fields::<3>(line) {
        Ok(fields) => fields,
        Err(problem) => return context.unparsable(problem),
    };
    let Some(time_us) = digits(&time.bytes).and_then(|time_us| i64::try_from(time_us).ok()) else {
        return context.unparsable(LineProblem::Time);
    };
    let Some(time_us) = context.check_time(time_us) else {
        return;
    };
    if let Some(signal) = context.find(&name.bytes) {
        context.sample_text(time_us, signal, value.text());
    }
}

/// The clock of a Kuksa recording: each row says how long after it the next one comes.
#[derive(Debug, Default)]
pub(crate) struct KuksaClock {
    now_us: u64,
}

impl KuksaClock {
    /// Reads one row of `field,signal,value,delay`.
    pub(crate) fn row(&mut self, line: &[u8], context: &mut Context) {
        let [field, name, value, delay] = match fields::<4>(line) {
            Ok(fields) => fields,
            Err(problem) => return context.unparsable(problem),
        };
        let next_us = delay_us(&delay.bytes).and_then(|delay_us| self.now_us.checked_add(delay_us));
        let next_us = next_us.filter(|next_us| i64::try_from(*next_us).is_ok());
        let Some(next_us) = next_us else {
            return context.unparsable(LineProblem::Time);
        };
        let time_us = std::mem::replace(&mut self.now_us, next_us);
        match &*field.bytes {
            b"current" => {
                if let Some(signal) = context.find(&name.bytes) {
                    context.sample_text(time_us, signal, value.text());
                }
            }
            b"target" => context.notes.target_rows += 1,
            _ => context.unparsable(LineProblem::Field),
        }
    }
}

/// One field, without its quotes.
struct Field<'a> {
    bytes: Cow<'a, [u8]>,
    quoted: bool,
}

impl Field<'_> {
    /// The text of a value; an empty field without quotes has none.
    fn text(&self) -> Option<&[u8]> {
        (self.quoted || !self.bytes.is_empty()).then_some(&*self.bytes)
    }
}

fn fields<const N: usize>(line: &[u8]) -> Result<[Field<'_>; N], LineProblem> {
    const NO_FIELD: Field<'static> = Field { bytes: Cow::Borrowed(&[]), quoted: false };
    let mut fields = [const { NO_FIELD }; N];
    let mut rest = Some(line);
    for (index, place) in fields.iter_mut().enumerate() {
        let Some(remaining) = rest else {
            return Err(LineProblem::Fields { found: index, needed: N });
        };
        (*place, rest) = field(remaining)?;
    }
    match rest {
        None => Ok(fields),
        Some(_) => Err(LineProblem::Fields { found: N + 1, needed: N }),
    }
}

/// The first field of a row, and what comes after its comma.
fn field(row: &[u8]) -> Result<(Field<'_>, Option<&[u8]>), LineProblem> {
    let start = row.iter().take_while(|byte| **byte == b' ').count();
    if row.get(start) == Some(&b'"') {
        return quoted_field(&row[start + 1..]);
    }
    let (bytes, rest) = match row.iter().position(|byte| *byte == b',') {
        Some(comma) => (&row[..comma], Some(&row[comma + 1..])),
        None => (row, None),
    };
    Ok((Field { bytes: bytes.trim_ascii().into(), quoted: false }, rest))
}

/// The same, behind an opening quote.
fn quoted_field(row: &[u8]) -> Result<(Field<'_>, Option<&[u8]>), LineProblem> {
    let mut bytes = Vec::new();
    let mut rest = row;
    loop {
        let quote = rest.iter().position(|byte| *byte == b'"').ok_or(LineProblem::Quote)?;
        bytes.extend_from_slice(&rest[..quote]);
        rest = &rest[quote + 1..];
        if rest.first() != Some(&b'"') {
            break;
        }
        bytes.push(b'"');
        rest = &rest[1..];
    }
    let field = Field { bytes: bytes.into(), quoted: true };
    match rest.trim_ascii_start() {
        [] => Ok((field, None)),
        [b',', rest @ ..] => Ok((field, Some(rest))),
        _ => Err(LineProblem::Quote),
    }
}

fn unquoted(field: &[u8]) -> &[u8] {
    field.strip_prefix(b"\"").and_then(|field| field.strip_suffix(b"\"")).unwrap_or(field)
}

/// A decimal number without sign.
fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    })
}

/// Seconds as text, to whole microseconds; a plain decimal is read exactly.
fn delay_us(text: &[u8]) -> Option<u64> {
    seconds_us(text).or_else(|| {
        let seconds: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
        let micros = (seconds * MICROS_PER_SECOND as f64).round();
        // The conversion saturates, and the clock refuses what is too large.
        (seconds.is_finite() && seconds >= 0.0).then_some(micros as u64)
    })
}

/// `12`, `12.5` or `12.345678` seconds in microseconds; further digits are rounded.
pub(crate) fn seconds_us(text: &[u8]) -> Option<u64> {
    let dot = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
    let whole = digits(&text[..dot])?.checked_mul(MICROS_PER_SECOND)?;
    let fraction = text.get(dot + 1..).unwrap_or_default();
    let mut micros = 0;
    for place in 0..6 {
        let digit = fraction.get(place).copied().unwrap_or(b'0');
        micros = micros * 10 + u64::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    let further = fraction.get(6..).unwrap_or_default();
    if !further.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let round = u64::from(further.first().is_some_and(|digit| *digit >= b'5'));
    whole.checked_add(micros + round)
}
