//! What a test plays, as samples of the engine.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use piccolo_catalogue::{SignalId, Value};
use piccolo_engine::{Engine, Sample, Vehicle};
use piccolo_recording::Options;
use piccolo_script::{Fact, PlatformFact, Play, RuleSet, RuleTest};
use rustc_hash::FxHashSet;

use super::{DRIVES_KEPT_MAX, TestError, Tester, VEHICLE};
use crate::drive::Drive;

/// Values of a fact of the platform in order of time, for one vehicle, or else for all.
type Shared<'a> = (Option<Vehicle>, &'a Arc<PlatformFact>, Vec<(u64, Option<Value>)>);

/// All samples of a test, in order of time.
///
/// What is given comes first, then the plays in their order. A fact of the platform that no
/// vehicle is named for is the same for all: a vehicle has it from its own first sample on.
pub(super) fn samples(
    tester: &mut Tester,
    test: &RuleTest,
    engine: &mut Engine,
) -> Result<Vec<Sample>, TestError> {
    let own = engine.vehicle(VEHICLE)?;
    let mut samples = exists(tester, engine, own)?;
    let mut shared: Vec<Shared<'_>> = Vec::new();
    for (fact, value) in &test.given {
        let points = [(0, Some(value.clone()))];
        add(engine, (Some(own), None), fact, &points, &mut samples, &mut shared)?;
    }
    for play in &test.plays {
        match play {
            Play::Points { vehicle, fact, points } => {
                let named = vehicle.as_ref().map(|name| engine.vehicle(name)).transpose()?;
                let vehicles = (named.or(Some(own)), named);
                add(engine, vehicles, fact, points, &mut samples, &mut shared)?;
            }
            Play::Recording { file, from_us, to_us } => {
                let drive = drive(tester, test, file)?;
                recorded(engine, own, &drive, (*from_us, *to_us), &mut samples)?;
            }
        }
    }
    platform(engine, &shared, &mut samples)?;
    samples.sort_by_key(|sample| sample.time_us);
    Ok(samples)
}

/// Adds values of a fact: of a signal to the first vehicle, of the platform to the second or all.
fn add<'a>(
    engine: &mut Engine,
    (of_signal, of_platform): (Option<Vehicle>, Option<Vehicle>),
    fact: &'a Fact,
    points: &[(u64, Option<Value>)],
    samples: &mut Vec<Sample>,
    shared: &mut Vec<Shared<'a>>,
) -> Result<(), TestError> {
    match (fact, of_signal) {
        (Fact::Signal(signal, _), Some(vehicle)) => {
            for (time_us, value) in points {
                samples.push(engine.sample(vehicle, *signal, value.as_ref(), *time_us, 0)?);
            }
        }
        (Fact::Platform(fact), _) => shared.push((of_platform, fact, points.to_vec())),
        _ => {}
    }
    Ok(())
}

/// Adds facts of the platform once it is known when each vehicle begins to exist.
fn platform(
    engine: &mut Engine,
    shared: &[Shared<'_>],
    samples: &mut Vec<Sample>,
) -> Result<(), TestError> {
    let mut vehicles: Vec<(Vehicle, u64)> = Vec::new();
    for sample in samples.iter() {
        match vehicles.iter_mut().find(|(vehicle, _)| *vehicle == sample.vehicle) {
            Some((_, first_us)) => *first_us = sample.time_us.min(*first_us),
            None => vehicles.push((sample.vehicle, sample.time_us)),
        }
    }
    for (named, fact, points) in shared {
        let wanted: Vec<(Vehicle, u64)> = match named {
            Some(named) => vec![(*named, 0)],
            None => vehicles.clone(),
        };
        for (vehicle, first_us) in wanted {
            // What is in force when the vehicle begins to exist, and what comes after.
            let after = points.partition_point(|(time_us, _)| *time_us <= first_us);
            for (time_us, value) in &points[after.saturating_sub(1)..] {
                let time_us = first_us.max(*time_us);
                samples.push(engine.platform_sample(vehicle, fact, value.as_ref(), time_us, 0)?);
            }
        }
    }
    Ok(())
}

/// A sample that only says that the vehicle exists: no value, of a signal that no rule reads.
fn exists(
    tester: &Tester,
    engine: &mut Engine,
    vehicle: Vehicle,
) -> Result<Vec<Sample>, TestError> {
    let read = signals(&tester.rules);
    let mut all = tester.catalogue.iter().map(|(signal, _)| signal);
    let Some(signal) = all.find(|signal| !read.contains(signal)) else { return Ok(Vec::new()) };
    Ok(vec![engine.sample(vehicle, signal, None, 0, 0)?])
}

/// The signals that conditions read, also by way of other facts. Arguments of actions and
/// policies may read others; a signal without a value is to them what it was before.
fn signals(rules: &RuleSet) -> FxHashSet<SignalId> {
    let mut signals = FxHashSet::default();
    let mut facts: Vec<Fact> = rules.scenarios().flat_map(|one| one.facts.clone()).collect();
    while let Some(fact) = facts.pop() {
        match fact {
            Fact::Signal(signal, _) => {
                signals.insert(signal);
            }
            Fact::Derived(derived) => facts.extend(derived.over.reads()),
            _ => {}
        }
    }
    signals
}

/// A part of a recording: the values in force where it begins at time zero, then the others.
fn recorded(
    engine: &mut Engine,
    vehicle: Vehicle,
    drive: &Drive,
    (from_us, to_us): (u64, u64),
    samples: &mut Vec<Sample>,
) -> Result<(), TestError> {
    for (signal, _) in drive.signals() {
        if let Some(sample) = drive.at(signal, from_us) {
            samples.push(engine.sample(vehicle, signal, sample.value.as_ref(), 0, sample.line)?);
        }
    }
    let signals: Vec<SignalId> = drive.signals().map(|(signal, _)| signal).collect();
    for sample in drive.stream(&signals, from_us.saturating_add(1)..to_us) {
        let (time_us, value) = (sample.time_us - from_us, sample.value.as_ref());
        samples.push(engine.sample(vehicle, sample.signal, value, time_us, sample.line)?);
    }
    Ok(())
}

/// The recording that a test names: beside its rule file, or else in the current folder.
fn drive(tester: &mut Tester, test: &RuleTest, file: &Arc<str>) -> Result<Rc<Drive>, TestError> {
    let folder = Path::new(&*test.source.name).parent().unwrap_or_else(|| Path::new(""));
    let beside: PathBuf = folder.join(&**file);
    let path = if beside.exists() { beside } else { PathBuf::from(&**file) };
    if !path.exists() {
        return Err(TestError::NoRecording { file: Arc::clone(file) });
    }
    if let Some(drive) = tester.drives.get(&path) {
        return Ok(Rc::clone(drive));
    }
    let options = Options::new(Arc::clone(&tester.catalogue));
    let wrong = |source| TestError::Recording { file: Arc::clone(file), source };
    let drive = Rc::new(Drive::load(Arc::clone(file), &path, options).map_err(wrong)?);
    if drive.faults_count() > 0 {
        return Err(TestError::Faults { file: Arc::clone(file), count: drive.faults_count() });
    }
    if tester.drives.len() >= DRIVES_KEPT_MAX {
        tester.drives.clear();
    }
    tester.drives.insert(path, Rc::clone(&drive));
    Ok(drive)
}
