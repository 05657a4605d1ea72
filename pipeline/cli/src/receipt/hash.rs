//! Hashes of what a replay is given: catalogue, rules, samples.

use blake3::Hasher;
use piccolo_catalogue::{Catalogue, Value, to_facts};
use piccolo_recording::Sample;

use super::{Revision, RulesPart};

/// The hash of all signals with their facts, in order of their paths.
pub(crate) fn of_catalogue(catalogue: &Catalogue) -> String {
    let mut hasher = Hasher::new();
    for line in to_facts(catalogue).lines().filter(|line| !line.starts_with('#')) {
        hasher.update(line.as_bytes()).update(b"\n");
    }
    hasher.finalize().to_string()
}

/// The hash of the names and revisions of rules, and of what is done by default.
pub(crate) fn of_rules(rules: &RulesPart) -> String {
    let mut hasher = Hasher::new();
    let mut take = |kind: &str, Revision { name, revision }: &Revision| {
        hasher.update(format!("{kind} {name:?} {revision}\n").as_bytes());
    };
    rules.scenarios.iter().for_each(|rule| take("scenario", rule));
    rules.policies.iter().for_each(|rule| take("policy", rule));
    hasher.update(format!("default {}\n", rules.default_allow).as_bytes());
    hasher.finalize().to_string()
}

/// The hash of the samples of one recording, as the engine gets them.
///
/// Of each sample count its time, place, signal and value. How the file was packed, or in which
/// format it was, does not; nor does what was a fault.
#[derive(Debug, Default)]
pub(crate) struct SampleHash {
    hasher: Hasher,
    samples: u64,
    buffer: Vec<u8>,
}

impl SampleHash {
    /// Takes the next sample, with the path of its signal.
    pub(crate) fn take(&mut self, sample: &Sample, path: &str) {
        let Self { hasher, samples, buffer } = self;
        buffer.clear();
        buffer.extend(sample.time_us.to_le_bytes());
        buffer.extend(sample.line.to_le_bytes());
        put_text(path, buffer);
        match &sample.value {
            Some(value) => put(value, buffer),
            None => buffer.push(b'-'),
        }
        hasher.update(buffer);
        *samples += 1;
    }

    /// How many there were, and their hash.
    pub(crate) fn finish(&self) -> (u64, String) {
        (self.samples, self.hasher.finalize().to_string())
    }
}

/// Appends a value so that no two values have one form.
fn put(value: &Value, buffer: &mut Vec<u8>) {
    match value {
        Value::Bool(value) => buffer.extend([b'b', u8::from(*value)]),
        Value::Int(value) => {
            buffer.push(b'i');
            buffer.extend(value.to_le_bytes());
        }
        Value::Float(value) => {
            buffer.push(b'f');
            buffer.extend(value.to_bits().to_le_bytes());
        }
        Value::Text(text) => {
            buffer.push(b't');
            put_text(text, buffer);
        }
        Value::List(items) => {
            buffer.push(b'l');
            buffer.extend((items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| put(item, buffer));
        }
    }
}

fn put_text(text: &str, buffer: &mut Vec<u8>) {
    buffer.extend((text.len() as u64).to_le_bytes());
    buffer.extend(text.as_bytes());
}
