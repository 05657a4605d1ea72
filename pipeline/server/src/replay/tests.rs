//! Merging, cutting and naming of recordings.

use std::fs;

use piccolo_catalogue::Catalogue;

use super::*;

fn open(files: &[(&str, &str)]) -> Replay {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (name, rows) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("t_us,signal,value\n{rows}")).unwrap();
        paths.push(path);
    }
    Replay::open(&paths, &Options::new(Catalogue::vss6())).unwrap()
}

fn told(tick: &Tick) -> String {
    let samples =
        tick.samples.iter().map(|sample| format!(" {}@{}", sample.vehicle, sample.time_us));
    format!("{}:{}", tick.tick_us, samples.collect::<String>())
}

#[test]
fn drives_are_merged_by_time_and_cut_at_the_horizon() {
    let files = [
        ("a.csv", "0,Vehicle.Speed,1\n20,Vehicle.Speed,2\n40,Vehicle.Speed,3\n"),
        ("b.csv", "10,Vehicle.Speed,1\n20,Vehicle.Speed,nonsense\n20,Vehicle.Speed,2\n"),
    ];
    let mut replay = open(&files);
    let cases = [
        (0, "0:"),
        (20, "20: a@0 b@10"),
        (21, "21: a@20 b@20"),
        (30, "30:"),
        (u64::MAX, "41: a@40"),
    ];
    for (horizon_us, expected) in cases {
        assert_eq!(told(&replay.tick(horizon_us)), expected);
    }
    assert_eq!(replay.next, None);
    assert_eq!(replay.faults, 1);
}

#[test]
fn a_tick_is_bounded() {
    let rows: String = (0..TICK_SAMPLES_MAX + 1).map(|_| "5,Vehicle.Speed,1\n").collect();
    let mut replay = open(&[("a.csv", &rows)]);
    let first = replay.tick(u64::MAX);
    let second = replay.tick(u64::MAX);
    assert_eq!((first.tick_us, first.samples.len()), (5, TICK_SAMPLES_MAX));
    assert_eq!((second.tick_us, second.samples.len()), (6, 1));
}

#[test]
fn vehicles_are_called_as_their_files() {
    let replay = open(&[
        ("x/city.csv", ""),
        ("y/city.csv", ""),
        ("city-2.csv", ""),
        ("z/city.mixed.csv", ""),
    ]);
    let names: Vec<_> = replay.vehicles.iter().map(|name| &**name).collect();
    assert_eq!(names, ["city", "city-2", "city-2-2", "city-3"]);
}

#[test]
fn speeds_are_numbers_above_zero_or_max() {
    let cases = [
        ("1", Some(Speed::Times(1.0))),
        ("10", Some(Speed::Times(10.0))),
        ("0.5", Some(Speed::Times(0.5))),
        ("max", Some(Speed::Max)),
        ("0", None),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        ("fast", None),
    ];
    for (text, expected) in cases {
        assert_eq!(text.parse().ok(), expected, "{text}");
    }
}
