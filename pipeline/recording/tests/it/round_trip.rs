//! Random samples, written and read again, in each format that is written.

use std::path::Path;
use std::sync::Arc;

use piccolo_catalogue::{Catalogue, DataType, Kind, Scalar, Signal, SignalId, Value};
use piccolo_recording::{Format, Options, Reader, Sample, WriteError, Writer};
use proptest::prelude::*;

use crate::files::read;

const DATATYPES: [&str; 14] = [
    "boolean", "string", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float", "double", "string[]", "float[]",
];

/// One signal of each datatype, whose id is the datatype's position.
fn catalogue() -> Arc<Catalogue> {
    let signal = |(index, datatype): (usize, &&str)| Signal {
        path: format!("Vehicle.Test.S{index}").into(),
        kind: Kind::Sensor,
        datatype: datatype.parse().unwrap(),
        unit: (index == 0).then(|| "km/h".into()),
        min: None,
        max: None,
        allowed: Box::default(),
    };
    let signals = DATATYPES.iter().enumerate().map(signal);
    Arc::new(
        signals
            .fold(Catalogue::default(), |catalogue, signal| catalogue.with_signal(signal).unwrap()),
    )
}

fn scalar(scalar: Scalar, text: &'static str) -> BoxedStrategy<Value> {
    match scalar {
        Scalar::Boolean => any::<bool>().prop_map(Value::Bool).boxed(),
        Scalar::String => text.prop_map(|text| Value::Text(text.into())).boxed(),
        Scalar::Float => any::<f32>()
            .prop_filter("finite", |x| x.is_finite())
            .prop_map(|x| Value::Float(x.into()))
            .boxed(),
        Scalar::Double => {
            any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Value::Float).boxed()
        }
        integer => {
            let (least, greatest) = integer.integer_range().unwrap();
            prop_oneof![least..=greatest, Just(least), Just(greatest)].prop_map(Value::Int).boxed()
        }
    }
}

fn value(datatype: DataType, text: &'static str) -> BoxedStrategy<Value> {
    if datatype.array {
        let items = proptest::collection::vec(scalar(datatype.scalar, text), 0..5);
        items.prop_map(|items| Value::List(items.into())).boxed()
    } else {
        scalar(datatype.scalar, text)
    }
}

/// Samples with times that do not decrease; `text` is what texts are like.
fn samples(text: &'static str) -> impl Strategy<Value = Vec<Sample>> {
    let one = (0..DATATYPES.len()).prop_flat_map(move |index| {
        let value = value(DATATYPES[index].parse().unwrap(), text);
        let later_us = prop_oneof![Just(0), 1..100_u64, any::<u32>().prop_map(u64::from)];
        (later_us, Just(SignalId(index as u32)), proptest::option::weighted(0.9, value))
    });
    proptest::collection::vec(one, 1..60).prop_map(|steps| {
        let mut time_us = 0;
        let sample = |(later_us, signal, value)| {
            time_us += later_us;
            Sample { time_us, signal, value, line: 0 }
        };
        steps.into_iter().map(sample).collect()
    })
}

fn write(path: &Path, format: Format, samples: &[Sample]) -> Result<(), WriteError> {
    let mut writer = Writer::create(path, format, catalogue())?;
    samples.iter().try_for_each(|sample| writer.write(sample))?;
    writer.finish()
}

/// Writes and reads; times since `start_us`, and lines left out.
fn round_trip(
    file: &str,
    format: Format,
    samples: &[Sample],
    start_us: u64,
) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    write(&path, format, samples).unwrap();
    let (found, faults, _) = read(&path, Options::new(catalogue()));
    prop_assert_eq!(faults, []);
    let found: Vec<_> = found.into_iter().map(|sample| Sample { line: 0, ..sample }).collect();
    let expected: Vec<_> = samples
        .iter()
        .map(|sample| Sample { time_us: sample.time_us - start_us, ..sample.clone() })
        .collect();
    prop_assert_eq!(found, expected);
    Ok(())
}

/// Any text of one line.
const ONE_LINE: &str = "[^\\n\\r]{0,20}";

proptest! {
    #[test]
    fn long_csv(samples in samples(ONE_LINE)) {
        round_trip("a.csv", Format::LongCsv, &samples, 0)?;
    }

    #[test]
    fn long_csv_gzipped(samples in samples(ONE_LINE)) {
        round_trip("a.csv.gz", Format::LongCsv, &samples, 0)?;
    }

    /// Times begin at 0 in this format.
    #[test]
    fn kuksa_csv(samples in samples(ONE_LINE)) {
        round_trip("a.csv.gz", Format::KuksaCsv, &samples, samples[0].time_us)?;
    }

    #[test]
    fn mcap(samples in samples("(?s).{0,20}")) {
        round_trip("a.mcap", Format::Mcap, &samples, 0)?;
    }

    #[test]
    fn any_bytes_are_read_to_their_end(bytes in proptest::collection::vec(any::<u8>(), 0..400), kind in 0..4_usize) {
        let heads: [&[u8]; 4] = [b"t_us,signal,value\n", b"field,signal,value,delay\n", b"\x89MCAP0\r\n", b"\x1f\x8b\x08"];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, [heads[kind], &bytes].concat()).unwrap();
        let options = Options { format: (kind == 3).then_some(Format::LongCsv), ..Options::new(catalogue()) };
        let items = Reader::open(&path, options).unwrap().count();
        prop_assert!(items <= bytes.len() + 2);
    }
}

#[test]
fn what_cannot_be_written() {
    let text =
        |text: &str| Sample { time_us: 5, signal: SignalId(1), value: Some(text.into()), line: 0 };
    let folder = tempfile::tempdir().unwrap();
    let name =
        |format: Format, samples: &[Sample]| match write(&folder.path().join("x"), format, samples)
        {
            Ok(()) => "written".to_owned(),
            Err(error) => format!("{error:?}").split([' ', '{', '(']).next().unwrap().to_owned(),
        };
    let long = "\"".repeat(40_000);
    let unknown = Sample { signal: SignalId(99), ..text("a") };
    let late = Sample { time_us: u64::MAX, ..text("a") };
    let cases = [
        (Format::Candump, text("a"), "NotWritable"),
        (Format::LongCsv, text("a\nb"), "LineEnd"),
        (Format::KuksaCsv, text("a\rb"), "LineEnd"),
        (Format::Mcap, text("a\nb"), "written"),
        (Format::LongCsv, text(&long), "TooLong"),
        (Format::LongCsv, unknown, "UnknownSignal"),
        (Format::LongCsv, late.clone(), "TimeTooLarge"),
        (Format::Mcap, Sample { time_us: u64::MAX / 2, ..late }, "TimeTooLarge"),
    ];
    for (format, sample, expected) in cases {
        assert_eq!(name(format, &[sample]), expected, "{format:?}");
    }
    let before = Sample { time_us: 4, ..text("a") };
    assert_eq!(name(Format::LongCsv, &[text("a"), before]), "TimeRunsBackwards");
    let absent = Writer::create(&folder.path().join("absent/x"), Format::Mcap, catalogue());
    assert!(matches!(absent, Err(WriteError::Io { .. })));
}

#[test]
fn what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    let sample =
        |time_us, signal, value| Sample { time_us, signal: SignalId(signal), value, line: 0 };
    let samples = [
        sample(7, 10, Some(Value::Float(0.1))),
        sample(1_500_007, 0, Some(Value::Bool(true))),
        sample(1_500_007, 1, Some("".into())),
        sample(1_500_008, 1, None),
    ];
    write(&path, Format::LongCsv, &samples).unwrap();
    let rows = "7,Vehicle.Test.S10,0.1\n1500007,Vehicle.Test.S0,true\n1500007,Vehicle.Test.S1,\"\"\n\
                1500008,Vehicle.Test.S1,\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("t_us,signal,value\n{rows}"));
    write(&path, Format::KuksaCsv, &samples).unwrap();
    let rows = "current,Vehicle.Test.S10,0.1,1.5\ncurrent,Vehicle.Test.S0,true,0\n\
                current,Vehicle.Test.S1,\"\",0.000001\ncurrent,Vehicle.Test.S1,,0\n";
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        format!("field,signal,value,delay\n{rows}")
    );
}
