//! Backups of all that a server keeps, in one directory each, checksummed.
//!
//! A backup has the store, the journal where there is one, and a manifest that says what they are.
//! It is made while both are written, and appears under its name as a whole or not at all. Each of
//! both is as it was at one moment; the moments differ by what it took to write the first.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::doing::Doing;
use crate::file::{beside, sync_folder};
use crate::journal::Copier;
use crate::{Embedded, Error, embedded};

/// The store in a directory of data.
pub const STORE_FILE: &str = "store.redb";

/// The journal in a directory of data.
pub const JOURNAL_FILE: &str = "journal.redb";

/// The store in a backup.
const STORE_BACKUP: &str = "store.backup";

/// What a backup says of itself.
const MANIFEST: &str = "manifest.json";

/// The format of backups; a change raises it.
const FORMAT: u32 = 1;

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// The format.
    format: u32,
    /// When it was made, in milliseconds of Unix time.
    pub made_ms: u64,
    /// The files beside the manifest.
    pub files: Vec<BackupFile>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupFile {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its BLAKE3 checksum, in hexadecimal.
    pub checksum: String,
}

/// A directory among backups: its name, and the backup or why it is none.
pub type Listed = (String, Result<Backup, Error>);

impl Backup {
    /// How large it is, without its manifest.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// Makes a backup with a name in a folder, which is made where it is absent.
///
/// # Errors
/// [`Error::Storage`], also where there is one with this name.
pub async fn create(
    folder: &Path,
    name: &str,
    made_ms: u64,
    store: &Embedded,
    journal: Option<Copier>,
) -> Result<Backup, Error> {
    let (path, partial) = (folder.join(name), folder.join(format!(".{name}.partial")));
    prepare(&path, &partial)?;
    store.backup(partial.join(STORE_BACKUP)).await?;
    let work = move || finish(&path, &partial, made_ms, journal);
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Closed { reason: None })?
}

fn prepare(path: &Path, partial: &Path) -> Result<(), Error> {
    if path.exists() {
        let exists = io::Error::from(io::ErrorKind::AlreadyExists);
        return Err(exists).doing("make a backup over one that exists");
    }
    if partial.exists() {
        fs::remove_dir_all(partial).doing("remove what an earlier backup left")?;
    }
    fs::create_dir_all(partial).doing("make the folder of the backup")
}

/// Adds the journal and the manifest, and gives the backup its name.
fn finish(
    path: &Path,
    partial: &Path,
    made_ms: u64,
    journal: Option<Copier>,
) -> Result<Backup, Error> {
    let mut names = vec![STORE_BACKUP];
    if let Some(journal) = journal {
        journal.copy_to(partial.join(JOURNAL_FILE))?;
        names.push(JOURNAL_FILE);
    }
    let files = names.into_iter().map(|name| measure(partial, name));
    let backup = Backup { format: FORMAT, made_ms, files: files.collect::<Result<_, _>>()? };
    let text = serde_json::to_vec_pretty(&backup).map_err(io::Error::other);
    let mut manifest = File::create(partial.join(MANIFEST)).doing("write the manifest")?;
    manifest.write_all(&text.doing("write the manifest")?).doing("write the manifest")?;
    manifest.sync_all().doing("write the manifest")?;
    sync_folder(&partial.join(MANIFEST)).doing("sync the folder")?;
    fs::rename(partial, path).doing("name the backup")?;
    sync_folder(path).doing("sync the folder")?;
    Ok(backup)
}

/// The size and the checksum of a file.
fn measure(folder: &Path, name: &str) -> Result<BackupFile, Error> {
    let mut file = File::open(folder.join(name)).doing("read the backup")?;
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut file, &mut hasher).doing("read the backup")?;
    Ok(BackupFile {
        name: name.to_owned(),
        bytes,
        checksum: hasher.finalize().to_hex().to_string(),
    })
}

/// The backups of a folder in the order of their names, also those that cannot be read; the folder
/// may be absent. Their files are not looked at.
///
/// # Errors
/// [`Error::Storage`] where the folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<Listed>, Error> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut listed = Vec::new();
    for entry in fs::read_dir(folder).doing("list the backups")? {
        let entry = entry.doing("list the backups")?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && entry.path().is_dir() {
            listed.push((name, manifest(&entry.path())));
        }
    }
    listed.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(listed)
}

fn manifest(path: &Path) -> Result<Backup, Error> {
    let text = fs::read(path.join(MANIFEST)).doing("read the manifest of the backup")?;
    let unreadable = |error: serde_json::Error| Error::Damaged {
        what: "the manifest of the backup".to_owned(),
        place: error.to_string(),
    };
    let backup: Backup = serde_json::from_slice(&text).map_err(unreadable)?;
    if backup.format > FORMAT {
        let (found, known) = (backup.format, FORMAT);
        return Err(Error::Newer { what: "the backup".to_owned(), found, known });
    }
    Ok(backup)
}

/// Reads a backup as a whole and compares its checksums.
///
/// # Errors
/// [`Error::Damaged`] with what is not as it was written, [`Error::Newer`], or [`Error::Storage`].
pub fn verify(path: &Path) -> Result<Backup, Error> {
    let backup = manifest(path)?;
    for file in &backup.files {
        let known = file.name == STORE_BACKUP || file.name == JOURNAL_FILE;
        if !known || !path.join(&file.name).exists() || measure(path, &file.name)? != *file {
            let what = format!("the backup's file {}", file.name);
            return Err(Error::Damaged { what, place: path.display().to_string() });
        }
    }
    embedded::verify(path.join(STORE_BACKUP))?;
    Ok(backup)
}

/// Makes a directory of data from a backup, which is verified first. The directory appears as a whole
/// or not at all; it is absent or empty before.
///
/// # Errors
/// As [`verify`]; [`Error::Storage`] where there is anything in the directory.
pub fn restore(path: &Path, data: &Path) -> Result<Backup, Error> {
    if data.exists() && fs::read_dir(data).doing("restore")?.next().is_some() {
        let exists = io::Error::from(io::ErrorKind::DirectoryNotEmpty);
        return Err(exists).doing("restore over data that exists");
    }
    let backup = verify(path)?;
    let partial = beside(data, "restoring");
    if partial.exists() {
        fs::remove_dir_all(&partial).doing("remove what an earlier restore left")?;
    }
    fs::create_dir_all(&partial).doing("make the directory of data")?;
    embedded::restore(path.join(STORE_BACKUP), partial.join(STORE_FILE))?;
    if backup.files.iter().any(|file| file.name == JOURNAL_FILE) {
        let journal = partial.join(JOURNAL_FILE);
        fs::copy(path.join(JOURNAL_FILE), &journal).doing("restore the journal")?;
        File::open(&journal).and_then(|file| file.sync_all()).doing("restore the journal")?;
        sync_folder(&journal).doing("sync the folder")?;
    }
    fs::rename(&partial, data).doing("name the restored directory")?;
    sync_folder(data).doing("sync the folder")?;
    Ok(backup)
}

/// Removes the oldest backups of a folder, by name, beyond the number that is to be kept; those that
/// cannot be read count for nothing and stay. The names of those that are gone.
///
/// # Errors
/// [`Error::Storage`].
pub fn retain(folder: &Path, kept: usize) -> Result<Vec<String>, Error> {
    let whole = list(folder)?.into_iter().filter(|(_, backup)| backup.is_ok());
    let mut names: Vec<String> = whole.map(|(name, _)| name).collect();
    names.truncate(names.len().saturating_sub(kept));
    for name in &names {
        remove(&folder.join(name))?;
    }
    Ok(names)
}

/// A backup that is removed is none from the first moment on.
fn remove(path: &Path) -> Result<(), Error> {
    fs::remove_file(path.join(MANIFEST)).doing("remove an old backup")?;
    fs::remove_dir_all(path).doing("remove an old backup")
}
