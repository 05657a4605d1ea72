//! Files: those of redb, and names that appear once what they name is whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use redb::{Builder, Database};

/// Opens the database in a file, and makes it where there is none.
///
/// A new file gets its name once it is a database: redb refuses one that it was stopped in making.
/// Of several that make it at once, one does.
pub(crate) fn open(builder: &Builder, path: &Path) -> Result<Database, redb::Error> {
    if !path.try_exists()? {
        make(builder, path)?;
    }
    Ok(builder.create(path)?)
}

fn make(builder: &Builder, path: &Path) -> Result<(), redb::Error> {
    // A name that only this process takes.
    let unfinished = beside(path, &format!("{}.new", std::process::id()));
    missing_is_fine(fs::remove_file(&unfinished))?;
    drop(builder.create(&unfinished)?);
    // A link, for unlike a new name it replaces no file that somebody has made meanwhile.
    let linked = fs::hard_link(&unfinished, path);
    fs::remove_file(&unfinished)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
        _ => sync_folder(path)?,
    }
    Ok(())
}

/// The path with an ending more.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(ending);
    name.into()
}

fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Makes a new name survive the end of the machine.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
