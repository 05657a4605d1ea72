//! Random rules and samples that begin and end often.

use piccolo_catalogue::{Catalogue, SignalId, Value};

/// The signals of random rules; values of numbers are halves from -2 to 2, or integers.
pub(crate) const SIGNALS: [&str; 6] = [
    "Vehicle.Speed",
    "Vehicle.Acceleration.Longitudinal",
    "Vehicle.Powertrain.Transmission.CurrentGear",
    "Vehicle.Chassis.ParkingBrake.IsEngaged",
    "Vehicle.ADAS.CruiseControl.IsActive",
    "Vehicle.Body.Lights.Brake.IsActive",
];
const NUMBERS: usize = 3;
const BOOLS: [usize; 2] = [3, 4];
const TEXT: usize = 5;
const TEXTS: [&str; 3] = ["INACTIVE", "ACTIVE", "ADAPTIVE"];

/// One random sample: time, signal, value.
pub(crate) type Event = (u64, SignalId, Option<Value>);

/// Samples in order of time, several at one time, each signal at most once at one time.
pub(crate) fn events(rng: &mut fastrand::Rng, catalogue: &Catalogue, length: usize) -> Vec<Event> {
    let mut time_us = 0;
    let mut at_time: Vec<usize> = Vec::new();
    let mut events = Vec::with_capacity(length);
    while events.len() < length {
        let signal = rng.usize(..SIGNALS.len());
        if rng.u8(..3) > 0 || at_time.contains(&signal) {
            time_us += rng.u64(1..10);
            at_time.clear();
        }
        at_time.push(signal);
        let id = catalogue.find(SIGNALS[signal]).unwrap();
        events.push((time_us, id, (rng.u8(..25) > 0).then(|| value(rng, signal))));
    }
    events
}

fn value(rng: &mut fastrand::Rng, signal: usize) -> Value {
    match signal {
        2 => Value::Int(rng.i64(-2..3)),
        TEXT => Value::from(TEXTS[rng.usize(..3)]),
        signal if BOOLS.contains(&signal) => Value::Bool(rng.bool()),
        _ => Value::Float(rng.i64(-4..5) as f64 / 2.0),
    }
}

/// The text of a scenario with random conditions and timing.
pub(crate) fn scenario(rng: &mut fastrand::Rng, name: &str) -> String {
    let mut text = format!("scenario {name:?} {{ when {}", condition(rng, 2));
    if rng.u8(..4) == 0 {
        text.push_str(&format!(" until {}", condition(rng, 1)));
    }
    for clause in ["held", "cooldown"] {
        if rng.u8(..5) == 0 {
            text.push_str(&format!(" {clause} \"{}us\"", rng.u64(1..12)));
        }
    }
    text + " then launch(\"a\") }\n"
}

fn condition(rng: &mut fastrand::Rng, depth: u8) -> String {
    if depth == 0 || rng.u8(..3) == 0 {
        return atom(rng);
    }
    match rng.u8(..8) {
        0..=2 => format!("({} && {})", atom(rng), condition(rng, depth - 1)),
        3..=6 => format!("({} || {})", condition(rng, depth - 1), condition(rng, depth - 1)),
        _ => format!("!({})", condition(rng, depth - 1)),
    }
}

fn atom(rng: &mut fastrand::Rng) -> String {
    let number = SIGNALS[rng.usize(..NUMBERS)];
    let order = [">", ">=", "<", "<=", "==", "!="][rng.usize(..6)];
    let bool_signal = SIGNALS[BOOLS[rng.usize(..2)]];
    match rng.u8(..12) {
        0..=5 => format!("{number} {order} {:?}", rng.i64(-2..3) as f64 / 2.0),
        6 => format!("{number} {order} {}", SIGNALS[rng.usize(..NUMBERS)]),
        7 => format!("{number} + {} {order} 0.5", SIGNALS[rng.usize(..NUMBERS)]),
        8 => bool_signal.to_owned(),
        9 => format!("{} == {:?}", SIGNALS[TEXT], TEXTS[rng.usize(..3)]),
        10 => format!("{} in [0, 2, -1]", SIGNALS[2]),
        _ => format!("!{bool_signal}"),
    }
}
