//! `piccolo backup`: makes, lists, verifies and restores backups of what a server keeps.

use std::error::Error as _;
use std::path::Path;

use piccolo_base::exit::Code;
use piccolo_store::Error;
use piccolo_store::backups::{self, Backup};
use piccolo_wire::client::connect;
use piccolo_wire::v1::CreateBackupRequest;
use piccolo_wire::v1::backup_service_client::BackupServiceClient;

use super::exists;
use super::rules::said;
use crate::args::{BackupArgs, BackupCommand};
use crate::error::CliError;
use crate::output::BackupPrinter;

pub(crate) fn run(args: &BackupArgs) -> Result<Code, CliError> {
    let printer = BackupPrinter::new(args.output);
    match &args.command {
        BackupCommand::Create { server } => create(server, printer)?,
        BackupCommand::List { dir } => {
            exists(dir)?;
            printer.list(&backups::list(dir).map_err(|error| unusable(dir, &error))?)?;
        }
        BackupCommand::Verify { backup } => {
            exists(backup)?;
            let found = backups::verify(backup).map_err(|error| unusable(backup, &error))?;
            printer.one("is whole", backup, &found)?;
        }
        BackupCommand::Restore { backup, data } => {
            exists(backup)?;
            let found = restore(backup, data)?;
            printer.one(&format!("is restored in {}", data.display()), backup, &found)?;
        }
    }
    Ok(Code::Done)
}

fn create(server: &str, printer: BackupPrinter) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(async {
        let mut client = BackupServiceClient::new(connect(server).await?);
        client.create_backup(CreateBackupRequest {}).await.map_err(said)
    })?;
    printer.made(&answer.into_inner().backup.unwrap_or_default())
}

fn restore(backup: &Path, data: &Path) -> Result<Backup, CliError> {
    backups::restore(backup, data).map_err(|error| unusable(backup, &error))
}

/// What is wrong with a backup, or with where it is to be restored.
fn unusable(path: &Path, error: &Error) -> CliError {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    let message = format!("{}: {error}{cause}", path.display());
    CliError::Server { message, code: Code::InvalidInput }
}
