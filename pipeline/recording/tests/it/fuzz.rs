//! Mutated rows, frames and DBC files: each is read or is a fault, nothing panics, and time never
//! runs backwards.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use piccolo_recording::Format;

use crate::files::shared;
use crate::mutation::{Mutation, at_root, corpus, files, kept};
use crate::{database, recording};

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

/// Tries mutated recordings; both samples and faults must come of them.
#[track_caller]
fn check(by_day: u64, format: Format, inputs: Vec<Vec<u8>>, words: &'static [&'static str]) {
    for bytes in &inputs {
        recording::check(bytes, format);
    }
    let faults = AtomicUsize::new(0);
    let samples = Mutation::new(21, inputs, words).run(by_day, |bytes| {
        let (samples, found) = recording::check(bytes, format);
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

#[test]
fn mutated_databases() {
    let mut inputs = recordings(&[".dbc"]);
    for bytes in &inputs {
        database::check(bytes);
    }
    inputs.extend(shared("catalogs/dbc").iter().flat_map(|folder| files(folder, &[".dbc"])));
    let mut mutation = Mutation::new(24, inputs, &STATEMENTS);
    let messages = mutation.run(3_000, database::check);
    assert!(messages > 100, "only {messages} messages were read");
}

#[test]
fn inputs_that_fuzzing_found_worth_keeping() {
    for (target, format) in [
        ("csv", Format::LongCsv),
        ("csv", Format::KuksaCsv),
        ("candump", Format::Candump),
        ("mcap", Format::Mcap),
    ] {
        let read = corpus(target).iter().map(|bytes| recording::check(bytes, format)).collect();
        let read: Vec<(usize, usize)> = read;
        let samples: usize = read.iter().map(|(samples, _)| samples).sum();
        let faults: usize = read.iter().map(|(_, faults)| faults).sum();
        assert!(samples > 5 && faults > 5, "{target} {format:?}: {samples} and {faults}");
    }
    for bytes in kept(&[".mcap"]) {
        recording::check(&bytes, Format::Mcap);
    }
    let messages: usize = corpus("dbc").iter().map(|bytes| database::check(bytes)).sum();
    assert!(messages > 10, "only {messages} messages");
}
