//! The samples of one signal.

use piccolo_catalogue::{DataType, Scalar, SignalId, Value};
use piccolo_recording::Sample;
use rustc_hash::FxHashMap;

/// The samples of one signal, in order of time.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) signal: SignalId,
    times_us: Vec<u64>,
    lines: Vec<u32>,
    values: Values,
    /// Which samples made the signal unavailable, in order; few.
    unavailable: Vec<u32>,
}

#[derive(Debug)]
enum Values {
    Bools(Vec<bool>),
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    /// Texts and lists, by number in the drive's table.
    Numbered(Vec<u32>),
}

/// The texts and lists of a drive, each once.
#[derive(Debug, Default)]
pub(super) struct Table {
    values: Vec<Value>,
    /// By their text; only while the drive is made.
    numbers: FxHashMap<(bool, String), u32>,
}

impl Table {
    fn number(&mut self, value: Value) -> u32 {
        let key = (matches!(value, Value::List(_)), text(&value));
        *self.numbers.entry(key).or_insert_with(|| {
            self.values.push(value);
            self.values.len() as u32 - 1
        })
    }

    /// Forgets what only the making needs.
    pub(super) fn close(&mut self) {
        self.numbers = FxHashMap::default();
        self.values.shrink_to_fit();
    }
}

/// A text that differs where values do: items of lists may hold commas.
fn text(value: &Value) -> String {
    match value {
        Value::List(_) => format!("{value:?}"),
        other => other.to_string(),
    }
}

impl Column {
    pub(super) fn new(signal: SignalId, datatype: DataType) -> Self {
        let values = match datatype.scalar {
            _ if datatype.array => Values::Numbered(Vec::new()),
            Scalar::Boolean => Values::Bools(Vec::new()),
            Scalar::String => Values::Numbered(Vec::new()),
            scalar if scalar.is_integer() => Values::Ints(Vec::new()),
            _ => Values::Floats(Vec::new()),
        };
        let (times_us, lines, unavailable) = (Vec::new(), Vec::new(), Vec::new());
        Self { signal, times_us, lines, values, unavailable }
    }

    /// Adds a sample; gives back a value of another kind.
    pub(super) fn push(&mut self, sample: Sample, table: &mut Table) -> Result<(), Value> {
        match (&mut self.values, sample.value) {
            (Values::Bools(values), Some(Value::Bool(value))) => values.push(value),
            (Values::Ints(values), Some(Value::Int(value))) => values.push(value),
            (Values::Floats(values), Some(Value::Float(value))) => values.push(value),
            (Values::Numbered(values), Some(value @ (Value::Text(_) | Value::List(_)))) => {
                values.push(table.number(value));
            }
            (_, Some(value)) => return Err(value),
            (values, None) => {
                self.unavailable.push(self.times_us.len() as u32);
                match values {
                    Values::Bools(values) => values.push(false),
                    Values::Ints(values) => values.push(0),
                    Values::Floats(values) => values.push(0.0),
                    Values::Numbered(values) => values.push(0),
                }
            }
        }
        self.times_us.push(sample.time_us);
        self.lines.push(sample.line);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.times_us.len()
    }

    pub(super) fn first_us(&self) -> Option<u64> {
        self.times_us.first().copied()
    }

    pub(super) fn last_us(&self) -> Option<u64> {
        self.times_us.last().copied()
    }

    /// How many samples are before a time; all, without one.
    pub(super) fn position(&self, end_us: Option<u64>) -> usize {
        end_us.map_or(self.len(), |end_us| self.times_us.partition_point(|time| *time < end_us))
    }

    /// The time and line of a sample.
    pub(super) fn place(&self, index: usize) -> Option<(u64, u32)> {
        Some((*self.times_us.get(index)?, *self.lines.get(index)?))
    }

    pub(super) fn sample(&self, index: usize, table: &Table) -> Option<Sample> {
        let (time_us, line) = self.place(index)?;
        let available = self.unavailable.binary_search(&(index as u32)).is_err();
        let value = if available { self.values.get(index, table) } else { None };
        Some(Sample { time_us, signal: self.signal, value, line })
    }

    pub(super) fn shrunk(mut self) -> Self {
        self.times_us.shrink_to_fit();
        self.lines.shrink_to_fit();
        self.unavailable.shrink_to_fit();
        match &mut self.values {
            Values::Bools(values) => values.shrink_to_fit(),
            Values::Ints(values) => values.shrink_to_fit(),
            Values::Floats(values) => values.shrink_to_fit(),
            Values::Numbered(values) => values.shrink_to_fit(),
        }
        self
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let value = match self.values {
            Values::Bools(_) => size_of::<bool>(),
            Values::Ints(_) => size_of::<i64>(),
            Values::Floats(_) => size_of::<f64>(),
            Values::Numbered(_) => size_of::<u32>(),
        };
        let place = size_of::<u64>() + size_of::<u32>();
        self.times_us.capacity() * (place + value) + self.unavailable.capacity() * size_of::<u32>()
    }
}

impl Values {
    fn get(&self, index: usize, table: &Table) -> Option<Value> {
        match self {
            Self::Bools(values) => values.get(index).copied().map(Value::Bool),
            Self::Ints(values) => values.get(index).copied().map(Value::Int),
            Self::Floats(values) => values.get(index).copied().map(Value::Float),
            Self::Numbered(values) => table.values.get(*values.get(index)? as usize).cloned(),
        }
    }
}
