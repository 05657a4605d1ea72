//! Mutated rows, frames and DBC files: each is read or is a fault, nothing panics, and time never
//! runs backwards.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use piccolo_catalogue::Catalogue;
use piccolo_recording::can::Database;
use piccolo_recording::{Format, Options};

use crate::files::{fixture, read, shared};
use crate::mutation::{Mutation, at_root, files, kept};

const NUMBERS_AND_NAMES: [&str; 28] = [
    ",",
    ",,",
    "\"",
    "\"\"",
    "\n",
    "\r\n",
    "#",
    "-",
    "+",
    ".",
    "e",
    "0",
    "-1",
    "1e308",
    "1e-400",
    "NaN",
    "inf",
    "9223372036854775807",
    "18446744073709551616",
    "0.1",
    "true",
    "[1,2",
    "]",
    "Vehicle.Speed",
    "current",
    "target",
    "t_us,signal,value\n",
    "\u{feff}",
];

const FRAMES: [&str; 20] = [
    "(",
    ")",
    " ",
    "#",
    "##",
    "##1",
    "#R",
    "#R8",
    "\n",
    "can0",
    "010",
    "00000010",
    "20000004",
    "(1.000000)",
    "(99999999999999999999.999999)",
    "(-1.0)",
    "FFFFFFFFFFFFFFFF",
    "0",
    "G",
    ".",
];

const STATEMENTS: [&str; 34] = [
    "BO_ ",
    "SG_ ",
    "VAL_ ",
    "SIG_VALTYPE_ ",
    "SG_MUL_VAL_ ",
    "BU_:",
    "CM_ ",
    "BA_ ",
    "NS_ :",
    "EV_ ",
    "VERSION \"\"",
    " M ",
    " m0 ",
    " m1M ",
    "m18446744073709551616",
    " : ",
    "|",
    "@",
    "@0+",
    "@1-",
    "(1,0)",
    "(0,0)",
    "(1e400,-0)",
    "[0|0]",
    "\"",
    ";",
    "\n",
    "0",
    "-1",
    "64",
    "65",
    "4294967295",
    "18446744073709551615",
    "ä",
];

/// Reads bytes as a recording of a format; how many samples and faults there are.
fn recording(folder: &Path, bytes: &[u8], format: Format) -> (usize, usize) {
    let path = folder.join("fuzz");
    fs::write(&path, bytes).unwrap();
    let (dbc, map) = (fixture("recordings/own.dbc"), fixture("recordings/own_map.yaml"));
    let options = Options {
        dbc: Some(dbc),
        map: Some(map),
        format: Some(format),
        ..Options::new(Catalogue::vss6())
    };
    let (samples, faults, _) = read(&path, options);
    assert!(samples.is_sorted_by_key(|sample| sample.time_us));
    assert!(faults.iter().all(|fault| !fault.to_string().is_empty()));
    (samples.len(), faults.len())
}

/// Tries mutated recordings; both samples and faults must come of them.
#[track_caller]
fn check(by_day: u64, format: Format, inputs: Vec<Vec<u8>>, words: &'static [&'static str]) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_owned();
    for bytes in &inputs {
        recording(&folder, bytes, format);
    }
    let faults = AtomicUsize::new(0);
    let samples = Mutation::new(21, inputs, words).run(by_day, |bytes| {
        let (samples, found) = recording(&folder, bytes, format);
        faults.fetch_add(found, Ordering::Relaxed);
        samples
    });
    let faults = faults.into_inner();
    assert!(samples > 100 && faults > 100, "{samples} samples, {faults} faults");
}

fn recordings(endings: &[&str]) -> Vec<Vec<u8>> {
    let mut found = files(&at_root("fixtures/recordings"), endings);
    found.extend(files(&at_root("fixtures/recordings/bad"), endings));
    found.extend(kept(endings));
    found
}

/// The first kilobytes of a packed file of the shared data.
fn unpacked(path: &str) -> Option<Vec<u8>> {
    use std::io::Read;
    let file = fs::File::open(shared(path)?).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).take(20_000).read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

#[test]
fn mutated_rows() {
    let mut inputs = recordings(&["rows.csv", "tolerated.csv"]);
    inputs.extend(unpacked("rav4_2017_comma2k19/signals_vss6.csv.gz"));
    // A name that is unknown costs a search for one that is like it.
    check(200, Format::LongCsv, inputs, &NUMBERS_AND_NAMES);
}

#[test]
fn mutated_kuksa_rows() {
    check(400, Format::KuksaCsv, recordings(&["kuksa.csv"]), &NUMBERS_AND_NAMES);
}

#[test]
fn mutated_frames() {
    let mut inputs = recordings(&[".log"]);
    inputs.extend(unpacked("rav4_2017_comma2k19/can.candump.log.gz"));
    check(3_000, Format::Candump, inputs, &FRAMES);
}

/// Reads bytes as a DBC file, and frames by it; how many messages it has.
fn database(folder: &Path, bytes: &[u8]) -> usize {
    let path = folder.join("fuzz.dbc");
    fs::write(&path, bytes).unwrap();
    let database = match Database::load(&path) {
        Ok(database) => database,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return 0;
        }
    };
    for message in database.messages() {
        assert!(database.message(message.id).is_some());
        for signal in 0..=message.signals.len() {
            for data in [&[][..], &[0x55; 1], &[0xff; 8], &[0; 8], &[0xa5; 64]] {
                message.read(signal, data);
            }
        }
    }
    database.messages().len()
}

#[test]
fn mutated_databases() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_owned();
    let mut inputs = recordings(&[".dbc"]);
    for bytes in &inputs {
        database(&folder, bytes);
    }
    inputs.extend(shared("catalogs/dbc").iter().flat_map(|folder| files(folder, &[".dbc"])));
    let mut mutation = Mutation::new(24, inputs, &STATEMENTS);
    let messages = mutation.run(3_000, |bytes| database(&folder, bytes));
    assert!(messages > 100, "only {messages} messages were read");
}
