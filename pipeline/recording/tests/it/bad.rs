//! Bad files: each fault has its code and line, and never ends the reading.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use piccolo_catalogue::Catalogue;
use piccolo_recording::{Fault, Format, Item, OpenError, Options, Reader, Sample, Writer};

use crate::files::{fixture, read};

fn options() -> Options {
    Options::new(Catalogue::vss6())
}

/// `line code` of each fault.
fn codes(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(|fault| format!("{} {}", fault.line, fault.kind.code())).collect()
}

/// `line time value` of each sample.
fn shown(samples: &[Sample]) -> Vec<String> {
    let value =
        |sample: &Sample| sample.value.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    samples
        .iter()
        .map(|sample| format!("{} {} {}", sample.line, sample.time_us, value(sample)))
        .collect()
}

#[track_caller]
fn check(file: &str, options: Options, samples: &[&str], faults: &[&str]) -> Vec<Fault> {
    let (found, found_faults, _) = read(&fixture(&format!("recordings/bad/{file}")), options);
    assert_eq!(shown(&found), samples, "{file}");
    assert_eq!(codes(&found_faults), faults, "{file}");
    found_faults
}

#[test]
fn rows_of_long_csv() {
    let faults = check(
        "rows.csv",
        options(),
        &["2 0 10", "17 30 30", "23 30 32"],
        &[
            "3 F0001", "4 F0001", "5 F0001", "6 F0001", "7 F0001", "8 F0001", "9 F0002",
            "10 F0002", "11 F0002", "12 F0003", "13 F0003", "14 F0003", "15 F0003", "16 F0003",
            "18 F0004", "19 F0001", "20 F0001", "21 F0001", "22 F0002",
        ],
    );
    let says: Vec<_> = faults.iter().map(|fault| fault.kind.to_string()).collect();
    assert_eq!(says[0], "cannot read it: 1 fields where 3 are needed");
    assert_eq!(says[2], "cannot read it: 4 fields where 3 are needed");
    assert_eq!(says[3], "cannot read it: the time is no number that fits");
    assert_eq!(says[6], "no signal `Vehicle.Sped`; `Vehicle.Speed` is most like it");
    assert_eq!(says[7], says[6]);
    assert_eq!(says[8], "no signal `zzz`");
    let steering = "the value of Vehicle.Chassis.SteeringWheel.Angle does not fit: -457.3 has a fraction, and int16 has none";
    assert_eq!(says[11], steering);
    assert_eq!(says[14], "time runs backwards: 29 us after 30 us");
    let whole = faults[11].to_string();
    assert!(whole.ends_with(&format!("rows.csv:14: F0003 {steering}")), "{whole}");
}

#[test]
fn what_is_tolerated() {
    let rows = ["4 0 12.5", "6 10 13", "7 10 AC\"T,IVE", "8 20 -", "9 30 ", "10 40 14"];
    check("tolerated.csv", options(), &rows, &[]);
}

#[test]
fn rows_of_kuksa_csv() {
    let rows = ["2 0 48", "4 1500000 49", "8 1500001 53", "10 1501001 -", "11 1501001 55"];
    check("kuksa.csv", options(), &rows, &["5 F0001", "6 F0001", "7 F0001", "9 F0001"]);
    let (_, _, notes) = read(&fixture("recordings/bad/kuksa.csv"), options());
    assert_eq!(notes.target_rows, 1);
}

#[test]
fn rows_of_candump() {
    let dbc = Some(fixture("recordings/own.dbc"));
    let map = Some(fixture("recordings/own_map.yaml"));
    let samples = ["1 0 12.5", "5 2 32767.5"];
    check(
        "candump.log",
        Options { dbc, map, ..options() },
        &samples,
        &["2 F0004", "3 F0001", "4 F0001"],
    );
}

#[test]
fn long_and_empty() {
    check("long_line.csv", options(), &["3 5 5"], &["2 F0007"]);
    for file in ["empty.csv", "comments_only.csv", "header_only.csv"] {
        let faults = check(file, options(), &[], &["0 F0006"]);
        assert_eq!(faults[0].kind.to_string(), "the file holds no samples");
    }
}

#[test]
fn what_cannot_be_opened() {
    let open = |file: &str, options: Options| match Reader::open(
        &fixture(&format!("recordings/bad/{file}")),
        options,
    ) {
        Ok(reader) => format!("{:?}", reader.format()),
        Err(OpenError::Io { .. }) => "Io".to_owned(),
        Err(error) => format!("{error:?}").split([' ', '{', '(']).next().unwrap().to_owned(),
    };
    assert_eq!(open("absent.csv", options()), "Io");
    assert_eq!(open("../bad", options()), "Io");
    assert_eq!(open("unknown.txt", options()), "UnknownFormat");
    assert_eq!(open("binary.bin", options()), "UnknownFormat");
    assert_eq!(open("candump.log", options()), "DatabaseNeeded");
    assert_eq!(open("empty.csv", options()), "None");
    assert_eq!(
        open("unknown.txt", Options { format: Some(Format::LongCsv), ..options() }),
        "Some(LongCsv)"
    );
    let absent = |name: &str| Some(fixture(name));
    let own = || absent("recordings/own.dbc");
    assert_eq!(
        open("candump.log", Options { dbc: absent("x"), map: absent("x"), ..options() }),
        "Database"
    );
    assert_eq!(open("candump.log", Options { dbc: own(), map: absent("x"), ..options() }), "Map");
}

fn rows(count: u64) -> String {
    let row =
        |n: u64| format!("{},Vehicle.Speed,{}\n", n * 10, n.wrapping_mul(2_654_435_761) % 100_000);
    format!("t_us,signal,value\n{}", (0..count).map(row).collect::<String>())
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn gzip_of_several_members_and_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    // The name says nothing: the content does.
    let path = folder.path().join("drive.csv");
    let text = rows(100_000);
    let (first, second) = text.split_at(1_000_003);
    fs::write(&path, [gzip(first), gzip(second)].concat()).unwrap();
    let (samples, faults, _) = read(&path, options());
    assert_eq!((samples.len(), faults.len()), (100_000, 0));

    let whole = gzip(&text);
    for kept in [3, 12, 1_000, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..kept]).unwrap();
        // A file that is cut off within its first rows may have lost what tells its format.
        let given = Options { format: Some(Format::LongCsv), ..options() };
        let (samples, faults, _) = read(&path, given);
        let codes: Vec<_> = faults.iter().map(|fault| fault.kind.code()).collect();
        assert_eq!(codes, ["F0005"], "{kept} of {}", whole.len());
        // The checksum at the end is all that is missing in the last case.
        assert!(samples.len() < 100_000 || kept == whole.len() - 1);
        assert!(faults[0].line as usize > samples.len());
    }
    let mut broken = whole.clone();
    broken[whole.len() / 2..].fill(0x55);
    fs::write(&path, broken).unwrap();
    let (samples, faults, _) = read(&path, options());
    assert!(samples.len() < 100_000);
    let last = faults.last().unwrap().kind.code();
    assert!(last == "F0008" || last == "F0005", "{last}");
}

#[test]
fn mcap_cut_off_and_broken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drive.mcap");
    let catalogue = Catalogue::vss6();
    let signal = catalogue.find("Vehicle.Speed").unwrap();
    let mut writer = Writer::create(&path, Format::Mcap, catalogue).unwrap();
    for time_us in 0..200_000 {
        let value = Some((time_us as f64 / 7.0).into());
        writer.write(&Sample { time_us, signal, value, line: 0 }).unwrap();
    }
    writer.finish().unwrap();
    let whole = fs::read(&path).unwrap();
    for kept in [8, 60, whole.len() / 3, whole.len() / 2] {
        fs::write(&path, &whole[..kept]).unwrap();
        let (samples, faults, _) = read(&path, options());
        assert_eq!(
            faults.iter().map(|fault| fault.kind.code()).collect::<Vec<_>>(),
            ["F0005"],
            "{kept}"
        );
        assert!(samples.len() < 200_000);
    }
    let mut broken = whole.clone();
    // Well within the first chunk; much of the rest are indexes, which are not read.
    broken[5_000] ^= 0xff;
    fs::write(&path, broken).unwrap();
    let (samples, faults, _) = read(&path, options());
    assert_eq!(codes(&faults), [format!("{} F0008", samples.len() + 1)]);
    fs::write(&path, [&whole[..8], &[0x05; 64]].concat()).unwrap();
    let (samples, faults, _) = read(&path, options());
    assert_eq!((samples.len(), faults.len()), (0, 1));
}

#[test]
fn messages_of_other_mcap_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.mcap");
    let mut out =
        mcap::Writer::new(std::io::BufWriter::new(fs::File::create(&path).unwrap())).unwrap();
    let none = std::collections::BTreeMap::new();
    let speed = out.add_channel(0, "Vehicle.Speed", "json", &none).unwrap();
    let other = out.add_channel(0, "/camera", "json", &none).unwrap();
    let binary = out.add_channel(0, "Vehicle.Speed.raw", "protobuf", &none).unwrap();
    let messages = [
        (speed, 5_999, r#"{"value": 1, "quality": 3}"#),
        (speed, 6_000, r#"{"value": null}"#),
        (speed, 7_000, r#"{"speed": 1}"#),
        (speed, 7_000, "not json"),
        (speed, 7_000, r#"{"value": {"x": 1}}"#),
        (speed, 7_000, r#"{"value": "fast"}"#),
        (other, 7_000, r#"{"value": 1}"#),
        (binary, 7_000, r#"{"value": 1}"#),
        (speed, 4_000, r#"{"value": 1}"#),
        (speed, u64::MAX, r#"{"value": 9}"#),
    ];
    for (channel_id, log_time, text) in messages {
        let header =
            mcap::records::MessageHeader { channel_id, sequence: 0, log_time, publish_time: 0 };
        out.write_to_known_channel(&header, text.as_bytes()).unwrap();
    }
    out.finish().unwrap();
    let (samples, faults, _) = read(&path, options());
    assert_eq!(shown(&samples), ["1 5 1", "2 6 -", "10 18446744073709551 9"]);
    let expected = ["3 F0001", "4 F0001", "5 F0001", "6 F0003", "7 F0002", "8 F0001", "9 F0004"];
    assert_eq!(codes(&faults), expected);
}

#[test]
fn many_unknown_names_stay_cheap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("names.csv");
    let rows: String = (0..100_000).map(|n| format!("{n},Vehicle.Sped{n},1\n")).collect();
    fs::write(&path, format!("t_us,signal,value\n{rows}")).unwrap();
    let reader = Reader::open(&path, options()).unwrap();
    assert_eq!(reader.filter(|item| matches!(item, Item::Fault(_))).count(), 100_000);
}

#[test]
fn progress_ends_at_the_size() {
    let path = fixture("recordings/bad/rows.csv");
    let mut reader = Reader::open(&path, options()).unwrap();
    let total = fs::metadata(&path).unwrap().len();
    assert_eq!(reader.bytes_total(), total);
    while reader.next().is_some() {}
    assert_eq!((reader.bytes_read(), reader.next()), (total, None));
}

#[test]
fn a_reader_goes_to_another_thread() {
    let reader = Reader::open(&fixture("recordings/bad/rows.csv"), options()).unwrap();
    assert_eq!(std::thread::spawn(move || reader.count()).join().unwrap(), 22);
}
