//! `piccolo convert`: writes a recording in another format.

use std::path::Path;
use std::sync::Arc;

use piccolo_base::exit::Code;
use piccolo_catalogue::Catalogue;
use piccolo_recording::{Format, Item, Reader, Writer};

use crate::args::{ConvertArgs, RecordingFormat};
use crate::error::CliError;
use crate::output::note;
use crate::replay::Faults;

pub(crate) fn run(args: &ConvertArgs) -> Result<Code, CliError> {
    let catalogue = super::catalogue(&args.signals.catalogue)?;
    let reader = super::open(&args.input, &catalogue, &args.signals)?;
    copy(reader, &args.output, format(&args.output, args.format)?, catalogue)
}

/// Copies all samples; faults are reported and counted.
pub(super) fn copy(
    reader: Reader,
    output: &Path,
    format: Format,
    catalogue: Arc<Catalogue>,
) -> Result<Code, CliError> {
    let mut writer = Writer::create(output, format, catalogue)?;
    let mut faults = Faults::default();
    let mut samples = 0_u64;
    for item in reader {
        match item {
            Item::Sample(sample) => {
                writer.write(&sample)?;
                samples += 1;
            }
            Item::Fault(fault) => faults.take(&fault),
        }
    }
    writer.finish()?;
    faults.finish();
    note(format_args!(
        "{samples} samples written to {}, {} faults",
        output.display(),
        faults.count()
    ));
    Ok(Code::Done)
}

/// The format asked for, or that of the name's ending.
pub(super) fn format(output: &Path, asked: Option<RecordingFormat>) -> Result<Format, CliError> {
    if let Some(asked) = asked {
        return Ok(match asked {
            RecordingFormat::Csv => Format::LongCsv,
            RecordingFormat::KuksaCsv => Format::KuksaCsv,
            RecordingFormat::Mcap => Format::Mcap,
        });
    }
    let name =
        output.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    if name.ends_with(".mcap") {
        Ok(Format::Mcap)
    } else if name.ends_with(".csv") || name.ends_with(".csv.gz") {
        Ok(Format::LongCsv)
    } else {
        let message = format!(
            "what format is {}? End it in .mcap or .csv, or say --format",
            output.display()
        );
        Err(CliError::Usage(message))
    }
}
