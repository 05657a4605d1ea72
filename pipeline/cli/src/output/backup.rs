//! What `piccolo backup` prints.

use std::path::Path;

use piccolo_store::backups::{Backup, Listed};
use piccolo_wire::v1;
use serde_json::{Value, json};

use super::print;
use super::states::time;
use crate::args::DocumentFormat;
use crate::error::CliError;

/// Prints backups.
#[derive(Clone, Copy)]
pub(crate) struct BackupPrinter(DocumentFormat);

impl BackupPrinter {
    pub(crate) fn new(format: DocumentFormat) -> Self {
        Self(format)
    }

    /// The one that a server has made.
    pub(crate) fn made(self, backup: &v1::Backup) -> Result<(), CliError> {
        let line = format!("{} was made, {}", backup.path, size(backup.bytes));
        let document = json!({ "name": backup.name, "path": backup.path, "bytes": backup.bytes });
        print(self.0, &document, &[line])
    }

    pub(crate) fn list(self, listed: &[Listed]) -> Result<(), CliError> {
        let lines: Vec<String> = listed
            .iter()
            .map(|(name, backup)| match backup {
                Ok(backup) => format!("{name}  {:>12}", size(backup.bytes())),
                Err(error) => format!("{name}  {error}"),
            })
            .collect();
        let document: Vec<Value> = listed
            .iter()
            .map(|(name, backup)| match backup {
                Ok(backup) => describe(name, backup),
                Err(error) => json!({ "name": name, "fault": error.to_string() }),
            })
            .collect();
        print(self.0, &document.into(), &lines)
    }

    /// What became of one.
    pub(crate) fn one(self, became: &str, path: &Path, backup: &Backup) -> Result<(), CliError> {
        let name = path.display().to_string();
        let (made, size) = (time(backup.made_ms * 1_000), size(backup.bytes()));
        let line = format!("{name} {became}: {size}, made {made}");
        print(self.0, &describe(&name, backup), &[line])
    }
}

fn describe(name: &str, backup: &Backup) -> Value {
    let files = backup.files.iter();
    let files = files
        .map(|file| json!({ "name": file.name, "bytes": file.bytes, "checksum": file.checksum }));
    json!({ "name": name, "made_ms": backup.made_ms, "files": files.collect::<Vec<_>>() })
}

fn size(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
