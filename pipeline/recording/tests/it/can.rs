//! CAN logs: every frame against cantools, all databases, and the maps of the real drives.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use flate2::bufread::MultiGzDecoder;
use piccolo_catalogue::{Catalogue, Value};
use piccolo_recording::can::{Database, DatabaseError, Frame, MapError, Raw, Reading, SignalMap};
use piccolo_recording::{Options, Sample};

use crate::files::{catalogue, fixture, read, shared};

const RAV4: &str = "rav4_2017_comma2k19";
const CSS: &str = "css_commute_am_2021-07-26";

/// The interpreter that has cantools, or none where it is absent (which is an error in CI).
fn python() -> Option<PathBuf> {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python");
    let python = env::var_os("PICCOLO_PYTHON").map_or_else(own, PathBuf::from);
    if python.exists() {
        return Some(python);
    }
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{} is absent", python.display());
    println!("{} is absent: cantools is not compared", python.display());
    None
}

/// The raw values of a frame as the script prints them; none where the database lacks the id.
fn decoded(index: usize, line: &[u8], database: &Database) -> Option<String> {
    let frame = Frame::parse(line).unwrap();
    let message = database.message(frame.id)?;
    let mut fields = BTreeMap::new();
    for (position, signal) in message.signals.iter().enumerate() {
        let text = match message.read(position, frame.payload.data()) {
            Reading::Raw(Raw::Unsigned(number)) => number.to_string(),
            Reading::Raw(Raw::Signed(number)) => number.to_string(),
            Reading::Raw(Raw::Float(number)) => format!("f{:016x}", number.to_bits()),
            Reading::TooShort | Reading::NotSelected => continue,
        };
        fields.insert(&signal.name, text);
    }
    let mut row = index.to_string();
    for (name, text) in fields {
        write!(row, "\t{name}={text}").unwrap();
    }
    Some(row)
}

#[track_caller]
fn compare_with_cantools(dbc: &Path, log: &Path) -> Option<(usize, usize, usize)> {
    let python = python()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cantools_frames.py");
    let mut child =
        Command::new(python).args([&script, dbc, log]).stdout(Stdio::piped()).spawn().unwrap();
    let mut expected = BufReader::new(child.stdout.take().unwrap()).lines();
    let database = Database::load(dbc).unwrap();
    let content = BufReader::new(MultiGzDecoder::new(BufReader::new(fs::File::open(log).unwrap())));
    let (mut frames, mut known, mut values) = (0, 0, 0);
    for (index, line) in content.split(b'\n').enumerate() {
        frames += 1;
        if let Some(row) = decoded(index, &line.unwrap(), &database) {
            assert_eq!(row, expected.next().unwrap().unwrap());
            known += 1;
            values += row.matches('=').count();
        }
    }
    assert!(expected.next().is_none(), "cantools knows frames that we do not");
    assert!(child.wait().unwrap().success());
    println!("{frames} frames, {known} in the database, {values} values are equal");
    Some((frames, known, values))
}

#[test]
fn every_frame_is_as_cantools_decodes_it() {
    let cases = [
        (RAV4, "toyota_new_mc_pt_generated.dbc", 98_680, 42_463),
        (CSS, "canmod-gps.dbc", 292_097, 258_387),
    ];
    for (folder, dbc, frames, known) in cases {
        let dbc = shared(&format!("{folder}/{dbc}"));
        let log = shared(&format!("{folder}/can.candump.log.gz"));
        let (Some(dbc), Some(log)) = (dbc, log) else {
            return;
        };
        let Some(counts) = compare_with_cantools(&dbc, &log) else {
            return;
        };
        assert_eq!((counts.0, counts.1), (frames, known));
        assert!(counts.2 > known, "values");
    }
}

/// Own frames: extended multiplexing, floats, both byte orders, signs, FD, short and long frames.
#[test]
fn own_frames_are_as_cantools_decodes_them() {
    let (dbc, log) = (fixture("recordings/own.dbc"), fixture("recordings/own.log"));
    let folder = tempfile::tempdir().unwrap();
    let packed = folder.path().join("own.log.gz");
    let mut encoder = flate2::write::GzEncoder::new(
        fs::File::create(&packed).unwrap(),
        flate2::Compression::fast(),
    );
    std::io::copy(&mut fs::File::open(log).unwrap(), &mut encoder).unwrap();
    encoder.finish().unwrap();
    if let Some(counts) = compare_with_cantools(&dbc, &packed) {
        assert_eq!(counts, (19, 18, 40));
    }
}

#[test]
fn every_database_loads() {
    let cases = [
        ("volvo_v60_2015_pt", 41, 147),
        ("tesla_model3_party", 21, 240),
        ("hyundai_2015_ccan", 113, 1_154),
        ("toyota_2017_ref_pt", 111, 1_040),
        ("ford_lincoln_base_pt", 331, 2_150),
        ("tesla_model3_vehicle", 11, 209),
        ("vw_mqb", 113, 1_348),
    ];
    for (name, messages, signals) in cases {
        let Some(file) = shared(&format!("catalogs/dbc/{name}.dbc")) else {
            return;
        };
        let database = Database::load(&file).unwrap();
        let found: usize = database.messages().iter().map(|message| message.signals.len()).sum();
        assert_eq!((name, database.messages().len(), found), (name, messages, signals));
    }
}

#[test]
fn database_errors_name_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let load = |text: &[u8]| {
        let path = folder.path().join("x.dbc");
        fs::write(&path, text).unwrap();
        Database::load(&path)
    };
    assert!(matches!(load(b""), Err(DatabaseError::NoMessage { .. })));
    assert!(matches!(load(b"\xff\xfe nonsense"), Err(DatabaseError::NoMessage { .. })));
    let broken =
        b"VERSION \"\"\nCM_ \"two\nlines\";\nBO_ 1 A: 8 X\n SG_ S : 0|8@1+ (1,x) [0|0] \"\" X\n";
    match load(broken) {
        Err(DatabaseError::Syntax { line, .. }) => assert!((4..=5).contains(&line), "{line}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        Database::load(&folder.path().join("absent.dbc")),
        Err(DatabaseError::Io { .. })
    ));
    let latin =
        load(b"CM_ \"gr\xf6\xdfe\";\nBO_ 1 A: 8 X\n SG_ S : 0|8@1+ (1,0) [0|0] \"\xb0C\" X\n")
            .unwrap();
    assert_eq!(latin.messages()[0].signals[0].name, "S");
}

#[test]
fn map_errors_say_what_is_wrong() {
    let database = Database::load(&fixture("recordings/own.dbc")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.yaml");
    let error = |text: &str| {
        fs::write(&path, text).unwrap();
        match SignalMap::load(&path, &database, &Catalogue::vss6()) {
            Ok(_) => "none".to_owned(),
            Err(MapError::Entry { problem, .. }) => problem.to_string(),
            Err(error) => format!("{error:?}").split([' ', '{']).next().unwrap().to_owned(),
        }
    };
    let entry = |message: &str, signal: &str, path: &str, extra: &str| {
        error(&format!("- {{message: {message}, signal: {signal}, path: {path}{extra}}}"))
    };
    let speed = "Vehicle.Speed";
    assert_eq!(entry("MOTION", "SPEED", speed, ""), "none");
    assert_eq!(
        entry("MOTION", "SPEED", speed, ", scale: 2, offset: -1, decimals: 1, bus: can0"),
        "none"
    );
    assert_eq!(entry("MOTIONS", "SPEED", speed, ""), "the DBC has no message `MOTIONS`");
    assert_eq!(entry("MOTION", "SPED", speed, ""), "message `MOTION` has no signal `SPED`");
    assert_eq!(
        entry("MOTION", "SPEED", speed, ", valid: {signal: OK, value: 1}"),
        "message `MOTION` has no signal `OK`"
    );
    let nearest = "the catalogue has no such signal; `Vehicle.Speed` is most like it";
    assert_eq!(entry("MOTION", "SPEED", "Vehicle.Sped", ""), nearest);
    assert_eq!(
        entry("MOTION", "SPEED", speed, ", decimals: 13"),
        "`scale`, `offset` or `decimals` is out of range"
    );
    assert_eq!(
        entry("MOTION", "SPEED", speed, ", scale: .nan"),
        "`scale`, `offset` or `decimals` is out of range"
    );
    assert_eq!(
        entry("MOTION", "SPEED", speed, ", values: {1: fast}"),
        "a value in `values` does not fit"
    );
    let label = "`fast` in `values` is neither a number nor a name of one in the DBC";
    assert_eq!(entry("MOTION", "SPEED", speed, ", values: {fast: 1}"), label);
    assert_eq!(
        entry("MOTION", "SPEED", "Vehicle.Cabin.SeatPosCount", ""),
        "it holds an array, which no CAN signal is"
    );
    let no_text = "it holds text: `values` are needed, or names of the values in the DBC";
    assert_eq!(entry("MOTION", "SPEED", "Vehicle.Body.Lights.Brake.IsActive", ""), no_text);
    assert_eq!(entry("MOTION", "SPEED", speed, ", scales: 2"), "Syntax");
    assert_eq!(error("7"), "Syntax");
    assert_eq!(error("[]"), "none");
}

fn drive(folder: &str, dbc: &str, map: &str) -> Option<(Options, PathBuf, PathBuf)> {
    let (dbc, log) =
        (shared(&format!("{folder}/{dbc}"))?, shared(&format!("{folder}/can.candump.log.gz"))?);
    let shipped = shared(&format!("{folder}/signals_vss6.csv.gz"))?;
    let options = Options { dbc: Some(dbc), map: Some(fixture(map)), ..Options::new(catalogue()) };
    Some((options, log, shipped))
}

/// Time and value of each sample by signal, times less `shift_us`.
fn by_signal(
    samples: &[Sample],
    catalogue: &Catalogue,
    shift_us: u64,
) -> BTreeMap<String, Vec<(u64, Value)>> {
    let mut found: BTreeMap<String, Vec<(u64, Value)>> = BTreeMap::new();
    for sample in samples {
        let path = catalogue.get(sample.signal).unwrap().path.to_string();
        found
            .entry(path)
            .or_default()
            .push((sample.time_us - shift_us, sample.value.clone().unwrap()));
    }
    found
}

/// Reads a drive as CAN and as it is shipped; returns the signals and samples that are equal.
#[track_caller]
fn compare_with_shipped(
    folder: &str,
    dbc: &str,
    map: &str,
    shift_us: u64,
    unlike: &[&str],
) -> Option<(usize, usize)> {
    let (options, log, shipped) = drive(folder, dbc, map)?;
    let catalogue = options.catalogue.clone();
    let (samples, faults, notes) = read(&log, options);
    assert_eq!(faults, [], "{map}");
    assert!(notes.unmapped_frames > 0 && notes.short_frame_signals == 0, "{notes:?}");
    let (expected, faults, _) = read(&shipped, Options::new(catalogue.clone()));
    assert_eq!(faults, []);
    let (found, expected) =
        (by_signal(&samples, &catalogue, shift_us), by_signal(&expected, &catalogue, 0));
    let (mut signals, mut equal) = (0, 0);
    for (path, samples) in &found {
        let expected = &expected[path];
        assert_eq!(samples.len(), expected.len(), "{path}");
        if unlike.contains(&path.as_str()) {
            continue;
        }
        // The times of the shipped samples went through floats and are off by one now and then.
        let is_equal = |found: &(u64, Value), expected: &(u64, Value)| {
            found.0.abs_diff(expected.0) <= 1 && found.1 == expected.1
        };
        let different =
            samples.iter().zip(expected).find(|(found, expected)| !is_equal(found, expected));
        assert_eq!(different, None, "{path}");
        signals += 1;
        equal += samples.len();
    }
    println!("{map}: {equal} samples of {signals} signals are equal");
    Some((signals, equal))
}

#[test]
fn rav4_through_its_map_is_as_shipped() {
    // The shipped angle has the fraction added, which is a CAN signal of its own.
    let unlike = ["Vehicle.Chassis.SteeringWheel.Angle"];
    let equal =
        compare_with_shipped(RAV4, "toyota_new_mc_pt_generated.dbc", "maps/rav4.yaml", 13, &unlike);
    if let Some((signals, samples)) = equal {
        assert_eq!((signals, samples), (26, 48_934));
    }
}

#[test]
fn css_through_its_map_is_as_shipped() {
    let equal = compare_with_shipped(CSS, "canmod-gps.dbc", "maps/css_gps.yaml", 11_450, &[]);
    if let Some((signals, samples)) = equal {
        assert_eq!((signals, samples), (10, 973_909));
    }
}

#[test]
fn what_is_no_data_is_counted() {
    let options = || Options {
        dbc: Some(fixture("recordings/own.dbc")),
        map: Some(fixture("recordings/own_map.yaml")),
        ..Options::new(Catalogue::vss6())
    };
    let (samples, faults, notes) = read(&fixture("recordings/own_rows.log"), options());
    let shown: Vec<_> = samples
        .iter()
        .map(|sample| {
            let value = sample.value.as_ref().unwrap();
            format!("{} {} {value}", sample.line, sample.time_us)
        })
        .collect();
    assert_eq!(shown, ["1 0 12.5", "3 1500 -3", "3 1500 true", "8 9000 PARTIAL", "10 9300 false"]);
    let codes: Vec<_> = faults.iter().map(|fault| (fault.line, fault.kind.code())).collect();
    assert_eq!(codes, [(6, "F0004"), (9, "F0001")]);
    assert_eq!((notes.other_frames, notes.short_frame_signals), (2, 1));
    assert_eq!((notes.unmapped_frames, notes.invalid_values, notes.unlisted_values), (1, 1, 1));
    let mut text = String::new();
    fs::File::open(fixture("recordings/own_rows.log")).unwrap().read_to_string(&mut text).unwrap();
    assert!(text.lines().count() == 11);
}

#[test]
fn a_multiplexor_that_selects_nothing() {
    let database = Database::load(&fixture("recordings/own.dbc")).unwrap();
    let rows = [
        b"(1) can0 00000015#11A5B6".as_slice(),
        b"(1) can0 00000015#0FA5B6",
        b"(1) can0 014#09A5B6C7",
    ];
    let shown = rows.map(|row| decoded(0, row, &database).unwrap());
    assert_eq!(shown, ["0\tINNER=1\tOUTER=1", "0\tOUTER=15", "0\tPAGE=9"]);
}
