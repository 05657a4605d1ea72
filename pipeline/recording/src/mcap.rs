//! The project's own format: MCAP with one channel of JSON messages a signal.
//!
//! Each channel has the signal's path as topic and a JSON schema; a message is
//! `{"value": ...}` at `log_time`, in nanoseconds since the recording's start.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;

use ::mcap::io::MessageReader;
use ::mcap::records::MessageHeader;
use ::mcap::sans_io::LinearReaderOptions;
use ::mcap::{McapError, McapResult};
use piccolo_catalogue::{Scalar, Signal, Value};
use rustc_hash::FxHashMap;
use serde_json::Value as Json;

use crate::context::Context;
use crate::reader::broken;
use crate::source::Content;
use crate::{FaultKind, LineProblem, Sample};

/// The most bytes of one record; this bounds what a broken length can make the reader take.
const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The most bytes of one message that is read as JSON.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;

const NANOS_PER_MICRO: u64 = 1_000;

/// The messages of a file, in its order.
pub(crate) struct Messages {
    messages: MessageReader<Content>,
}

impl Messages {
    pub(crate) fn new(content: Content) -> Self {
        let options = LinearReaderOptions::default()
            .with_prevalidate_chunk_crcs(true)
            .with_record_length_limit(RECORD_BYTES_MAX);
        Self { messages: MessageReader::new_with_options(content, options) }
    }

    /// Reads one message; false at the end.
    pub(crate) fn advance(&mut self, context: &mut Context) -> bool {
        let Some(message) = self.messages.next() else {
            return false;
        };
        context.line = context.line.saturating_add(1);
        match message {
            Ok(message) => {
                context.any = true;
                read(&message, context);
                true
            }
            Err(error) => {
                context.fault(match error {
                    McapError::UnexpectedEof => FaultKind::Truncated,
                    McapError::Io(error) => broken(&error),
                    error => FaultKind::Unreadable(error.to_string().into()),
                });
                false
            }
        }
    }
}

fn read(message: &::mcap::Message<'_>, context: &mut Context) {
    if message.channel.message_encoding != "json" || message.data.len() > MESSAGE_BYTES_MAX {
        return context.unparsable(LineProblem::Message);
    }
    let parsed: Result<BTreeMap<String, Json>, _> = serde_json::from_slice(&message.data);
    let value = match parsed.as_ref().map(|fields| fields.get("value")) {
        Ok(Some(Json::Null)) => None,
        Ok(Some(value)) => match value_of(value) {
            Some(value) => Some(value),
            None => return context.unparsable(LineProblem::Message),
        },
        Ok(None) | Err(_) => return context.unparsable(LineProblem::Message),
    };
    let Ok(time_us) = i64::try_from(message.log_time / NANOS_PER_MICRO) else {
        return context.unparsable(LineProblem::Time);
    };
    let Some(time_us) = context.check_time(time_us) else {
        return;
    };
    let Some(id) = context.find(message.channel.topic.as_bytes()) else {
        return;
    };
    let Some(signal) = context.signal(id) else {
        return;
    };
    let value = value.map(|value| signal.coerce(value)).transpose();
    context.sample(time_us, id, value);
}

/// A value from JSON; none for an object, null, or an array that has one.
pub(crate) fn value_of(json: &Json) -> Option<Value> {
    match json {
        Json::Bool(value) => Some(Value::Bool(*value)),
        Json::Number(number) => {
            number.as_i64().map(Value::Int).or_else(|| number.as_f64().map(Value::Float))
        }
        Json::String(text) => Some(Value::from(text.as_str())),
        Json::Array(items) => items.iter().map(value_of).collect::<Option<_>>().map(Value::List),
        Json::Null | Json::Object(_) => None,
    }
}

/// Writes samples to a file.
pub(crate) struct McapWriter {
    out: ::mcap::Writer<BufWriter<File>>,
    channels: FxHashMap<u32, u16>,
    sequence: u32,
}

impl McapWriter {
    pub(crate) fn new(out: BufWriter<File>) -> McapResult<Self> {
        let out = ::mcap::WriteOptions::new().library("piccolo").create(out)?;
        Ok(Self { out, channels: FxHashMap::default(), sequence: 0 })
    }

    /// Writes a sample; false where its time is too large for nanoseconds.
    pub(crate) fn write(&mut self, sample: &Sample, signal: &Signal) -> McapResult<bool> {
        let Some(log_time) = sample.time_us.checked_mul(NANOS_PER_MICRO) else {
            return Ok(false);
        };
        let channel_id = match self.channels.get(&sample.signal.0) {
            Some(id) => *id,
            None => self.add_channel(sample.signal.0, signal)?,
        };
        let message = BTreeMap::from([("value", &sample.value)]);
        let data = serde_json::to_vec(&message).map_err(|error| McapError::Io(error.into()))?;
        let (sequence, publish_time) = (self.sequence, log_time);
        self.sequence = sequence.wrapping_add(1);
        let header = MessageHeader { channel_id, sequence, log_time, publish_time };
        self.out.write_to_known_channel(&header, &data)?;
        Ok(true)
    }

    pub(crate) fn finish(mut self) -> McapResult<BufWriter<File>> {
        self.out.finish()?;
        Ok(self.out.into_inner())
    }

    fn add_channel(&mut self, id: u32, signal: &Signal) -> McapResult<u16> {
        let name = format!("piccolo.{}", signal.datatype);
        let schema =
            self.out.add_schema(&name, "jsonschema", schema(signal).to_string().as_bytes())?;
        let mut metadata = BTreeMap::from([("datatype".to_owned(), signal.datatype.to_string())]);
        if let Some(unit) = &signal.unit {
            metadata.insert("unit".to_owned(), unit.to_string());
        }
        let channel = self.out.add_channel(schema, &signal.path, "json", &metadata)?;
        self.channels.insert(id, channel);
        Ok(channel)
    }
}

/// The JSON schema of a signal's messages. That a value can be null is not said in it: viewers
/// know one type a field.
fn schema(signal: &Signal) -> Json {
    let scalar = match signal.datatype.scalar {
        Scalar::Boolean => "boolean",
        Scalar::String => "string",
        Scalar::Float | Scalar::Double => "number",
        _ => "integer",
    };
    let value = if signal.datatype.array {
        serde_json::json!({ "type": "array", "items": { "type": scalar } })
    } else {
        serde_json::json!({ "type": scalar })
    };
    serde_json::json!({ "type": "object", "properties": { "value": value } })
}
