//! From the lines of a candump log to samples, by database and signal map.

use piccolo_catalogue::{Signal, Value, ValueError};

use super::database::{Database, Message, Reading};
use super::frame::{Frame, Payload};
use super::layout::Raw;
use super::map::{Conversion, Entry, SignalMap};
use crate::LineProblem;
use crate::context::Context;

/// The reader of a log's lines.
pub(crate) struct CandumpRows {
    database: Database,
    map: SignalMap,
    /// The time of the first frame, which becomes 0.
    start_us: Option<u64>,
}

impl CandumpRows {
    pub(crate) fn new(database: Database, map: SignalMap) -> Self {
        Self { database, map, start_us: None }
    }

    /// Reads one line.
    pub(crate) fn row(&mut self, line: &[u8], context: &mut Context) {
        let Some(frame) = Frame::parse(line) else {
            return context.unparsable(LineProblem::Frame);
        };
        let start_us = *self.start_us.get_or_insert(frame.time_us);
        let Some(since_us) = signed_difference(frame.time_us, start_us) else {
            return context.unparsable(LineProblem::Time);
        };
        let Some(time_us) = context.check_time(since_us) else {
            return;
        };
        if !matches!(frame.payload, Payload::Data { .. }) {
            context.notes.other_frames += 1;
            return;
        }
        let Some(message) = self.database.message(frame.id) else {
            context.notes.unmapped_frames += 1;
            return;
        };
        let on_bus =
            |entry: &&Entry| entry.bus.as_ref().is_none_or(|bus| bus.as_bytes() == frame.bus);
        let mut entries = self.map.entries(frame.id).iter().filter(on_bus).peekable();
        if entries.peek().is_none() {
            context.notes.unmapped_frames += 1;
        }
        for entry in entries {
            sample(entry, message, frame.payload.data(), time_us, context);
        }
    }
}

fn sample(entry: &Entry, message: &Message, data: &[u8], time_us: u64, context: &mut Context) {
    if let Some(guard) = &entry.guard {
        match message.read(guard.signal, data) {
            Reading::Raw(raw) if raw.as_i64() == Some(guard.value) => {}
            Reading::TooShort => {
                context.notes.short_frame_signals += 1;
                return;
            }
            Reading::Raw(_) | Reading::NotSelected => {
                context.notes.invalid_values += 1;
                return;
            }
        }
    }
    match message.read(entry.source, data) {
        Reading::NotSelected => {}
        Reading::TooShort => context.notes.short_frame_signals += 1,
        Reading::Raw(raw) => {
            let Some(signal) = context.signal(entry.target) else {
                return;
            };
            match entry.conversion.value(raw, signal) {
                Some(value) => context.sample(time_us, entry.target, value.map(Some)),
                None => context.notes.unlisted_values += 1,
            }
        }
    }
}

impl Conversion {
    /// The value of a raw number; none where the list does not have it.
    fn value(&self, raw: Raw, signal: &Signal) -> Option<Result<Value, ValueError>> {
        match self {
            Self::Values(values) => raw.as_i64().and_then(|raw| values.get(&raw)).cloned().map(Ok),
            Self::Boolean { factor, offset } => {
                let number = raw.as_f64() * factor + offset;
                let value = if number == 0.0 {
                    Value::Bool(false)
                } else if number == 1.0 {
                    Value::Bool(true)
                } else {
                    Value::Float(number)
                };
                Some(signal.coerce(value))
            }
            Self::Linear { factor, offset, scale, shift, decimals } => {
                // A number that is taken as it is keeps all its digits.
                if [*factor, *scale] == [1.0, 1.0]
                    && [*offset, *shift] == [0.0, 0.0]
                    && let Some(number) = raw.as_i64()
                {
                    return Some(signal.coerce(Value::Int(number)));
                }
                let number = (raw.as_f64() * factor + offset) * scale + shift;
                let number = decimals.map_or(number, |decimals| rounded(number, decimals));
                Some(signal.coerce(Value::Float(number)))
            }
        }
    }
}

/// The number rounded half to even at that many decimals.
fn rounded(number: f64, decimals: u32) -> f64 {
    let power = 10_f64.powi(decimals as i32);
    let rounded = (number * power).round_ties_even() / power;
    // What is too large for the power has no such decimals.
    if rounded.is_finite() { rounded } else { number }
}

fn signed_difference(time_us: u64, start_us: u64) -> Option<i64> {
    i64::try_from(i128::from(time_us) - i128::from(start_us)).ok()
}
