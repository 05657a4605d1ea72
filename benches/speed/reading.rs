//! Files into samples: rows of long CSV and messages of MCAP.

use std::path::Path;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use piccolo_recording::{Format, Item, Options, Reader, Writer};

use crate::data::{Drive, drive};

/// How much of the recording is read.
const SAMPLES_MAX: usize = 200_000;

pub(crate) fn bench(criterion: &mut Criterion) {
    let drive = drive();
    let count = drive.samples.len().min(SAMPLES_MAX);
    let mut group = criterion.benchmark_group("reading");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(count as u64));
    let files = [("csv", Format::LongCsv), ("csv.gz", Format::LongCsv), ("mcap", Format::Mcap)];
    for (ending, format) in files {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("speed.{ending}"));
        write(drive, count, &path, format);
        group.bench_function(BenchmarkId::from_parameter(ending), |bencher| {
            bencher.iter(|| assert_eq!(read(drive, &path), count));
        });
    }
    group.finish();
}

fn write(drive: &Drive, count: usize, path: &Path, format: Format) {
    let mut writer = Writer::create(path, format, Arc::clone(&drive.catalogue)).unwrap();
    drive.samples[..count].iter().for_each(|sample| writer.write(sample).unwrap());
    writer.finish().unwrap();
}

fn read(drive: &Drive, path: &Path) -> usize {
    let reader = Reader::open(path, Options::new(Arc::clone(&drive.catalogue))).unwrap();
    reader.filter(|item| matches!(item, Item::Sample(_))).count()
}
