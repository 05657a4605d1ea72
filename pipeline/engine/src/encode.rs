//! Names and values as the numbers that the operators work on, and back.

use std::sync::{Arc, RwLock};

use piccolo_catalogue::{Catalogue, Scalar, SignalId, Value};
use piccolo_operators::ids::{Slot, UNKNOWN, Vehicle};
use piccolo_script::Type;
use rustc_hash::FxHashMap;

use crate::decision_id::Digest;
use crate::error::EngineError;
use crate::facts::FactTable;

/// Vehicles of one engine.
pub const VEHICLES_MAX: usize = 1 << 22;
/// Different texts and lists of one engine.
pub const SYMBOLS_MAX: usize = 1 << 20;
/// The largest integer that a 64-bit float holds together with all smaller ones.
const EXACT_INTEGER_MAX: u64 = 1 << 53;

/// Texts and lists by number; shared with tests that run in worker threads.
#[derive(Debug, Default)]
pub(crate) struct Symbols(RwLock<SymbolTable>);

#[derive(Debug, Default)]
struct SymbolTable {
    values: Vec<Value>,
    numbers: FxHashMap<String, u32>,
}

impl Symbols {
    /// The number of a text or list, the same for equal ones.
    pub(crate) fn intern(&self, value: &Value) -> Result<u32, EngineError> {
        // A list and a text that print alike must not share a number.
        let key = match value {
            Value::Text(text) => format!("t{text}"),
            other => format!("l{other:?}"),
        };
        let mut table = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(number) = table.numbers.get(&key) {
            return Ok(*number);
        }
        let number = table.values.len();
        if number >= SYMBOLS_MAX {
            return Err(EngineError::Full { what: "different texts", max: SYMBOLS_MAX });
        }
        table.values.push(value.clone());
        table.numbers.insert(key, number as u32);
        Ok(number as u32)
    }

    pub(crate) fn value(&self, number: u32) -> Option<Value> {
        let table = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        table.values.get(number as usize).cloned()
    }
}

/// How the values of one signal become numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Encoding {
    Bool,
    Int,
    Float,
    Symbol,
}

impl Encoding {
    fn of(catalogue: &Catalogue, signal: SignalId) -> Option<Self> {
        let datatype = catalogue.get(signal)?.datatype;
        Some(match datatype.scalar {
            _ if datatype.array => Self::Symbol,
            Scalar::Boolean => Self::Bool,
            Scalar::String => Self::Symbol,
            Scalar::Float | Scalar::Double => Self::Float,
            _ => Self::Int,
        })
    }

    /// That of values of a type.
    pub(crate) fn of_type(kind_type: Type) -> Self {
        match kind_type {
            Type::Bool => Self::Bool,
            Type::Int => Self::Int,
            Type::Float => Self::Float,
            Type::Text | Type::List | Type::Any => Self::Symbol,
        }
    }

    /// The value of a number that is not unknown.
    pub(crate) fn decode(self, number: f64, symbols: &Symbols) -> Option<Value> {
        match self {
            Self::Bool => Some(Value::Bool(number != 0.0)),
            Self::Int => Some(Value::Int(number as i64)),
            Self::Float => Some(Value::Float(number)),
            Self::Symbol => symbols.value(number as u32),
        }
    }

    pub(crate) fn encode(
        self,
        value: &Value,
        symbols: &Symbols,
    ) -> Result<Option<f64>, EngineError> {
        Ok(match (self, value) {
            (Self::Bool, Value::Bool(value)) => Some(f64::from(u8::from(*value))),
            (Self::Int, Value::Int(value)) if value.unsigned_abs() > EXACT_INTEGER_MAX => {
                return Err(EngineError::TooLarge(*value));
            }
            (Self::Int | Self::Float, Value::Int(value)) => Some(*value as f64),
            (Self::Float, Value::Float(value)) if value.is_finite() => Some(*value),
            (Self::Symbol, Value::Text(_) | Value::List(_)) => {
                Some(f64::from(symbols.intern(value)?))
            }
            _ => None,
        })
    }
}

/// A vehicle's name, with what goes into the ids of its decisions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    pub(crate) name: Arc<str>,
    pub(crate) digest: Digest,
}

/// The tables of one engine.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) symbols: Arc<Symbols>,
    vehicles: Vec<Named>,
    vehicle_numbers: FxHashMap<Arc<str>, Vehicle>,
    /// The slot of each signal of the catalogue, once it is used.
    slots: Vec<Option<Slot>>,
    encodings: Vec<Option<Encoding>>,
    slots_used: Slot,
    pub(crate) facts: FactTable,
}

impl Names {
    pub(crate) fn new(catalogue: Arc<Catalogue>) -> Self {
        let encodings =
            catalogue.iter().map(|(signal, _)| Encoding::of(&catalogue, signal)).collect();
        Self {
            slots: vec![None; catalogue.len()],
            encodings,
            catalogue,
            symbols: Arc::default(),
            vehicles: Vec::new(),
            vehicle_numbers: FxHashMap::default(),
            slots_used: 0,
            facts: FactTable::default(),
        }
    }

    /// The number of a vehicle, given out in the order of first use.
    pub(crate) fn vehicle(&mut self, name: &str) -> Result<Vehicle, EngineError> {
        if let Some(vehicle) = self.vehicle_numbers.get(name) {
            return Ok(*vehicle);
        }
        if self.vehicles.len() >= VEHICLES_MAX {
            return Err(EngineError::Full { what: "vehicles", max: VEHICLES_MAX });
        }
        let name: Arc<str> = name.into();
        let vehicle = self.vehicles.len() as Vehicle;
        self.vehicles.push(Named { digest: Digest::of(&[&name]), name: Arc::clone(&name) });
        self.vehicle_numbers.insert(name, vehicle);
        Ok(vehicle)
    }

    /// The name of a vehicle; none for a number that was never given out.
    pub(crate) fn vehicle_name(&self, vehicle: Vehicle) -> Option<&Arc<str>> {
        self.vehicles.get(vehicle as usize).map(|named| &named.name)
    }

    /// A vehicle by name and digest; both empty for a number that was never given out.
    pub(crate) fn named(&self, vehicle: Vehicle) -> Named {
        self.vehicles.get(vehicle as usize).cloned().unwrap_or_default()
    }

    /// The slot of a signal, given out in the order of first use.
    pub(crate) fn slot(&mut self, signal: SignalId) -> Result<Slot, EngineError> {
        let known =
            self.slots.get(signal.0 as usize).ok_or(EngineError::UnknownSignal(signal.0))?;
        if let Some(slot) = known {
            return Ok(*slot);
        }
        let slot = self.next_slot();
        self.slots[signal.0 as usize] = Some(slot);
        Ok(slot)
    }

    /// The signals that have a slot.
    pub(crate) fn signal_slots(&self) -> impl Iterator<Item = (SignalId, Slot)> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(signal, slot)| Some((SignalId(signal as u32), (*slot)?)))
    }

    /// How many slots were given out.
    pub(crate) fn slots_used(&self) -> usize {
        self.slots_used as usize
    }

    /// A slot that was not given out before.
    pub(crate) fn next_slot(&mut self) -> Slot {
        self.slots_used += 1;
        self.slots_used - 1
    }

    /// A value of a signal as a number.
    pub(crate) fn encode(
        &self,
        signal: SignalId,
        value: Option<&Value>,
    ) -> Result<f64, EngineError> {
        let Some(value) = value else { return Ok(UNKNOWN) };
        let encoding = self.encoding(signal).ok_or(EngineError::UnknownSignal(signal.0))?;
        let number = encoding.encode(value, &self.symbols)?;
        number.ok_or_else(|| EngineError::WrongKind {
            path: self.path(signal).to_string(),
            value: value.to_string(),
        })
    }

    pub(crate) fn encoding(&self, signal: SignalId) -> Option<Encoding> {
        self.encodings.get(signal.0 as usize).copied().flatten()
    }

    pub(crate) fn path(&self, signal: SignalId) -> Arc<str> {
        self.catalogue.get(signal).map(|entry| Arc::clone(&entry.path)).unwrap_or_default()
    }
}
