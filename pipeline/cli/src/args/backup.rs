//! The command line of `piccolo backup`.

use std::path::PathBuf;

use clap::Subcommand;

use super::{DocumentFormat, address};

#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  piccolo backup create --server http://127.0.0.1:50061
  piccolo backup list /var/backups/piccolo
  piccolo backup verify /var/backups/piccolo/2026-11-25T12-00-00.000Z
  piccolo backup restore /var/backups/piccolo/2026-11-25T12-00-00.000Z --data /var/lib/piccolo")]
pub(crate) struct BackupArgs {
    #[command(subcommand)]
    pub(crate) command: BackupCommand,
    /// Output format
    #[arg(long, short, global = true, default_value = "table")]
    pub(crate) output: DocumentFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Let a running server make a backup in its own directory for them
    Create {
        /// Address of the server
        #[arg(
            long,
            default_value = "http://127.0.0.1:50061",
            value_name = "URL",
            value_parser = address
        )]
        server: String,
    },
    /// List the backups of a directory
    List {
        /// The directory of all backups
        dir: PathBuf,
    },
    /// Read a backup as a whole and compare its checksums; exit code 3 where it is damaged or newer
    Verify {
        /// The directory of the backup
        backup: PathBuf,
    },
    /// Make a directory for `piccolo-server --data` from a backup, which is verified first
    Restore {
        /// The directory of the backup
        backup: PathBuf,
        /// The new directory: absent, or empty
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}
