//! Random rules and samples of one vehicle, for engines that are put down and taken up again.

use piccolo_catalogue::{Catalogue, SignalId, Value};

/// The signals of random rules; values of numbers are halves from -2 to 2, or integers.
const SIGNALS: [&str; 6] = [
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

/// The text of a scenario over functions of time, which may ask about those before it.
pub(crate) fn asking_scenario(rng: &mut fastrand::Rng, number: usize) -> String {
    let mut text = format!("scenario \"r{number:02}\" {{ when {}", timed(rng, number, 2));
    if rng.u8(..4) == 0 {
        text.push_str(&format!(" until {}", timed(rng, number, 1)));
    }
    for clause in ["held", "cooldown"] {
        if rng.u8(..5) == 0 {
            text.push_str(&format!(" {clause} \"{}us\"", rng.u64(1..12)));
        }
    }
    text + " then launch(\"a\") }\n"
}

fn timed(rng: &mut fastrand::Rng, number: usize, depth: u8) -> String {
    if depth == 0 || rng.u8(..4) == 0 {
        return timed_atom(rng, number, 1);
    }
    match rng.u8(..8) {
        0..=2 => format!("({} && {})", timed_atom(rng, number, 1), timed(rng, number, depth - 1)),
        3..=6 => {
            format!("({} || {})", timed(rng, number, depth - 1), timed(rng, number, depth - 1))
        }
        _ => format!("!({})", timed(rng, number, depth - 1)),
    }
}

/// An atom with a function over time; `depth` is how many may stand inside each other.
fn timed_atom(rng: &mut fastrand::Rng, number: usize, depth: u8) -> String {
    let signal = SIGNALS[rng.usize(..NUMBERS)];
    let any = SIGNALS[rng.usize(..SIGNALS.len())];
    let order = [">", ">=", "<", "<="][rng.usize(..4)];
    let point = rng.i64(-2..3) as f64 / 2.0;
    let window = rng.u64(1..40);
    let inner = |rng: &mut fastrand::Rng| match depth {
        0 => atom(rng),
        _ => timed_atom(rng, number, depth - 1),
    };
    match rng.u8(..16) {
        0 => format!("avg({signal}, \"{window}us\") {order} {point:?}"),
        1 => format!("min({signal}, \"{window}us\") {order} {point:?}"),
        2 => format!("max({signal}, \"{window}us\") {order} avg({signal}, \"{window}us\")"),
        3 => format!("slope({signal}, \"{window}us\") {order} {:?}", point * 1e5),
        4 => format!("changed({any})"),
        5 => format!("rose({})", inner(rng)),
        6 => format!("fell({})", inner(rng)),
        7 => format!("count({}, \"{window}us\") {order} {}", inner(rng), rng.u8(0..4)),
        8 => format!("within({}, \"{window}us\")", inner(rng)),
        9 => format!("sequence([{}, {}], \"{window}us\")", inner(rng), inner(rng)),
        10 => format!("fresh({any}, \"{window}us\")"),
        11 => format!("age({any}) {order} 0.0000{:02}", rng.u8(0..30)),
        12 => format!("!known({any})"),
        13 if number > 0 => format!("scenario(\"r{:02}\").active", rng.usize(..number)),
        14 if number > 0 => {
            format!(
                "within(scenario(\"r{:02}\").active && {}, \"{window}us\")",
                rng.usize(..number),
                atom(rng)
            )
        }
        _ => atom(rng),
    }
}

/// The text of a scenario about the fleet; `own` is how many scenarios before it are not.
pub(crate) fn fleet_scenario(rng: &mut fastrand::Rng, number: usize, own: usize) -> String {
    let order = [">", ">=", "<", "<="][rng.usize(..4)];
    let count = |rng: &mut fastrand::Rng| match rng.u8(..4) {
        0 => format!("share({}) {order} 0.{}", timed_atom(rng, own, 1), rng.u8(..10)),
        1 => format!(
            "vehicles(scenario(\"r{:02}\").active) {order} {}",
            rng.usize(..own),
            rng.u8(..4)
        ),
        _ => format!("vehicles({}) {order} {}", timed(rng, own, 1), rng.u8(..4)),
    };
    let condition = match rng.u8(..5) {
        0 => format!("{} && {}", count(rng), timed_atom(rng, own, 0)),
        1 => format!("count({}, \"{}us\") {order} 2", count(rng), rng.u64(1..40)),
        2 => format!("{} || scenario(\"r{:02}\").active", count(rng), rng.usize(..number)),
        _ => count(rng),
    };
    let held = if rng.u8(..4) == 0 { " held \"3us\"" } else { "" };
    format!("scenario \"r{number:02}\" {{ when {condition}{held} then launch(\"a\") }}\n")
}
