//! Drives in memory hold what the reader of recordings gives.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, SignalId, Value};
use piccolo_recording::{Item, Options, Reader, Sample};
use piccolo_workbench::drive::merge;
use piccolo_workbench::{Drive, DriveBuilder, DriveError};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/drives").join(name)
}

fn load(path: &Path) -> Drive {
    Drive::load("drive", path, Options::new(Catalogue::vss6())).unwrap()
}

fn read(path: &Path) -> Vec<Sample> {
    let reader = Reader::open(path, Options::new(Catalogue::vss6())).unwrap();
    let samples = reader.filter_map(|item| match item {
        Item::Sample(sample) => Some(sample),
        Item::Fault(_) => None,
    });
    samples.collect()
}

#[test]
fn a_drive_holds_every_sample_in_order_and_little_memory() {
    for name in ["city_udds.csv.gz", "mixed_wltc.csv.gz", "aggressive_us06.csv.gz"] {
        let drive = load(&fixture(name));
        let mut read = read(&fixture(name));
        assert!(read.len() > 10_000, "{name} has only {} samples", read.len());
        assert!(drive.iter().eq(read.iter().cloned()), "{name}");
        assert_eq!(drive.len(), read.len());
        assert_eq!(drive.span_us(), Some((read[0].time_us, read[read.len() - 1].time_us)));
        assert!(drive.memory_bytes() < 21 * drive.len(), "{} bytes", drive.memory_bytes());
        assert_eq!((drive.faults_count(), drive.faults().len()), (0, 0));
        // Only the wanted signals, at the wanted times.
        let wanted: Vec<SignalId> = drive.signals().map(|(signal, _)| signal).step_by(5).collect();
        let times = 60_000_000..=90_000_000;
        read.retain(|sample| wanted.contains(&sample.signal) && times.contains(&sample.time_us));
        assert!(read.len() > 100, "{}", read.len());
        assert!(drive.stream(&wanted, times).eq(read), "{name}");
    }
}

#[test]
fn the_sample_in_force_is_the_last_one_before() {
    let drive = load(&fixture("city_udds.csv.gz"));
    let samples = read(&fixture("city_udds.csv.gz"));
    let mut found = 0;
    for (signal, _) in drive.signals() {
        for time_us in (0..100_000_000).step_by(7_777_777).chain([u64::MAX]) {
            let before = |sample: &&Sample| sample.signal == signal && sample.time_us <= time_us;
            let expected = samples.iter().rfind(before);
            assert_eq!(drive.at(signal, time_us).as_ref(), expected);
            found += usize::from(expected.is_some());
        }
    }
    assert!(found > 300, "only {found}");
}

#[test]
fn drives_merge_by_time_then_drive() {
    let catalogue = Catalogue::vss6();
    let speed = catalogue.find("Vehicle.Speed").unwrap();
    let belted = catalogue.find("Vehicle.Cabin.Seat.Row1.DriverSide.IsBelted").unwrap();
    let drive = |samples: &[(u64, SignalId, Value)]| {
        let mut builder = DriveBuilder::new("drive", Arc::clone(&catalogue));
        for (line, (time_us, signal, value)) in (1..).zip(samples) {
            let (time_us, signal, value) = (*time_us, *signal, Some(value.clone()));
            builder.push(Sample { time_us, signal, value, line }).unwrap();
        }
        builder.finish()
    };
    let drives = [
        drive(&[(5, speed, 1.0.into()), (5, speed, 2.0.into()), (9, belted, true.into())]),
        drive(&[(4, belted, false.into()), (5, speed, 3.0.into()), (u64::MAX, speed, 4.0.into())]),
    ];
    let order = |times_us: std::ops::Range<u64>| -> Vec<(usize, u64, String)> {
        let merged = merge(&drives, &[speed, belted, speed], times_us);
        let text = |value: Option<Value>| value.map(|value| value.to_string()).unwrap_or_default();
        merged.map(|(drive, sample)| (drive, sample.time_us, text(sample.value))).collect()
    };
    let expected = [(1, 4, "false"), (0, 5, "1"), (0, 5, "2"), (1, 5, "3"), (0, 9, "true")];
    let expected = expected.map(|(drive, time_us, value)| (drive, time_us, value.to_owned()));
    assert_eq!(order(0..100), expected);
    assert_eq!(order(5..9), expected[1..4]);
    assert_eq!(merge(&drives, &[speed], ..).count(), 4);
}

#[test]
fn values_of_every_kind_come_back() {
    let catalogue = Catalogue::vss6();
    let of = |path: &str| catalogue.find(path).unwrap();
    let list = |items: &[&str]| Value::List(items.iter().copied().map(Value::from).collect());
    let samples = [
        ("Vehicle.Speed", Some(Value::Float(-0.5))),
        ("Vehicle.Speed", None),
        ("Vehicle.Powertrain.Transmission.CurrentGear", Some(Value::Int(-1))),
        ("Vehicle.Powertrain.Transmission.CurrentGear", None),
        ("Vehicle.Cabin.Seat.Row1.DriverSide.IsBelted", None),
        ("Vehicle.Cabin.Seat.Row1.DriverSide.IsBelted", Some(Value::Bool(true))),
        ("Vehicle.LowVoltageSystemState", Some(Value::from("ON"))),
        ("Vehicle.LowVoltageSystemState", Some(Value::from(""))),
        ("Vehicle.LowVoltageSystemState", None),
        ("Vehicle.Cabin.Infotainment.SmartphoneProjection.SupportedMode", Some(list(&["a,b"]))),
        ("Vehicle.Cabin.Infotainment.SmartphoneProjection.SupportedMode", Some(list(&["a", "b"]))),
        ("Vehicle.Cabin.Infotainment.SmartphoneProjection.SupportedMode", Some(list(&[]))),
    ];
    let mut builder = DriveBuilder::new("drive", Arc::clone(&catalogue));
    let samples: Vec<Sample> = (1..)
        .zip(samples)
        .map(|(line, (path, value))| Sample { time_us: 7, signal: of(path), value, line })
        .collect();
    for sample in &samples {
        builder.push(sample.clone()).unwrap();
    }
    assert!(builder.finish().iter().eq(samples));
}

#[test]
fn what_is_wrong_is_refused_or_counted() {
    let catalogue = Catalogue::vss6();
    let speed = catalogue.find("Vehicle.Speed").unwrap();
    let mut builder = DriveBuilder::new("drive", Arc::clone(&catalogue));
    let sample =
        |time_us, signal, value: Value| Sample { time_us, signal, value: Some(value), line: 1 };
    builder.push(sample(5, speed, 1.0.into())).unwrap();
    let backwards = builder.push(sample(4, speed, 1.0.into())).unwrap_err();
    assert!(matches!(backwards, DriveError::Backwards { time_us: 4, previous_us: 5, .. }));
    let kind = builder.push(sample(6, speed, true.into())).unwrap_err();
    assert_eq!(kind.to_string(), "`true` is no value of Vehicle.Speed; coerce it before");
    let nowhere = builder.push(sample(6, SignalId(u32::MAX), true.into())).unwrap_err();
    assert!(matches!(nowhere, DriveError::NoSignal(_)));
    assert_eq!(builder.finish().len(), 1);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.csv");
    let rows: String = (0..150).map(|time| format!("{time},Vehicle.Speed,fast\n")).collect();
    fs::write(&path, format!("t_us,signal,value\n{rows}1000,Vehicle.Speed,5\n")).unwrap();
    let drive = load(&path);
    assert_eq!((drive.len(), drive.faults_count(), drive.faults().len()), (1, 150, 100));
    let absent = Drive::load("x", &folder.path().join("no"), Options::new(catalogue));
    assert!(matches!(absent, Err(DriveError::Open(_))));
}
