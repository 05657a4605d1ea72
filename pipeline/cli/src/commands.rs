//! One module a command.

pub(crate) mod check;
pub(crate) mod completion;
pub(crate) mod convert;
pub(crate) mod explain_code;
pub(crate) mod feed;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod test;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use piccolo_base::exit::Code;
use piccolo_catalogue::Catalogue;
use piccolo_recording::{Options, Reader};
use piccolo_script::{Diagnostic, RuleSet, render};

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

/// A reader of a recording.
pub(crate) fn open(
    path: &Path,
    catalogue: &Arc<Catalogue>,
    signals: &SignalArgs,
) -> Result<Reader, CliError> {
    let options = Options {
        dbc: signals.dbc.clone(),
        map: signals.map.clone(),
        ..Options::new(Arc::clone(catalogue))
    };
    Ok(Reader::open(path, options)?)
}

/// The file's name up to its first dot.
pub(crate) fn file_stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').find(|part| !part.is_empty()).unwrap_or("vehicle").to_owned()
}

fn exists(path: &Path) -> Result<(), CliError> {
    if path.exists() { Ok(()) } else { Err(CliError::Missing(path.to_owned())) }
}
