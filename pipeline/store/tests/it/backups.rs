//! Backups of a store and a journal: made while both are written, listed, verified, restored.

use std::fs;
use std::path::Path;

use piccolo_store::backups::{
    Backup, JOURNAL_FILE, STORE_FILE, create, list, restore, retain, verify,
};
use piccolo_store::journal::{Journal, Write};
use piccolo_store::{Embedded, EmbeddedOptions, Error, Key, Put, Store};

use crate::benches::run;

/// A store and a journal, with as many things in both.
async fn data(folder: &Path, things: u64) -> (Embedded, Journal) {
    let store = Embedded::open(folder.join(STORE_FILE), EmbeddedOptions::default()).await.unwrap();
    let mut journal = Journal::open(folder.join(JOURNAL_FILE), 10).unwrap();
    for number in 0..things {
        let key: Key = format!("key/{number}").try_into().unwrap();
        store.put(Put::new(key, "value")).await.unwrap();
        let input = number.to_le_bytes();
        let write = Write { input: Some(&input), outputs: &[b"output"], ..Write::default() };
        journal.write(&write).unwrap();
    }
    (store, journal)
}

async fn backup(folder: &Path, name: &str, (store, journal): &(Embedded, Journal)) -> Backup {
    create(folder, name, 7, store, Some(journal.copier())).await.unwrap()
}

#[test]
fn what_is_restored_is_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let (live, kept, again) =
        (folder.path().join("live"), folder.path().join("kept"), folder.path().join("again"));
    fs::create_dir(&live).unwrap();
    run(async {
        let mut both = data(&live, 20).await;
        let made = backup(&kept, "one", &both).await;
        // What comes later is not in it.
        both.1.write(&Write { input: Some(b"later"), ..Write::default() }).unwrap();
        let revision = both.0.revision();
        both.0.put(Put::new("later".try_into().unwrap(), "x")).await.unwrap();
        assert_eq!(verify(&kept.join("one")).unwrap(), made);
        assert_eq!(restore(&kept.join("one"), &again).unwrap(), made);
        let store = Embedded::open(again.join(STORE_FILE), EmbeddedOptions::default()).await;
        assert_eq!(store.unwrap().revision(), revision);
        let journal = Journal::open(again.join(JOURNAL_FILE), 10).unwrap();
        assert_eq!((journal.last_input(), journal.outputs().unwrap().len()), (20, 10));
        assert_eq!(journal.input(20).unwrap(), 19_u64.to_le_bytes());
        // Nothing is overwritten, neither data nor a backup.
        assert!(matches!(restore(&kept.join("one"), &live), Err(Error::Storage { .. })));
        let twice = create(&kept, "one", 8, &both.0, None).await;
        assert!(matches!(twice, Err(Error::Storage { .. })));
        let names: Vec<_> =
            fs::read_dir(&kept).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert_eq!(names, ["one"]);
    });
}

#[test]
fn a_byte_that_changed_is_found_before_anything_is_made_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (kept, again) = (folder.path().join("kept"), folder.path().join("again"));
    run(async {
        backup(&kept, "one", &data(folder.path(), 5).await).await;
        for name in ["store.backup", JOURNAL_FILE, "manifest.json"] {
            let file = kept.join("one").join(name);
            let before = fs::read(&file).unwrap();
            let mut damaged = before.clone();
            let middle = damaged.len() / 2;
            damaged[middle] ^= 0x20;
            fs::write(&file, &damaged).unwrap();
            assert!(verify(&kept.join("one")).is_err(), "{name}");
            assert!(restore(&kept.join("one"), &again).is_err() && !again.exists(), "{name}");
            fs::remove_file(&file).unwrap();
            assert!(verify(&kept.join("one")).is_err(), "{name}");
            fs::write(&file, before).unwrap();
        }
        verify(&kept.join("one")).unwrap();
        let manifest = kept.join("one/manifest.json");
        let newer =
            fs::read_to_string(&manifest).unwrap().replace("\"format\": 1", "\"format\": 2");
        fs::write(&manifest, newer).unwrap();
        assert!(matches!(verify(&kept.join("one")), Err(Error::Newer { .. })));
    });
}

#[test]
fn the_oldest_go_and_what_is_no_backup_stays() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    assert!(list(&kept).unwrap().is_empty());
    run(async {
        let both = data(folder.path(), 1).await;
        for name in ["2026-03", "2026-01", "2026-02"] {
            backup(&kept, name, &both).await;
        }
        fs::create_dir(kept.join("2025-notes")).unwrap();
        fs::create_dir(kept.join(".2026-04.partial")).unwrap();
        let names = || -> Vec<_> {
            list(&kept).unwrap().into_iter().map(|(name, backup)| (name, backup.is_ok())).collect()
        };
        let all = [("2025-notes", false), ("2026-01", true), ("2026-02", true), ("2026-03", true)];
        assert_eq!(names(), all.map(|(name, whole)| (name.to_owned(), whole)));
        assert_eq!(retain(&kept, 5).unwrap(), [""; 0]);
        assert_eq!(retain(&kept, 1).unwrap(), ["2026-01", "2026-02"]);
        assert_eq!(names(), [("2025-notes".to_owned(), false), ("2026-03".to_owned(), true)]);
        // What an earlier one left is no hindrance.
        let made = create(&kept, "2026-04", 9, &both.0, None).await.unwrap();
        assert_eq!((made.files.len(), names().len()), (1, 3));
    });
}
