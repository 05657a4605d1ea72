//! One module a command.

pub(crate) mod backup;
pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod completion;
pub(crate) mod convert;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod explain_code;
pub(crate) mod feed;
pub(crate) mod merge;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod rules;
pub(crate) mod sources;
pub(crate) mod states;
pub(crate) mod test;
pub(crate) mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use piccolo_base::exit::Code;
use piccolo_catalogue::Catalogue;
use piccolo_recording::{Options, Reader};
use piccolo_script::{Diagnostic, RuleSet, render};
use piccolo_workbench::Drive;

use crate::args::SignalArgs;
use crate::error::CliError;
use crate::output::note;

/// The built-in catalogue with the given ones on top.
pub(crate) fn catalogue(paths: &[PathBuf]) -> Result<Arc<Catalogue>, CliError> {
    let mut catalogue = Catalogue::vss6();
    for path in paths {
        exists(path)?;
        let wrong = |source| CliError::Catalogue { path: path.clone(), source };
        let overlay = Catalogue::load(path).map_err(wrong)?;
        catalogue = Arc::new(Catalogue::clone(&catalogue).overlay(overlay));
    }
    Ok(catalogue)
}

/// Rules that must compile; findings go to standard error.
pub(crate) fn rules(paths: &[PathBuf], catalogue: &Catalogue) -> Result<RuleSet, CliError> {
    paths.iter().try_for_each(|path| exists(path))?;
    let (rules, diagnostics) = RuleSet::load(paths, catalogue);
    for diagnostic in &diagnostics {
        note(format_args!("{}", render(diagnostic).trim_end()));
    }
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(CliError::Said(Code::InvalidInput));
    }
    Ok(rules)
}

/// One name for each recording: as given, or what the file is called.
pub(crate) fn vehicle_names(
    recordings: &[PathBuf],
    given: &[String],
) -> Result<Vec<String>, CliError> {
    let mut names = given.to_vec();
    if names.len() > recordings.len() {
        let message = "there are more --vehicle names than recordings".to_owned();
        return Err(CliError::Usage(message));
    }
    names.extend(recordings[names.len()..].iter().map(|path| file_stem(path)));
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            let message = format!(
                "two recordings are of the vehicle `{name}`; give each a name with --vehicle"
            );
            return Err(CliError::Usage(message));
        }
    }
    Ok(names)
}

/// The file's name up to its first dot.
pub(crate) fn file_stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').find(|part| !part.is_empty()).unwrap_or("vehicle").to_owned()
}

/// Recordings in memory, each with the name of its vehicle; their faults are counted on standard
/// error.
pub(crate) fn drives(
    recordings: &[PathBuf],
    given: &[String],
    catalogue: &Arc<Catalogue>,
    signals: &SignalArgs,
) -> Result<Vec<Drive>, CliError> {
    let names = vehicle_names(recordings, given)?;
    let mut drives = Vec::with_capacity(recordings.len());
    for (path, name) in recordings.iter().zip(names) {
        let drive = Drive::load(name, path, options(catalogue, signals))?;
        if let Some(first) = drive.faults().first() {
            note(format_args!("{} faults, the first: {first}", drive.faults_count()));
        }
        drives.push(drive);
    }
    Ok(drives)
}

/// A reader of a recording.
pub(crate) fn open(
    path: &Path,
    catalogue: &Arc<Catalogue>,
    signals: &SignalArgs,
) -> Result<Reader, CliError> {
    Ok(Reader::open(path, options(catalogue, signals))?)
}

fn options(catalogue: &Arc<Catalogue>, signals: &SignalArgs) -> Options {
    Options {
        dbc: signals.dbc.clone(),
        map: signals.map.clone(),
        ..Options::new(Arc::clone(catalogue))
    }
}

/// Fails with the path where there is nothing.
pub(crate) fn exists(path: &Path) -> Result<(), CliError> {
    if path.exists() { Ok(()) } else { Err(CliError::Missing(path.to_owned())) }
}
