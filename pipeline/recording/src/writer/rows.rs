//! Rows of the two CSV formats as text.

use std::io::Write;

use piccolo_catalogue::{Scalar, Signal, Value};

use super::WriteError;
use crate::lines::LINE_BYTES_MAX;
use crate::{Sample, WriteError as Error};

/// What a row has at most beside its value: field, path, time and delay.
const REST_BYTES_MAX: usize = 2_048;

/// `t_us,signal,value` with the line's end.
pub(crate) fn long(sample: &Sample, signal: &Signal) -> Result<Vec<u8>, WriteError> {
    let mut row = format!("{},{},", sample.time_us, signal.path).into_bytes();
    push_value(&mut row, sample.value.as_ref(), signal)?;
    row.push(b'\n');
    Ok(row)
}

/// `current,signal,value,` up to the delay, which only the next row tells.
pub(crate) fn kuksa(sample: &Sample, signal: &Signal) -> Result<Vec<u8>, WriteError> {
    let mut row = format!("current,{},", signal.path).into_bytes();
    push_value(&mut row, sample.value.as_ref(), signal)?;
    row.push(b',');
    Ok(row)
}

/// The delay of a row, in seconds, with the line's end.
pub(crate) fn delay(delay_us: u64) -> Vec<u8> {
    let (seconds, micros) = (delay_us / 1_000_000, delay_us % 1_000_000);
    let text = format!("{seconds}.{micros:06}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}\n").into_bytes()
}

/// The value's text; nothing for none, and quotes where text needs them or would be nothing.
fn push_value(row: &mut Vec<u8>, value: Option<&Value>, signal: &Signal) -> Result<(), WriteError> {
    let Some(value) = value else { return Ok(()) };
    let text = match value {
        // Items of text may have commas: JSON keeps them apart.
        Value::List(_) if signal.datatype.scalar == Scalar::String => {
            serde_json::to_string(value).unwrap_or_default()
        }
        value => value.to_string(),
    };
    if text.contains(['\n', '\r']) {
        return Err(Error::LineEnd { signal: signal.path.clone() });
    }
    if text.len() * 2 + REST_BYTES_MAX > LINE_BYTES_MAX {
        return Err(Error::TooLong { signal: signal.path.clone() });
    }
    let plain = !text.is_empty()
        && text.trim() == text
        && !text.contains(['"', ','])
        && !text.starts_with('#');
    // Writing into a Vec cannot fail.
    let _ = if plain {
        write!(row, "{text}")
    } else {
        write!(row, "\"{}\"", text.replace('"', "\"\""))
    };
    Ok(())
}
