//! The shipped drives: every row of every one is read, and its speed told.

use std::time::Instant;

use piccolo_recording::{Format, Item, Options, Reader, Sample, Writer};

use crate::files::{catalogue, read, shared};

#[test]
fn every_shipped_drive_is_read() {
    let cases = [
        ("css_commute_am_2021-07-26/signals_vss6.csv.gz", 998_061, 19, 0),
        ("rav4_2017_comma2k19/signals_vss6.csv.gz", 58_711, 32, 0),
        ("subaru_wrx_sti_accessport/signals_vss6.csv.gz", 144_264, 8, 0),
        ("kit_seat_leon/2017-07-10_Seat_Leon_KA_KA_Stau.signals_vss6.csv.gz", 4_767, 8, 0),
        (
            "kit_seat_leon/2017-08-07_Seat_Leon_RT_KA_Frei_Vollbremsung.signals_vss6.csv.gz",
            14_055,
            8,
            0,
        ),
        ("kit_seat_leon/2018-02-27_Seat_Leon_KA_KA_Normal.signals_vss6.csv.gz", 6_307, 8, 0),
    ];
    for (file, samples, signals, faults) in cases {
        let Some(path) = shared(file) else { return };
        let mut reader = Reader::open(&path, Options::new(catalogue())).unwrap();
        assert_eq!(reader.format(), Some(Format::LongCsv));
        let begin = Instant::now();
        let (mut found, mut faulty, mut last_us, mut ids) =
            (0, 0, 0, std::collections::BTreeSet::new());
        for item in &mut reader {
            match item {
                Item::Sample(sample) => {
                    assert!(sample.time_us >= last_us);
                    last_us = sample.time_us;
                    ids.insert(sample.signal);
                    found += 1;
                }
                Item::Fault(_) => faulty += 1,
            }
        }
        println!("{file}: {:.0} rows a second", f64::from(found) / begin.elapsed().as_secs_f64());
        assert_eq!((file, found, ids.len(), faulty), (file, samples, signals, faults));
        assert_eq!(reader.bytes_read(), reader.bytes_total());
    }
}

#[test]
fn a_drive_goes_through_every_written_format() {
    let Some(path) = shared("rav4_2017_comma2k19/signals_vss6.csv.gz") else {
        return;
    };
    let catalogue = catalogue();
    let (samples, _, _) = read(&path, Options::new(catalogue.clone()));
    let folder = tempfile::tempdir().unwrap();
    for (file, format) in [
        ("drive.csv.gz", Format::LongCsv),
        ("drive_kuksa.csv", Format::KuksaCsv),
        ("drive.mcap", Format::Mcap),
    ] {
        let path = folder.path().join(file);
        let mut writer = Writer::create(&path, format, catalogue.clone()).unwrap();
        for sample in &samples {
            writer.write(sample).unwrap();
        }
        writer.finish().unwrap();
        let (found, faults, _) = read(&path, Options::new(catalogue.clone()));
        assert_eq!((found.len(), faults.len()), (samples.len(), 0), "{file}");
        let equal = |(a, b): &(&Sample, &Sample)| {
            (a.time_us, a.signal, &a.value) == (b.time_us, b.signal, &b.value)
        };
        let equal = found.iter().zip(&samples).filter(equal).count();
        assert_eq!(equal, 58_711, "{file}");
    }
}
