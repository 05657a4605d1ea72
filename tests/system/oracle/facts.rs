//! The facts of random worlds, and random values of them.

use piccolo_catalogue::Value;

/// Facts that are numbers: halves from -2 to 2, or integers for the gear.
pub(crate) const NUMBERS: [&str; 5] = [
    "Vehicle.Speed",
    "Vehicle.Acceleration.Longitudinal",
    GEAR,
    "node(\"hpc\").cpu",
    "node(\"hpc\").memory",
];
const GEAR: &str = "Vehicle.Powertrain.Transmission.CurrentGear";

/// Facts that are true or false.
pub(crate) const TRUTHS: [&str; 3] = [
    "Vehicle.Chassis.ParkingBrake.IsEngaged",
    "Vehicle.ADAS.CruiseControl.IsActive",
    "alert(\"hot\").active",
];

/// Facts that are texts, with what they can be here.
pub(crate) const TEXTS: [(&str, &[&str]); 4] = [
    ("Vehicle.Body.Lights.Brake.IsActive", &["INACTIVE", "ACTIVE", "ADAPTIVE"]),
    ("node(\"hpc\").state", &["ready", "gone"]),
    ("package(\"a\").state", &["running", "idle"]),
    ("model(\"m\").state", &["dead", "running"]),
];

/// The fact that is a list, with what can be its only item here.
pub(crate) const LIST: (&str, &[&str]) = (
    "Vehicle.Cabin.Infotainment.SmartphoneProjection.SupportedMode",
    &["ANDROID_AUTO", "MIRROR_LINK"],
);

/// How many facts samples can be of.
pub(crate) const FACTS: usize = NUMBERS.len() + TRUTHS.len() + TEXTS.len() + 1;

/// The text of the fact with this number.
pub(crate) fn text(fact: usize) -> &'static str {
    let texts = TEXTS.iter().map(|(text, _)| *text);
    let mut all = NUMBERS.into_iter().chain(TRUTHS).chain(texts).chain([LIST.0]);
    all.nth(fact).unwrap()
}

/// The number of a fact, more often one that many rules ask about.
pub(crate) fn pick(rng: &mut fastrand::Rng) -> usize {
    match rng.bool() {
        true => rng.usize(..3),
        false => rng.usize(..FACTS),
    }
}

/// A value that the fact can have; none makes it unavailable.
pub(crate) fn value(rng: &mut fastrand::Rng, fact: usize) -> Option<Value> {
    if rng.u8(..20) == 0 {
        return None;
    }
    let text = text(fact);
    let texts = TEXTS.iter().find(|(known, _)| *known == text);
    let one_of =
        |rng: &mut fastrand::Rng, from: &[&str]| Value::from(from[rng.usize(..from.len())]);
    Some(match texts {
        Some((_, values)) => one_of(rng, values),
        None if text == GEAR => Value::Int(rng.i64(-2..3)),
        None if text == LIST.0 => Value::List(vec![one_of(rng, LIST.1)].into()),
        None if TRUTHS.contains(&text) => Value::Bool(rng.bool()),
        None => Value::Float(rng.i64(-4..5) as f64 / 2.0),
    })
}
