//! Which recordings there are, and of which vehicles.

use std::path::{Path, PathBuf};

use super::{exists, file_stem, vehicle_names};
use crate::error::CliError;
use crate::output::note;

/// How the names of recordings end; `.gz` may follow.
const ENDINGS: [&str; 3] = ["csv", "log", "mcap"];

/// A recording with the name of its vehicle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) vehicle: String,
}

/// All recordings: files as they are named, and those of directories, in order of their names.
///
/// A file of a directory is a vehicle by its name up to the first dot; a directory in it is a
/// vehicle too, with all its files. What is not named like a recording is passed over there.
pub(crate) fn sources(recordings: &[PathBuf], given: &[String]) -> Result<Vec<Source>, CliError> {
    if !recordings.iter().any(|path| path.is_dir()) {
        let names = vehicle_names(recordings, given)?;
        let pairs = recordings.iter().cloned().zip(names);
        return Ok(pairs.map(|(path, vehicle)| Source { path, vehicle }).collect());
    }
    if !given.is_empty() {
        let what = "--vehicle names files; those of a directory have the names of their vehicles";
        return Err(CliError::Usage(what.to_owned()));
    }
    let mut sources = Vec::new();
    for path in recordings {
        let found = if path.is_dir() { directory(path)? } else { vec![file(path)] };
        for vehicle in found {
            let known = |source: &Source| source.vehicle == vehicle[0].vehicle;
            if sources.iter().any(known) {
                let name = &vehicle[0].vehicle;
                let what = format!(
                    "two recordings are of the vehicle `{name}`; put them into a directory of its own"
                );
                return Err(CliError::Usage(what));
            }
            sources.extend(vehicle);
        }
    }
    Ok(sources)
}

fn file(path: &Path) -> Vec<Source> {
    vec![Source { path: path.to_owned(), vehicle: file_stem(path) }]
}

/// The vehicles of a directory, each with its recordings; at least one.
fn directory(path: &Path) -> Result<Vec<Vec<Source>>, CliError> {
    let mut vehicles = Vec::new();
    let mut others = 0;
    for entry in entries(path)? {
        if entry.is_dir() {
            let vehicle = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let all = entries(&entry)?;
            let recordings: Vec<Source> = (all.iter().filter(|path| is_recording(path)))
                .map(|path| Source { path: path.clone(), vehicle: vehicle.clone() })
                .collect();
            others += all.len() - recordings.len();
            vehicles.extend((!recordings.is_empty()).then_some(recordings));
        } else if is_recording(&entry) {
            vehicles.push(file(&entry));
        } else {
            others += 1;
        }
    }
    if others > 0 {
        let endings = ENDINGS.join(", .");
        note(format_args!(
            "{}: {others} files are not named .{endings} and were passed over",
            path.display()
        ));
    }
    if vehicles.is_empty() {
        return Err(CliError::Missing(path.join("*.csv")));
    }
    Ok(vehicles)
}

/// What is in a directory, by name; hidden files are not.
fn entries(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    exists(path)?;
    let failed = |source| CliError::Report { path: path.to_owned(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

fn is_recording(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    path.is_file() && name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}
